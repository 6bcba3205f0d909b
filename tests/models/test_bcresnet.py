import numpy as np
import pytest

from sori import models
from sori.errors import ParameterError


@pytest.mark.parametrize(("scale", "parameters"), [(1, 9_232), (3, 54_212), (8, 321_144)])
def test_bcresnet_has_the_size_of_the_paper(scale, parameters):
    # Table 1 there: 9.2 k, 54.2 k and 321 k.
    network = models.build("bcresnet", input_shape=(101, 40), n_classes=12, scale=scale)
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trainable == pytest.approx(parameters, rel=0.07)


def test_bcresnet_needs_bins_to_halve():
    with pytest.raises(ParameterError, match="needs 8 or more; these segments have 5"):
        models.build("bcresnet", input_shape=(101, 5), n_classes=12)
