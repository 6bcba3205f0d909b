"""`sori score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, check_new
from sori.errors import ParameterError, SoriError, check_installed, printable


def score(
    estimate: Annotated[Path, typer.Argument(help="MIDI file to score, or a folder of them.")],
    truth: Annotated[
        Path, typer.Argument(help="MIDI file with the true notes, or a folder with files of these names.")
    ],
    pedal: Annotated[
        bool, typer.Option("--pedal", help="Extend notes while the sustain pedal of their file is down.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw hit, missed and extra notes (PNG, SVG or PDF).")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the picture.")] = False,
    json: Json = False,
) -> None:
    """Compare a transcription with the truth: precision, recall and F1 of notes, as mir_eval counts them.

    Example: sori score notes/waltz.mid truth.mid --plot waltz.png
    """
    check_installed("mir_eval", "matplotlib")
    from sori.tasks.score import score_midi

    if plot is not None:
        check_new(plot, overwrite=overwrite)
    if estimate.is_dir() and truth.is_dir():
        if plot is not None:
            raise ParameterError("`plot` is for two files, not for folders.")
        _score_folders(estimate, truth, pedal=pedal, json=json)
        return
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


def _score_folders(estimates: Path, truths: Path, *, pedal: bool, json: bool) -> None:
    """Print a line for each file, and the mean."""
    from sori.tasks.score import score_folders

    found = score_folders(estimates, truths, pedal=pedal)
    scores = {name: one for name, one in found.items() if not isinstance(one, SoriError)}
    failed = {name: one for name, one in found.items() if isinstance(one, SoriError)}
    for error in failed.values():
        console.fail(console.described(error))
    if json:
        rows = [{"file": printable(name), **one.to_dict()} for name, one in scores.items()]
        console.print_json([*rows, *({"file": printable(n), "error": printable(one)} for n, one in failed.items())])
    elif scores:
        values = [[one.f1, one.offset_f1, one.velocity_f1, one.frame_f1] for one in scores.values()]
        mean = [sum(column) / len(column) for column in zip(*values, strict=True)]
        names = [*scores, f"mean of {len(scores)}"]
        lines = [[name, *(f"{v:.3f}" for v in row)] for name, row in zip(names, [*values, mean], strict=True)]
        console.print_table(["F1 of", "onset", "with offset", "with velocity", "frames"], lines)
    if failed:
        raise typer.Exit(1)
