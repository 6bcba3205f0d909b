"""An experiment: a network trained plain, with each remedy against overfitting, and with all of them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson

from sori import models, plots
from sori.augment import RECIPES, Augmentation
from sori.datasets import Dataset, Segments, Split, split
from sori.errors import DatasetError, ParameterError, check_choice, check_count
from sori.folders import check_type, write_files
from sori.output import Maker, Output, output_folder
from sori.reporter import SILENT, Reporter
from sori.reports.experiments import Figure, experiment_page
from sori.training import History, Trainer, TrainingOptions, diagnose

_MAKER = "sori experiment overfitting"
_RESULTS, _PAGE = "overfitting.json", "report.html"
_FOLDER = Maker(_MAKER, _RESULTS, files=(_PAGE,))
PARTS = ("train", "valid", "test")
# No remedy, whatever the recipe of the architecture says, so that each remedy is tested alone.
_PLAIN_OPTIONS: Mapping[str, Any] = {"dropout": 0.0, "l2": 0.0}
_PLAIN_TRAINING: Mapping[str, Any] = {"augment": "none"}
_PATIENCE = 10
_ALL = "all of them"


@dataclass(frozen=True)
class Remedy:
    """A way to train: the network's options, and options of the training, that differ from plain training."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One network: its curves, the accuracy of the weights that were kept, and its cost.

    ``accuracy`` is of recordings, in training (unchanged ones), validation and test.
    """

    remedy: str
    seed: int
    accuracy: Mapping[str, float]
    epochs: tuple[Mapping[str, float], ...]
    best_epoch: int
    verdict: str
    parameters: int
    seconds: float

    @property
    def history(self) -> History:
        """Its curves."""
        return History(self.epochs, self.best_epoch)


class _Results(msgspec.Struct):
    """The type of `overfitting.json`."""

    settings: dict[str, Any]
    runs: list[Run]


@dataclass(frozen=True)
class OverfittingExperiment:
    """All runs, and the conclusion."""

    settings: Mapping[str, Any]
    runs: tuple[Run, ...]

    @property
    def remedies(self) -> list[str]:
        """Names, plain first."""
        return list(dict.fromkeys(run.remedy for run in self.runs))

    def accuracy(self, remedy: str, part: str) -> tuple[float, float]:
        """Mean over the seeds and standard deviation (of a sample; nan of one) of what a remedy scored on a part."""
        values = [run.accuracy[part] for run in self.runs if run.remedy == remedy]
        return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

    @property
    def winner(self) -> str:
        """The remedy with the best validation accuracy; the test part is not used to choose."""
        return max(self.remedies, key=lambda remedy: self.accuracy(remedy, "valid")[0])

    @property
    def answer(self) -> str:
        """One paragraph: the winner, and whether its lead is more than chance."""
        plain, winner = self.remedies[0], self.winner
        before, after = self.accuracy(plain, "test"), self.accuracy(winner, "test")
        gap = self.accuracy(plain, "train")[0] - before[0]
        opening = (
            f"Plain, the network is right on {self.accuracy(plain, 'train')[0]:.1%} of the recordings it was trained "
            f"on and on {_spread(before)} of the test recordings: a gap of {100 * gap:.1f} points."
        )
        if winner == plain:
            return f"{opening} No remedy improved validation accuracy, so there is no winner."
        ahead, spread = after[0] - before[0], float(np.hypot(before[1], after[1]))
        return (
            f"{opening} Chosen by validation, {winner} is best: {_spread(after)} in test, "
            f"{100 * ahead:+.1f} points, {_judged(ahead, spread)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "made_by": _MAKER,
            "settings": dict(self.settings),
            "answer": self.answer if self.runs else "",
            "winner": self.winner if self.runs else "",
            "runs": [asdict(run) for run in self.runs],
        }


def remedies(model: str, *, augment: str) -> list[Remedy]:
    """List plain, each remedy alone, the classic pair of L2 and dropout, and all together."""
    _ = models.ARCHITECTURES[model]  # refuses an unknown one
    alone = [
        Remedy("L2 0.001", {"l2": 0.001}),
        Remedy("dropout 0.3", {"dropout": 0.3}),
        Remedy("L2 0.001, dropout 0.3", {"l2": 0.001, "dropout": 0.3}),
        Remedy(f"patience {_PATIENCE}", changes={"patience": _PATIENCE}),
        Remedy("half the width, one layer less", {"width": 0.5, "depth": -1}),
        Remedy(f"augment {augment}", changes={"augment": augment, "mixup": 0.0}),
        Remedy("mixup 0.2", changes={"mixup": 0.2}),
    ]
    every = Remedy(
        _ALL,
        {name: value for remedy in alone for name, value in remedy.options.items()},
        {name: value for remedy in alone for name, value in remedy.changes.items()},
    )
    return [Remedy("plain"), *alone, every]


def compare_remedies(
    source: Path,
    out: Path,
    *,
    model: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    augment: str | None = None,
    seeds: int = 3,
    test_size: float = 0.3,
    valid_size: float = 0.2,
    split_seed: int = 0,
    only: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> OverfittingExperiment:
    """Train every remedy with several seeds on one split, and write ``overfitting.json`` and ``report.html``.

    Parameters
    ----------
    source
        A dataset.
    model
        None: ``mlp`` for MFCCs, ``wave`` for waveforms, else ``cnn``.
    augment
        The recipe to use for augmentation; None: ``spectrogram``, and ``environment`` for waveforms.
    seeds
        Networks per remedy; they differ only in initial weights, order and random draws.
    test_size, valid_size, split_seed
        As :func:`sori.datasets.split`, by group.
    only
        Names of the remedies to try besides plain; empty: all.
    resume
        Continue an experiment of the same settings that was interrupted or had fewer seeds; finished networks are kept.
    overwrite
        Replace the files of an earlier experiment.

    Raises
    ------
    SoriError
        If anything is missing, does not match or exists already.
    """
    check_count("seeds", seeds)
    dataset = Dataset.open(source)
    kind = dataset.front_end.kind if dataset.front_end else None
    model = models.default_for(kind) if model is None else model
    augment = augment or ("environment" if kind == "waveform" else "spectrogram")
    check_choice("augment", augment, RECIPES)
    if replace(RECIPES[augment].for_features(kind), mix=None) == Augmentation():
        raise ParameterError(f"`augment` {augment} changes nothing in {kind} features; choose another recipe.")
    tried = remedies(model, augment=augment)
    for name in only:
        if name not in [remedy.name for remedy in tried]:  # names hold commas, so each is quoted
            quoted = ", ".join(f'"{remedy.name}"' for remedy in tried)
            raise ParameterError(f'remedy must be one of {quoted}. Received "{name}".')
    tried = [remedy for remedy in tried if not only or remedy.name in (*only, "plain")]
    if len(tried) < 2:
        raise ParameterError("name a remedy to compare plain training with.")
    segments = dataset.load()
    divided = split(
        segments, kind="group", test_size=test_size, valid_size=valid_size, seed=split_seed, classes=dataset.classes
    )
    common = {"epochs": epochs, "batch_size": batch_size, "lr": lr, **_PLAIN_TRAINING}
    wanted = {
        remedy.name: TrainingOptions(**{**common, **remedy.changes}).settings(model, kind, has_sound=dataset.has_sound)
        for remedy in tried
    }
    settings = {
        "dataset": dataset.path.resolve().name,
        "fingerprint": dataset.fingerprint,
        "classes": len(dataset.classes),
        "recordings": dataset.counts["recordings"],
        "model": model,
        "epochs": models.ARCHITECTURES[model].recipe.epochs if epochs is None else epochs,
        "batch_size": batch_size,
        "lr": lr,
        "augment": augment,
        "seeds": seeds,
        "split": divided.description,
        "sizes": {part: len(set(segments.recording[getattr(divided, part)])) for part in PARTS},
        "remedies": [remedy.name for remedy in tried],
    }
    with output_folder(out, _FOLDER, overwrite=True) as output:
        runs = _kept(output, settings, resume=resume, overwrite=overwrite)
        done = {(run.remedy, run.seed) for run in runs}
        for number, remedy in enumerate(tried, 1):
            for seed in range(seeds):
                if (remedy.name, seed) in done:
                    continue
                options = {**_PLAIN_OPTIONS, **remedy.options}
                trainer = Trainer(model, options, replace(wanted[remedy.name], seed=seed), dataset, reporter)
                stage = f"{remedy.name}, seed {seed} ({number} of {len(tried)})"
                runs.append(_run(trainer, remedy.name, segments, divided, stage))
                reporter.say(f"{stage}: test {runs[-1].accuracy['test']:.1%}, {runs[-1].verdict}")
                _write(OverfittingExperiment(settings, tuple(runs)), output.path)
        found = OverfittingExperiment(settings, tuple(runs))
        _write(found, output.path)  # in case an experiment was interrupted before its page was written
    return found


def _run(trainer: Trainer, remedy: str, segments: Segments, divided: Split, stage: str) -> Run:
    began = time.monotonic()
    fitted = trainer.fit(segments, divided.train, divided.valid, stage)
    seconds = time.monotonic() - began
    accuracy = {part: trainer.score(fitted, segments, getattr(divided, part))[1].accuracy for part in PARTS}
    history = fitted.history
    return Run(
        remedy,
        trainer.settings.seed,
        accuracy,
        history.epochs,
        history.best_epoch,
        diagnose(history, settings=trainer.settings).verdict,
        int(fitted.network.count_params()),
        seconds,
    )


def _kept(output: Output, settings: Mapping[str, Any], *, resume: bool, overwrite: bool) -> list[Run]:
    """Return the finished runs of an interrupted experiment.

    Raises
    ------
    DatasetError, ParameterError
        If other files are in the way.
    """
    if resume and overwrite:
        raise ParameterError("give `resume=True`, to keep the networks that are done, or `overwrite=True`, not both.")
    made, out = output.made, output.path
    if made is None or overwrite:
        return []
    if not resume:
        raise DatasetError(
            f"{out}: is there already; give `resume=True` to finish it, `overwrite=True`, or another name"
        )
    try:
        check_type(made, _Results)
    except ValueError as error:
        raise DatasetError(f"{out / _RESULTS}: damaged ({error}); give `overwrite=True`") from error
    wanted = orjson.loads(orjson.dumps(dict(settings)))
    if {**made["settings"], "seeds": wanted["seeds"]} != wanted or wanted["seeds"] < made["settings"].get("seeds", 0):
        raise DatasetError(f"{out}: is of other data or settings; give `overwrite=True`, or another name")
    return [Run(**{**run, "epochs": tuple(run["epochs"])}) for run in made["runs"]]


def table(found: OverfittingExperiment) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows: each remedy's accuracy in training, validation and test, its cost and its verdicts."""
    heads = ["remedy", "train", "validation", "test", "gap", "parameters", "seconds", "verdicts"]
    rows = []
    for remedy in found.remedies:
        runs = [run for run in found.runs if run.remedy == remedy]
        scores = {part: found.accuracy(remedy, part) for part in PARTS}
        cells = [_spread(score) for score in scores.values()]
        gap = 100 * (scores["train"][0] - scores["test"][0])
        seconds = float(np.mean([run.seconds for run in runs]))
        verdicts = ", ".join(dict.fromkeys(run.verdict for run in runs))
        rows.append([remedy, *cells, f"{gap:.1f}", f"{runs[0].parameters:,}", f"{seconds:.1f}", verdicts])
    return heads, rows


