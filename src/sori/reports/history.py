"""The history of a training, as its run keeps it."""

from __future__ import annotations

import csv
from pathlib import Path

from sori.errors import BundleError, reason

FILE = "history.csv"


def read_history(run: Path) -> list[dict[str, float]]:
    """Return a row for each epoch: its number, under the name of what a row is, then its loss, accuracy or score.

    Raises
    ------
    BundleError
        If it is missing or damaged.
    """
    try:
        with (run / FILE).open(newline="", encoding="utf-8") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise BundleError(f"{run}: its {FILE} is missing or damaged ({reason(error)}); train again") from error
