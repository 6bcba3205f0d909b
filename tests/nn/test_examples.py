import numpy as np

from sori.nn.examples import hand_worked


def test_the_step_worked_by_hand():
    traces = hand_worked()
    exact, rounded, quarter = (traces[name].layers for name in ("exact", "rounded", "quarter"))
    np.testing.assert_allclose(exact[1].delta, [0.32 * 0.68 * 0.32], atol=1e-15)
    close = {"atol": 1e-12}
    np.testing.assert_allclose(rounded[1].error, [0.32], **close)
    np.testing.assert_allclose(rounded[1].slope, [0.22], **close)
    np.testing.assert_allclose(rounded[1].delta, [0.07], **close)
    np.testing.assert_allclose(rounded[1].derivative[:, 0], [0.042, 0.049], **close)
    np.testing.assert_allclose(rounded[0].error, [0.035, 0.035], **close)
    np.testing.assert_allclose(rounded[0].slope, [0.24, 0.21], **close)
    np.testing.assert_allclose(rounded[0].delta, [0.0084, 0.00735], **close)
    np.testing.assert_allclose(rounded[0].derivative, [[0.0084, 0.00735], [0.0168, 0.0147]], **close)
    np.testing.assert_allclose(quarter[0].delta, [0.00875, 0.00875], **close)
    np.testing.assert_allclose(quarter[0].derivative, [[0.00875, 0.00875], [0.0175, 0.0175]], **close)


def test_without_rounding_every_number_is_the_formulas():
    first, last = hand_worked()["exact"].layers
    a, error = np.array([0.6, 0.7]), 1.0 - 0.68
    delta = error * 0.68 * (1 - 0.68)
    np.testing.assert_allclose(last.derivative[:, 0], a * delta, atol=1e-15)
    np.testing.assert_allclose(first.error, [0.5 * delta] * 2, atol=1e-15)
    np.testing.assert_allclose(first.delta, 0.5 * delta * a * (1 - a), atol=1e-15)
    np.testing.assert_allclose(first.derivative, np.outer([1.0, 2.0], first.delta), atol=1e-15)