def _judged(ahead: float, spread: float) -> str:
    if math.isnan(spread):
        return "and one seed cannot show whether that is chance"
    by = f"(± {100 * spread:.1f})"
    if ahead <= 0:
        return (
            f"which is no gain: the best in validation is not better in test (spread of the seeds ± {100 * spread:.1f})"
        )
    if ahead <= spread:
        return f"no more than the spread of the seeds {by}, so it may be chance"
    return f"more than the spread of the seeds {by}"


def _spread(score: tuple[float, float]) -> str:
    mean, deviation = score
    return f"{mean:.1%}" if math.isnan(deviation) else f"{mean:.1%} ± {deviation:.1%}"


def _write(found: OverfittingExperiment, out: Path) -> None:
    sizes, seeds = found.settings["sizes"], found.settings["seeds"]
    over = "of one seed" if seeds == 1 else f"mean and standard deviation over {seeds} seeds"
    curves = {
        name: {
            remedy: [
                (run.history.column(name), run.history.column(f"val_{name}"))
                for run in found.runs
                if run.remedy == remedy
            ]
            for remedy in found.remedies
        }
        for name in ("loss", "accuracy")
    }
    caption = (
        "The same axes everywhere; a line per seed. Where sounds are changed or mixed, training values are of those."
    )
    text = experiment_page(
        "Overfitting",
        heading=f"Overfitting: {found.settings['model']} on {found.settings['dataset']}",
        answer=[found.answer],
        table=table(found),
        note=f"Accuracy of recordings, {over}, of the weights with the lowest validation loss; {sizes['train']} "
        f"recordings to train on, {sizes['valid']} to validate, {sizes['test']} to test: {found.settings['split']}. "
        f"{_ALL.capitalize()}: every remedy at once. Gap: points between training and test. Training is scored on "
        "unchanged sounds, also where the network was fed changed ones. With so few test recordings, chance alone "
        f"moves an accuracy by about ± {50 / np.sqrt(sizes['test']):.1f} points or less.",
        figures=[
            Figure(f"{name.capitalize()}, epoch by epoch", caption, plots.learning_curves(of, name=name))
            for name, of in curves.items()
        ],
        settings=found.settings,
    )
    content = {
        _RESULTS: orjson.dumps(found.to_dict(), option=orjson.OPT_INDENT_2),
        _PAGE: text.encode(),
    }
    write_files(out, content)
