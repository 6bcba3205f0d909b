"""An experiment: how accuracy grows with the number of examples a class, with different features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from sori import models, plots
from sori.datasets import Dataset, Segments, split
from sori.errors import DatasetError, ParameterError, check_count
from sori.evaluation.classes import by_recording
from sori.evaluation.intervals import mean_interval
from sori.folders import write_files
from sori.output import Maker, output_folder
from sori.reporter import SILENT, Reporter
from sori.reports.experiments import Figure, experiment_page
from sori.training import Trainer, TrainingOptions

_MAKER = "sori experiment examples"
_RESULTS, _PAGE = "examples.json", "report.html"
_FOLDER = Maker(_MAKER, _RESULTS, files=(_PAGE,))
COUNTS = (5, 10, 20, 50)
_VALID_SHARE = 0.2  # of the examples of a class, to choose the epoch by


@dataclass(frozen=True)
class Point:
    """The accuracy of a dataset's model with some examples a class: the mean over draws, and its 95 % interval."""

    name: str
    examples: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class ExamplesExperiment:
    """All points, and how they were measured."""

    settings: Mapping[str, Any]
    points: tuple[Point, ...]

    @property
    def answer(self) -> str:
        """What the points say: the best for each number of examples."""
        lines = []
        for count in dict.fromkeys(point.examples for point in self.points):
            best = max((point for point in self.points if point.examples == count), key=lambda point: point.accuracy)
            lines.append(f"With {count} a class, {best.name} is best: {best.accuracy:.1%}.")
        return " ".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "made_by": _MAKER,
            "settings": dict(self.settings),
            "answer": self.answer,
            "points": [asdict(point) for point in self.points],
        }


