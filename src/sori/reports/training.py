"""The report of a run: one page that needs nothing beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from sori import models, plots
from sori.audio import encode_mp3, load
from sori.augment import Augmentation
from sori.datasets.build import hash_of
from sori.errors import AudioError
from sori.evaluation import by_recording
from sori.evaluation.answers import Answer
from sori.evaluation.calibration import Bin, calibration_error, reliability
from sori.reports.page import facts_table, page, picture, plain, player
from sori.training import Diagnosis, History, TrainedClassifier

_WORST, _RIGHT = 24, 40  # recordings to listen to
_LONGEST_S = 10.0  # of one that is played


@dataclass(frozen=True)
class ReportedRecording:
    """A test recording, its label and what was predicted; ``mp3`` is what the network was given, or None."""

    recording: str
    label: str
    predicted: str
    probability: float
    mp3: bytes | None = None


def training_report(trained: TrainedClassifier, *, name: str, made: Mapping[str, str] = {}) -> str:
    """Make the page of a training.

    Parameters
    ----------
    name
        Of the run.
    made
        When, how long and by which command it was made, by heading.
    """
    mistakes, right = _recordings_of(trained)
    answered = trained.answered()
    return render_report(
        title=f"{name}: {trained.model} on {len(trained.dataset.classes)} classes",
        scores=trained.scores,
        classes=trained.dataset.classes,
        history=trained.fitted.history,
        mistakes=mistakes,
        right=right,
        diagnosis=trained.diagnosis,
        facts=_facts(trained, made),
        bins=reliability([one.probability for one in answered], [one.right for one in answered]),
        # The networks of the folds had thresholds of their own.
        withheld="" if trained.options.folds else _withheld(answered, trained.fitted.threshold),
        notes=trained.notes,
        augmented=trained.settings.augment is not None,
    )


def _withheld(answered: Sequence[Answer], threshold: float) -> str:
    """Say what becomes of the test's answers if those below the learned threshold are taken for none of the classes."""
    if not threshold or not answered:
        return ""
    kept = [one.right for one in answered if one.probability >= threshold]
    wrong = sum(not one.right for one in answered)
    stopped = wrong - sum(not right for right in kept)
    at_least = math.floor(1000 * threshold) / 10  # 99.96 is not 100
    return (
        f"None of these: 95 % of the right answers in validation have {at_least:.1f}% or more. In the test, "
        f"{len(kept) / len(answered):.1%} of the answers do, of which {np.mean(kept or [False]):.1%} are right; "
        f"{stopped} of {wrong} wrong answers do not. Sounds of other kinds were not part of the test."
    )


