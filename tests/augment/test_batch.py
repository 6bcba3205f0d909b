import numpy as np
import pytest

from sori.augment import Mix
from sori.errors import ParameterError


@pytest.fixture
def batch(rng):
    x = rng.standard_normal((6, 20, 8)).astype(np.float32)
    return x, np.eye(3, dtype=np.float32)[rng.integers(3, size=6)]


def test_nothing_asked_nothing_changed(batch, rng):
    mix = Mix()
    x, y = mix.apply(*batch, mix.draw(rng, 6))
    np.testing.assert_array_equal(x, batch[0])
    np.testing.assert_array_equal(y, batch[1])


def test_mixup_mixes_sound_and_label_alike(batch, rng):
    mix = Mix(mixup=0.4)
    drawn = mix.draw(rng, 6)
    x, y = mix.apply(*batch, drawn)
    share = drawn["share"]
    assert (share >= 0.5).all()
    i, j = 2, drawn["partner"][2]
    np.testing.assert_allclose(x[i], share[i] * batch[0][i] + (1 - share[i]) * batch[0][j], atol=1e-6)
    np.testing.assert_allclose(y[i], share[i] * batch[1][i] + (1 - share[i]) * batch[1][j], atol=1e-6)
    assert x.dtype == y.dtype == np.float32


def test_cutmix_pastes_a_rectangle_and_labels_follow_its_area(rng):
    x = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((6, 20, 8), dtype=np.float32)
    y = np.eye(6, dtype=np.float32)
    before = x.copy()
    mix = Mix(cutmix=1.0)
    drawn = mix.draw(rng, 6)
    out, mixed = mix.apply(x, y, drawn)
    np.testing.assert_array_equal(x, before)
    moved = 0
    for i, j in enumerate(drawn["partner"]):
        pasted = out[i] == j if i != j else np.zeros((20, 8), dtype=bool)
        assert (pasted | (out[i] == i)).all()
        rows, columns = pasted.any(axis=1), pasted.any(axis=0)
        assert pasted.sum() == rows.sum() * columns.sum()  # a rectangle
        assert mixed[i, i] == pytest.approx(1 - pasted.mean(), abs=1e-6) if i != j else mixed[i, i] == 1
        moved += pasted.any()
    assert moved >= 2
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)


def test_manifold_leaves_the_sound_to_the_network(batch, rng):
    mix = Mix(manifold=0.4, layer="dense")
    drawn = mix.draw(rng, 6)
    x, y = mix.apply(*batch, drawn)
    np.testing.assert_array_equal(x, batch[0])
    np.testing.assert_array_equal(y, Mix(mixup=0.4).apply(*batch, drawn)[1])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"mixup": -0.1}, "mixup"),
        ({"mixup": 0.1, "cutmix": 0.1}, "not several"),
        ({"manifold": 0.1}, "needs the name of a layer"),
        ({"mixup": 0.1, "layer": "dense"}, "needs the name of a layer"),
    ],
)
def test_arguments_are_checked(bad, message):
    with pytest.raises(ParameterError, match=message):
        Mix(**bad)


def test_cutmix_of_waveforms_pastes_a_stretch_of_time(rng):
    x = np.arange(40, dtype=np.float32)[:, None, None] * np.ones((40, 50, 1), dtype=np.float32)
    mix = Mix(cutmix=1.0)
    drawn = mix.draw(rng, 40)
    out, mixed = mix.apply(x, np.eye(40, dtype=np.float32), drawn)
    for i, j in enumerate(drawn["partner"]):
        if i != j:
            assert mixed[i, i] == pytest.approx((out[i] == i).mean())
            assert mixed[i, i] >= 0.49
    assert (mixed.max(axis=1) < 0.99).sum() > 10
