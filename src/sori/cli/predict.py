"""`sori predict`."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sori.cli import console
from sori.cli.options import Json, check_new
from sori.errors import ParameterError, SoriError, check_between, printable, reason
from sori.folders import replacing_file

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
    none_of_these: Annotated[
        bool, typer.Option("--none-of-these", help="Take the threshold that the training learned from validation.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Table to write, .csv: a line for each recording, as soon as it is known.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with OUT; what could not be read is tried again."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    json: Json = False,
) -> None:
    """Predict the class of each recording, with probabilities: the mean over all its segments.

    Example: sori predict runs/first new.wav --top 3, or sori predict runs/first folder --out predictions.csv
    """
    check_between("threshold", threshold, 0, 1)
    if none_of_these:
        threshold = _learned(run, threshold)
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
        is_none = likeliest[0][1] < threshold
        row = {
            "file": printable(file),
            "segments": result.segments,
            "class": _NONE if is_none else likeliest[0][0],
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
        console.show(f"{file}: {f'{_NONE}; likeliest ' * is_none}{_shown(likeliest)}")
        for moment, best in moments:
            console.show(f"  {moment.start_s:8.2f} to {moment.end_s:.2f} s  {_shown(best)}")
    if json:
        console.print_json(rows)
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def _learned(run: Path, threshold: float) -> float:
    """Return the threshold that a model learned."""
    from sori.bundle import Bundle

    if threshold:
        raise ParameterError("give `threshold`, or `none_of_these=True` for the learned one, not both.")
    return Bundle.open(run).learned_threshold()


def _write_table(
    run: Path, files: list[Path], out: Path, *, threshold: float, resume: bool, overwrite: bool, json: bool
) -> None:
    """Write a line for each recording into a CSV file, also for those that cannot be read."""
    from sori.audio import recordings_of
    from sori.bundle import Bundle
    from sori.tasks.predict import predictions

    check_new(out, ".csv", overwrite=True)  # that it is there is told below, with the other way out
    if resume and overwrite:
        raise ParameterError("give `resume=True`, to go on, or `overwrite=True`, not both.")
    bundle = Bundle.open(run)
    # What a line depends on, so that a table is not continued with another model.
    model = hashlib.sha256((bundle.path / "model.onnx").read_bytes()).hexdigest()[:12]
    fixed = {"model": model, "threshold": f"{threshold:g}"}
    columns = ["file", "class", "probability", "error", *fixed, *(f"p:{name}" for name in bundle.classes)]
    if out.exists() and not (resume or overwrite):
        raise SoriError(f"{out}: is there already; give `resume=True` to go on, or `overwrite=True` to replace it")
    done = _listed(out, columns, fixed) if resume and out.exists() else None
    left = [file for file in recordings_of(files) if done is None or os.path.realpath(printable(file)) not in done]
    failed, known = 0, len(done or ())
    with console.reporting() as reporter:
        # The first result is there before an earlier table is replaced.
        found = iter(predictions(run, left, reporter=reporter) if left else ())
        first = list(islice(found, 1))
        try:
            with out.open("w" if done is None else "a", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, columns)
                if done is None:
                    writer.writeheader()
                for file, result in chain(first, found):
                    row: dict[str, Any] = {"file": printable(file), **fixed}
                    if isinstance(result, SoriError):
                        failed += 1
                        console.fail(console.described(result))
                        row["error"] = printable(result)
                    else:
                        best = result.probabilities[0]
                        row |= {
                            "class": result.classes[0] if best >= threshold else _NONE,
                            "probability": f"{best:.6f}",
                        }
                        row |= {f"p:{n}": f"{p:.6f}" for n, p in zip(result.classes, result.probabilities, strict=True)}
                    writer.writerow(row)
                    stream.flush()
        except OSError as error:
            raise SoriError(f"{out}: {error.strerror}") from error
    if json:
        console.print_json({"out": printable(out), "written": len(left), "failed": failed, "known": known})
    else:
        before = f", {known} were there already" if known else ""
        console.show(f"{out}: {len(left)} recordings{before}, {failed} that cannot be read")
    if failed:
        raise typer.Exit(1)


def _listed(out: Path, columns: list[str], fixed: Mapping[str, str]) -> set[str] | None:
    """Return the recordings in a table that was begun, without those that failed and a line that was cut."""
    try:
        data = out.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        table = csv.DictReader(io.StringIO(whole.decode("utf-8"), newline=""))
        rows = list(table)
    except (OSError, UnicodeError, csv.Error) as error:
        raise SoriError(f"{out}: not a table of predictions ({reason(error)})") from error
    if not whole:
        return None
    if table.fieldnames != columns or any(row.get(name) != value for row in rows for name, value in fixed.items()):
        raise SoriError(
            f"{out}: is of another model, or another threshold; give `overwrite=True`, or choose another name"
        )
    known = [row for row in rows if not row["error"]]  # what could not be read is tried again
    if whole != data or len(known) < len(rows):
        with replacing_file(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(known)
    return {os.path.realpath(row["file"]) for row in known}


def _likeliest(prediction: Prediction, probabilities: Sequence[float], top: int) -> list[tuple[str, float]]:
    """Return the most probable classes, the first one first."""
    return sorted(zip(prediction.classes, probabilities, strict=True), key=lambda one: -one[1])[:top]


def _shown(likeliest: list[tuple[str, float]]) -> str:
    return "  ".join(f"{name} {p:.1%}" for name, p in likeliest)


def _top(likeliest: list[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"class": name, "probability": p} for name, p in likeliest]
