"""What the options that every architecture has do to it: regularisation, width and depth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sori.errors import ParameterError, check_between

T = TypeVar("T")


def check_regularisation(*, dropout: float, l2: float) -> None:
    """Raise ParameterError unless both are in their range."""
    check_between("dropout", dropout, 0, 0.95)
    check_between("l2", l2, 0, 100)


def scaled(units: float, width: float) -> int:
    """Return ``width`` times so many units or channels, one at least.

    >>> scaled(64, 0.5), scaled(1, 0.1)
    (32, 1)
    """
    check_between("width", width, 0.01, 100)
    return max(1, round(units * width))


def sized(stages: Sequence[T], depth: int) -> list[T]:
    """Return the stages with ``depth`` more of the last one or, below 0, so many less; one at least stays.

    >>> sized([16, 32, 64], -1), sized([16, 32, 64], 2)
    ([16, 32], [16, 32, 64, 64, 64])
    """
    if not isinstance(depth, int) or isinstance(depth, bool) or not 1 - len(stages) <= depth <= 20:
        raise ParameterError(f"depth must be a whole number from {1 - len(stages)} to 20. Received depth={depth!r}.")
    return list(stages[: len(stages) + min(depth, 0)]) + [stages[-1]] * max(depth, 0)