def render_report(
    *,
    title: str,
    scores: Mapping[str, Any],
    classes: Sequence[str],
    history: History,
    mistakes: Sequence[ReportedRecording],
    right: Sequence[ReportedRecording],
    diagnosis: Diagnosis,
    facts: Mapping[str, Mapping[str, Any]],
    bins: Sequence[Bin] = (),
    withheld: str = "",
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
    bins
        How sure the test's answers are, and how often right.
    withheld
        What the learned threshold for none of the classes does to the test's answers.
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
                history.column(name),
                history.column(f"val_{name}"),
                name=name,
                best_epoch=history.best_epoch,
                step=history.step,
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
    if bins:
        drawn = plots.to_svg(plots.reliability_diagram(bins))
        parts += [
            "<h2>Whether it is right as often as it is sure</h2>",
            f'<div class="row">{picture(drawn)}</div>',
            f'<p class="soft">Probability and part right differ by {calibration_error(bins):.1%} on average (expected '
            "calibration error of the test recordings).</p>",
            f'<p class="soft">{escape(withheld)}</p>' * bool(withheld),
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
    if scores["groups"] != scores["recordings"]:
        figures.insert(1, (f"{scores['group_accuracy']:.1%}", f"mean over {scores['groups']:,} groups"))
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
        low, high = values["recall_interval"] or (0.0, 1.0)
        cells = f'<td class="n">{values["precision"]:.1%}</td>'
        cells += f'<td class="n">{values["recall"]:.1%}<br><small class="soft">{low:.0%} to {high:.0%}</small></td>'
        cells += f'<td class="n">{values["f1"]:.3f}</td><td class="n">{values["recordings"]}</td>'
        rows += f"<tr><td>{escape(label)}</td>{cells}</tr>"
    return f'<div class="card grow"><table>{head}{rows}</table></div>'


def _diagnosis(diagnosis: Diagnosis) -> str:
    advice = "".join(f"<li>{plain(line)}</li>" for line in diagnosis.advice)
    return (
        f"<p><strong>{diagnosis.verdict.capitalize()}</strong>: {escape(diagnosis.why)}.</p>"
        f'<p class="soft">What to try next:</p><ul class="soft">{advice}</ul>'
    )


def _recordings(heard: Sequence[ReportedRecording]) -> str:
    rows = ""
    for one in heard:
        sound = "" if one.mp3 is None else player(one.mp3)
        rows += (
            f"<tr><td>{escape(one.recording)}</td><td>{escape(one.label)}</td><td>{escape(one.predicted)}</td>"
            f'<td class="n">{one.probability:.1%}</td><td>{sound}</td></tr>'
        )
    head = '<tr><th>recording</th><th>is</th><th>taken for</th><th class="n">with</th><th>listen</th></tr>'
    return f'<div class="card" style="overflow-x:auto"><table>{head}{rows}</table></div>'


def _recordings_of(trained: TrainedClassifier) -> tuple[list[ReportedRecording], list[ReportedRecording]]:
    """List recordings taken for another class, the surest first, and right ones: each class's surest and least sure."""
    segments, dataset = trained.segments, trained.dataset
    test, probabilities = trained.answers.test, trained.answers.probabilities
    names, means, first = by_recording(probabilities, segments.recording[test])
    label, predicted, sure = segments.label[test][first], means.argmax(axis=1), means.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    wrong = [i for i in order if label[i] != predicted[i]][:_WORST]
    right = []
    for k in range(len(dataset.classes)):
        of_class = [i for i in order if label[i] == predicted[i] == k]
        right += of_class[:1] + of_class[1:][-1:]
    used_s = dataset.preprocessor.segmenting.duration_s if dataset.preprocessor else _LONGEST_S
    longest_s = min(used_s, _LONGEST_S)
    digests = dataset.digests()

    def reported(i: np.intp) -> ReportedRecording:
        mp3 = None
        try:
            if dataset.has_recordings:
                path = Path(dataset.source) / names[i]
                with path.open("rb") as file:
                    if hash_of(file) != digests[names[i]]:  # another file than the dataset was made of
                        raise AudioError(f"{path}: has changed")
                y, sr = load(path, duration_s=longest_s)
                mp3 = encode_mp3(y, sr=sr)
            elif dataset.front_end is not None and dataset.front_end.kind == "waveform":
                mp3 = encode_mp3(segments.x[test[first[i]], :, 0], sr=dataset.front_end.sr)
        except (AudioError, OSError):  # moved since the dataset was built: the report does without
            mp3 = None
        return ReportedRecording(
            names[i], dataset.classes[label[i]], dataset.classes[predicted[i]], float(sure[i]), mp3
        )

    return [reported(i) for i in wrong], [reported(i) for i in right[:_RIGHT]]


def _facts(trained: TrainedClassifier, made: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Tables for the end of the report, in words."""
    dataset, settings, parts = trained.dataset, trained.settings, trained.parts
    front_end = dataset.front_end.to_dict() if dataset.front_end else {"kind": "imported, not stated"}
    frames, bins = dataset.shape
    counts = {name: f"{len(getattr(parts, name)):,} segments" for name in ("train", "valid", "test")}
    options = {**models.ARCHITECTURES[trained.model].options, **trained.options.model_options}
    schedule = {"cosine": "rises, then falls to nothing as a cosine", "constant": "constant"}[settings.schedule]
    return {
        "This run": dict(made),
        "Features": {**front_end, "segment": f"{frames} frames x {bins}"},
        "Split": {
            "kind": trained.scores["split"],
            "training": counts["train"],
            "validation": counts["valid"],
            **({} if trained.scores.get("folds") else {"test": counts["test"]}),
        },
        "Network and training": {
            "architecture": trained.model,
            **options,
            "parameters": f"{trained.parameters:,}",
            "multiply-adds per segment": f"{models.multiply_adds(trained.fitted.network):,}",
            **(_solution(trained) if models.ARCHITECTURES[trained.model].solved else _fitting(trained, schedule)),
            "seed": settings.seed,
        },
        "Dataset": {
            "source": dataset.source or "imported",
            "recordings": f"{dataset.counts['recordings']:,} in {dataset.counts['groups']:,} groups",
            "segments": f"{dataset.counts['segments']:,} ({dataset.counts['segments_dropped']:,} cut short, dropped)",
            "unusable": f"{len(dataset.files['failed'])} failed, {len(dataset.files['dropped'])} dropped",
        },
    }


def _augmentation(augment: Augmentation | None) -> str:
    """Say what changes the training part, in words."""
    if augment is None:
        return "none"
    changes = [] if augment.waveform is None else [type(one).__name__ for one in augment.waveform.transforms]
    if augment.spectrogram is not None:
        changes.append("masks and rolls of the features")
    if augment.mix is not None:
        changes.append("mixed examples")
    return ", ".join(changes).lower()


def _solution(trained: TrainedClassifier) -> dict[str, str]:
    """Return how a head was fitted in one step."""
    history = trained.fitted.history
    return {
        "fitted as": "logistic regression, on the training and validation parts",
        "penalty": f"number {history.best_epoch} of {len(history.epochs)}, from strong to weak, by cross-validation",
    }


def _fitting(trained: TrainedClassifier, schedule: str) -> dict[str, Any]:
    """Return how a network was trained, epoch by epoch."""
    settings, history = trained.settings, trained.fitted.history
    return {
        "epochs": f"{len(history.epochs)}, of which {history.best_epoch} was best",
        "batch size": settings.batch_size,
        "learning rate": f"{settings.lr:g}, {schedule}",
        "stops early": f"after {settings.patience} epochs without improvement" if settings.patience else "never",
        "augmentation": _augmentation(settings.augment),
        "temperature": f"{trained.fitted.temperature:.2f} (divides the logits; learned in validation)",
    }
