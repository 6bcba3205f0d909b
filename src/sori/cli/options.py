"""Options that several commands share, and parsers of their values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from sori.cli import console
from sori.errors import ParameterError, SoriError

Number = TypeVar("Number", int, float)
FEATURES, CUTTING, LABELS, RUNNING = "Features", "Segments", "Labels and groups", "How it runs"

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output of an earlier run.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")]
Jobs = Annotated[int | None, typer.Option(help="Threads (default: one per core).", rich_help_panel=RUNNING)]
OldOut = Annotated[Path | None, typer.Argument(hidden=True)]

Sr = Annotated[int | None, typer.Option("--sr", help="Rate in Hz to resample to.", rich_help_panel=FEATURES)]
NFft = Annotated[int, typer.Option("--n-fft", help="Samples per frame.", rich_help_panel=FEATURES)]
HopLength = Annotated[int, typer.Option("--hop-length", help="Samples between frames.", rich_help_panel=FEATURES)]
NMels = Annotated[int, typer.Option("--n-mels", help="Mel bands (mel, mfcc).", rich_help_panel=FEATURES)]
NMfcc = Annotated[int, typer.Option("--n-mfcc", help="Coefficients (mfcc).", rich_help_panel=FEATURES)]
Fmin = Annotated[float, typer.Option("--fmin", help="Lowest frequency in Hz.", rich_help_panel=FEATURES)]
Fmax = Annotated[
    float | None, typer.Option("--fmax", help="Highest frequency in Hz (default: sr / 2).", rich_help_panel=FEATURES)
]


def out_of(out: Path | None, old: Path | None, *, command: str) -> Path:
    """Return where to write: `--out`, or the argument of earlier versions, with a note on the new form.

    Raises
    ------
    SoriError
        If there is neither, or both.
    """
    if out is not None and old is None:
        return out
    if old is None or out is not None:
        raise SoriError(f"give --out {'once' if old else 'PATH'}: {command}")
    console.warn(f"note: from the next version on, write --out {old}: {command}")
    return old


def check_new(out: Path, *suffixes: str, overwrite: bool) -> None:
    """Raise an error if a file may not be written: another ending than one of ``suffixes``, or it is there already."""
    if suffixes and out.suffix.lower() not in suffixes:
        *others, last = suffixes
        raise ParameterError(
            f"{out}: the name must end in {' or '.join([', '.join(others), last] if others else [last])}"
        )
    if out.exists() and not overwrite:
        raise SoriError(f"{out}: is there already; give `overwrite=True` to replace it, or another name")


def names(text: str) -> list[str]:
    """Read comma-separated names."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def whole_numbers(name: str, text: str) -> list[int]:
    """Read comma-separated whole numbers."""
    return parsed(name, text, int, "whole numbers")


def parsed(name: str, text: str, kind: Callable[[str], Number], what: str) -> list[Number]:
    """Read comma-separated numbers.

    Raises
    ------
    ParameterError
        If a part is not such a number.
    """
    try:
        return list(dict.fromkeys(kind(part) for part in text.split(",")))
    except ValueError:
        raise ParameterError(f"{name} must be comma-separated {what}. Received {text!r}.", name) from None
