"""The pages of experiments: an answer, a table, pictures, and how it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from sori import plots
from sori.reports.page import facts_table, page, picture, text_table


class Figure(NamedTuple):
    """A picture with a heading and what it shows, either of them empty."""

    heading: str
    caption: str
    ax: Axes


def experiment_page(
    title: str,
    *,
    heading: str,
    answer: Sequence[str],
    table: tuple[Sequence[str], Sequence[Sequence[str]]],
    note: str,
    figures: Sequence[Figure],
    settings: Mapping[str, Any],
) -> str:
    """Make the page of an experiment.

    Parameters
    ----------
    title, heading
        Of the browser's tab, and of the page.
    answer
        Paragraphs of what was found.
    table
        Headings and rows.
    note
        What the numbers in the table are.
    settings
        How it was measured, by name; None is left out.
    """
    facts = {name.replace("_", " "): value for name, value in settings.items() if value is not None}
    parts = [
        f"<h1>{escape(heading)}</h1>",
        *(f"<p>{escape(line)}</p>" for line in answer),
        text_table(*table),
        f'<p class="soft">{escape(note)}</p>',
    ]
    for figure in figures:
        parts += [f"<h2>{escape(figure.heading)}</h2>"] * bool(figure.heading)
        parts += [f'<p class="soft">{escape(figure.caption)}</p>'] * bool(figure.caption)
        parts += [f'<div class="row">{picture(plots.to_svg(figure.ax))}</div>']
    return page(title, [*parts, "<h2>How it was measured</h2>", facts_table(facts)])
