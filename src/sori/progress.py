"""How long work tells whoever started it how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Progress(Protocol):
    """Called now and then during long work, from the thread that started it.

    Parameters
    ----------
    stage
        What is being done, as a person would say it.
    done, total
        How far it is.
    values
        Numbers worth showing beside it, such as loss and accuracy.
    """

    def __call__(self, stage: str, done: int, total: int, values: Mapping[str, float] | None = None) -> None:
        """Report that ``done`` of ``total`` is done."""
        ...


def silent(stage: str, done: int, total: int, values: Mapping[str, float] | None = None) -> None:
    """Show nothing."""
