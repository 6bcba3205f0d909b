import numpy as np
import pytest

from sori.datasets.piano import HeldOut
from sori.evaluation.held_out import by_condition, score_held_out

SCORES = ("precision", "recall", "f1", "offset_f1", "velocity_f1", "frame_f1")
PEDALS = np.array([[0.0, 1.0], [2.0, 3.0]])
NOTES = np.array([[i * 0.5, i * 0.5 + 0.4, 40 + i, 80] for i in range(10)])
HELD = [
    HeldOut(f"bach_{piece}__1", condition, np.full(10, i, dtype=np.float32), NOTES, PEDALS)
    for i, (piece, condition) in enumerate([("one", "light"), ("one", "heavy"), ("two", "light"), ("two", "heavy")])
]


def heard(y):
    """An ear that hears all of the heavy recordings and every other note of the light ones."""
    one = HELD[int(y[0])]
    return (one.notes, one.pedals) if one.condition == "heavy" else (one.notes[::2], one.pedals[:1])


def test_recordings_are_summed_up_by_condition():
    scores = by_condition(score_held_out(heard, HELD))
    assert list(scores) == ["light", "heavy"]
    assert {name: scores["heavy"][name] for name in SCORES} == dict.fromkeys(SCORES, 1.0)
    assert [scores["light"][name] for name in ("precision", "recall", "f1")] == pytest.approx([1, 1 / 2, 2 / 3])
    assert [scores[condition]["recordings"] for condition in scores] == [2, 2]
    assert scores["light"]["pieces"] == 2
    assert [scores[condition]["pedal_release_f1"] for condition in scores] == pytest.approx([2 / 3, 1])
    assert [scores[condition]["pedal_f1"] for condition in scores] == pytest.approx([2 / 3, 1])


def test_each_kind_of_note_has_its_recall():
    kinds = by_condition(score_held_out(heard, HELD))["light"]["recall_by_kind"]
    assert kinds["below C3"] == {"recall": pytest.approx(0.5), "notes": 16}
    assert kinds["struck on a silent string"] == {"recall": pytest.approx(0.5), "notes": 20}
    assert kinds["struck again while it rings"] == {"recall": 0.0, "notes": 0}


def test_the_interval_is_over_pieces():
    low, high = by_condition(score_held_out(heard, HELD))["light"]["f1_interval"]
    assert low < 2 / 3 < high
    assert high - low > 0.5  # of two pieces
    (one,) = score_held_out(heard, HELD[:1])
    assert (one.piece, one.composer) == ("bach_one", "bach")
