import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sori.errors import ParameterError, SoriError
from sori.models.backend import keras as load_keras
from sori.nn import MLP


def network(hidden=(5,), *, seed=0, **arguments):
    return MLP(2, hidden, 1, rng=np.random.default_rng(seed), **arguments)


def half_squares(net, x, t):
    """The loss whose derivative a step follows: half the sum of squared errors."""
    return 0.5 * float(((t - net.forward(x)) ** 2).sum())


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "linear"])
@pytest.mark.parametrize("hidden", [(), (4,), (3, 4), (4, 3, 2)], ids=len)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("examples", [1, 7])
def test_every_derivative_equals_finite_differences(activation, hidden, bias, examples):
    rng = np.random.default_rng(3)
    net = MLP(3, hidden, 2, bias=bias, activation=activation, rng=rng)
    for b in net.biases:
        b += rng.standard_normal(b.shape)
    x, t = rng.standard_normal((examples, 3)), rng.random((examples, 2))
    net.backward(t - net.forward(x))
    parameters = [*zip(net.weights, net.derivatives, strict=True), *zip(net.biases, net.bias_derivatives, strict=True)]
    h = 1e-6
    checked = 0
    for values, derivative in parameters:
        assert values.shape == derivative.shape
        for index in np.ndindex(values.shape):
            before = values[index]
            losses = []
            for step in (h, -h):
                values[index] = before + step
                losses.append(half_squares(net, x, t))
            values[index] = before
            assert derivative[index] == pytest.approx(-(losses[0] - losses[1]) / (2 * h), rel=1e-4, abs=1e-7)
            checked += 1
    assert checked == sum(a * b + bias * b for a, b in itertools.pairwise([3, *hidden, 2]))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "linear"])
def test_gradients_and_steps_are_those_of_keras(activation):
    keras = load_keras()
    rng = np.random.default_rng(1)
    net = MLP(3, [4, 5], 2, bias=True, activation=activation, rng=rng)
    x, t = rng.random((6, 3)), rng.random((6, 2))
    layers = [keras.layers.Dense(len(b), activation=activation, dtype="float64") for b in net.biases]
    model = keras.Sequential([keras.Input((3,), dtype="float64"), *layers])
    model.set_weights([array for pair in zip(net.weights, net.biases, strict=True) for array in pair])
    np.testing.assert_allclose(net.forward(x), np.asarray(model(x)), atol=1e-12)
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        model.compile(keras.optimizers.SGD(0.3), loss="mean_squared_error")
        model.train_on_batch(x, t)
    finally:
        keras.config.set_floatx(before)
    net.fit(x, t, epochs=1, learning_rate=0.3 * 2 / t.size, batch_size=6)
    for mine, theirs in zip(
        net.weights + net.biases, model.get_weights()[::2] + model.get_weights()[1::2], strict=True
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-7)


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 10**6),
    hidden=st.lists(st.integers(1, 6), max_size=3),
    activation=st.sampled_from(["sigmoid", "tanh", "linear"]),
    bias=st.booleans(),
    examples=st.integers(1, 5),
)
def test_a_small_step_along_the_derivative_never_raises_the_error(seed, hidden, activation, bias, examples):
    rng = np.random.default_rng(seed)
    net = MLP(2, hidden, 2, bias=bias, activation=activation, rng=rng)
    x, t = rng.uniform(-1, 1, (examples, 2)), rng.random((examples, 2))
    before = half_squares(net, x, t)
    net.backward(t - net.forward(x))
    net.gradient_descent(1e-5)
    assert half_squares(net, x, t) <= before + 1e-12


def plain_numpy(weights, x, t, *, epochs, rate):
    """The same loop, written out for two layers and one example at a time."""
    w0, w1 = (w.copy() for w in weights)
    for _ in range(epochs):
        for xi, ti in zip(x, t, strict=True):
            a1 = 1 / (1 + np.exp(-(xi @ w0)))
            a2 = 1 / (1 + np.exp(-(a1 @ w1)))
            d2 = (ti - a2) * a2 * (1 - a2)
            d1 = (w1 @ d2) * a1 * (1 - a1)
            w1 += rate * np.outer(a1, d2)
            w0 += rate * np.outer(xi, d1)
    return w0, w1


