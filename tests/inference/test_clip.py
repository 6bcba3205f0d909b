import numpy as np
import pytest

from sori.errors import ParameterError
from sori.inference.clip import checked_clip


def test_a_clip_becomes_float32():
    y = checked_clip(np.array([0.5, -0.25]))
    assert y.dtype == np.float32
    assert y.tolist() == [0.5, -0.25]
    assert len(checked_clip(np.zeros(0))) == 0


@pytest.mark.parametrize("y", [np.zeros((2, 3)), np.zeros(3, dtype=np.int16), np.array([0.0, np.nan]), [np.inf]])
def test_what_is_no_clip_is_refused(y):
    with pytest.raises(ParameterError, match=r"finite floating-point samples \(samples,\)"):
        checked_clip(y)
