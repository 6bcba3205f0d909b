"""The model card that every bundle carries."""

from __future__ import annotations

from collections.abc import Sequence

from sori.bundle import Bundle


def model_card(name: str, bundle: Bundle, notes: Sequence[str]) -> str:
    """Write the card, in Markdown."""
    scores = bundle.scores
    spread = f" ± {scores['accuracy_std']:.1%} over {len(scores['folds'])} folds" if scores.get("folds") else ""
    front_end = bundle.front_end.to_dict() if bundle.front_end else {"kind": "imported features, making not stated"}
    qualifiers = "".join(f"- **{note}**\n" for note in notes)
    if scores.get("folds"):
        qualifiers += (
            "- The score is that of one network per fold; the network in this bundle was trained on all folds with the "
            "same settings.\n"
        )
    return f"""# {name}

A {bundle.architecture["name"]} with {bundle.architecture["parameters"]:,} parameters that tells {len(bundle.classes)} classes
of sound apart: {", ".join(bundle.classes)}.

## Use

    sori predict {name} recording.wav

or in Python: `sori.Classifier("{name}").predict_file("recording.wav")`. `model.onnx` (and `model.keras`) take features of
shape (segments, {bundle.input_shape[0]}, {bundle.input_shape[1]}), as the front end below makes them, and give a probability for each class.

## Scores

- accuracy {scores["accuracy"]:.1%}{spread}, mean over classes {scores["balanced_accuracy"]:.1%}, macro F1 {scores["macro_f1"]:.3f}
- on {scores["recordings"]:,} recordings; {scores["split"]}
{qualifiers}
## Data

{bundle.dataset["recordings"]:,} recordings ({bundle.dataset["segments"]:,} segments) from `{bundle.dataset["source"] or bundle.dataset["name"]}`.
Their licence is not known to Sori: whoever shares this model states it here.

## Front end

{", ".join(f"{key} {value}" for key, value in front_end.items())}
"""
