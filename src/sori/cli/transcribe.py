"""`sori transcribe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite, names, parsed

_NOTES, _MODEL = "Notes", "Model"


def transcribe(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Piano recordings of any length, or folders.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("notes"),
    format: Annotated[str, typer.Option(help="mid, tsv, json or png (a piano roll), comma-separated.")] = "mid",
    overwrite: Overwrite = False,
    json: Json = False,
    threshold: Annotated[
        float, typer.Option(help="Threshold of an onset, 0.01 to 0.99.", rich_help_panel=_NOTES)
    ] = 0.4,
    min_note: Annotated[float, typer.Option(help="Shortest note, in seconds.", rich_help_panel=_NOTES)] = 0.03,
    band: Annotated[
        str, typer.Option(help="Keys to find: piano, or lowest and highest as in C2-C6.", rich_help_panel=_NOTES)
    ] = "piano",
    doubt: Annotated[
        bool, typer.Option(help="Leave out unsure notes where most are unsure, as in speech.", rich_help_panel=_NOTES)
    ] = True,
    pedal: Annotated[
        bool,
        typer.Option(
            help="Write keys and sustain pedal to MIDI as played; no: notes as long as they sound.",
            rich_help_panel=_NOTES,
        ),
    ] = True,
    separate: Annotated[
        str | None,
        typer.Option(
            help="Separate the piano from other sounds first: hpss, spleeter, demucs.", rich_help_panel=_MODEL
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(help="piano (Sori's own), or one of an installed package.", rich_help_panel=_MODEL),
    ] = "piano",
    model: Annotated[
        Path, typer.Option(help="A trained model (folder); piano ships with Sori.", rich_help_panel=_MODEL)
    ] = Path("piano"),
    clean: Annotated[
        Path | None, typer.Option(help="A cleaner (folder) to apply first.", rich_help_panel=_MODEL)
    ] = None,
    tuning: Annotated[
        str, typer.Option(help="Frequency of A4 in Hz; auto: estimated and compensated.", rich_help_panel=_NOTES)
    ] = "auto",
    threads: Annotated[int, typer.Option(help="Threads; 0: one per core.", rich_help_panel=_MODEL)] = 0,
) -> None:
    """Transcribe piano recordings: key, onset, length and velocity of each note, and the sustain pedal.

    Example: sori transcribe waltz.ogg --format mid,png --out notes
    """
    from sori.inference import NoteDecoding
    from sori.music import parse_band
    from sori.tasks.transcribe import transcribe_files

    lowest, highest = parse_band(band)
    decoding = NoteDecoding(threshold=threshold, min_note_s=min_note, lowest=lowest, highest=highest, doubt=doubt)
    with console.reporting() as reporter:
        results = transcribe_files(
            files,
            out,
            formats=names(format),
            model=model,
            clean=clean,
            decoding=decoding,
            method=separate,
            engine=engine,
            threads=threads,
            tuning_hz=None if tuning == "auto" else parsed("tuning", tuning, float, "numbers of Hz, or auto")[0],
            pedal=pedal,
            overwrite=overwrite,
            reporter=reporter,
        )
        console.report_each(results, json=json)
