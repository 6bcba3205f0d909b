import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sori.errors import ParameterError
from sori.nn import Neuron, sigmoid


def test_the_example_by_hand():
    neuron = Neuron([0.5, -0.2, 0.1])
    assert neuron.net_input([1, 2, 3]) == pytest.approx(0.4)
    assert neuron([1, 2, 3]) == pytest.approx(1 / (1 + math.exp(-0.4)))
    assert Neuron([0.5], bias=-0.5)([1]) == 0.5


@given(st.floats(-1e6, 1e6))
def test_sigmoid_stays_in_its_range_and_is_odd_about_a_half(z):
    assert 0 <= sigmoid(z) <= 1
    assert sigmoid(z) + sigmoid(-z) == pytest.approx(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Neuron([]), "weights must hold at least one number"),
        (lambda: Neuron([1, "x"]), "weights must be numbers"),
        (lambda: Neuron([float("nan")]), "weights must be finite"),
        (lambda: Neuron([1], bias=math.inf), "bias must be finite"),
        (lambda: Neuron([1, 2])([1]), "inputs must be 2 numbers, one per weight. Received 1"),
        (lambda: Neuron([1])([math.nan]), "inputs must be finite"),
    ],
)
def test_bad_numbers_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
