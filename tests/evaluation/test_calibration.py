import numpy as np
import pytest

from sori.errors import ParameterError
from sori.evaluation.calibration import Bin, calibration_error, learn_temperature, learn_threshold, reliability


def drawn(rng, temperature, n=4000):
    """Logits that are surer than they are right by a factor, and labels."""
    logits = rng.standard_normal((n, 5))
    return temperature * logits, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found(rng, temperature):
    assert learn_temperature(*drawn(rng, temperature)) == pytest.approx(temperature, rel=0.1)


def test_it_makes_probabilities_what_they_say(rng):
    def error(logits, labels, temperature):
        p = np.exp(logits / temperature)
        p /= p.sum(axis=1, keepdims=True)
        return calibration_error(reliability(p.max(axis=1), p.argmax(axis=1) == labels))

    logits, labels = drawn(rng, 3.0)
    learned = learn_temperature(logits, labels)
    fresh, truth = drawn(rng, 3.0)
    assert error(fresh, truth, 1.0) > 0.15
    assert error(fresh, truth, learned) < 0.04


def test_few_or_perfect_examples_do_not_carry_it_away(rng):
    assert learn_temperature(*drawn(rng, 3.0, n=29)) == 1.0
    assert 0.25 <= learn_temperature(np.eye(4)[np.arange(40) % 4], np.arange(40) % 4) <= 0.26
    with pytest.raises(ParameterError, match="labels"):
        learn_temperature(np.zeros((3, 2)), [0, 1])


def test_answers_are_put_where_their_probability_is():
    bins = reliability([0.1, 0.19, 1.0, 0.99], [False, True, True, True])
    assert bins == [Bin(2, pytest.approx(0.145), 0.5), Bin(2, pytest.approx(0.995), 1.0)]
    assert sum(one.answers for one in bins) == 4
    assert calibration_error([]) == 0.0


def test_the_threshold_is_what_most_right_answers_reach(rng):
    probabilities, right = rng.random(1000), rng.random(1000) < 0.7
    threshold = learn_threshold(probabilities, right)
    assert (probabilities[right] >= threshold).mean() == pytest.approx(0.95, abs=0.002)
    assert learn_threshold(probabilities[:29], np.ones(29, dtype=bool)) == 0
    assert learn_threshold(probabilities, np.zeros(1000, dtype=bool)) == 0
