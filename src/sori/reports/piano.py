"""The report of a piano training: its curve, its scores with their intervals, and what it misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from sori import plots
from sori.bundle import Bundle
from sori.evaluation.held_out import MEANS
from sori.folders import replacing_file
from sori.reports.history import read_history
from sori.reports.page import facts_table, page, picture, text_table

REPORT = "report.html"
_HEADS = {
    "precision": "precision", "recall": "recall", "f1": "F1", "offset_f1": "F1 with offset",
    "velocity_f1": "F1 with velocity", "frame_f1": "frames, F1",
    "pedal_f1": "pedal down, F1", "pedal_release_f1": "pedal up, F1",
}  # fmt: skip


def write_piano_report(run: Path) -> Path:
    """Write the report of a finished training for notes into its folder; return its path.

    Raises
    ------
    BundleError
        If the folder holds no finished training.
    """
    bundle = Bundle.open(run)
    history = read_history(run)
    with replacing_file(run / REPORT) as temporary:
        temporary.write_text(render_piano_report(run.resolve().name, bundle, history), encoding="utf-8")
    return run / REPORT


def render_piano_report(name: str, bundle: Bundle, history: Sequence[Mapping[str, float]]) -> str:
    """Make the page of a training; ``history`` has the ``loss`` and the ``score`` of each epoch."""
    best = int(bundle.training.get("best_epoch", 0)) or None
    losses, scores = ([row[column] for row in history] for column in ("loss", "score"))
    curves = [
        plots.to_svg(plots.learning_curve(losses, [], name="loss", best_epoch=best)),
        plots.to_svg(plots.learning_curve([], scores, name="F1", best_epoch=best)),
    ]
    parts = [
        f"<h1>{escape(name)}</h1>",
        f'<p class="soft">{bundle.architecture["parameters"]:,} weights, of epoch {best}.</p>',
        f'<div class="row">{"".join(picture(svg) for svg in curves)}</div>',
    ]
    for part, conditions in bundle.scores.items():
        parts += [f"<h2>{_PARTS.get(part, part)}</h2>", _scores(conditions), _kinds(conditions)]
    settings = {key: value for key, value in bundle.training.items() if not isinstance(value, Mapping)}
    parts += ["<h2>Settings</h2>", facts_table(settings), "<h2>Pianos</h2>", facts_table(bundle.dataset["pianos"])]
    return page(name, parts)


_PARTS = {"valid": "Validation: the epoch was chosen by it", "test": "Test: other pieces on another piano"}


def _scores(conditions: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for condition, scores in conditions.items():
        low, high = scores["f1_interval"]
        figures = [f"{scores[key]:.3f}" if key in scores else "" for key in MEANS]  # older ones have no pedal
        rows.append([condition, *figures, f"{low:.3f} to {high:.3f}", str(scores["pieces"])])
    return text_table(["recordings", *(_HEADS[key] for key in MEANS), "F1, 95 %", "pieces"], rows)


def _kinds(conditions: Mapping[str, Mapping[str, Any]]) -> str:
    """Make a table of the notes of each kind that are found, those that are missed most first."""
    names: dict[str, None] = dict.fromkeys(kind for scores in conditions.values() for kind in scores["recall_by_kind"])
    first = next(iter(conditions.values()))["recall_by_kind"]
    rows = [
        [
            name,
            *(f"{scores['recall_by_kind'][name]['recall']:.3f}" for scores in conditions.values()),
            f"{first[name]['notes']:,}",
        ]
        for name in sorted(names, key=lambda name: float(first[name]["recall"]))
    ]
    return text_table(["recall of notes that are", *conditions, "notes"], rows)
