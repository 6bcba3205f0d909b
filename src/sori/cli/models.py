"""`sori models`: the architectures that can be trained, and the trained models that ship."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sori.cli import console
from sori.cli.options import Json
from sori.errors import ParameterError, SoriError, check_count


def models(
    shape: Annotated[
        str | None, typer.Option(help="Segment shape as FRAMESxBINS (default: typical; needs sori[train]).")
    ] = None,
    classes: Annotated[int, typer.Option(help="Number of classes, with --shape.")] = 10,
    json: Json = False,
) -> None:
    """List the architectures, with their size, and the trained models that ship with Sori.

    Example: sori models --shape 216x64 --classes 10
    """
    from sori.bundle import PRETRAINED, Bundle

    rows = _architectures(shape, classes)
    trained = [_trained(Bundle.open(name)) for name in PRETRAINED]
    if json:
        console.print_json({"classes": classes, "models": rows, "pretrained": trained})
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for heading in ("architecture", "segment", "parameters", "multiply-adds"):
        table.add_column(heading, no_wrap=True, justify="left" if heading == "architecture" else "right")
    table.add_column("what it is, and its options")
    for row in rows:
        options = ", ".join(f"{k} {v:g}" for k, v in row["options"].items())
        counts = [f"{row[key]:,}" if row[key] is not None else "-" for key in ("parameters", "multiply_adds")]
        table.add_row(row["name"], "x".join(map(str, row["input_shape"])), *counts, f"{row['purpose']} ({options})")
    console.out.print(table, soft_wrap=False)
    for why in dict.fromkeys(row["why"] for row in rows if "why" in row):
        console.warn(console.as_options(why))
    console.show("\nshipped with Sori:")
    for row in trained:
        console.show(f"{row['name']}: a {row['task']} with {row['parameters']:,} parameters ({row['use']})")


def _architectures(shape: str | None, classes: int) -> list[dict[str, Any]]:
    """Describe every architecture: with stored sizes, or counted for a shape."""
    from sori.models import ARCHITECTURES, SIZES, build, multiply_adds

    counted = None if shape is None else _parse_shape(shape)
    check_count("classes", classes, at_least=2)
    rows: list[dict[str, Any]] = []
    for name, architecture in ARCHITECTURES.items():
        row: dict[str, Any] = {"name": name, "purpose": architecture.purpose, "options": architecture.options}
        size = SIZES.get(name)
        if counted is None and size is not None and classes == 10:
            row |= {"input_shape": size.shape, "parameters": size.parameters, "multiply_adds": size.multiply_adds}
        else:
            row["input_shape"] = counted or (size.shape if size else (130, 13))
            try:
                network = build(name, input_shape=row["input_shape"], n_classes=classes)
                row |= {"parameters": network.count_params(), "multiply_adds": multiply_adds(network)}
            except SoriError as error:  # not for this shape, or Keras is not installed
                row |= {"parameters": None, "multiply_adds": None, "why": str(error)}
        rows.append(row)
    return rows


def _trained(bundle: Any) -> dict[str, Any]:
    use = {"spotter": "sori listen", "transcriber": "sori transcribe"}
    return {
        "name": bundle.path.name,
        "task": bundle.task,
        "parameters": bundle.architecture["parameters"],
        "use": use.get(bundle.task, "sori predict"),
    }


def _parse_shape(text: str) -> tuple[int, int]:
    try:
        frames, bins = (int(size) for size in text.lower().split("x"))
    except ValueError:
        raise ParameterError(f"shape must be FRAMESxBINS, such as 130x13. Received {text!r}.", "shape") from None
    check_count("shape", min(frames, bins))
    return frames, bins
