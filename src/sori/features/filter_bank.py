"""Products of spectra with a bank of narrow filters, without most of its zeros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# A filter touches few bins, so the dense product is mostly zeros: up to sixteen neighbouring filters share one narrow
# product instead, which for 128 mel filters and 1025 bins costs a fifth. Above _LARGEST_PRODUCT multiplications
# OpenBLAS would use threads, which at this size cost more than they gain.
_FILTERS_PER_GROUP = 16
_LARGEST_PRODUCT = 2**18


@dataclass(frozen=True, eq=False)
class FilterGroup:
    """Neighbouring filters: their indices, the range of bins that they cover, and their weights ``(bins, filters)``."""

    filters: slice
    bins: slice
    weights: npt.NDArray[np.float32]


def filter_groups(filters: npt.NDArray[np.float32], *, rows: int, parts: bool) -> list[FilterGroup]:
    """Split filters ``(filters, bins)`` into groups of neighbours, for blocks of ``rows`` frames.

    ``parts``: for alternating squares of real and imaginary parts. The product with the filters then adds the two,
    which is faster than adding them before.
    """
    if parts:
        filters = filters.repeat(2, axis=1)
    used = [np.flatnonzero(one) for one in filters]
    groups: list[FilterGroup] = []
    first = 0
    while first < len(filters):
        last, low, high = first, filters.shape[1], 0
        while last < min(first + _FILTERS_PER_GROUP, len(filters)):
            bins = used[last]
            wider = (min(low, bins[0]), max(high, bins[-1] + 1)) if bins.size else (low, high)
            if last > first and rows * (last + 1 - first) * (wider[1] - wider[0]) > _LARGEST_PRODUCT:
                break
            (low, high), last = wider, last + 1
        if high:
            some, span = slice(first, last), slice(int(low), int(high))
            groups.append(FilterGroup(some, span, np.ascontiguousarray(filters[some, span].T)))
        first = last
    return groups


def filtered(
    energy: npt.NDArray[np.float32], groups: Sequence[FilterGroup], *, out: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Multiply energies ``(frames, bins)`` with groups into ``out`` ``(frames, filters)``; empty filters are skipped.

    >>> filters = np.eye(3, 5, dtype=np.float32)
    >>> groups = filter_groups(filters, rows=2, parts=False)
    >>> filtered(np.ones((2, 5), np.float32), groups, out=np.zeros((2, 3), np.float32)).sum()
    np.float32(6.0)
    """
    for group in groups:
        np.matmul(energy[:, group.bins], group.weights, out=out[:, group.filters])
    return out
