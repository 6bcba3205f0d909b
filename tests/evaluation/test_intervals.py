import numpy as np
import pytest
from scipy import stats

from sori.errors import ParameterError
from sori.evaluation.intervals import difference_interval, mean_interval


def speakers(rng, *, groups, accuracy, alike):
    """Draw right and wrong clips of speakers whose own accuracies differ."""
    own = rng.beta(accuracy * alike, (1 - accuracy) * alike, groups)
    sizes = rng.integers(8, 30, groups)
    right = np.concatenate([rng.random(size) < p for size, p in zip(sizes, own, strict=True)]).astype(float)
    return right, np.repeat(np.arange(groups), sizes).astype(str)


@pytest.mark.parametrize(("groups", "accuracy", "alike"), [(10, 0.9, 8), (20, 0.95, 20), (42, 0.9, 8), (100, 0.8, 5)])
def test_it_contains_the_truth_as_often_as_it_says(rng, groups, accuracy, alike):
    drawn = [speakers(rng, groups=groups, accuracy=accuracy, alike=alike) for _ in range(1000)]
    within = [low <= accuracy <= high for low, high in (mean_interval(*one) for one in drawn)]
    assert 0.93 <= np.mean(within) <= 0.97
    # Wilson's interval, which takes clips for independent, promises too much.
    wilson = [stats.binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson") for right, _ in drawn]
    assert np.mean([low <= accuracy <= high for low, high in wilson]) < 0.9


def test_of_independent_recordings_it_is_wilsons():
    right = np.array([1, 1, 1, 0] * 25)
    expected = stats.binomtest(75, 100).proportion_ci(method="wilson")
    assert mean_interval(right, [str(i) for i in range(100)]) == pytest.approx((expected.low, expected.high))


def test_groups_that_are_all_right_leave_doubt_for_their_number():
    low, high = mean_interval(np.ones(200), [str(i // 10) for i in range(200)])
    assert high == 1
    assert 0.8 < low < 0.85  # of 20 observations, not of 200


def test_less_spread_never_widens_it():
    even = mean_interval([*([1] * 19), 0] * 5, [str(i // 20) for i in range(100)])
    uneven = mean_interval([1] * 20 + [*([1] * 19), 0] * 4, [str(i // 20) for i in range(100)])
    assert even[1] - even[0] == pytest.approx(uneven[1] - uneven[0], abs=0.06)


def test_one_group_tells_little():
    low, high = mean_interval([1, 0, 1, 1], ["a"] * 4)
    assert high - low > 0.7


def test_a_difference_of_the_same_recordings_is_narrower_than_the_two_intervals(rng):
    one, groups = speakers(rng, groups=30, accuracy=0.8, alike=8)
    other = np.maximum(one, rng.random(len(one)) < 0.3)  # what one had wrong, the other has right at times
    low, high = difference_interval(one, other, groups)
    assert 0 < low < other.mean() - one.mean() < high
    both = [np.subtract(*mean_interval(some, groups)[::-1]) for some in (one, other)]
    assert high - low < max(both)


def test_a_difference_contains_the_truth_as_often_as_it_says(rng):
    within = []
    for _ in range(1000):
        one, groups = speakers(rng, groups=15, accuracy=0.8, alike=8)
        other = np.where(rng.random(len(one)) < 0.8, one, rng.random(len(one)) < 0.8)  # as good in the mean
        low, high = difference_interval(one, other, groups)
        within.append(low <= 0 <= high)
    assert 0.92 <= np.mean(within) <= 0.98


def test_scores_that_are_no_counts_vary_less(rng):
    """Such as the F1 of recordings: their own variance counts, not that of right and wrong."""
    within, widths = [], []
    for _ in range(500):
        pieces = rng.normal(0.9, 0.03, 12)
        values = np.clip(np.repeat(pieces, 2) + rng.normal(0, 0.01, 24), 0, 1)
        low, high = mean_interval(values, np.repeat(np.arange(12), 2).astype(str))
        within.append(low <= 0.9 <= high)
        widths.append(high - low)
    assert 0.92 <= np.mean(within) <= 0.98
    assert np.mean(widths) < 0.05


def test_nothing_has_no_interval():
    with pytest.raises(ParameterError, match="one value or more"):
        mean_interval([], [])
    with pytest.raises(ParameterError, match="0 to 1"):
        mean_interval([2.0], ["a"])
