import numpy as np
import pytest

from sori.nn.backpropagation import backpropagate


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(x, weights):
    activations = [x]
    for w in weights:
        activations.append(sigmoid(activations[-1] @ w))
    return activations


def slope_of(a):
    return a * (1 - a)


@pytest.fixture
def net(rng):
    weights = [rng.standard_normal(shape) for shape in ((3, 4), (4, 5), (5, 2))]
    return rng.standard_normal((6, 3)), rng.random((6, 2)), weights


def told(net, **given):
    x, targets, weights = net
    activations = forward(x, weights)
    given = {"slope_of": slope_of, "out": [None] * 3, **given}
    return list(backpropagate(activations, weights, targets - activations[-1], **given))


def test_derivatives_are_the_finite_differences_of_half_the_squared_error(net):
    x, targets, weights = net

    def loss():
        return 0.5 * float(((targets - forward(x, weights)[-1]) ** 2).sum())

    for layer, *_, derivative in told(net):
        numeric = np.empty_like(weights[layer])
        for place in np.ndindex(numeric.shape):
            there = weights[layer][place]
            weights[layer][place] = there + 1e-6
            above = loss()
            weights[layer][place] = there - 1e-6
            numeric[place] = (above - loss()) / 2e-6
            weights[layer][place] = there
        np.testing.assert_allclose(derivative, -numeric, atol=1e-7)  # a step along it lowers the error


def test_the_last_layer_comes_first_and_each_delta_is_error_times_slope(net):
    found = told(net)
    assert [layer for layer, *_ in found] == [2, 1, 0]
    for _, error, slope, delta, _ in found:
        np.testing.assert_allclose(delta, error * slope)


def test_the_first_weights_are_not_needed(net):
    x, targets, weights = net
    activations = forward(x, weights)
    error = targets - activations[-1]
    given = {"slope_of": slope_of, "out": [None] * 3}
    one = list(backpropagate(activations, weights, error, **given))
    other = list(backpropagate(activations, [None, *weights[1:]], error, **given))
    np.testing.assert_array_equal(one[-1][-1], other[-1][-1])


def test_arrays_that_are_given_are_written_to(net):
    out = [np.empty_like(w) for w in net[2]]
    for layer, *_, derivative in told(net, out=out):
        assert derivative is out[layer]


def test_what_is_rounded_goes_on_rounded(net):
    def coarse(layer, name, value):
        return value.round(1) if name == "delta" else value

    for _, error, slope, delta, derivative in told(net, rounding=coarse):
        np.testing.assert_array_equal(delta, (error * slope).round(1))
        assert derivative.shape[1] == delta.shape[1]
