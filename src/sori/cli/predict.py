"""`sori predict`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sori.cli import console
from sori.cli.options import Json
from sori.errors import ParameterError, SoriError, check_between, printable, reason

if TYPE_CHECKING:
    from sori.inference import Prediction

_NONE = "none of these"


def predict(
    run: Annotated[Path, typer.Argument(help="A trained model (folder).")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, or folders of them.")],
    top: Annotated[int, typer.Option(min=1, help="How many classes to show.")] = 3,
    timeline: Annotated[bool, typer.Option("--timeline", help="Also show the class of each segment.")] = False,
    threshold: Annotated[
        float, typer.Option(help="Below this probability a recording is none of the classes, 0 to 1.")
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option(help="Table to write, .csv: a line for each recording, as soon as it is known.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with OUT: recordings in it are left out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    json: Json = False,
) -> None:
    """Predict the class of each recording, with probabilities: the mean over all its segments.

    Example: sori predict runs/first new.wav --top 3, or sori predict runs/first folder --out predictions.csv
    """
    check_between("threshold", threshold, 0, 1)
    if out is not None:
        _write_table(run, files, out, threshold=threshold, resume=resume, overwrite=overwrite, json=json)
        return
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
        if likeliest[0][1] < threshold:
            likeliest = [(_NONE, 1 - likeliest[0][1]), *likeliest][:top]
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


def _write_table(
    run: Path, files: list[Path], out: Path, *, threshold: float, resume: bool, overwrite: bool, json: bool
) -> None:
    """Write a line for each recording into a CSV file, also for those that cannot be read."""
    from sori.audio import recordings_of
    from sori.bundle import Bundle
    from sori.tasks.predict import predictions

    if out.suffix.lower() != ".csv":
        raise ParameterError(f"{out}: the name must end in .csv")
    if resume and overwrite:
        raise ParameterError("give `resume=True`, to go on, or `overwrite=True`, not both.")
    classes = Bundle.open(run).classes
    columns = ["file", "class", "probability", "error", *classes]
    done = _listed(out, columns) if resume and out.exists() else None
    if out.exists() and not (resume or overwrite):
        raise SoriError(f"{out}: is there already; give `resume=True` to go on, or `overwrite=True` to replace it")
    left = [file for file in recordings_of(files) if done is None or printable(file) not in done]
    failed = 0
    try:
        with (
            out.open("w" if done is None else "a", newline="", encoding="utf-8") as stream,
            console.reporting() as told,
        ):
            writer = csv.DictWriter(stream, columns)
            if done is None:
                writer.writeheader()
            for file, result in predictions(run, left, reporter=told) if left else ():
                row: dict[str, Any] = {"file": printable(file)}
                if isinstance(result, SoriError):
                    failed += 1
                    console.fail(console.described(result))
                    row["error"] = printable(result)
                else:
                    best = result.probabilities[0]
                    row |= {"class": result.classes[0] if best >= threshold else _NONE, "probability": f"{best:.6f}"}
                    row |= {n: f"{p:.6f}" for n, p in zip(result.classes, result.probabilities, strict=True)}
                writer.writerow(row)
                stream.flush()
    except OSError as error:
        raise SoriError(f"{out}: {error.strerror}") from error
    known = 0 if done is None else len(done)
    if json:
        console.print_json({"out": printable(out), "written": len(left), "failed": failed, "known": known})
    else:
        before = f", {known} were there already" if known else ""
        console.show(f"{out}: {len(left)} recordings{before}, {failed} that cannot be read")
    if failed:
        raise typer.Exit(1)


def _listed(out: Path, columns: list[str]) -> set[str]:
    """Return the recordings in a table that was begun; a last line that was cut is removed."""
    try:
        text = out.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        rows = list(csv.reader(whole.splitlines()))
    except (OSError, UnicodeError, csv.Error) as error:
        raise SoriError(f"{out}: not a table of predictions ({reason(error)})") from error
    if not rows or rows[0] != columns:
        raise SoriError(f"{out}: is not a table of this model's predictions; give `overwrite=True`, or another name")
    if whole != text:
        out.write_text(whole, encoding="utf-8")
    return {row[0] for row in rows[1:] if row}


def _likeliest(prediction: Prediction, probabilities: Sequence[float], top: int) -> list[tuple[str, float]]:
    """Return the most probable classes, the first one first."""
    return sorted(zip(prediction.classes, probabilities, strict=True), key=lambda one: -one[1])[:top]


def _shown(likeliest: list[tuple[str, float]]) -> str:
    return "  ".join(f"{name} {p:.1%}" for name, p in likeliest)


def _top(likeliest: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"class": name, "probability": p} for name, p in likeliest]
