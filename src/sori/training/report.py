"""The report of a run: one page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from sori import plots
from sori.plots.page import facts_table, page, picture, player
from sori.training.diagnosis import Diagnosis
from sori.training.fit import History


@dataclass(frozen=True)
class Heard:
    """A test recording and what it was taken for; ``mp3`` is what the network heard, or None."""

    recording: str
    truth: str
    guess: str
    probability: float
    mp3: bytes | None = None


def render_report(
    *,
    title: str,
    scores: Mapping[str, Any],
    classes: Sequence[str],
    history: History,
    mistakes: Sequence[Heard],
    right: Sequence[Heard],
    diagnosis: Diagnosis,
    facts: Mapping[str, Mapping[str, Any]],
    notes: Sequence[str] = (),
    augmented: bool = False,
) -> str:
    """Make the page.

    Parameters
    ----------
    scores
        As :meth:`sori.evaluation.ClassScores.to_dict`, with ``split``, ``leaky`` and, of folds, ``folds``.
    facts
        Tables of settings to show, by heading.
    mistakes, right
        Test recordings that were taken for another class, and some that were not.
    notes
        Lines that qualify the scores.
    augmented
        The training part was changed at random as it was fed.
    """
    parts = [f"<h1>{escape(title)}</h1>", _headline(scores)]
    parts += [f'<p class="warn">{escape(note)}</p>' for note in notes]
    if scores.get("folds"):
        parts += ["<h2>Folds</h2>", _folds(scores["folds"])]
    curves = [
        plots.to_svg(
            plots.learning_curve(
                history.column(name), history.column(f"val_{name}"), name=name, best_epoch=history.best_epoch
            )
        )
        for name in ("loss", "accuracy")
    ]
    parts += ["<h2>Learning curves</h2>"]
    if scores.get("folds"):
        parts += ['<p class="soft">Of the network in this bundle, which was trained on all folds.</p>']
    if augmented:
        parts += ['<p class="soft">Training values are of augmented, mixed sounds: harder ones than in validation.</p>']
    parts += [f'<div class="row">{"".join(picture(svg) for svg in curves)}</div>', _diagnosis(diagnosis)]
    matrix = plots.to_svg(plots.confusion_matrix(scores["confusion"], classes))
    parts += [
        "<h2>Which class is taken for which</h2>",
        f'<div class="row">{picture(matrix)}{_per_class(scores)}</div>',
    ]
    parts += ["<h2>Taken for another class: the surest first</h2>"]
    if not mistakes:
        parts += ['<p class="soft">No test recording was taken for another class.</p>']
    parts += [_recordings(mistakes)] * bool(mistakes)
    if right:
        parts += ["<h2>Right: of each class, the surest and the least sure</h2>", _recordings(right)]
    for heading, rows in facts.items():
        parts += [f"<h2>{escape(heading)}</h2>", facts_table(rows)]
    return page(title, parts)


def _headline(scores: Mapping[str, Any]) -> str:
    spread = f" ± {scores['accuracy_std']:.1%}" if scores.get("accuracy_std") is not None else ""
    low, high = scores["accuracy_interval"]
    together = "mean of the folds; of all together, " if scores.get("folds") else ""
    figures = [
        (
            f"{scores['accuracy']:.1%}{spread}",
            f"of test recordings right ({together}95 % interval {low:.1%} to {high:.1%})",
        ),
        (f"{scores['balanced_accuracy']:.1%}", "mean over classes"),
        (f"{scores['macro_f1']:.3f}", "macro F1"),
        (f"{scores['segment_accuracy']:.1%}", "of single segments right"),
        (f"{scores['recordings']:,}", "test recordings"),
    ]
    cards = "".join(
        f'<div class="card figure"><div class="big">{value}</div><div class="soft">{name}</div></div>'
        for value, name in figures
    )
    kind = "warn" if scores["leaky"] else "soft"
    return f'<p class="{kind}">{escape(scores["split"])}</p><div class="row">{cards}</div>'


def _folds(folds: Sequence[Mapping[str, Any]]) -> str:
    head = '<tr><th>fold held out</th><th class="n">recordings</th><th class="n">accuracy</th></tr>'
    rows = "".join(
        f'<tr><td>{escape(fold["fold"])}</td><td class="n">{fold["recordings"]}</td>'
        f'<td class="n">{fold["accuracy"]:.1%}</td></tr>'
        for fold in folds
    )
    return f'<div class="card"><table>{head}{rows}</table></div>'


def _per_class(scores: Mapping[str, Any]) -> str:
    names = ("precision", "recall", "f1", "recordings")
    head = "<tr><th>class</th>" + "".join(f'<th class="n">{name}</th>' for name in names) + "</tr>"
    rows = ""
    for label, values in scores["per_class"].items():
        cells = "".join(f'<td class="n">{values[name]:.1%}</td>' for name in names[:2])
        cells += f'<td class="n">{values["f1"]:.3f}</td><td class="n">{values["recordings"]}</td>'
        rows += f"<tr><td>{escape(label)}</td>{cells}</tr>"
    return f'<div class="card grow"><table>{head}{rows}</table></div>'


def _diagnosis(diagnosis: Diagnosis) -> str:
    advice = "".join(f"<li>{escape(line)}</li>" for line in diagnosis.advice)
    return (
        f"<p><strong>{diagnosis.verdict.capitalize()}</strong>: {escape(diagnosis.why)}.</p>"
        f'<p class="soft">What to try next:</p><ul class="soft">{advice}</ul>'
    )


def _recordings(heard: Sequence[Heard]) -> str:
    rows = ""
    for one in heard:
        sound = "" if one.mp3 is None else player(one.mp3)
        rows += (
            f"<tr><td>{escape(one.recording)}</td><td>{escape(one.truth)}</td><td>{escape(one.guess)}</td>"
            f'<td class="n">{one.probability:.1%}</td><td>{sound}</td></tr>'
        )
    head = '<tr><th>recording</th><th>is</th><th>taken for</th><th class="n">with</th><th>listen</th></tr>'
    return f'<div class="card" style="overflow-x:auto"><table>{head}{rows}</table></div>'
