import numpy as np

from sori.training import Normalisation


def test_normalisation_is_learned_on_the_training_part_only(rng):
    x = (rng.standard_normal((600, 5, 3)) * [1, 10, 0] + [0, 5, 7]).astype(np.float32)
    train = np.arange(300)
    x[300:] += 1000
    normalisation = Normalisation.learn(x, train, one_scale=False)
    out = normalisation(x[train])
    np.testing.assert_allclose(out.mean(axis=(0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(out.std(axis=(0, 1)), [1, 1, 0], atol=1e-3)
    assert out.dtype == np.float32


def test_one_scale_keeps_quiet_bins_quiet(rng):
    x = (rng.standard_normal((100, 5, 2)) * [1, 7] + [3, 4]).astype(np.float32)
    normalisation = Normalisation.learn(x, np.arange(100), one_scale=True)
    np.testing.assert_allclose(normalisation.mean, [3, 4], atol=1)
    np.testing.assert_allclose(normalisation.std, 5, rtol=0.1)  # sqrt((1 + 49) / 2)


def test_parts_are_summed_as_numpy_sums_the_whole(rng):
    """More than a block of them, and as large as decibels are."""
    x = (20 * rng.standard_normal((700, 3, 4)) - 60).astype(np.float32)
    train = rng.permutation(700)[:600]
    found = Normalisation.learn(x, train, one_scale=False)
    np.testing.assert_allclose(found.mean, x[train].mean(axis=(0, 1), dtype=np.float64), rtol=1e-5)
    np.testing.assert_allclose(found.std, x[train].std(axis=(0, 1), dtype=np.float64), rtol=1e-4)


def test_what_is_given_stays_as_it_is(rng):
    x = rng.standard_normal((10, 3, 4)).astype(np.float32)
    before = x.copy()
    normalisation = Normalisation.learn(x, np.arange(10), one_scale=True)
    normalisation(x)
    np.testing.assert_array_equal(x, before)
