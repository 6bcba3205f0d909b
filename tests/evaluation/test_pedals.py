import numpy as np
import pytest

from sori.evaluation.pedals import Counts, PedalCounts, count_pedals


def test_frames_and_releases_are_counted():
    counts = count_pedals([[0.0, 1.0], [2.0, 3.0]], [[0.5, 1.05], [2.0, 2.5]])
    assert counts.down == Counts(hits=100, known=200, estimated=105)
    assert counts.releases == Counts(hits=1, known=2, estimated=2)
    assert counts.releases.f1 == 0.5


def test_a_release_counts_once():
    assert count_pedals([[0.0, 1.0]], [[0.0, 0.95], [0.97, 1.05]]).releases == Counts(1, 1, 2)


def test_nothing_to_find_and_nothing_found_is_right():
    nothing = count_pedals(np.zeros((0, 2)), ())
    assert (nothing.down.f1, nothing.releases.f1) == (1.0, 1.0)
    assert count_pedals((), [[0.0, 1.0]]).down.f1 == 0.0
    assert count_pedals([[0.0, 1.0]], ()).releases.f1 == 0.0


def test_counts_of_recordings_add_up():
    one = count_pedals([[0.0, 1.0]], [[0.0, 1.0]])
    both = sum([one, one], PedalCounts())
    assert both.down.known == 200
    assert both.releases.f1 == pytest.approx(1.0)
