"""`sori experiment`: questions answered by measuring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.dataset import Json
from sori.cli.synth import Duration, Engine, Soundfont, Sr, names, whole_numbers

app = typer.Typer(help="Questions answered by measuring.", no_args_is_help=True, rich_markup_mode=None)


@app.command("features")
def features_(
    out: Annotated[Path, typer.Argument(help="Folder for the recordings, features.json and report.html.")],
    instruments: Annotated[
        str, typer.Option(help="Three or more, with commas between.")
    ] = "piano,guitar,violin,flute,trumpet,clarinet",
    backgrounds: Annotated[
        str, typer.Option(help="Never asked for: a random note of one sounds below each mixed note.")
    ] = "organ,cello,oboe,marimba",
    pitches: Annotated[str, typer.Option(help="Three or more: 60-83, C4-B5.")] = "C4-B5",
    velocities: Annotated[str, typer.Option(help="How hard, 1 to 127, with commas between.")] = "50,80,110",
    snr: Annotated[float, typer.Option(help="dB that the other note lies below, in mixtures.")] = 6.0,
    hold_out: Annotated[
        str, typer.Option(help="thirds of the pitches, to test instruments on; or single ones, to see a leak.")
    ] = "thirds",
    duration: Duration = 1.0,
    sr: Sr = 22050,
    engine: Engine = "soundfont",
    soundfont: Soundfont = None,
    seed: Annotated[int, typer.Option(help="Of the other notes, the folds and the classifier.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what an earlier run has made.")] = False,
    json: Json = False,
) -> None:
    """Ask a small classifier for pitch and instrument, from spectrogram, mel and MFCC, full band and the piano's.

    Example: sori experiment features looked-into/features
    """
    from sori.music import parse_pitches
    from sori.tasks.feature_experiment import compare_features, table
    from sori.tasks.synth_plan import Rendering

    with console.showing_progress() as progress:
        found = compare_features(
            out,
            rendering=Rendering(engine=engine, soundfont=soundfont, sr=sr, duration_s=duration),
            instruments=names(instruments),
            backgrounds=names(backgrounds),
            pitches=parse_pitches(pitches),
            velocities=whole_numbers("velocities", velocities),
            snr_db=snr,
            hold_out=hold_out,
            seed=seed,
            overwrite=overwrite,
            progress=progress,
        )
    if json:
        console.print_json(found.to_dict())
        return
    heads, rows = table(found)
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        console.out.print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for line in found.answer:
        console.out.print(line)
    console.out.print(f"page: {out / 'report.html'}")
