"""Whether probabilities are what they say: of the answers with 80 %, eight in ten should be right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError

# A temperature is not learned from fewer examples, nor beyond these limits.
_ENOUGH, _LIMITS = 30, (0.25, 8.0)
_BINS = 10
# Part of the right answers below the learned threshold.
_WITHHELD = 0.05


class Bin(NamedTuple):
    """The answers whose probability lies in a tenth of the scale: their number, mean probability and part right."""

    answers: int
    probability: float
    right: float


def learn_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the temperature that makes the probabilities of held-out examples most likely to be right.

    Logits are divided by it before the softmax. Networks are often surer than they are right, and it is then above 1.
    It changes no answer, only how sure it is.

    Parameters
    ----------
    logits
        Shape ``(n, classes)``, of examples that the network was not trained on.
    labels
        Class ids, shape ``(n,)``.

    Returns
    -------
    The temperature, 0.25 to 8; 1 if there are fewer than 30 examples.

    Source: Guo et al., On Calibration of Modern Neural Networks (2017).

    >>> rng = np.random.default_rng(0)
    >>> logits = rng.standard_normal((5000, 4))
    >>> labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)  # drawn with the probabilities of the logits
    >>> round(learn_temperature(3 * logits, labels))
    3
    """
    values, classes = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if values.ndim != 2 or classes.shape != values.shape[:1]:
        raise ParameterError("a temperature needs logits (n, classes) and n labels.")
    if len(values) < _ENOUGH:
        return 1.0
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(log_temperature: float) -> float:
        shares = log_softmax(values / np.exp(log_temperature), axis=1)
        return -float(shares[np.arange(len(classes)), classes].mean())

    low, high = np.log(_LIMITS)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def learn_threshold(probabilities: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Return the probability that 95 % of the right answers to held-out examples reach.

    An answer with less is better taken for none of the classes: the sound may be of another kind.

    Parameters
    ----------
    probabilities
        Of the class that was answered, one of each answer.
    right
        Whether it is the true one.

    Returns
    -------
    The probability; 0 if there are fewer than 30 right answers.

    >>> round(learn_threshold(np.linspace(0.5, 1.0, 101), [True] * 101), 3)
    0.525
    """
    sure, hits = np.asarray(probabilities, dtype=np.float64), np.asarray(right, dtype=bool)
    if hits.sum() < _ENOUGH:
        return 0.0
    return float(np.quantile(sure[hits], _WITHHELD))


def reliability(probabilities: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """Divide answers by their probability into tenths; return those that hold any.

    Parameters
    ----------
    probabilities
        Of the class that was answered, one of each answer.
    right
        Whether it is the true one.

    >>> reliability([0.95, 0.92, 0.55, 0.58], [True, True, True, False])
    [Bin(answers=2, probability=0.565, right=0.5), Bin(answers=2, probability=0.935, right=1.0)]
    """
    sure, hits = np.asarray(probabilities, dtype=np.float64), np.asarray(right, dtype=np.float64)
    which = np.clip((sure * _BINS).astype(int), 0, _BINS - 1)
    return [
        Bin(int(inside.sum()), round(float(sure[inside].mean()), 9), float(hits[inside].mean()))
        for inside in (which == i for i in range(_BINS))
        if inside.any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean difference between probability and part right, over all answers.

    Known as the expected calibration error; by chance alone, it is some points in a test of a hundred recordings.

    >>> round(calibration_error([Bin(30, 0.9, 0.8), Bin(10, 0.5, 0.5)]), 3)
    0.075
    """
    total = sum(one.answers for one in bins)
    return sum(one.answers * abs(one.probability - one.right) for one in bins) / max(1, total)
