"""`sori export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite, check_new
from sori.errors import ParameterError, SoriError, check_choice, check_installed

_FORMS = ("onnx", "web", "tflite")


def export(
    run: Annotated[Path, typer.Argument(help="A trained classifier (folder), or keywords, which ships with Sori.")],
    out: Annotated[Path, typer.Option(help="File to write, .onnx or .tflite; with --to web, a folder.")],
    to: Annotated[
        str, typer.Option(help="onnx or tflite: one file; web: a page that classifies in the browser.")
    ] = "onnx",
    quantise: Annotated[
        str | None, typer.Option(help="int8: the network in whole numbers of 8 bits, a quarter of the size.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="For --quantise: the dataset that the run was trained on.")] = None,
    none_of_these: Annotated[
        bool,
        typer.Option("--none-of-these", help="For --to web: withhold unlikely answers, as sori predict."),
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a classifier for programs without Sori: a file from samples to probabilities, or a web page.

    Example: sori export runs/first --to web --out page
    """
    check_choice("to", to, _FORMS)
    if quantise is not None:
        check_choice("quantise", quantise, ("int8",))
    if quantise is not None and to == "tflite":
        raise ParameterError("`quantise` is for ONNX and web pages.")
    if (quantise is None) != (data is None):
        raise ParameterError("`quantise` and `data` belong together: the data say what it costs in accuracy.")
    check_installed(
        *(("keras", "tensorflow") if to == "tflite" else ("onnx",)), *(("joblib", "pyarrow") if data else ())
    )
    from sori.bundle.export import export_whole
    from sori.bundle.tflite import export_tflite
    from sori.bundle.web import export_web

    if to == "web":
        made = export_web(run, out, quantise_with=data, none_of_these=none_of_these, overwrite=overwrite)
    elif none_of_these:
        raise ParameterError(
            "`none_of_these` is for a web page; elsewhere, compare with the `threshold` in bundle.json."
        )
    else:
        check_new(out, f".{to}", overwrite=overwrite)
        if not out.parent.is_dir():
            raise SoriError(f"{out.parent}: no such folder")
        made = export_tflite(run, out) if to == "tflite" else export_whole(run, out, quantise_with=data)
    if json:
        console.print_json({"out": str(out), **made})
        return
    files = [out] if out.is_file() else list(out.iterdir())
    size = sum(file.stat().st_size for file in files) / 1e6
    console.show(
        f"{out}: {size:.1f} MB; takes {made['samples']} samples at {made['sr']} Hz, {len(made['classes'])} classes"
    )
    console.show(f"its probabilities differ from the model's by {made['gap']:.1g} at most")
    if found := made.get("quantised"):
        low, high = (100 * bound for bound in found["interval"])
        console.show(
            f"accuracy on {found['recordings']:,} {found['part']} recordings: {found['accuracy_before']:.1%} before, "
            f"{found['accuracy_after']:.1%} in 8 bits ({100 * found['difference']:+.1f} points, 95 % interval "
            f"{low:+.1f} to {high:+.1f})"
        )
    if to == "web":
        console.show(f"to see it: python -m http.server --directory {out}, then open http://localhost:8000")
