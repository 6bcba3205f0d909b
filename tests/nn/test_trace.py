import json

import numpy as np
import pytest

from sori.errors import ParameterError
from sori.nn import MLP


@pytest.fixture
def net():
    return MLP(2, [3], 1, bias=True, rng=np.random.default_rng(2))


def test_the_trace_is_the_step_that_is_taken(net):
    trace = net.explain_step([0.3, 0.1], [0.4], learning_rate=0.5)
    net.fit([[0.3, 0.1]], [[0.4]], epochs=1, learning_rate=0.5)
    for layer, w, b in zip(trace.layers, net.weights, net.biases, strict=True):
        np.testing.assert_allclose(layer.new_weights, w, atol=1e-15)
        np.testing.assert_allclose(layer.new_biases, b, atol=1e-15)


def test_the_network_stays_as_it_is(net):
    before = [w.copy() for w in net.weights]
    net.forward([0.0, 0.0])
    activations = list(net.activations)
    net.explain_step([0.3, 0.1], [0.4], learning_rate=0.5)
    for mine, old in zip([*net.weights, *net.activations], [*before, *activations], strict=True):
        np.testing.assert_array_equal(mine, old)


def test_every_number_follows_from_the_others(net):
    trace = net.explain_step([0.3, 0.1], [0.4], learning_rate=0.5)
    first, last = trace.layers
    np.testing.assert_array_equal(first.activation, last.inputs)
    for layer in trace.layers:
        np.testing.assert_allclose(layer.net_input, layer.inputs @ layer.weights + layer.biases)
        np.testing.assert_allclose(layer.slope, layer.activation * (1 - layer.activation))
        np.testing.assert_allclose(layer.delta, layer.error * layer.slope)
        np.testing.assert_allclose(layer.derivative, np.outer(layer.inputs, layer.delta))
        np.testing.assert_allclose(layer.new_weights, layer.weights + 0.5 * layer.derivative)
    np.testing.assert_allclose(last.error, [0.4] - trace.output)
    np.testing.assert_allclose(first.error, last.weights @ last.delta)
    assert trace.loss == pytest.approx(float((trace.error**2).mean()))


def test_as_json(net):
    values = json.loads(net.explain_step([0.3, 0.1], [0.4], learning_rate=0.5).to_json())
    assert [layer["shape"] for layer in values["layers"]] == [[2, 3], [3, 1]]
    assert len(values["layers"][0]["new_weights"]) == 2


def test_as_text_aligns_and_rounds(net):
    text = net.explain_step([0.3, 0.1], [0.4], learning_rate=0.5).as_text(decimals=3)
    assert "error2 = target - a2" in text
    assert all(
        len(word.partition(".")[2]) in (0, 3)
        for word in text.split()
        if word.lstrip("-")[:1].isdigit() and "." in word and word != "0.5"
    )
    numbers = [line for line in text.splitlines() if line.strip() and "(" in line]
    assert len({line.index("(") for line in numbers if line.startswith("  ") and "=" not in line}) == 1


def test_a_step_is_one_example(net):
    with pytest.raises(ParameterError, match="inputs must have shape"):
        net.explain_step([0.1, 0.2, 0.3], [0.4], learning_rate=0.5)
    with pytest.raises(ParameterError, match="learning_rate must be"):
        net.explain_step([0.1, 0.2], [0.4], learning_rate=0)
    with pytest.raises(ParameterError, match="targets must be 0 to 1"):
        net.explain_step([0.1, 0.2], [4.0], learning_rate=0.1)
