"""A search for the options of a training that suit a dataset, by validation alone: the test part is not looked at."""

from __future__ import annotations

import csv
import io
import logging
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from sori import models, plots
from sori.datasets import Dataset, Segments, Split, split
from sori.errors import ParameterError, SoriError, check_between, check_count, reason, require
from sori.folders import write_files
from sori.output import Maker, output_folder
from sori.reporter import SILENT, Cancelled, Reporter
from sori.reports.experiments import Figure, experiment_page
from sori.training import Trainer, TrainingOptions

_MAKER = "sori search"
_RESULTS, _TABLE, _PAGE = "search.json", "trials.csv", "report.html"
_FOLDER = Maker(_MAKER, _RESULTS, files=(_TABLE, _PAGE))
# Values of the options of networks; those that an architecture does not have are left out.
_OF_MODEL: Mapping[str, Sequence[float]] = {
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.5),
    "l2": (0.0, 1e-5, 1e-4, 1e-3),
    "width": (0.5, 0.7, 1.0, 1.4, 2.0),
    "depth": (-1, 0, 1),
    "scale": (1.0, 1.5, 2.0, 3.0),
}
_BATCH_SIZES, _AUGMENT = (16, 32, 64), ("none", "spectrogram")
_RATES = 5.0  # the learning rate is between a fifth of the recipe's and five times it
# Trials that are not stopped early for being worse than most, and the part of its epochs that every trial gets.
_FIRST, _UNSTOPPED = 5, 0.3


@dataclass(frozen=True)
class Trial:
    """A training with some options: its lowest loss in validation, the accuracy then, and whether it was stopped."""

    number: int
    options: Mapping[str, Any]
    loss: float
    accuracy: float
    epochs: int
    stopped: bool
    seconds: float


