"""Progress reports from long-running work, and its cancellation."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from html import escape
from typing import Any, Final

_REDRAW_S = 0.2


class Cancelled(BaseException):
    """Raised by cancelled work. Like ``KeyboardInterrupt``, it is not caught by ``except Exception``."""


class Reporter:
    """Receives progress and remarks from long-running work. This class shows nothing; its subclasses do.

    The work calls :meth:`progress` now and then, from the thread that started it. Any thread may call :meth:`cancel`;
    the work then stops at its next report, where stopping is safe.
    """

    def __init__(self) -> None:
        self._cancelled = False

    def progress(self, stage: str, done: int, total: int, values: Mapping[str, float] | None = None) -> None:
        """Report that ``done`` of ``total`` steps are done.

        Parameters
        ----------
        stage
            The current task, in words for users.
        values
            Numbers to show beside it, such as loss and accuracy.

        Raises
        ------
        Cancelled
            If the work was cancelled.
        """
        if self._cancelled:
            raise Cancelled
        self.show(stage, done, total, values)

    def cancel(self) -> None:
        """Ask the work to stop at its next report."""
        self._cancelled = True

    def show(self, stage: str, done: int, total: int, values: Mapping[str, float] | None) -> None:
        """Show progress; this class does nothing."""

    def say(self, line: str) -> None:
        """Show a remark on the work, such as a choice that was made; this class does nothing."""


class _Silent(Reporter):
    def cancel(self) -> None:
        raise RuntimeError("work without a reporter cannot be cancelled; pass a Reporter")


SILENT: Final = _Silent()


class NotebookReporter(Reporter):
    """Shows remarks as text and progress as bars below a notebook's cell."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, Any] = {}
        self._last: dict[str, float] = {}

    def show(self, stage: str, done: int, total: int, values: Mapping[str, float] | None) -> None:
        """Update the bar of a stage, at most five times a second."""
        from IPython.display import HTML, display  # installed wherever a notebook runs

        now = time.monotonic()
        if done < total and now - self._last.get(stage, -1.0) < _REDRAW_S:
            return
        self._last[stage] = now
        numbers = "".join(f" {name} {value:.3g}" for name, value in (values or {}).items())
        bar = HTML(
            f'<progress value="{done}" max="{max(1, total)}"></progress> '
            f"{escape(stage)}: {done} of {total}{escape(numbers)}"
        )
        if stage in self._shown:
            self._shown[stage].update(bar)
        else:
            self._shown[stage] = display(bar, display_id=True)

    def say(self, line: str) -> None:
        """Print a remark."""
        print(line)


def usual(reporter: Reporter | None) -> Reporter:
    """Return the given reporter; without one, a notebook's reporter inside a notebook, else a silent one."""
    if reporter is not None:
        return reporter
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return NotebookReporter() if type(shell).__name__ == "ZMQInteractiveShell" else SILENT
