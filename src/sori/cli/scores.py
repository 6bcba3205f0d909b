"""How scores are shown on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sori.cli import console


def show_scores(scores: Mapping[str, Any]) -> None:
    """Print accuracy, its interval and what it was measured on."""
    spread = f" ± {scores['accuracy_std']:.1%}" if scores.get("accuracy_std") is not None else ""
    low, high = scores["accuracy_interval"]
    single = ""
    together = "mean of the folds; of all together, " if scores.get("folds") else ""
    if scores["segments"] != scores["recordings"]:
        single = f" ({scores['segment_accuracy']:.1%} of {scores['segments']:,} single segments)"
    (console.warn if scores["leaky"] else console.say)(scores["split"])
    grouped = scores["groups"] != scores["recordings"]
    right = f"{scores['accuracy']:.1%}{spread} on {scores['recordings']:,} recordings"
    right += f" of {scores['groups']:,} groups" * grouped
    interval = f"{together}95 % interval {low:.1%} to {high:.1%}"
    by_group = f", mean over groups {scores['group_accuracy']:.1%}" * grouped
    console.show(
        f"accuracy {right} ({interval}), mean over classes "
        f"{scores['balanced_accuracy']:.1%}{by_group}, macro F1 {scores['macro_f1']:.3f}{single}",
    )
