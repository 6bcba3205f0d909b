"""The options that every architecture has: regularisation, width and depth."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

from sori.errors import ParameterError, check_between

T = TypeVar("T")
# A weight, its gradient, Adam's two moments, the best weight so far and the copy that is saved, float32 each.
_BYTES_IN_TRAINING = 6 * 4


def check_regularisation(*, dropout: float, l2: float) -> None:
    """Raise ParameterError unless both are in their range."""
    check_between("dropout", dropout, 0, 0.95)
    check_between("l2", l2, 0, 100)


def scaled(units: float, width: float) -> int:
    """Return ``width`` times ``units`` (or channels), rounded, at least one.

    >>> scaled(64, 0.5), scaled(1, 0.1)
    (32, 1)
    """
    check_between("width", width, 0.01, 100)
    return max(1, round(units * width))


def sized(stages: Sequence[T], depth: int) -> list[T]:
    """Return the stages with the last one repeated ``depth`` more times or, below 0, with the last ones removed.

    >>> sized([16, 32, 64], -1), sized([16, 32, 64], 2)
    ([16, 32], [16, 32, 64, 64, 64])
    """
    if not isinstance(depth, int) or isinstance(depth, bool) or not 1 - len(stages) <= depth <= 20:
        raise ParameterError(f"depth must be a whole number from {1 - len(stages)} to 20. Received depth={depth!r}.")
    return list(stages[: len(stages) + min(depth, 0)]) + [stages[-1]] * max(depth, 0)


def check_memory(model: str, weights: int) -> None:
    """Raise ParameterError if training that many weights needs more memory than the machine has.

    If the system does not report its memory, nothing is refused.
    """
    needed = weights * _BYTES_IN_TRAINING
    there = _memory()
    if there is not None and needed > 0.9 * there:
        raise ParameterError(
            f"model {model} would have {weights:,} weights for these segments, and training it would need "
            f"{needed / 2**30:.1f} GiB, of which {there / 2**30:.1f} are free: use shorter "
            "segments, a lower rate, or a smaller `width`"
        )


def _memory() -> int | None:
    """Return the free memory in bytes, or the total if the system does not report what is free."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        pass  # not Linux
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