def compare_examples(
    sources: Sequence[Path],
    out: Path,
    *,
    counts: Sequence[int] = COUNTS,
    draws: int = 3,
    epochs: int | None = None,
    test_size: float = 0.3,
    seed: int = 0,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> ExamplesExperiment:
    """Train on a few recordings of each class, then on more, and test on the same others each time.

    Parameters
    ----------
    sources
        Datasets of the same recordings with different features, such as embeddings and mel spectrograms. Each trains
        the default model for its features.
    counts
        Recordings of each class to train on. A fifth of them choose the epoch, where the model has epochs.
    draws
        Random draws of the recordings for each count; a larger count adds to the draw of a smaller one.
    epochs
        For models that have epochs; None: their own.
    test_size, seed
        As :func:`sori.datasets.split`, by group, of the first dataset.

    Raises
    ------
    SoriError
        If the datasets are of different recordings, there are too few to draw from, or ``out`` exists already.
    """
    check_count("draws", draws)
    for count in counts:
        check_count("counts", count, at_least=2)
    datasets = [Dataset.open(source) for source in sources]
    recordings = [set(dataset.digests().values()) for dataset in datasets]
    for dataset, there in zip(datasets, recordings, strict=True):
        if there != recordings[0] or dataset.classes != datasets[0].classes:
            raise DatasetError(f"{dataset.path}: is of other recordings or classes than {datasets[0].path}")
    pools, test = _divided(datasets[0], test_size=test_size, seed=seed)
    most = min(len(pool) for pool in pools)
    usable = [count for count in dict.fromkeys(sorted(counts)) if count <= most]
    if not usable:
        raise ParameterError(f"the smallest class has {most} recordings to train on: give `counts` of {most} or fewer.")
    if len(usable) < len(set(counts)):
        reporter.say(f"the smallest class has {most} recordings to train on, so larger counts are left out")
    settings = {
        "datasets": [dataset.path.resolve().name for dataset in datasets],
        "classes": len(datasets[0].classes),
        "test": f"{len(test)} recordings, the same for all; groups in them are not trained on",
        "examples": usable,
        "draws": draws,
        "epochs": epochs,
        "seed": seed,
    }
    points = []
    with output_folder(out, _FOLDER, overwrite=overwrite) as output:
        for dataset in datasets:
            learner = _Learner(dataset, epochs, reporter)
            for count in usable:
                points.append(learner.point(count, pools, test, draws=draws, seed=seed))
                reporter.say(f"{points[-1].name}, {count} a class: {points[-1].accuracy:.1%}")
        found = ExamplesExperiment(settings, tuple(points))
        output.write(lambda folder: _write(found, folder))
    return found


def _divided(dataset: Dataset, *, test_size: float, seed: int) -> tuple[list[list[str]], set[str]]:
    """Return the hashes of the recordings of each class to draw from, and of those to test on."""
    segments, of = dataset.load(), dataset.digests()
    parts = split(segments, kind="group", test_size=test_size, valid_size=0.01, seed=seed, classes=dataset.classes)
    test = {of[recording] for recording in segments.recording[parts.test]}
    pools: list[dict[str, None]] = [{} for _ in dataset.classes]
    for i in np.concatenate([parts.train, parts.valid]):
        pools[segments.label[i]][of[segments.recording[i]]] = None
    return [sorted(set(pool) - test) for pool in pools], test


class _Learner:
    """Trains the default model of a dataset on some of its recordings."""

    def __init__(self, dataset: Dataset, epochs: int | None, reporter: Reporter) -> None:
        kind = dataset.front_end.kind if dataset.front_end else None
        self._dataset, self._reporter = dataset, reporter
        self._model = models.default_for(kind)
        solved = models.ARCHITECTURES[self._model].solved
        options = TrainingOptions(model=self._model, epochs=None if solved else epochs)
        self._settings = options.settings(self._model, kind, has_sound=dataset.has_sound)
        self._segments: Segments = dataset.load()
        of = dataset.digests()
        self._hashes = np.array([of[recording] for recording in self._segments.recording])
        self.name = f"{self._model} ({dataset.path.resolve().name})"

    def point(self, count: int, pools: Sequence[Sequence[str]], test: set[str], *, draws: int, seed: int) -> Point:
        """Train and test on every draw of ``count`` recordings a class."""
        tested = self._where(test)
        right = []
        for draw in range(draws):
            # The order depends on the draw alone, so that a larger count adds to a smaller one.
            drawn = [np.random.default_rng((seed, draw, k)).permutation(pool)[:count] for k, pool in enumerate(pools)]
            held = max(1, round(_VALID_SHARE * count))
            train, valid = (
                self._where({str(one) for class_ in some for one in class_})
                for some in ([one[held:] for one in drawn], [one[:held] for one in drawn])
            )
            trainer = Trainer(self._model, {}, replace(self._settings, seed=draw), self._dataset, self._reporter)
            fitted = trainer.fit(self._segments, train, valid, f"{self.name}, {count} a class, draw {draw + 1}")
            probabilities = fitted.probabilities(self._segments.x[tested])
            _, means, first = by_recording(probabilities, self._segments.recording[tested])
            right.append(means.argmax(axis=1) == self._segments.label[tested][first])
        groups = self._segments.group[tested][first].astype(str)
        each = np.mean(right, axis=0)
        return Point(self.name, count, float(each.mean()), mean_interval(each, groups))

    def _where(self, hashes: set[str]) -> npt.NDArray[np.intp]:
        return np.flatnonzero(np.isin(self._hashes, sorted(hashes)))


def table(found: ExamplesExperiment) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows: for each model, its accuracy with its interval by number of examples."""
    counts = list(dict.fromkeys(point.examples for point in found.points))
    rows = []
    for name in dict.fromkeys(point.name for point in found.points):
        cells = {
            point.examples: f"{point.accuracy:.1%} ({point.interval[0]:.0%} to {point.interval[1]:.0%})"
            for point in found.points
            if point.name == name
        }
        rows.append([name, *(cells[count] for count in counts)])
    return ["model", *(f"{count} a class" for count in counts)], rows


def _write(found: ExamplesExperiment, folder: Path) -> None:
    curves = {
        name: [(point.examples, point.accuracy, point.interval) for point in found.points if point.name == name]
        for name in dict.fromkeys(point.name for point in found.points)
    }
    text = experiment_page(
        "Examples",
        heading="How many examples does it take?",
        answer=[found.answer],
        table=table(found),
        note=f"Accuracy of test recordings, mean over {found.settings['draws']} draws of the examples; 95 % intervals "
        "are over groups of test recordings, so they tell how other recordings would score, not other draws.",
        figures=[Figure("", "Bars are 95 % intervals.", plots.examples_curve(curves))],
        settings=found.settings,
    )
    write_files(
        folder,
        {_RESULTS: orjson.dumps(found.to_dict(), option=orjson.OPT_INDENT_2), _PAGE: text.encode()},
    )
