"""How large each architecture is, stored, so that listing them builds nothing; a test measures them anew."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """Weights and multiply-adds of a network for ten classes and segments of ``shape``, (frames, bins)."""

    shape: tuple[int, int]
    parameters: int
    multiply_adds: int


SIZES: dict[str, Size] = {}
