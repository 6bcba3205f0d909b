"""`sori predict`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sori.cli import console
from sori.cli.options import Json
from sori.errors import SoriError, printable

if TYPE_CHECKING:
    from sori.inference import Prediction


def predict(
    run: Annotated[Path, typer.Argument(help="A trained model (folder).")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, or folders of them.")],
    top: Annotated[int, typer.Option(min=1, help="How many classes to show.")] = 3,
    timeline: Annotated[bool, typer.Option("--timeline", help="Also show the class of each segment.")] = False,
    json: Json = False,
) -> None:
    """Predict the class of each recording, with probabilities: the mean over all its segments.

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
        likeliest = _likeliest(result, result.probabilities, top)
        row = {
            "file": printable(file),
            "segments": result.segments,
            "top": _top(likeliest),
        }
        moments = [(moment, _likeliest(result, moment.probabilities, top)) for moment in result.timeline if timeline]
        if timeline:
            row["timeline"] = [
                {"start_s": round(moment.start_s, 3), "end_s": round(moment.end_s, 3), "top": _top(best)}
                for moment, best in moments
            ]
        rows.append(row)
        if json:
            continue
        console.show(f"{file}: {_shown(likeliest)}")
        for moment, best in moments:
            console.show(f"  {moment.start_s:8.2f} to {moment.end_s:.2f} s  {_shown(best)}")
    if json:
        console.print_json(rows)
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def _likeliest(prediction: Prediction, probabilities: Sequence[float], top: int) -> list[tuple[str, float]]:
    """Return the most probable classes, the first one first."""
    return sorted(zip(prediction.classes, probabilities, strict=True), key=lambda one: -one[1])[:top]


def _shown(likeliest: list[tuple[str, float]]) -> str:
    return "  ".join(f"{name} {p:.1%}" for name, p in likeliest)


def _top(likeliest: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"class": name, "probability": p} for name, p in likeliest]
