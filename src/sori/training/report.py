"""The report of a run: one page that needs nothing beside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from sori import plots
from sori.training.fit import History

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --soft: #5b6875; --line: #d9dee4; --page: #f6f7f9; --card: #fff;
  --bad: #b42f2f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --soft: #9aa7b4; --line: #38424d; --page: #14181d;
  --card: #1d232a; --bad: #ff8a80; } .picture { filter: invert(.89) hue-rotate(180deg); } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.2rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", "Noto Sans CJK KR", sans-serif; }
h1 { margin: 0; font-size: 1.7rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); } .warn { color: var(--bad); font-weight: 600; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; } .card { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: 1rem; } .grow { flex: 1 1 26rem; min-width: 0; overflow-x: auto; }
.big { font-size: 2rem; font-weight: 650; line-height: 1.2; } .figure { flex: 1 1 9rem; }
.picture { background: #fff; } .picture svg { display: block; max-width: 100%; height: auto; margin: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { font-weight: 600; color: var(--soft); } td.n, th.n { text-align: right; }
audio { height: 2rem; vertical-align: middle; } code { font-size: .9em; }
"""


@dataclass(frozen=True)
class Mistake:
    """A test recording that was taken for another class; ``mp3`` is what the network heard, or None."""

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
    mistakes: Sequence[Mistake],
    facts: Mapping[str, Mapping[str, str]],
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
    parts += [f'<div class="row">{"".join(_picture(svg) for svg in curves)}</div>']
    matrix = plots.to_svg(plots.confusion_matrix(scores["confusion"], classes))
    parts += [
        "<h2>Which class is taken for which</h2>",
        f'<div class="row">{_picture(matrix)}{_per_class(scores)}</div>',
    ]
    parts += ["<h2>The worst mistakes</h2>", _mistakes(mistakes)]
    for heading, table in facts.items():
        rows = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in table.items())
        parts += [f"<h2>{escape(heading)}</h2>", f'<div class="card"><table>{rows}</table></div>']
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


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


def _picture(svg: str) -> str:
    return f'<div class="card grow picture">{svg}</div>'


def _per_class(scores: Mapping[str, Any]) -> str:
    names = ("precision", "recall", "f1", "recordings")
    head = "<tr><th>class</th>" + "".join(f'<th class="n">{name}</th>' for name in names) + "</tr>"
    rows = ""
    for label, values in scores["per_class"].items():
        cells = "".join(f'<td class="n">{values[name]:.1%}</td>' for name in names[:2])
        cells += f'<td class="n">{values["f1"]:.3f}</td><td class="n">{values["recordings"]}</td>'
        rows += f"<tr><td>{escape(label)}</td>{cells}</tr>"
    return f'<div class="card grow"><table>{head}{rows}</table></div>'


def _mistakes(mistakes: Sequence[Mistake]) -> str:
    if not mistakes:
        return '<p class="soft">No test recording was taken for another class.</p>'
    rows = ""
    for mistake in mistakes:
        player = ""
        if mistake.mp3 is not None:
            data = b64encode(mistake.mp3).decode()
            player = f'<audio controls preload="metadata" src="data:audio/mpeg;base64,{data}"></audio>'
        rows += (
            f"<tr><td>{escape(mistake.recording)}</td><td>{escape(mistake.truth)}</td><td>{escape(mistake.guess)}</td>"
            f'<td class="n">{mistake.probability:.1%}</td><td>{player}</td></tr>'
        )
    head = '<tr><th>recording</th><th>is</th><th>taken for</th><th class="n">with</th><th>listen</th></tr>'
    return f'<div class="card" style="overflow-x:auto"><table>{head}{rows}</table></div>'
