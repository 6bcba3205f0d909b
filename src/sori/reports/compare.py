"""Runs side by side: their scores, their differences on the same recordings, and their curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from sori import plots
from sori.bundle import Bundle
from sori.errors import BundleError, ParameterError, SoriError
from sori.evaluation.answers import Difference, difference, read_answers
from sori.reports.history import read_history
from sori.reports.page import page, picture, text_table


@dataclass(frozen=True)
class Compared:
    """A run: its scores, how it differs from the first run (None: it is the first, or why not), and its curve."""

    name: str
    path: Path
    model: str
    parameters: int
    scores: dict[str, Any]
    difference: Difference | str | None
    accuracy: tuple[tuple[float, ...], tuple[float, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        found = self.difference
        return {
            "run": str(self.path),
            "model": self.model,
            "parameters": self.parameters,
            "accuracy": self.scores["accuracy"],
            "accuracy_interval": self.scores["accuracy_interval"],
            "recordings": self.scores["recordings"],
            "difference": None
            if not isinstance(found, Difference)
            else {
                "recordings": found.recordings,
                "groups": found.groups,
                "accuracy": found.difference,
                "interval": found.interval,
                "clear": found.is_clear,
            },
        }

    def row(self) -> list[str]:
        """Return its line of the table."""
        low, high = self.scores["accuracy_interval"]
        found = self.difference
        ahead = "" if found is None else found
        if isinstance(found, Difference):
            first, last = (100 * bound for bound in found.interval)
            ahead = f"{100 * found.difference:+.1f} points ({first:+.1f} to {last:+.1f})"
            ahead += f" on {found.recordings}" + ("" if found.is_clear else ", not clear")
        return [
            self.name,
            self.model,
            f"{self.parameters:,}",
            f"{self.scores['accuracy']:.1%}" + ", LEAKY" * bool(self.scores.get("leaky")),
            f"{low:.1%} to {high:.1%}",
            f"{self.scores['recordings']:,}",
            str(ahead),
        ]


HEADS = ("run", "model", "weights", "accuracy", "95 %", "recordings", "against the first, on the same recordings")


def compare(runs: Sequence[Path]) -> list[Compared]:
    """Compare trained classifiers with the first of them.

    Raises
    ------
    SoriError
        If one is not a trained classifier, or there are fewer than two.
    """
    if len(runs) < 2:
        raise ParameterError("give two runs or more to compare.")
    compared: list[Compared] = []
    first = None
    for run in runs:
        bundle = Bundle.open(run)
        if "accuracy" not in bundle.scores:
            raise BundleError(f"{run}: is a {bundle.task} without an accuracy; compare classifiers")
        answers = read_answers(run)
        found: Difference | str | None = None
        if first is None:
            first = answers
        else:
            try:
                found = difference(first, answers)
            except SoriError as error:
                found = str(error)
        compared.append(
            Compared(
                run.resolve().name,
                run,
                str(bundle.architecture.get("name")),
                int(bundle.architecture.get("parameters", 0)),
                dict(bundle.scores),
                found,
                _curve(run),
            )
        )
    return compared


def _curve(run: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    rows = read_history(run)
    train, valid = (tuple(row[name] for row in rows) for name in ("accuracy", "val_accuracy"))
    return train, valid


def render_comparison(compared: Sequence[Compared]) -> str:
    """Make the page."""
    curves = {f"{i}. {one.name}": [one.accuracy] for i, one in enumerate(compared, 1)}
    drawn = picture(plots.to_svg(plots.learning_curves(curves, name="accuracy")))
    title = " and ".join(one.name for one in compared)
    parts = [
        f"<h1>{escape(title)}</h1>",
        text_table(HEADS, [one.row() for one in compared]),
        '<p class="soft">A difference is of the recordings that both runs were tested on; its interval is of whole '
        "groups. Where it contains 0, chance may be all of it.</p>",
        "<h2>Learning curves</h2>",
        drawn,
    ]
    return page(title, parts)
