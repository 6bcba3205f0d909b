"""What a notebook shows of Sori's objects: fragments of HTML, drawn like the reports."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sori.analysis import Inspection
    from sori.datasets import Dataset
    from sori.inference import Transcription


def of_dataset(dataset: Dataset) -> str:
    """Show a dataset: its features, and a row per class."""
    counts, (frames, bins) = dataset.counts, dataset.shape
    kind = dataset.front_end.kind if dataset.front_end else "imported features"
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{one['recordings']:,}</td><td>{one['segments']:,}</td></tr>"
        for name, one in counts["per_class"].items()
    )
    unusable = len(dataset.files["failed"]) + len(dataset.files["dropped"])
    return (
        f"<p><b>{escape(dataset.path.name)}</b>: {counts['segments']:,} segments of {frames} frames x {bins} "
        f"({escape(kind)}), {unusable} files unusable</p>"
        f"<table><tr><th>class</th><th>recordings</th><th>segments</th></tr>{rows}</table>"
    )


def of_run(result: Any) -> str:
    """Show a run, a :class:`sori.tasks.train.TrainingResult`: its score with the interval, and its learning curves."""
    from sori import plots
    from sori.reports.history import read_history

    scores = result.scores
    low, high = scores["accuracy_interval"]
    epochs = read_history(result.out)
    curves = [
        plots.to_svg(
            plots.learning_curve(
                [row[name] for row in epochs],
                [row[f"val_{name}"] for row in epochs],
                name=name,
                best_epoch=result.best_epoch,
                step=next(iter(epochs[0])),
            )
        )
        for name in ("loss", "accuracy")
    ]
    return (
        f"<p><b>{scores['accuracy']:.1%}</b> of {scores['recordings']:,} test recordings right "
        f"(95 % interval {low:.1%} to {high:.1%}); {escape(scores['split'])}; {result.diagnosis.verdict}</p>"
        f'<div style="display:flex;flex-wrap:wrap">{"".join(curves)}</div>'
    )


def of_inspection(found: Inspection) -> str:
    """Show a recording: a player and its waveform and mel spectrogram."""
    from sori import plots
    from sori.reports.inspection import pictures_of

    drawn = pictures_of(found)
    pictures = "".join(plots.to_svg(drawn[name]) for name in ("waveform", "mel"))
    return f"<p><b>{escape(found.path.name)}</b></p>{player(found.y, sr=found.sr)}<div>{pictures}</div>"


def of_transcription(transcription: Transcription) -> str:
    """Show a transcription: its piano roll, and a player of its notes as a sum of partials."""
    from sori import plots

    roll = plots.to_svg(plots.piano_roll(transcription.notes, duration_s=transcription.duration_s))
    return f"{roll}{player(transcription.play(sr=_SR), sr=_SR)}"


def player(y: npt.NDArray[np.float32], *, sr: int) -> str:
    """Return a player of a clip ``(samples,)``."""
    from sori.audio import encode_mp3
    from sori.reports.page import player as of_mp3

    return of_mp3(encode_mp3(y, sr=sr))


_SR = 22050
