"""`sori augment`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.errors import check_installed


def augment(
    file: Annotated[Path, typer.Argument(help="A recording.")],
    out: Annotated[Path, typer.Option(help="Folder for the variants, drawn.json and report.html.")],
    recipe: Annotated[
        str,
        typer.Option(help="speech, music, environment or spectrogram; or one transform, such as PitchShift."),
    ] = "speech",
    count: Annotated[int, typer.Option(help="How many variants.")] = 8,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    background: Annotated[Path | None, typer.Option(help="Folder of background recordings for half of them.")] = None,
    duration: Annotated[float, typer.Option(help="Longest part used, in seconds from the start.")] = 30.0,
    replay: Annotated[Path | None, typer.Option(help="A drawn.json: make the same variants again.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write augmented variants of a recording, with a page to hear and compare them.

    Example: sori augment yes.flac --recipe speech --out looked-into/yes --count 8
    """
    check_installed("audiomentations", "matplotlib")
    from sori.tasks.augment import augment as augment_task

    with console.reporting() as reporter:
        files = augment_task(
            file,
            out,
            recipe=recipe,
            count=count,
            seed=seed,
            background=background,
            duration_s=duration,
            replay=replay,
            overwrite=overwrite,
            reporter=reporter,
        )
    if json:
        console.print_json({"out": str(out), "files": [str(name) for name in files]})
        return
    console.show(f"{len(files)} variants in {out}   page: {out / 'report.html'}")
