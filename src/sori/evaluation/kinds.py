"""Kinds of notes that a transcriber misses more often than others, and its recall of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sori.evaluation.notes import match_notes

# A string that sounded until so shortly before a stroke still rings; notes that begin so close are struck together.
_RINGS_S, _TOGETHER_S = 0.06, 0.3
_LOW, _SOFTER_BY, _DENSE, _DENSE_WITHIN_S = 48, 25, 14, 1.0


def kinds_of(notes: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which notes are of each kind, by its name; a note may be of several.

    Parameters
    ----------
    notes
        Rows of onset and offset in seconds, pitch and velocity, with offsets by the pedal.

    >>> rows = np.array([[0.0, 1.0, 60, 80], [0.9, 2.0, 60, 80], [0.9, 2.0, 40, 40]])
    >>> {name: mask.tolist() for name, mask in kinds_of(rows).items() if mask.any()}["struck again while it rings"]
    [False, True, False]
    """
    onset, offset, pitch, velocity = notes.T if len(notes) else np.zeros((4, 0))
    order = np.lexsort((onset, pitch))
    again = np.zeros(len(notes), dtype=bool)
    before, after = order[:-1], order[1:]
    again[after] = (pitch[before] == pitch[after]) & (offset[before] > onset[after] - _RINGS_S)
    by_time = np.argsort(onset, kind="stable")
    times = onset[by_time]

    def around(reach_s: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        return np.searchsorted(times, onset - reach_s), np.searchsorted(times, onset + reach_s, side="right")

    first, last = around(_TOGETHER_S)
    loudest = np.array([velocity[by_time[i:j]].max() for i, j in zip(first, last, strict=True)])
    first, last = around(_DENSE_WITHIN_S / 2)
    return {
        "struck again while it rings": again,
        "struck on a silent string": ~again,
        "below C3": pitch < _LOW,
        f"softer than others with it by {_SOFTER_BY} or more": loudest - velocity >= _SOFTER_BY,
        f"where {_DENSE} or more begin in a second": last - first >= _DENSE,
    }


def recall_by_kind(
    pairs: Sequence[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]],
) -> dict[str, tuple[int, int]]:
    """Count the notes of each kind in true notes, and those of them that were found in an estimate.

    Parameters
    ----------
    pairs
        True and estimated notes of each recording, as rows.

    Returns
    -------
    Found and all notes, by the name of the kind.
    """
    counts: dict[str, tuple[int, int]] = {}
    for truth, estimate in pairs:
        found = np.zeros(len(truth), dtype=bool)
        found[[i for i, _ in match_notes(truth, estimate)]] = True
        for name, mask in kinds_of(truth).items():
            hits, known = counts.get(name, (0, 0))
            counts[name] = hits + int(found[mask].sum()), known + int(mask.sum())
    return counts
