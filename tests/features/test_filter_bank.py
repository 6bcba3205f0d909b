import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sori.features.filter_bank import filter_groups, filtered


def bank(widths, *, bins, seed=0):
    """Filters of so many bins each, which begin farther and farther up; 0 is an empty one."""
    rng = np.random.default_rng(seed)
    filters = np.zeros((len(widths), bins), dtype=np.float32)
    for i, width in enumerate(widths):
        first = min(i * bins // len(widths), bins - width)
        filters[i, first : first + width] = rng.uniform(0.5, 1, width)
    return filters


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 3000), st.integers(0, 2**32 - 1))
def test_it_is_the_dense_product(widths, rows, seed):
    filters = bank(widths, bins=80, seed=seed)
    parts = np.random.default_rng(seed).random((5, 160), dtype=np.float32)
    whole = parts[:, ::2] + parts[:, 1::2]
    for energy, in_turn in ((whole, False), (parts, True)):
        out = np.zeros((5, len(widths)), dtype=np.float32)
        found = filtered(energy, filter_groups(filters, rows=rows, parts=in_turn), out=out)
        assert found is out
        np.testing.assert_allclose(out, whole @ filters.T, rtol=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 80), min_size=1, max_size=60), st.integers(1, 6000))
def test_groups_hold_each_filter_once_and_are_small_enough(widths, rows):
    groups = filter_groups(bank(widths, bins=80), rows=rows, parts=False)
    listed = [i for group in groups for i in range(group.filters.start, group.filters.stop)]
    assert listed == sorted(set(listed))
    assert {i for i, width in enumerate(widths) if width} <= set(listed)
    for group in groups:
        assert group.weights.shape == (group.bins.stop - group.bins.start, group.filters.stop - group.filters.start)
        assert group.weights.shape[1] <= 16
        assert group.weights.shape[1] == 1 or rows * group.weights.size <= 2**18
        assert group.weights[0].any()  # not a bin more than they need
        assert group.weights[-1].any()


@pytest.mark.parametrize(
    ("rows", "filters"),
    [(1, [16, 16, 8]), (4096, [16, 16, 8]), (4097, [15, 15, 10]), (2**18, [1] * 40), (2**20, [1] * 40)],
)
def test_neighbours_share_a_product_of_at_most_two_to_the_eighteenth(rows, filters):
    """Forty filters, all over the same four of 104 bins: a group of sixteen takes 64 multiplications a row."""
    bank_of_four = np.zeros((40, 104), dtype=np.float32)
    bank_of_four[:, 100:] = 1
    groups = filter_groups(bank_of_four, rows=rows, parts=False)
    assert [group.filters.stop - group.filters.start for group in groups] == filters
    assert all(group.bins == slice(100, 104) for group in groups)


def test_bins_count_twice_where_real_and_imaginary_parts_take_turns():
    filters = np.eye(3, 8, 2, dtype=np.float32)
    assert [group.bins for group in filter_groups(filters, rows=1, parts=False)] == [slice(2, 5)]
    assert [group.bins for group in filter_groups(filters, rows=1, parts=True)] == [slice(4, 10)]


def test_empty_filters_keep_what_is_there():
    filters = bank([3] + [0] * 16 + [3], bins=40)
    groups = filter_groups(filters, rows=1, parts=False)
    assert [group.filters for group in groups] == [slice(0, 16), slice(16, 18)]
    assert filter_groups(filters[1:17], rows=1, parts=False) == []
    out = np.full((2, 16), 7, dtype=np.float32)
    assert (filtered(np.ones((2, 40), dtype=np.float32), [], out=out) == 7).all()
