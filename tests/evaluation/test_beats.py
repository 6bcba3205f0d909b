import mir_eval
import numpy as np
import pytest

from sori.errors import AudioError
from sori.evaluation.beats import score_beats


def beats(seconds, every=4):
    return [(float(at), i % every == 0) for i, at in enumerate(seconds)]


def test_scores_are_those_of_mir_eval_and_the_nearest_level_is_found(rng):
    known = np.arange(0, 60, 0.5) + 0.1
    found = known + rng.normal(0, 0.04, len(known))
    scores = score_beats(beats(known), beats(found))
    assert scores.beat_f1 == mir_eval.beat.f_measure(known, found)
    assert scores.bar_f1 == mir_eval.beat.f_measure(known[::4], found[::4])
    double = score_beats(beats(known), beats(np.arange(0, 60, 0.25) + 0.1, every=8))
    assert double.beat_f1 == pytest.approx(2 / 3, abs=0.01)
    assert double.level_f1 > 0.99
    assert double.bar_f1 == pytest.approx(1, abs=0.02)


def test_no_beats():
    assert score_beats(beats([1.0, 2.0]), []).beat_f1 == 0
    with pytest.raises(AudioError, match="no beats"):
        score_beats([], beats([1.0]))
