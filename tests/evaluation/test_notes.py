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


def test_frames_are_steps_of_ten_milliseconds():
    """Frames 0 to 12 and 3 to 14: ten in both, of 13 and of 12."""
    truth, estimate = np.array([[0.0, 0.13, 60, 80]]), np.array([[0.03, 0.15, 60, 80]])
    scores = score_notes(truth, estimate)
    frames = (scores.frame_precision, scores.frame_recall, scores.frame_f1)
    assert frames == pytest.approx((10 / 12, 10 / 13, 20 / 25))
    elsewhere = score_notes(truth, estimate + np.array([0, 0, 1, 0]))
    assert (elsewhere.frame_precision, elsewhere.frame_recall, elsewhere.frame_f1) == (0, 0, 0)


def test_every_key_of_midi_has_frames():
    ends = np.array([[0.0, 1.0, 0, 80], [0.0, 1.0, 127, 80]])
    assert score_notes(ends, ends[:1]).frame_recall == score_notes(ends, ends[1:]).frame_recall == 0.5


def test_frames_of_nothing_score_nothing_unless_nothing_was_played():
    for truth, estimate, f1 in ((TRUTH, NOTHING, 0), (NOTHING, TRUTH, 0), (NOTHING, NOTHING, 1)):
        scores = score_notes(truth, estimate)
        assert (scores.frame_precision, scores.frame_recall, scores.frame_f1) == (f1, f1, f1)


@pytest.mark.parametrize("spread", [0, 40])
def test_velocities_are_compared_as_mir_eval_does(rng, spread):
    """With notes so far apart that there is one way to match them."""
    import mir_eval

    from sori.units import midi_to_hz

    onsets = 0.3 * np.arange(60)
    truth = np.stack([onsets, onsets + 0.2, np.full(60, 60), 60 + rng.integers(-spread, spread + 1, 60)], axis=1)
    estimate = truth + np.stack([*np.zeros((3, 60)), rng.normal(0, 10, 60).round()], axis=1)
    estimate[50:, 0] += 0.1
    hz = np.full(60, midi_to_hz(60))
    velocity = mir_eval.transcription_velocity.precision_recall_f1_overlap(
        truth[:, :2], hz, truth[:, 3], estimate[:, :2], hz, estimate[:, 3], offset_ratio=None
    )
    assert score_notes(truth, estimate).velocity_f1 == pytest.approx(velocity[2])
    assert score_notes(truth, estimate).f1 == pytest.approx(50 / 60)


def test_without_a_pair_no_velocity_is_right():
    assert score_notes(TRUTH, TRUTH + np.array([0.1, 0.1, 0, 0])).velocity_f1 == 0


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


def test_a_note_that_begins_before_the_recording_counts_from_its_start():
    truth, early = np.array([[0, 1, 60, 80.0]]), np.array([[-0.01, 1, 60, 80.0]])
    assert score_notes(truth, early).frame_f1 == 1.0
