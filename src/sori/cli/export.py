"""`sori export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite, check_new
from sori.errors import SoriError, check_installed


def export(
    run: Annotated[Path, typer.Argument(help="A trained classifier (folder).")],
    out: Annotated[Path, typer.Option(help="File to write, .onnx.")],
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a classifier as one ONNX file from samples to probabilities, for programs without Sori.

    Example: sori export runs/first --out first.onnx
    """
    check_installed("onnx")
    from sori.bundle.export import export_whole

    check_new(out, ".onnx", overwrite=overwrite)
    if not out.parent.is_dir():
        raise SoriError(f"{out.parent}: no such folder")
    made = export_whole(run, out)
    if json:
        console.print_json({"out": str(out), **made})
        return
    size = out.stat().st_size / 1e6
    console.show(
        f"{out}: {size:.1f} MB; takes {made['samples']} samples at {made['sr']} Hz, {len(made['classes'])} classes"
    )
    console.show(f"its probabilities differ from the model's by {made['gap']:.1g} at most")
