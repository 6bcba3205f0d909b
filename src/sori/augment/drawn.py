"""The types of what augmentations draw, against which drawn values that were saved are checked when they are read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

MOST_VARIANTS = 10_000


class _Range:
    def __init__(self, kind: type) -> None:
        self._kind = kind

    def __getitem__(self, ends: tuple[float, float]) -> Any:
        return Annotated[self._kind, msgspec.Meta(ge=ends[0], le=ends[1])]


# ``Between[low, high]`` is the type of a number in a range, ``Whole[low, high]`` that of a whole number.
Between: Any = _Range(float)
Whole: Any = _Range(int)


def drawn_type(name: str, **values: Any) -> Any:
    """Return the type of a transform's drawn values, given the type of each.

    >>> msgspec.convert({"rate": 5}, drawn_type("Rate", rate=Between[0.5, 2.0]))
    Traceback (most recent call last):
    ...
    msgspec.ValidationError: Expected `float` <= 2.0 - at `$.rate`
    """
    return msgspec.defstruct(name, list(values.items()), forbid_unknown_fields=True)


class DrawnTransform(msgspec.Struct):
    """The type of a transform's entry: its place in the chain and its name, beside its values."""

    transform: int
    name: str


class DrawnVariant(msgspec.Struct):
    """The type of the values drawn for a variant of a recording."""

    waveform: list[DrawnTransform]
    file: str = ""
    spectrogram: dict[str, list[Any]] | None = None


class Drawn(msgspec.Struct):
    """The type of `drawn.json`: the variants that `sori augment` made, and how."""

    made_by: Literal["sori augment"]
    recipe: str
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    background: str | None
    variants: Annotated[list[DrawnVariant], msgspec.Meta(min_length=1, max_length=MOST_VARIANTS)]
