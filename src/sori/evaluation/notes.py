"""Scores of a transcription: precision, recall and F1 of notes, matched by mir_eval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import require
from sori.units import midi_to_hz

_ONSET_TOLERANCE_S, _OFFSET_RATIO, _VELOCITY_TOLERANCE = 0.05, 0.2, 0.1


@dataclass(frozen=True)
class NoteScores:
    """F1 with its precision and recall: of onsets (50 ms), of onsets and offsets (20 %), with velocity, and of frames.

    Source: Bay et al. (2009), Hawthorne et al. (2018, velocity); notes are matched by mir_eval (Raffel et al. 2014).
    """

    precision: float
    recall: float
    f1: float
    offset_precision: float
    offset_recall: float
    offset_f1: float
    velocity_f1: float
    frame_precision: float
    frame_recall: float
    frame_f1: float
    notes: int
    estimated: int

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain values, for JSON."""
        return asdict(self)


def score_notes(truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]) -> NoteScores:
    """Score notes against the truth.

    Parameters
    ----------
    truth, estimate
        Rows of onset and offset in seconds, pitch and velocity, shape ``(notes, 4)``.

    Raises
    ------
    MissingDependencyError
        If mir_eval is not installed.

    >>> notes = np.array([[0.0, 1.0, 60, 80], [1.0, 2.0, 64, 80]])
    >>> score_notes(notes, notes[:1]).recall
    0.5
    """
    frame = _frame_scores(truth, estimate)
    if not len(truth) or not len(estimate):
        nothing = float(len(truth) == len(estimate))
        return NoteScores(
            nothing, nothing, nothing, nothing, nothing, nothing, nothing, *frame, len(truth), len(estimate)
        )
    pairs = match_notes(truth, estimate)
    counts = (len(truth), len(estimate))
    _, _, velocity_f1 = _precision_recall_f1(_as_hard(truth, estimate, pairs), *counts)
    return NoteScores(
        *_precision_recall_f1(len(pairs), *counts),
        *_precision_recall_f1(len(match_notes(truth, estimate, offset_ratio=_OFFSET_RATIO)), *counts),
        velocity_f1,
        *frame,
        *counts,
    )


def match_notes(
    truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64], *, offset_ratio: float | None = None
) -> list[tuple[int, int]]:
    """Pair indices of matching notes in truth and estimate: same key, onsets within 50 ms, each used once.

    With ``offset_ratio``, offsets must also be within that fraction of the note's length, or 50 ms.
    """
    mir_eval = require("mir_eval")
    pairs: list[tuple[int, int]] = []
    # Key by key gives the same result, since notes of different keys never match. mir_eval compares all pairs at once,
    # which takes too much memory for two hours of music.
    for pitch in np.intersect1d(truth[:, 2], estimate[:, 2]):
        known, estimated = (np.flatnonzero(notes[:, 2] == pitch) for notes in (truth, estimate))
        hz = float(midi_to_hz(pitch))
        found = mir_eval.transcription.match_notes(
            truth[known, :2],
            np.full(len(known), hz),
            estimate[estimated, :2],
            np.full(len(estimated), hz),
            onset_tolerance=_ONSET_TOLERANCE_S,
            offset_ratio=offset_ratio,
        )
        pairs += [(int(known[i]), int(estimated[j])) for i, j in found]
    return sorted(pairs)


def _as_hard(
    truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64], pairs: Sequence[tuple[int, int]]
) -> int:
    """Count the pairs with equal velocity, within a tenth of the truth's range, once the estimate is on its scale.

    Source: Hawthorne et al. (2018): the scale is the line that best fits the pairs.
    """
    if not pairs:
        return 0
    known, estimated = (notes[[pair[side] for pair in pairs], 3] for side, notes in enumerate((truth, estimate)))
    softest, hardest = truth[:, 3].min(), truth[:, 3].max()
    known = (known - softest) / max(1.0, hardest - softest)
    terms = np.stack([estimated, np.ones(len(estimated))], axis=1)
    line, *_ = np.linalg.lstsq(terms, known, rcond=None)
    return int((np.abs(terms @ line - known) < _VELOCITY_TOLERANCE).sum())


def _precision_recall_f1(hits: int, known: int, estimated: int) -> tuple[float, float, float]:
    return hits / estimated, hits / known, 2 * hits / (known + estimated)


def _frame_scores(
    truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64], *, frame_s: float = 0.01
) -> tuple[float, float, float]:
    """Precision, recall and F1 of sounding keys, in steps of 10 ms."""
    frames = int(max(truth[:, 1].max(initial=0), estimate[:, 1].max(initial=0)) / frame_s) + 2
    hits = known = estimated = 0
    for pitch in np.unique(np.concatenate([truth[:, 2], estimate[:, 2]])):  # key by key, to save memory
        sounding = []
        for notes in (truth, estimate):
            row = np.zeros(frames, dtype=bool)
            for onset_s, offset_s, _, _ in notes[notes[:, 2] == pitch]:
                row[max(0, round(onset_s / frame_s)) : round(offset_s / frame_s)] = True
            sounding.append(row)
        hits += int((sounding[0] & sounding[1]).sum())
        known += int(sounding[0].sum())
        estimated += int(sounding[1].sum())
    if not known or not estimated:
        nothing = float(known == estimated)
        return nothing, nothing, nothing
    precision, recall = hits / estimated, hits / known
    return precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0
