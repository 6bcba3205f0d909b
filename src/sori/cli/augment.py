"""`sori augment`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sori.cli import console
from sori.errors import SoriError, check_installed, printable


def augment(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, or folders of them.")],
    out: Annotated[
        Path,
        typer.Option(help="Folder for the variants, drawn.json and report.html; of several recordings, a folder each."),
    ],
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
    """Write augmented variants of recordings, with a page to hear and compare them.

    Example: sori augment yes.flac --recipe speech --out looked-into/yes --count 8
    """
    check_installed("audiomentations", "matplotlib")
    from sori.tasks.augment import augment as augment_task
    from sori.tasks.augment import augment_files

    options: dict[str, Any] = {
        "recipe": recipe,
        "count": count,
        "seed": seed,
        "background": background,
        "duration_s": duration,
        "replay": replay,
        "overwrite": overwrite,
    }
    with console.reporting() as reporter:
        if len(files) == 1 and not files[0].is_dir():
            done = augment_task(files[0], out, reporter=reporter, **options)
            results: list[tuple[Path, list[Path] | SoriError]] = [(files[0], done)]
        else:
            results = augment_files(files, out, reporter=reporter, **options)
    rows: list[dict[str, Any]] = []
    for file, made in results:
        if isinstance(made, SoriError):
            console.fail(console.described(made))
            rows.append({"file": printable(file), "error": printable(made)})
            continue
        folder = made[0].parent
        rows.append({"file": printable(file), "out": printable(folder), "files": [printable(name) for name in made]})
        if not json:
            console.show(f"{len(made)} variants in {folder}   page: {folder / 'report.html'}")
    if json:
        console.print_json(rows[0] if len(files) == 1 and not files[0].is_dir() else rows)
    if any("error" in row for row in rows):
        raise typer.Exit(1)