@dataclass(frozen=True)
class Search:
    """All trials, and what was searched."""

    settings: Mapping[str, Any]
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The finished trial with the lowest validation loss."""
        return min((one for one in self.trials if not one.stopped), key=lambda one: one.loss)

    @property
    def options(self) -> dict[str, Any]:
        """Options of :class:`sori.training.TrainingOptions`: the best ones, and those that all trials had.

        A training with them tests on what no trial has seen.
        """
        common = {name: self.settings[name] for name in ("model", "epochs", "test_size", "valid_size", "seed")}
        known = {name: value for name, value in common.items() if value is not None}
        return {**known, **_fields(self.best.options)}

    @property
    def call(self) -> str:
        """The call that trains with the best options, and tests."""
        given = [repr(self.settings["dataset"]), "'runs/best'", *(f"{k}={v!r}" for k, v in self.options.items())]
        return f"sori.train({', '.join(given)})"

    @property
    def answer(self) -> list[str]:
        """What was found."""
        usual, best = self.trials[0], self.best
        if len(self.trials) == 1:
            found = "Only the usual options were tried"
        elif best is usual:
            found = "Nothing better was found than the usual options"
        else:
            found = f"The best of {len(self.trials)} trials is number {best.number}: " + _worded(best.options)
        return [
            f"{found}. Its validation loss is {best.loss:.3f}, its accuracy {best.accuracy:.1%}; with the usual "
            f"options, they are {usual.loss:.3f} and {usual.accuracy:.1%}.",
            "The best of many looks better in validation than it is. Train with these options, and let the test part, "
            "which was not looked at here, say how good they are.",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "made_by": _MAKER,
            "settings": dict(self.settings),
            "best": asdict(self.best),
            "options": self.options,
            "trials": [asdict(one) for one in self.trials],
        }


def search(
    source: str | Path,
    out: str | Path,
    *,
    minutes: float = 20.0,
    trials: int | None = None,
    model: str | None = None,
    epochs: int | None = None,
    test_size: float = 0.3,
    valid_size: float = 0.2,
    seed: int = 0,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> Search:
    """Train with many options, each chosen in view of those before, and compare them in validation.

    The first trial has the usual options of the architecture. A trial that is worse than most others were after as many
    epochs is stopped. What was found is written after every trial; interrupted, the search ends with it.

    Parameters
    ----------
    source
        A dataset.
    minutes
        Time for all trials; the first one is finished in any case.
    trials
        Stop after this many; None: when the time is over.
    model, epochs
        The architecture, and passes over the training part; None: as `sori train` chooses.
    test_size, valid_size, seed
        As in :class:`sori.training.TrainingOptions`, so that a training tests on what no trial has seen.

    Raises
    ------
    SoriError
        If the dataset or a setting does not suit, or ``out`` exists already.
    MissingDependencyError
        If Optuna is not installed.

    Source: Bergstra et al., Algorithms for Hyper-Parameter Optimization (2011), as Optuna does it.
    """
    require("optuna")
    check_between("minutes", minutes, 0.01, 1e5, "min")
    if trials is not None:
        check_count("trials", trials)
    dataset = Dataset.open(source)
    kind = dataset.front_end.kind if dataset.front_end else None
    model = model or models.default_for(kind)
    if models.ARCHITECTURES[model].solved:
        raise ParameterError(f"the model {model} is fitted in one step and chooses its penalty itself", "model")
    usual = TrainingOptions(model=model, epochs=epochs, test_size=test_size, valid_size=valid_size, seed=seed)
    segments = dataset.load()
    parts = split(segments, kind=None, test_size=test_size, valid_size=valid_size, seed=seed, classes=dataset.classes)
    settings = {
        "dataset": str(source),
        "model": model,
        "epochs": epochs,
        "recordings": f"{len(set(segments.recording[parts.train])):,} to train on, "
        f"{len(set(segments.recording[parts.valid])):,} to compare by, and others that were not looked at",
        "minutes": minutes,
        "test_size": test_size,
        "valid_size": valid_size,
        "seed": seed,
    }
    with output_folder(Path(out), _FOLDER, overwrite=overwrite) as output:
        searcher = _Searcher(dataset, segments, parts, usual, _OneBar(reporter, 60 * minutes))
        try:
            for tried in searcher.run(trials):
                output.write(partial(_write, Search(settings, tried)))
        except (Cancelled, KeyboardInterrupt):
            if not searcher.trials:
                raise
            output.write(partial(_write, Search(settings, tuple(searcher.trials))))
    return Search(settings, tuple(searcher.trials))


class _TimeIsOver(Exception):
    """Ends the trial that is going on when the time is over."""


class _OneBar(Reporter):
    """Shows the time of all trials as one stage, and says each remark once."""

    def __init__(self, reporter: Reporter, seconds: float) -> None:
        super().__init__()
        self._reporter, self._seconds, self._began = reporter, seconds, time.monotonic()
        self._said: set[str] = set()
        self.trial = 0

    @property
    def time_is_over(self) -> bool:
        return time.monotonic() > self._began + self._seconds

    def progress(self, stage: str, done: int, total: int, values: Mapping[str, float] | None = None) -> None:
        spent = min(time.monotonic() - self._began, self._seconds)
        self._reporter.progress(
            "Search (seconds)", int(spent), int(self._seconds), {"trial": self.trial, **(values or {})}
        )

    def say(self, line: str) -> None:
        if line not in self._said:
            self._reporter.say(line)
        self._said.add(line)


class _Searcher:
    """Runs trials until the time is over, and keeps what they came to."""

    def __init__(
        self,
        dataset: Dataset,
        segments: Segments,
        parts: Split,
        usual: TrainingOptions,
        reporter: _OneBar,
    ) -> None:
        self._dataset, self._segments, self._parts, self._usual = dataset, segments, parts, usual
        self._reporter = reporter
        self._kind = dataset.front_end.kind if dataset.front_end else None
        self._settings = usual.settings(str(usual.model), self._kind, has_sound=dataset.has_sound)
        self._space = list(self._searched())
        self._usual_values = {"lr": self._settings.lr, **{name: value for name, _, value in self._space}}
        self.trials: list[Trial] = []

    def run(self, most: int | None) -> Iterator[tuple[Trial, ...]]:
        """Run trials, at least one, and yield all so far after each."""
        optuna = require("optuna")
        optuna.logging.set_verbosity(logging.ERROR)
        pruner = optuna.pruners.MedianPruner(_FIRST, int(_UNSTOPPED * self._settings.epochs))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a sampler is experimental
            sampler = optuna.samplers.TPESampler(seed=self._usual.seed, multivariate=True, n_startup_trials=_FIRST)
            study = optuna.create_study(sampler=sampler, pruner=pruner)
            study.enqueue_trial(self._usual_values)
            for _ in count() if most is None else range(most):
                if self.trials and self._reporter.time_is_over:
                    break
                trial = study.ask()
                try:
                    one = self._try(trial)
                except (_TimeIsOver, Cancelled, KeyboardInterrupt):
                    if not self.trials:
                        raise
                    break
                except Exception as error:  # a rate so high that the loss is no longer a number, a lack of memory
                    if not self.trials:
                        raise
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
                    self._reporter.say(
                        f"trial {trial.number + 1} failed: {error if isinstance(error, SoriError) else reason(error)}"
                    )
                    continue
                self.trials.append(one)
                state = optuna.trial.TrialState.PRUNED if one.stopped else optuna.trial.TrialState.COMPLETE
                study.tell(trial, None if one.stopped else one.loss, state)
                self._reporter.say(
                    f"trial {one.number}: loss {one.loss:.3f}, accuracy {one.accuracy:.1%}{', stopped' * one.stopped}"
                    f" ({_worded(one.options) or 'the usual options'})"
                )
                yield tuple(self.trials)

    def _searched(self) -> Iterator[tuple[str, Sequence[Any], Any]]:
        """Yield the name of each option that has a list of values, the values, and the usual one."""
        architecture = models.ARCHITECTURES[str(self._usual.model)]
        for name, usual in architecture.options.items():
            if name in _OF_MODEL and not (name == "width" and "scale" in architecture.options):
                yield name, sorted({*_OF_MODEL[name], usual}), usual
        yield "batch_size", sorted({*_BATCH_SIZES, self._settings.batch_size}), self._settings.batch_size
        recipe = architecture.recipe.augment or "none"
        yield "augment", [name for name in dict.fromkeys((recipe, *_AUGMENT)) if self._can(name)], recipe

    def _can(self, augment: str) -> bool:
        """Return whether features of this kind can be augmented so."""
        try:
            TrainingOptions(model=self._usual.model, augment=augment).settings(
                str(self._usual.model), self._kind, has_sound=self._dataset.has_sound
            )
        except ParameterError:
            return False
        return True

    def _try(self, trial: Any) -> Trial:
        """Train with the options of a trial."""
        optuna = require("optuna")
        number, began = trial.number + 1, time.monotonic()
        self._reporter.trial = number
        lr = trial.suggest_float("lr", self._settings.lr / _RATES, self._settings.lr * _RATES, log=True)
        drawn = {name: trial.suggest_categorical(name, values) for name, values, _ in self._space}
        chosen = {"lr": float(f"{lr:.3g}"), **drawn}
        changed = {name: value for name, value in chosen.items() if value != self._usual_values[name]}
        options = TrainingOptions(**{**self._usual.to_dict(), **_fields(changed)})
        settings = options.settings(str(options.model), self._kind, has_sound=self._dataset.has_sound)
        settings = replace(settings, jit=False)  # the memory of what was compiled for a trial is not given back
        so_far: list[Mapping[str, float]] = []

        def tell(values: Mapping[str, float]) -> None:
            so_far.append(values)
            trial.report(values["val_loss"], len(so_far))
            if self.trials and self._reporter.time_is_over:
                raise _TimeIsOver
            if trial.should_prune():
                raise optuna.TrialPruned

        model = str(options.model)
        trainer = Trainer(model, options.model_options, settings, self._dataset, self._reporter, after_epoch=tell)
        stopped = False
        try:
            trainer.fit(self._segments, self._parts.train, self._parts.valid, f"Trial {number}")
        except optuna.TrialPruned:
            stopped = True
        best = min(so_far, key=lambda values: values["val_loss"])
        return Trial(
            number,
            changed,
            best["val_loss"],
            best["val_accuracy"],
            len(so_far),
            stopped,
            seconds=time.monotonic() - began,
        )


def _fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as fields of TrainingOptions, which has those of the architecture in a mapping of their own."""
    of_model = {name: value for name, value in options.items() if name in _OF_MODEL}
    of_fit = {name: value for name, value in options.items() if name not in _OF_MODEL}
    return {**of_fit, **({"model_options": of_model} if of_model else {})}


