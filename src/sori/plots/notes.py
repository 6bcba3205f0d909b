"""Piano rolls: notes over time and keys, and an estimate against the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from sori.music import Note
from sori.plots.figure import BAD, TRAIN, VALID, own_axes, tidy
from sori.units import note_name

_SOFT_TO_HARD = LinearSegmentedColormap.from_list("touch", ["#b9d2ec", TRAIN, "#143b63"])
_SECONDS_PER_INCH = 3.0


def piano_roll(notes: Sequence[Note], *, duration_s: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw notes as bars over time, low keys below; the darker, the harder they are struck.

    Parameters
    ----------
    duration_s
        Where the picture ends; None: with the last note.
    """
    colours = [_SOFT_TO_HARD(note.velocity / 127) for note in notes]
    return _bars(notes, colours, duration_s, ax)


def roll_comparison(
    truth: Sequence[Note],
    estimate: Sequence[Note],
    *,
    matched: Sequence[tuple[int, int]],
    duration_s: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw an estimate against the truth: what was hit, missed, and heard though nobody played it.

    Parameters
    ----------
    matched
        Pairs of indices into ``truth`` and ``estimate`` that are one note.
    """
    hit_truth, hit_estimate = {i for i, _ in matched}, {j for _, j in matched}
    hit = [truth[i] for i in sorted(hit_truth)]
    missed = [note for i, note in enumerate(truth) if i not in hit_truth]
    extra = [note for j, note in enumerate(estimate) if j not in hit_estimate]
    notes = [*hit, *missed, *extra]
    colours = [to_rgba(c) for c, of in ((TRAIN, hit), (VALID, missed), (BAD, extra)) for _ in of]
    ax = _bars(notes, colours, duration_s, ax)
    for colour, name, of in ((TRAIN, "hit", hit), (VALID, "missed", missed), (BAD, "extra", extra)):
        ax.plot([], [], color=colour, linewidth=5, label=f"{name}: {len(of)}")
    ax.legend(frameon=False, loc="upper right", ncols=3, bbox_to_anchor=(1, 1.14))
    return ax


def _bars(
    notes: Sequence[Note],
    colours: Sequence[tuple[float, float, float, float]],
    duration_s: float | None,
    ax: Axes | None,
) -> Axes:
    end_s = max([note.offset_s for note in notes], default=1.0) if duration_s is None else duration_s
    if ax is None:
        ax = own_axes(width=float(np.clip(end_s / _SECONDS_PER_INCH, 6, 40)), height=4.5)
    tidy(ax)
    corners: list[npt.NDArray[np.float64]] = [
        np.array(
            [
                (note.onset_s, note.pitch - 0.4),
                (note.offset_s, note.pitch - 0.4),
                (note.offset_s, note.pitch + 0.4),
                (note.onset_s, note.pitch + 0.4),
            ]
        )
        for note in notes
    ]
    ax.add_collection(PolyCollection(corners, facecolors=list(colours), edgecolors="none"))
    pitches = [note.pitch for note in notes] or [60]
    low, high = max(0, min(pitches) - 4), min(127, max(pitches) + 4)
    octaves = [pitch for pitch in range(0, 128, 12) if low <= pitch <= high]
    ax.set(xlim=(0, end_s), ylim=(low, high), xlabel="time in seconds", yticks=octaves)
    ax.set_yticklabels([note_name(pitch) for pitch in octaves])
    return ax
