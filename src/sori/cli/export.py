"""`sori export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite, check_new
from sori.errors import SoriError, check_choice, check_installed

_FORMS = ("onnx", "web")


def export(
    run: Annotated[Path, typer.Argument(help="A trained classifier (folder), or keywords, which ships with Sori.")],
    out: Annotated[Path, typer.Option(help="File to write, .onnx; with --to web, a folder.")],
    to: Annotated[str, typer.Option(help="onnx: one file; web: a page that classifies in the browser.")] = "onnx",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a classifier for programs without Sori: an ONNX file from samples to probabilities, or a web page.

    Example: sori export runs/first --to web --out page
    """
    check_choice("to", to, _FORMS)
    check_installed("onnx")
    from sori.bundle.export import export_whole
    from sori.bundle.web import export_web

    if to == "web":
        made = export_web(run, out, overwrite=overwrite)
    else:
        check_new(out, ".onnx", overwrite=overwrite)
        if not out.parent.is_dir():
            raise SoriError(f"{out.parent}: no such folder")
        made = export_whole(run, out)
    if json:
        console.print_json({"out": str(out), **made})
        return
    files = [out] if out.is_file() else list(out.iterdir())
    size = sum(file.stat().st_size for file in files) / 1e6
    console.show(
        f"{out}: {size:.1f} MB; takes {made['samples']} samples at {made['sr']} Hz, {len(made['classes'])} classes"
    )
    console.show(f"its probabilities differ from the model's by {made['gap']:.1g} at most")
    if to == "web":
        console.show(f"to see it: python -m http.server --directory {out}, then open http://localhost:8000")