def _worded(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" if name != "augment" else f"{name} {value}" for name, value in options.items())


def table(found: Search) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows: every trial, the best first."""
    ordered = sorted(found.trials, key=lambda one: (one.stopped, one.loss))
    rows = [
        [
            str(one.number),
            f"{one.loss:.3f}",
            f"{one.accuracy:.1%}",
            f"{one.epochs}{' (stopped)' * one.stopped}",
            f"{one.seconds:.0f} s",
            _worded(one.options) or "the usual ones",
        ]
        for one in ordered
    ]
    return ["trial", "validation loss", "accuracy", "epochs", "took", "options"], rows


def _write(found: Search, folder: Path) -> None:
    names = list(dict.fromkeys(name for one in found.trials for name in one.options))
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["trial", "loss", "accuracy", "epochs", "stopped", "seconds", *names])
    for one in found.trials:
        known = [one.number, one.loss, one.accuracy, one.epochs, one.stopped, round(one.seconds, 1)]
        writer.writerow([*known, *(one.options.get(name, "") for name in names)])
    losses = [(one.loss, one.stopped) for one in found.trials]
    text = experiment_page(
        "Search",
        heading="Which options suit this dataset?",
        answer=[*found.answer, found.call],
        table=table(found),
        note="Loss is the cross-entropy of validation segments in the best epoch. Options that are not named are the "
        "usual ones of the architecture.",
        figures=[Figure("", "Every trial, and the lowest loss so far.", plots.search_curve(losses))],
        settings=found.settings,
    )
    write_files(
        folder,
        {
            _RESULTS: orjson.dumps(found.to_dict(), option=orjson.OPT_INDENT_2),
            _TABLE: stream.getvalue().encode(),
            _PAGE: text.encode(),
        },
    )
