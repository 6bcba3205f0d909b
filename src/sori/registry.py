"""Named objects of one kind: Sori's own, and those that other installed packages add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from sori.errors import ParameterError, check_choice, reason

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Objects by name. A package adds its own through an entry point of the group, without a change to Sori.

    Sori's own are found without searching the installed packages, which is slow.

    Parameters
    ----------
    what
        What the objects are called in errors: ``model must be one of ...``.
    group
        The entry point group, such as ``sori.architectures``.
    own
        Sori's own objects by name.

    >>> colours = Registry("colour", "sori.colours", {"red": 1, "blue": 2})
    >>> colours["red"], list(colours)
    (1, ['red', 'blue'])
    >>> colours["bleu"]
    Traceback (most recent call last):
    ...
    sori.errors.ParameterError: colour must be one of red, blue. Received colour='bleu'; did you mean 'blue'?
    """

    def __init__(self, what: str, group: str, own: Mapping[str, T]) -> None:
        self.what, self.group = what, group
        self._things: dict[str, T] = dict(own)

    def __getitem__(self, name: str) -> T:
        if name not in self._things:
            points = self._entry_points()
            check_choice(self.what, name, [*self._things, *points])
            try:
                self._things[name] = points[name].load()
            except Exception as error:  # another package's import may raise anything
                raise ParameterError(
                    f"{self.what} {name} of the package {points[name].dist.name} cannot be loaded ({reason(error)})"
                ) from error
        return self._things[name]

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*self._things, *self._entry_points()])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in self._things or name in self._entry_points()

    def _entry_points(self) -> dict[str, Any]:
        from importlib.metadata import entry_points  # slow, and seldom needed

        return {point.name: point for point in entry_points(group=self.group)}
