"""`sori score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json
from sori.errors import check_installed


def score(
    estimate: Annotated[Path, typer.Argument(help="MIDI file to score.")],
    truth: Annotated[Path, typer.Argument(help="MIDI file with the true notes.")],
    pedal: Annotated[
        bool, typer.Option("--pedal", help="Extend notes of TRUTH while its sustain pedal is down.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw hit, missed and extra notes (PNG, SVG or PDF).")] = None,
    json: Json = False,
) -> None:
    """Compare a transcription with the truth: precision, recall and F1 of notes, as mir_eval counts them.

    Example: sori score notes/waltz.mid truth.mid --plot waltz.png
    """
    check_installed("mir_eval", "matplotlib")
    from sori.tasks.score import score_midi

    scores = score_midi(estimate, truth, pedal=pedal, plot=plot)
    if json:
        console.print_json(scores.to_dict())
        return
    rows: list[list[str | float | None]] = [
        ["onset, 50 ms", scores.precision, scores.recall, scores.f1],
        ["onset and offset, 20 %", scores.offset_precision, scores.offset_recall, scores.offset_f1],
        ["onset and velocity", None, None, scores.velocity_f1],
        ["keys that sound, every 10 ms", scores.frame_precision, scores.frame_recall, scores.frame_f1],
    ]
    shown = [[str(row[0]), *(f"{v:.3f}" if isinstance(v, float) else "" for v in row[1:])] for row in rows]
    console.print_table(["notes that agree in", "precision", "recall", "F1"], shown)
    console.show(f"{scores.notes} notes in {truth}, {scores.estimated} in {estimate}")
