"""`sori score`: one MIDI file against another."""

from __future__ import annotations

from pathlib import Path

from sori import plots
from sori.evaluation.notes import NoteScores, match_notes, score_notes
from sori.music import notes_array
from sori.music.midi import read_notes


def score_midi(estimate: str | Path, truth: str | Path, *, pedal: bool = False, plot: Path | None = None) -> NoteScores:
    """Score one MIDI file against another; draw hit, missed and extra notes if ``plot`` is given.

    Parameters
    ----------
    pedal
        Extend notes of the truth while its sustain pedal is down.

    Raises
    ------
    SoriError
        If a file cannot be read.
    """
    known, found = read_notes(Path(truth), pedal=pedal), read_notes(Path(estimate), allow_empty=True)
    rows, estimated = notes_array(known), notes_array(found)
    if plot is not None:
        plots.save(plots.roll_comparison(known, found, matched=match_notes(rows, estimated)), plot)
    return score_notes(rows, estimated)
