"""How the command line speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from sori.progress import Progress as Report

# No markup: a file or class may be called "[bold]".
out = Console(highlight=False, soft_wrap=True, markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def say(line: str) -> None:
    """Tell the person something that is not the result."""
    err.print(line)


def fail(line: str) -> None:
    """Say in red what went wrong."""
    err.print(f"sori: {line}", style="red")


def warn(line: str) -> None:
    """Say in yellow what to mind."""
    err.print(line, style="yellow")


def print_json(value: Any) -> None:
    """Print a result for a program."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns of plain text, two spaces apart."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        out.print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@contextmanager
def showing_progress() -> Iterator[Report]:
    """Yield a function to report progress to: a live bar on a terminal, a line now and then elsewhere.

    Ctrl-C stops the work at its next report, where it is safe to; a second one stops it at once.
    """
    pressed: list[int] = []

    def press(number: int, frame: object) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)
        say("stopping ...")

    before = signal.signal(signal.SIGINT, press)
    try:
        with _bar() if err.is_terminal else nullcontext(_Lines()) as report:

            def stoppable(stage: str, done: int, total: int, values: Mapping[str, float] | None = None) -> None:
                if pressed:
                    raise KeyboardInterrupt
                report(stage, done, total, values)

            yield stoppable
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar() -> Iterator[Report]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[values]}", style="dim", markup=False),
    )
    # What goes to a file must not be taken for the terminal's, on which the bar is.
    with Progress(*columns, console=err, redirect_stdout=sys.stdout.isatty()) as bar:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int, values: Mapping[str, float] | None = None) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total, values="")
            bar.update(tasks[stage], completed=done, total=total, values=_shown(values))

        yield report


class _Lines:
    """Reports progress at most every ten seconds, and at the end of what took longer than that."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int, values: Mapping[str, float] | None = None) -> None:
        now = time.monotonic()
        if now - self.last.setdefault(stage, now) >= 10:
            self.last[stage] = now
            say(f"{stage}: {done} of {total} {_shown(values)}".rstrip())


def _shown(values: Mapping[str, float] | None) -> str:
    return "  ".join(f"{k} {v:.0f}" if k == "epoch" else f"{k} {v:.3f}" for k, v in (values or {}).items())
