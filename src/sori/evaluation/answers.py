"""What a classifier answered for each recording of a test: a table in its run, so that runs can be compared."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori.errors import BundleError, ParameterError, reason
from sori.evaluation.classes import by_recording
from sori.evaluation.intervals import difference_interval

FILE = "predictions.csv"


@dataclass(frozen=True)
class Answer:
    """A test recording, its group and class, the class it was taken for, the probability of that, and its hash."""

    recording: str
    group: str
    label: str
    predicted: str
    probability: float
    hash: str = ""

    @property
    def right(self) -> bool:
        """It was taken for its class."""
        return self.label == self.predicted


@dataclass(frozen=True)
class Difference:
    """How much more of the same recordings another run has right: the difference of accuracies, and its interval."""

    recordings: int
    groups: int
    difference: float
    interval: tuple[float, float]

    @property
    def is_clear(self) -> bool:
        """The 95 % interval does not contain 0."""
        return not self.interval[0] <= 0 <= self.interval[1]


def answers_of(
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    *,
    recordings: npt.NDArray[np.object_],
    groups: npt.NDArray[np.object_],
    classes: Sequence[str],
    digests: Mapping[str, str],
) -> list[Answer]:
    """Return the answer for each recording: the mean over its segments; ``digests`` are the recordings' hashes."""
    names, means, first = by_recording(probabilities, recordings)
    guesses = means.argmax(axis=1)
    return [
        Answer(
            name,
            str(groups[first[i]]),
            classes[labels[first[i]]],
            classes[guess],
            float(means[i, guess]),
            digests.get(name, ""),
        )
        for i, (name, guess) in enumerate(zip(names, guesses, strict=True))
    ]


def write_answers(answers: Sequence[Answer], path: Path) -> None:
    """Write a table with a line for each recording."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([one.name for one in fields(Answer)])
        writer.writerows(astuple(replace(answer, probability=round(answer.probability, 6))) for answer in answers)


def read_answers(run: Path) -> list[Answer]:
    """Read the table of a run.

    Raises
    ------
    BundleError
        If it has none, or it is damaged.
    """
    try:
        with (run / FILE).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return [Answer(**{**row, "probability": float(row["probability"])}) for row in rows]  # type: ignore[arg-type]
    except FileNotFoundError as error:
        raise BundleError(f"{run}: has no {FILE}: train it again, with this version") from error
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise BundleError(f"{run / FILE}: damaged ({reason(error)}); train again") from error


def difference(one: Sequence[Answer], other: Sequence[Answer]) -> Difference:
    """Compare two runs on the recordings that both were tested on.

    Raises
    ------
    ParameterError
        If they share no recording, or do not agree on its class.
    """
    # By content: another folder may have other recordings of the same name.
    known = {answer.hash or answer.recording: answer for answer in one}
    both = ((known.get(answer.hash or answer.recording), answer) for answer in other)
    pairs = [(first, second) for first, second in both if first is not None]
    if not pairs:
        raise ParameterError("the runs were tested on different recordings: train them with the same split and seed")
    for a, b in pairs:
        if a.label != b.label:
            raise ParameterError(f"the runs do not agree on {a.recording}: {a.label}, and {b.label}")
    first, second = (np.array([side.right for side in sides], dtype=float) for sides in zip(*pairs, strict=True))
    groups = [b.group for _, b in pairs]
    return Difference(
        len(pairs),
        len(set(groups)),
        float(second.mean() - first.mean()),
        difference_interval(first, second, groups),
    )
