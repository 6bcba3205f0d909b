"""How close a transcription is to the truth: note precision, recall and F1 by mir_eval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import require
from sori.units import midi_to_hz

_ONSET_TOLERANCE_S = 0.05


@dataclass(frozen=True)
class NoteScores:
    """F1 with its precision and recall: of onsets (50 ms), of onsets and offsets (20 %), with velocity, and of frames.

    Source: Bay et al. (2009), Hawthorne et al. (2018, velocity); computed by mir_eval (Raffel et al. 2014).
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
        """Return the scores, as JSON can hold them."""
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
    mir_eval = require("mir_eval", extra="piano")
    frame = _frame_scores(truth, estimate)
    if not len(truth) or not len(estimate):
        nothing = float(len(truth) == len(estimate))
        return NoteScores(
            nothing, nothing, nothing, nothing, nothing, nothing, nothing, *frame, len(truth), len(estimate)
        )
    (spans, hz), (est_spans, est_hz) = _spans_and_hz(truth), _spans_and_hz(estimate)
    given: dict[str, Any] = {"onset_tolerance": _ONSET_TOLERANCE_S}
    score = mir_eval.transcription.precision_recall_f1_overlap
    precision, recall, f1, _ = score(spans, hz, est_spans, est_hz, offset_ratio=None, **given)
    off_precision, off_recall, off_f1, _ = score(spans, hz, est_spans, est_hz, **given)
    with_velocity = mir_eval.transcription_velocity.precision_recall_f1_overlap
    _, _, velocity_f1, _ = with_velocity(
        spans, hz, truth[:, 3], est_spans, est_hz, estimate[:, 3], offset_ratio=None, **given
    )
    return NoteScores(
        precision,
        recall,
        f1,
        off_precision,
        off_recall,
        off_f1,
        velocity_f1,
        *frame,
        len(truth),
        len(estimate),
    )


def match_notes(truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pair indices of truth and estimate that are one note: the same key, onsets within 50 ms, each used once."""
    mir_eval = require("mir_eval", extra="piano")
    if not len(truth) or not len(estimate):
        return []
    pairs: list[tuple[int, int]] = mir_eval.transcription.match_notes(
        *_spans_and_hz(truth), *_spans_and_hz(estimate), onset_tolerance=_ONSET_TOLERANCE_S, offset_ratio=None
    )
    return pairs


def _spans_and_hz(notes: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Onsets with offsets, and frequencies, which is how mir_eval takes notes."""
    return notes[:, :2], np.array([midi_to_hz(pitch) for pitch in notes[:, 2]])


def _frame_scores(
    truth: npt.NDArray[np.float64], estimate: npt.NDArray[np.float64], *, frame_s: float = 0.01
) -> tuple[float, float, float]:
    """Precision, recall and F1 of keys that sound, in steps of 10 ms."""
    last_s = max(truth[:, 1].max(initial=0), estimate[:, 1].max(initial=0))
    rolls = []
    for notes in (truth, estimate):
        roll = np.zeros((int(last_s / frame_s) + 2, 128), dtype=bool)
        for onset_s, offset_s, pitch, _ in notes:
            roll[round(onset_s / frame_s) : round(offset_s / frame_s), int(pitch)] = True
        rolls.append(roll)
    hits = float((rolls[0] & rolls[1]).sum())
    if not rolls[0].any() or not rolls[1].any():
        nothing = float(rolls[0].any() == rolls[1].any())
        return nothing, nothing, nothing
    precision, recall = hits / float(rolls[1].sum()), hits / float(rolls[0].sum())
    return precision, recall, 2 * precision * recall / (precision + recall) if hits else 0.0
