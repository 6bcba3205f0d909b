import numpy as np
import pytest

from sori.bundle.spectra import factors, turns


@pytest.mark.parametrize("n", [1, 2, 255, 400, 512, 2048, 101])
def test_two_small_products_are_the_transform(n, rng):
    a, b = factors(n)
    assert a * b == n
    assert a <= b
    x = rng.standard_normal((a, b))

    def wave(rows, columns, of):
        real, imaginary = turns(rows, columns, of)
        return real + 1j * imaginary

    found = ((wave(a, a, a) @ x) * wave(a, b, n)) @ wave(b, b, b)
    np.testing.assert_allclose(found.T.ravel(), np.fft.fft(x.ravel()), atol=1e-3)
