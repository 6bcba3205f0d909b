"""The model card of a bundle: what the model is, its scores and its data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

# How a model of each task is used, on the command line and in Python.
_USE = {
    "classifier": ("sori predict {name} recording.wav", 'sori.open("{name}").predict_file("recording.wav")'),
    "spotter": ("sori listen {name} recording.wav", 'sori.open("{name}")'),
    "transcriber": (None, 'sori.open("{name}")(y, sr=sr).notes'),
    "cleaner": (None, 'sori.Transcriber(clean="{name}")(y, sr=sr).notes'),
    "tagger": ("sori tag recording.wav", 'sori.open("{name}").tag_file("recording.wav")'),
    "embedder": (None, 'sori.open("{name}").embed(y, sr=sr)'),
}
_UNKNOWN_LICENCE = "Sori does not know their licence: state it here before sharing this model."


def model_card(name: str, bundle: Any, notes: Sequence[str] = ()) -> str:
    """Write the card of a :class:`sori.bundle.Bundle`, in Markdown; ``notes`` are on its scores."""
    name, notes = plain(name), [plain(note) for note in notes]
    command, expression = _USE[bundle.task]
    shape = ", ".join("any" if size is None else str(size) for size in bundle.input_shape)
    network = bundle.architecture
    what = f"A {bundle.task}: {network.get('name', 'network')} with {network.get('parameters', 0):,} parameters"
    lines = [
        f"# {name}",
        "",
        f"{what}, for {len(bundle.classes)} classes:" if bundle.classes else f"{what}.",
        *([f"{', '.join(map(plain, bundle.classes))}."] if bundle.classes else []),
        "",
        "## Use",
        "",
        *([f"    {command.format(name=name)}", "", "or in Python:", ""] if command else []),
        f"    {expression.format(name=name)}",
        "",
        f"`model.onnx` takes input of shape (batch, {shape}), as the front end below makes it.",
        "",
        "## Scores",
        "",
        *(_class_scores(bundle.scores) if bundle.classes else _other_scores(bundle.scores)),
        *(f"- **{note}**" for note in notes),
        "",
        "## Data",
        "",
        *_data(bundle.dataset),
        "",
        "## Front end",
        "",
        ", ".join(f"{key} {plain(value)}" for key, value in _front_end(bundle).items()),
        "",
    ]
    return "\n".join(lines)


def plain(text: object) -> str:
    r"""Return a text that Markdown and HTML show as it is: names of classes and folders come from anywhere.

    >>> plain("<img src=x onerror=alert(1)> [a](b)\nc")
    '&lt;img src=x onerror=alert(1)&gt; \\[a\\](b) c'
    """
    shown = "".join(c if c.isprintable() else " " for c in str(text))
    return re.sub(r"([\\`*\[\]|])", r"\\\1", escape(shown, quote=False))


def _class_scores(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return ["- not tested"]
    folds = scores.get("folds")
    spread = f" ± {scores['accuracy_std']:.1%} over {len(folds)} folds" if folds else ""
    single = "- The score is of one network per fold; this network was trained on all folds, with the same settings."
    return [
        f"- accuracy {scores['accuracy']:.1%}{spread}, mean over classes {scores['balanced_accuracy']:.1%}, macro F1 "
        f"{scores['macro_f1']:.3f}",
        f"- on {scores['recordings']:,} recordings; {plain(scores['split'])}",
        *([single] if folds else []),
    ]


def _other_scores(scores: Mapping[str, Any]) -> list[str]:
    rows = [
        f"- {part}, {condition}: "
        + ", ".join(f"{key} {value:.3f}" for key, value in values.items() if isinstance(value, float))
        for part, conditions in scores.items()
        for condition, values in conditions.items()
    ]
    return rows or ["- not tested"]


def _data(dataset: Mapping[str, Any]) -> list[str]:
    if "recordings" in dataset:
        source = dataset.get("source") or dataset.get("name")
        return [
            f"{dataset['recordings']:,} recordings ({dataset['segments']:,} segments) from {plain(source)}.",
            _UNKNOWN_LICENCE,
        ]
    if "performances" in dataset:
        pianos = dataset["pianos"]
        played = [*pianos.get("sampled", []), *pianos.get("drawn", [])]
        return [
            f"{len(dataset['performances']['train'])} performances, played on {', '.join(map(plain, played))}.",
            _UNKNOWN_LICENCE,
        ]
    return ["Not stated."]


def _front_end(bundle: Any) -> dict[str, Any]:
    return bundle.front_end.to_dict() if bundle.front_end else {"kind": "imported features, front end not stated"}
