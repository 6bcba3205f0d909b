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