def test_fit_is_the_plain_loop(rng):
    net = network()
    x = rng.random((50, 2)) / 2
    t = x.sum(axis=1, keepdims=True)
    expected = plain_numpy(net.weights, x, t, epochs=4, rate=0.1)
    net.fit(x, t, epochs=4, learning_rate=0.1)
    for mine, theirs in zip(net.weights, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_learns_to_add(rng):
    x = rng.random((1000, 2)) / 2
    net, seen = network(), []
    losses = net.fit(x, x.sum(axis=1, keepdims=True), epochs=50, learning_rate=0.1, on_epoch=lambda *e: seen.append(e))
    assert seen == list(enumerate(losses, 1))
    assert losses[-1] < losses[0] / 20
    np.testing.assert_allclose(net.forward([[0.3, 0.1], [0.1, 0.2]])[:, 0], [0.4, 0.3], atol=0.05)
    assert net.evaluate(x, x.sum(axis=1, keepdims=True)) == pytest.approx(losses[-1], rel=0.2)


def test_the_loss_of_an_epoch_is_the_mean_over_the_data_set(rng):
    x, t = rng.random((10, 2)), rng.random((10, 1))
    for batch_size in (3, 10, 64):
        net = network()
        expected = float(np.mean((t - net.forward(x)) ** 2))
        first = net.fit(x, t, epochs=1, learning_rate=1e-9, batch_size=batch_size)
        assert first == [pytest.approx(expected, rel=1e-6)]


def test_batches_sum_and_shuffling_repeats(rng):
    x, t = rng.random((20, 2)), rng.random((20, 1))
    whole = network()
    whole.backward(t - whole.forward(x))
    single = [network() for _ in range(20)]
    for net, xi, ti in zip(single, x, t, strict=True):
        net.backward(ti - net.forward(xi))
    np.testing.assert_allclose(whole.derivatives[0], sum(net.derivatives[0] for net in single), atol=1e-12)
    runs = [network().fit(x, t, epochs=3, learning_rate=0.5, shuffle=how) for how in (True, True, False)]
    assert runs[0] == runs[1] != runs[2]


def test_save_and_load(tmp_path, rng):
    for bias in (False, True):
        net = MLP(2, [3, 4], 2, bias=bias, activation="tanh", rng=rng)
        net.save(tmp_path / "net")
        again = MLP.load(tmp_path / "net")
        np.testing.assert_array_equal(again.forward([0.1, 0.2]), net.forward([0.1, 0.2]))
        assert repr(again) == repr(net) == f"MLP(2-3-4-2, bias={bias}, activation='tanh')"


def test_damaged_weights_are_one_line(tmp_path):
    net = network()
    net.save(tmp_path / "good.npz")
    whole = (tmp_path / "good.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.npz").write_text("no weights")
    (tmp_path / "empty.npz").touch()
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    np.savez(
        tmp_path / "gap.npz", weights_0=np.zeros((2, 3)), weights_1=np.zeros((4, 1)), activation=np.array("sigmoid")
    )
    np.savez(tmp_path / "nan.npz", weights_0=np.full((2, 1), np.nan), activation=np.array("sigmoid"))
    np.savez(tmp_path / "name.npz", weights_0=np.zeros((2, 1)), activation=np.array("sigmod"))
    np.savez(tmp_path / "pickle.npz", weights_0=np.zeros((2, 1)), activation=np.array([{}], dtype=object))
    for name in ("cut", "text", "empty", "other", "gap", "nan", "name", "pickle", "missing"):
        with pytest.raises(SoriError, match=rf"{name}\.npz: not a network that MLP.save wrote, or damaged") as error:
            MLP.load(tmp_path / f"{name}.npz")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": (0,)}, "hidden must be a whole number, at least 1"),
        ({"activation": "step"}, "activation must be one of"),
    ],
)
def test_layers_are_checked(arguments, message):
    with pytest.raises(ParameterError, match=message):
        network(**arguments)


X, T = np.zeros((4, 2)), np.full((4, 1), 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": np.zeros((4, 3))}, r"inputs must have shape \(examples, 2\). Received \(4, 3\)"),
        ({"inputs": np.zeros(2)}, r"inputs must have shape \(examples, 2\)"),
        ({"inputs": np.zeros((0, 2))}, r"inputs must have shape"),
        ({"inputs": np.full((4, 2), np.nan)}, "inputs must be finite"),
        ({"inputs": [["a", "b"]]}, "inputs must be numbers"),
        ({"targets": np.zeros((3, 1))}, "targets must have as many rows as inputs, 4. Received 3"),
        ({"targets": np.full((4, 1), 1.5)}, r"targets must be 0 to 1, the range of sigmoid. Received 1\.5"),
        ({"learning_rate": 0}, "learning_rate must be"),
        ({"learning_rate": -0.1}, "learning_rate must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"batch_size": 0}, "batch_size must be"),
    ],
)
def test_fit_checks_its_arguments(arguments, message):
    with pytest.raises(ParameterError, match=message):
        network().fit(**{"inputs": X, "targets": T, "epochs": 1, "learning_rate": 0.1, **arguments})


def test_forward_and_backward_check_theirs():
    net = network()
    with pytest.raises(ParameterError, match="call forward first"):
        net.backward([0.1])
    net.forward(X)
    with pytest.raises(ParameterError, match=r"error must have shape \(4, 1\). Received \(1, 1\)"):
        net.backward([0.1])
    with pytest.raises(ParameterError, match=r"x must have shape \(2,\) or \(examples, 2\)"):
        net.forward([1, 2, 3])
    with pytest.raises(ParameterError, match="learning_rate must be"):
        net.gradient_descent(0)


@pytest.mark.parametrize("scale", [1e200, 100.0, 0.9])
def test_divergence_stops_with_the_epoch(scale):
    net = MLP(2, [], 1, activation="linear", rng=np.random.default_rng(4))
    x = np.random.default_rng(0).random((50, 2)) * scale
    with pytest.raises(SoriError, match=r"diverged in epoch \d+ .*use a learning_rate below 0\.5"):
        net.fit(x, x.sum(axis=1, keepdims=True) + 1, epochs=50, learning_rate=0.5, batch_size=25)
