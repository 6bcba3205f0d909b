"""`sori score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, check_new
from sori.errors import ParameterError, SoriError, check_installed, printable


def score(
    estimate: Annotated[
        Path, typer.Argument(help="MIDI or MusicXML file to score, a text file of beats, or a folder of MIDI files.")
    ],
    truth: Annotated[
        Path,
        typer.Argument(
            help="MIDI file with the true notes, MusicXML with the true score, a text file of the true beats; or a "
            "folder with MIDI files of these names."
        ),
    ],
    pedal: Annotated[
        bool, typer.Option("--pedal", help="Extend notes while the sustain pedal of their file is down.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw hit, missed and extra notes (PNG, SVG or PDF).")] = None,
    report: Annotated[Path | None, typer.Option(help="Of scores: a page with both, one above the other.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the picture.")] = False,
    json: Json = False,
) -> None:
    """Compare a transcription with the truth: notes, beats, or scores.

    Example: sori score notes/waltz.mid truth.mid --plot waltz.png, or sori score scores/waltz.musicxml truth.mxl
    """
    for path in (plot, report):
        if path is not None:
            check_new(path, overwrite=overwrite)
    if truth.suffix.lower() in (".musicxml", ".mxl", ".xml"):
        _score_sheet(estimate, truth, report=report, json=json)
        return
    if report is not None:
        raise ParameterError("a `report` is of scores: the truth must be MusicXML.", "report")
    check_installed("mir_eval", "matplotlib")
    from sori.tasks.score import score_midi

    if truth.suffix.lower() == ".txt":
        _score_beats(estimate, truth, json=json)
        return
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


def _score_beats(estimate: Path, truth: Path, *, json: bool) -> None:
    from sori.tasks.score import score_beats_of

    scores = score_beats_of(estimate, truth)
    if json:
        console.print_json(scores.to_dict())
        return
    rows = [["beats, 70 ms", scores.beat_f1], ["at the nearest level", scores.level_f1], ["bars", scores.bar_f1]]
    console.print_table(["", "F1"], [[str(name), f"{value:.3f}"] for name, value in rows])
    console.show(f"{scores.beats} beats in {truth}, {scores.estimated} in {estimate}")


def _score_sheet(estimate: Path, truth: Path, *, report: Path | None, json: bool) -> None:
    """Print how a score agrees with another, and write the page."""
    from sori.tasks.score import score_sheet

    scores, known, found = score_sheet(estimate, truth)
    if report is not None:
        from sori.reports.score import write_comparison

        write_comparison(known, found, scores, report)
    if json:
        console.print_json(scores.to_dict())
        return
    console.print_table(
        ["", "precision", "recall", "F1"],
        [["notes", f"{scores.precision:.3f}", f"{scores.recall:.3f}", f"{scores.f1:.3f}"]],
    )
    rows = [[name, f"{value:.3f}"] for name, value in scores.parts().items()]
    console.print_table(["of the notes that match", "right"], rows)
    five = ", ".join(f"{name} {value:.2f}" for name, value in scores.mv2h._asdict().items())
    console.show(
        f"MV2H {scores.mv2h.mean:.3f} ({five}); {scores.notes} notes in {truth}, {scores.estimated} in {estimate}"
    )


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
