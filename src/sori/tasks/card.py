"""The model card that every bundle carries."""

from __future__ import annotations

from collections.abc import Sequence

from sori.bundle import Bundle


def model_card(name: str, bundle: Bundle, notes: Sequence[str]) -> str:
    """Write the card, in Markdown."""
    scores = bundle.scores
    spread = f" ± {scores['accuracy_std']:.1%} over {len(scores['folds'])} folds" if scores.get("folds") else ""
    front_end = bundle.front_end.to_dict() if bundle.front_end else {"kind": "imported features, making not stated"}
    qualifiers = [f"- **{note}**" for note in notes]
    if scores.get("folds"):
        qualifiers += [
            "- The score is of one network per fold; the network here was trained on all folds, with the same settings."
        ]
    frames, bins = bundle.input_shape
    network, data = bundle.architecture, bundle.dataset
    lines = [
        f"# {name}",
        "",
        f"A {network['name']} with {network['parameters']:,} parameters, to tell {len(bundle.classes)} classes apart:",
        f"{', '.join(bundle.classes)}.",
        "",
        "## Use",
        "",
        f"    sori predict {name} recording.wav",
        "",
        f'or in Python: `sori.Classifier("{name}").predict_file("recording.wav")`.',
        "",
        f"`model.onnx` and `model.keras` take features of shape (segments, {frames}, {bins}), as the front end below",
        "makes them, and give a probability for each class.",
        "",
        "## Scores",
        "",
        f"- accuracy {scores['accuracy']:.1%}{spread}, mean over classes {scores['balanced_accuracy']:.1%}, macro F1 "
        f"{scores['macro_f1']:.3f}",
        f"- on {scores['recordings']:,} recordings; {scores['split']}",
        *qualifiers,
        "",
        "## Data",
        "",
        f"{data['recordings']:,} recordings ({data['segments']:,} segments) from `{data['source'] or data['name']}`.",
        "Their licence is not known to Sori: whoever shares this model states it here.",
        "",
        "## Front end",
        "",
        ", ".join(f"{key} {value}" for key, value in front_end.items()),
        "",
    ]
    return "\n".join(lines)
