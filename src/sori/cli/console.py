"""Output of the command line: results on standard output, everything else on standard error."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol

import typer
from rich.console import Console

from sori.errors import SoriError
from sori.reporter import Cancelled, Reporter

_LINE_EVERY_S = 10
# Suffixes of names that options leave out, and quotes that their values do not need.
_UNITS, _QUOTES = ("_s", "_hz", "_db"), "'\""
_running: dict[str, typer.Context] = {}
# Control characters, and those that turn the direction of writing.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: object) -> str:
    r"""Return a text whose control characters are written out: a file or class may be called by any.

    >>> visible("a\x1b[2Jb\nc")
    'a\\x1b[2Jb\\x0ac'
    """
    return "".join(f"\\x{ord(c):02x}" if _HIDDEN.match(c) else c for c in str(text))


# No markup: a file or class may be called "[bold]".
out = Console(highlight=False, soft_wrap=True, markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def show(line: str) -> None:
    """Print a line of the result."""
    out.print(visible(line))


def say(line: str) -> None:
    """Print a remark, which is not part of the result."""
    err.print(visible(line))


def fail(line: str) -> None:
    """Print an error, in red."""
    err.print(f"sori: {visible(line)}", style="red")


def warn(line: str) -> None:
    """Print a warning, in yellow."""
    err.print(visible(line), style="yellow")


def print_json(value: Any) -> None:
    """Print a result as JSON."""
    import orjson  # only needed for JSON

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def json_text(value: Any) -> str:
    """Return a result as a line of JSON."""
    import orjson

    return orjson.dumps(value).decode()


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns of plain text, two spaces apart."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        show("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class TerminalReporter(Reporter):
    """Shows remarks, and a line of progress at most every ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def show(self, stage: str, done: int, total: int, values: Mapping[str, float] | None) -> None:
        """Print a line of progress, if ten seconds have passed."""
        now = time.monotonic()
        if now - self._last.setdefault(stage, now) >= _LINE_EVERY_S:
            self._last[stage] = now
            say(f"{stage}: {done} of {total} {_shown(values)}".rstrip())

    def say(self, line: str) -> None:
        """Print a remark, its arguments as options."""
        say(as_options(line))


class _BarReporter(TerminalReporter):
    """Shows progress as live bars."""

    def __init__(self, bar: Any) -> None:
        super().__init__()
        self._bar, self._tasks = bar, dict[str, Any]()

    def show(self, stage: str, done: int, total: int, values: Mapping[str, float] | None) -> None:
        """Move the bar of a stage."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(visible(stage), total=total, values="")
        self._bar.update(self._tasks[stage], completed=done, total=total, values=_shown(values))


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Yield a reporter for long work: live bars on a terminal, occasional lines elsewhere.

    Ctrl-C cancels the work, which stops at its next report, where it is safe to; a second one stops it at once.
    """
    with _bar() if err.is_terminal else nullcontext(TerminalReporter()) as reporter:
        pressed: list[int] = []

        def press(number: int, frame: object) -> None:
            if pressed:
                raise KeyboardInterrupt
            pressed.append(number)
            say("stopping ...")
            reporter.cancel()

        before = signal.signal(signal.SIGINT, press)
        try:
            yield reporter
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def stopping(line: str | Callable[[], str]) -> Iterator[None]:
    """Print a line, or what is returned then, if the work is cancelled, and exit with 130."""
    try:
        yield
    except (Cancelled, KeyboardInterrupt):
        fail(line if isinstance(line, str) else line())
        raise typer.Exit(130) from None


@contextmanager
def _bar() -> Iterator[Reporter]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[values]}", style="dim", markup=False),
    )
    # Redirect standard output only if it is the terminal that shows the bar.
    with Progress(*columns, console=err, redirect_stdout=sys.stdout.isatty()) as bar:
        yield _BarReporter(bar)


def as_options(text: str) -> str:
    """Rewrite the arguments in a message, which stand in backticks, as options of the command that is running.

    An argument without an option stays as it is, without backticks.
    """
    options = _options()

    def rewritten(match: re.Match[str]) -> str:
        name, _, value = match[1].partition("=")
        known = [n for n in (name, *(name.removesuffix(u) for u in _UNITS)) if n in options]
        if not known:
            return match[1]
        option = options[known[0]]
        if value == "False" and known[0] in _opposites():
            return _opposites()[known[0]]
        return option if value in ("", "True") else f"{option} {value.strip(_QUOTES)}"

    return re.sub(r"`([^`]+)`", rewritten, text)


def described(error: SoriError) -> str:
    """Return an error's message with its arguments as options."""
    text, parameter = str(error), getattr(error, "parameter", None)
    option = None
    if parameter:
        names = (parameter, *(parameter.removesuffix(unit) for unit in _UNITS))
        option = next((_options()[name] for name in names if name in _options()), None)
    if parameter and option is not None:
        text = re.sub(rf"(?<![\w`-]){re.escape(parameter)}(?= must)", option, text)
        text = re.sub(rf"Received {re.escape(parameter)}=", f"Received {option} ", text)
    return as_options(text)


def _options() -> dict[str, str]:
    """Return the running command's options by the name of their parameter: the name itself for an argument."""
    context = _running.get("context")
    if context is None:
        return {}
    return {
        str(parameter.name): max(parameter.opts, key=len)
        if parameter.param_type_name == "option"
        else (parameter.metavar or str(parameter.name).upper())
        for parameter in context.command.params
    }


def _opposites() -> dict[str, str]:
    """Return the options that turn off what is on by default, by the name of their parameter."""
    context = _running.get("context")
    if context is None:
        return {}
    return {
        str(parameter.name): parameter.secondary_opts[0]
        for parameter in context.command.params
        if parameter.secondary_opts
    }


def given(names: Iterable[str]) -> set[str]:
    """Return those of the running command's parameters that were given on the command line."""
    context = _running.get("context")
    if context is None:
        return set()
    return {name for name in names if str(getattr(context.get_parameter_source(name), "name", "")) == "COMMANDLINE"}


def remember_command(context: typer.Context) -> None:
    """Keep the running command, whose options appear in messages."""
    _running["context"] = context


def _shown(values: Mapping[str, float] | None) -> str:
    return "  ".join(f"{k} {v:.0f}" if k == "epoch" else f"{k} {v:.3f}" for k, v in (values or {}).items())


class Result(Protocol):
    """What came of one file of a batch."""

    @property
    def error(self) -> str | None:
        """Why there is no result."""

    def summary(self) -> str:
        """Return one line to show."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""


def report_each(results: Iterable[Result], *, json: bool) -> None:
    """Show the result of each file as it comes, or all as JSON at the end, even after an error.

    Raises
    ------
    typer.Exit
        With code 1, if one of them failed.
    """
    done: list[Result] = []
    try:
        for one in results:
            done.append(one)
            if one.error is not None:
                fail(as_options(one.summary()))
            elif not json:
                show(as_options(one.summary()))
    finally:
        if json:
            print_json([one.to_dict() for one in done])
    if any(one.error is not None for one in done):
        raise typer.Exit(1)
