"""Scores of a transcriber on held-out recordings: means with their intervals, and recall by kind of note."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.datasets.piano import HeldOut
from sori.evaluation.intervals import mean_interval
from sori.evaluation.kinds import recall_by_kind
from sori.evaluation.notes import NoteScores, score_notes
from sori.evaluation.pedals import PedalCounts, count_pedals
from sori.reporter import SILENT, Reporter

MEANS = ("precision", "recall", "f1", "offset_f1", "velocity_f1", "frame_f1", "pedal_f1", "pedal_release_f1")


@dataclass(frozen=True)
class Heard:
    """A held-out recording, its scores, and how many of its notes of each kind were found; and how well its pedal."""

    name: str
    condition: str
    scores: NoteScores
    kinds: Mapping[str, tuple[int, int]]
    pedals: PedalCounts

    @property
    def piece(self) -> str:
        """The piece of which this is a performance."""
        return self.name.partition("__")[0]

    @property
    def composer(self) -> str:
        """Its composer."""
        return self.name.partition("_")[0]


def score_held_out(
    transcribe: Callable[[npt.NDArray[np.float32]], tuple[npt.NDArray[np.float64], npt.ArrayLike]],
    recordings: Sequence[HeldOut],
    *,
    reporter: Reporter = SILENT,
) -> list[Heard]:
    """Score what ``transcribe`` finds in each recording.

    Its notes are rows of onset, offset, pitch and velocity; its pedal, rows of the times at which it goes down and up.
    """
    heard = []
    for i, recording in enumerate(recordings, 1):
        found, pedals = transcribe(recording.y)
        heard.append(
            Heard(
                recording.name,
                recording.condition,
                score_notes(recording.notes, found),
                recall_by_kind([(recording.notes, found)]),
                count_pedals(recording.pedals, pedals),
            )
        )
        reporter.progress("Testing", i, len(recordings))
    return heard


def by_condition(heard: Sequence[Heard]) -> dict[str, dict[str, Any]]:
    """Return the summary of the recordings of each condition, such as light and heavy rooms."""
    conditions = dict.fromkeys(one.condition for one in heard)
    return {name: summary([one for one in heard if one.condition == name]) for name in conditions}


def summary(heard: Sequence[Heard]) -> dict[str, Any]:
    """Return the mean of each score, the 95 % interval of F1 over pieces, and the recall of each kind of note.

    The scores of the pedal are of all recordings together, since it is hardly used in some.
    """
    kinds: dict[str, tuple[int, int]] = {}
    for one in heard:
        for name, (hits, known) in one.kinds.items():
            before = kinds.get(name, (0, 0))
            kinds[name] = before[0] + hits, before[1] + known
    pedals = sum((one.pedals for one in heard), PedalCounts())
    rows = [one.scores.to_dict() for one in heard]
    low, high = mean_interval([one.scores.f1 for one in heard], [one.piece for one in heard])
    return {
        **{name: float(np.mean([row[name] for row in rows])) for name in rows[0] if name not in ("notes", "estimated")},
        "pedal_f1": pedals.down.f1,
        "pedal_release_f1": pedals.releases.f1,
        "recordings": len(rows),
        "pieces": len({one.piece for one in heard}),
        "f1_interval": [low, high],
        "recall_by_kind": {
            name: {"recall": hits / max(1, known), "notes": known} for name, (hits, known) in kinds.items()
        },
    }
