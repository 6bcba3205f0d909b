import numpy as np
import pytest

from sori.evaluation.notes import match_notes, score_notes

TRUTH = np.array([[0.0, 1.0, 60, 80], [1.0, 2.0, 64, 80], [2.0, 3.0, 67, 80.0]])
NOTHING = np.zeros((0, 4))


def test_the_truth_scores_one():
    scores = score_notes(TRUTH, TRUTH)
    told = scores.to_dict()
    assert {value for name, value in told.items() if name not in ("notes", "estimated")} == {1.0}


def test_an_onset_may_be_50_ms_off_and_no_more():
    for late_s, f1 in ((0.045, 1.0), (0.06, 0.0)):
        assert score_notes(TRUTH, TRUTH + np.array([late_s, late_s, 0, 0])).f1 == f1


def test_an_offset_may_be_a_fifth_of_the_note_off():
    for late_s, f1 in ((0.15, 1.0), (0.3, 0.0)):
        scores = score_notes(TRUTH, TRUTH + np.array([0, late_s, 0, 0]))
        assert (scores.f1, scores.offset_f1) == (1.0, f1)


def test_extra_and_missed_notes_count_against_precision_and_recall():
    extra = np.vstack([TRUTH, [[0.5, 0.7, 40, 64]]])
    assert score_notes(TRUTH, extra).precision == 0.75
    assert score_notes(extra, TRUTH).recall == 0.75
    assert score_notes(TRUTH, TRUTH[:1]).frame_recall == pytest.approx(1 / 3)


def test_nothing_heard_scores_nothing_unless_nothing_was_played():
    assert score_notes(TRUTH, NOTHING).f1 == 0
    assert score_notes(NOTHING, TRUTH).f1 == 0
    assert score_notes(NOTHING, NOTHING).f1 == 1


def test_notes_are_paired_once():
    twice = np.vstack([TRUTH, TRUTH[:1] + np.array([0.01, 0, 0, 0])])
    pairs = match_notes(TRUTH, twice)
    assert len(pairs) == 3
    assert len({i for i, _ in pairs}) == 3
    assert match_notes(TRUTH, NOTHING) == []


def test_the_scores_are_mir_evals(rng):
    import mir_eval

    from sori.units import midi_to_hz

    for _ in range(5):
        onsets = np.sort(rng.uniform(0, 20, 150))
        truth = np.stack(
            [onsets, onsets + rng.uniform(0.05, 1, 150), rng.integers(50, 60, 150), rng.integers(20, 110, 150)], axis=1
        )
        estimate = truth[rng.random(150) < 0.8]
        estimate[:, :2] += rng.normal(0, 0.03, (len(estimate), 1))
        estimate[:, 1] += rng.uniform(0, 0.2, len(estimate))
        estimate[:, 3] = np.clip(0.7 * estimate[:, 3] + rng.normal(0, 8, len(estimate)), 1, 127).round()
        estimate = estimate[estimate[:, 0] >= 0]
        spans = [(notes[:, :2], np.array([midi_to_hz(p) for p in notes[:, 2]])) for notes in (truth, estimate)]
        scores = score_notes(truth, estimate)
        onset = mir_eval.transcription.precision_recall_f1_overlap(*spans[0], *spans[1], offset_ratio=None)
        offset = mir_eval.transcription.precision_recall_f1_overlap(*spans[0], *spans[1])
        velocity = mir_eval.transcription_velocity.precision_recall_f1_overlap(
            *spans[0], truth[:, 3], *spans[1], estimate[:, 3], offset_ratio=None
        )
        np.testing.assert_allclose((scores.precision, scores.recall, scores.f1), onset[:3], atol=1e-12)
        np.testing.assert_allclose((scores.offset_precision, scores.offset_recall, scores.offset_f1), offset[:3])
        assert scores.velocity_f1 == pytest.approx(velocity[2], abs=0.03)  # of equal matchings it may take another
        assert 0.3 < scores.f1 < 1
