import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sori.evaluation import EventScores, score_events


def counts(estimated, truth, **tolerance):
    scores = score_events(estimated, truth, hours=1.0, **tolerance)
    return scores.hits, scores.misses, scores.false_alarms


@pytest.mark.parametrize("off_s", [-0.75, -0.5, 0.0, 0.5, 0.75])
def test_an_event_may_be_three_quarters_of_a_second_off(off_s):
    assert counts([(8.0 + off_s, "yes")], [(8.0, "yes")]) == (1, 0, 0)


@pytest.mark.parametrize("off_s", [-0.8, 0.8, 5.0])
def test_and_no_more(off_s):
    assert counts([(8.0 + off_s, "yes")], [(8.0, "yes")]) == (0, 1, 1)
    assert counts([(8.0 + off_s, "yes")], [(8.0, "yes")], tolerance_s=6.0) == (1, 0, 0)


def test_a_hand_computed_table():
    truth = [(1.0, "yes"), (3.0, "no"), (5.0, "go")]
    estimated = [
        (1.2, "yes"),  # a hit
        (1.4, "yes"),  # its echo: each event is found once
        (3.1, "go"),  # the wrong word: a false alarm, and no is missed
        (9.0, "no"),  # too late
        (5.0, "go"),  # a hit
    ]
    assert counts(estimated, truth) == (2, 1, 3)
    assert counts(estimated[:1] * 2, [(1.0, "yes"), (1.1, "yes")]) == (2, 0, 0)


def test_the_nearest_are_paired_first():
    """1.6 takes 1.5, so that 1.0 and 2.2 are left alone; the other way round both would have been found."""
    assert counts([(1.0, "yes"), (1.6, "yes")], [(1.5, "yes"), (2.2, "yes")]) == (1, 1, 1)


@settings(deadline=None)
@given(st.lists(st.integers(0, 40 * 64), max_size=30), st.integers(0, 20))
def test_of_events_that_are_far_apart_the_hits_are_mir_evals(times, n):
    times_s = [time / 64 for time in times]  # so that no rounding decides what is just within 0.75 s
    truth = 2.0 * np.arange(n)  # none is within it of two
    hits, misses, false_alarms = counts([(t, "yes") for t in times_s], [(t, "yes") for t in truth])
    assert hits == len(mir_eval.util.match_events(truth, np.array(times_s), 0.75))
    assert (hits + misses, hits + false_alarms) == (n, len(times_s))


def test_rates_are_parts_of_the_truth_and_of_an_hour():
    scores = EventScores(hits=3, misses=1, false_alarms=6, hours=0.5)
    assert (scores.hit_rate, scores.false_alarms_per_hour) == (0.75, 12.0)
    assert EventScores(hits=1, misses=0, false_alarms=0, hours=2.0).hit_rate == 1.0
    assert EventScores(hits=0, misses=0, false_alarms=0, hours=2.0).hit_rate == 0
