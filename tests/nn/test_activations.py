import numpy as np
import pytest
from scipy.special import expit

from sori.errors import ParameterError
from sori.nn.activations import ACTIVATIONS, activation_named


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=lambda a: a.name)
def test_slope_told_from_the_activation_is_the_derivative(activation):
    z = np.array([-3.0, -1.0, -0.1, 0.2, 1.5, 4.0])
    h = 1e-6
    numeric = (activation.of(z + h) - activation.of(z - h)) / (2 * h)
    np.testing.assert_allclose(activation.slope(activation.of(z)), numeric, atol=1e-8)


def test_sigmoid_is_the_sigmoid_everywhere():
    z = np.array([-1000.0, -30.0, -1.0, 0.0, 0.5, 30.0, 1000.0])
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(ACTIVATIONS["sigmoid"].of(z), expit(z), rtol=1e-12, atol=1e-15)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'sigmoid'"):
        activation_named("sigmod")
