"""`sori predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sori.cli import console
from sori.cli.options import Json
from sori.errors import SoriError, printable


def predict(
    run: Annotated[Path, typer.Argument(help="A trained model (folder).")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, or folders of them.")],
    top: Annotated[int, typer.Option(min=1, help="How many classes to show.")] = 3,
    json: Json = False,
) -> None:
    """Predict the class of each recording, with probabilities.

    Example: sori predict runs/first new.wav --top 3
    """
    from sori.tasks.predict import predict as predict_task

    with console.reporting() as reporter:
        results = predict_task(run, files, reporter=reporter)
    rows: list[dict[str, Any]] = []
    for file, result in results:
        if isinstance(result, SoriError):
            console.fail(console.described(result))
            rows.append({"file": printable(file), "error": printable(result)})
            continue
        likeliest = list(zip(result.classes[:top], result.probabilities[:top], strict=True))
        rows.append(
            {
                "file": printable(file),
                "segments": result.segments,
                "top": [{"class": name, "probability": p} for name, p in likeliest],
            }
        )
        if not json:
            shown = "  ".join(f"{name} {p:.1%}" for name, p in likeliest)
            console.out.print(f"{file}: {shown}")
    if json:
        console.print_json(rows)
    if any("error" in row for row in rows):
        raise typer.Exit(1)
