import numpy as np
import pytest

from sori.augment import SpectrogramAugment
from sori.errors import ParameterError

EVERYTHING = SpectrogramAugment(
    roll=True, stretch=0.3, shift_bins=2, level=0.3, masks=2, time_mask=0.2, bin_mask=0.2, mixup=0.3
)


@pytest.fixture
def batch(rng):
    x = rng.standard_normal((6, 20, 8)).astype(np.float32)
    return x, np.eye(3, dtype=np.float32)[rng.integers(3, size=6)]


def changed(batch, rng, **arguments):
    augment = SpectrogramAugment(**arguments)
    drawn = augment.draw(rng, batch[0].shape)
    return (*augment.apply(*batch, drawn), drawn)


def test_nothing_asked_nothing_changed(batch, rng):
    x, y, _ = changed(batch, rng)
    np.testing.assert_array_equal(x, batch[0])
    np.testing.assert_array_equal(y, batch[1])


def test_what_was_drawn_can_be_replayed(batch, rng):
    before = batch[0].copy()
    drawn = EVERYTHING.draw(rng, batch[0].shape)
    one, two = EVERYTHING.apply(*batch, drawn), EVERYTHING.apply(*batch, drawn)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert one[0].dtype == np.float32
    np.testing.assert_array_equal(batch[0], before)
    assert not np.allclose(one[0], before)


def test_roll_turns_time(batch, rng):
    x, _, drawn = changed(batch, rng, roll=True)
    for out, before, by in zip(x, batch[0], drawn["roll"], strict=True):
        np.testing.assert_array_equal(out, np.roll(before, -by, axis=0))


def test_shift_moves_bins_and_repeats_the_edge(batch, rng):
    x, _, drawn = changed(batch, rng, shift_bins=3)
    assert len(set(drawn["shift"])) > 1
    for out, before, by in zip(x, batch[0], drawn["shift"], strict=True):
        for b in range(8):
            np.testing.assert_array_equal(out[:, b], before[:, min(max(b - by, 0), 7)])


def test_stretch_samples_time_faster_or_slower(batch, rng):
    x, _, drawn = changed(batch, rng, stretch=0.5)
    for out, before, speed in zip(x, batch[0], drawn["speed"], strict=True):
        assert 2**-0.5 <= speed <= 2**0.5
        np.testing.assert_array_equal(out[7], before[int(7 * speed) % 20])


def test_level_is_one_number_for_a_segment(batch, rng):
    x, _, drawn = changed(batch, rng, level=0.5)
    np.testing.assert_allclose(x - batch[0], np.broadcast_to(drawn["level"][:, None, None], x.shape), atol=1e-6)


def test_masks_blank_whole_frames_and_bins_within_bounds(rng):
    ones = np.ones((50, 40, 20), dtype=np.float32)
    x, _, _ = changed((ones, np.ones((50, 1), dtype=np.float32)), rng, masks=1, time_mask=0.25, bin_mask=0.25)
    blank_frames, blank_bins = (x == 0).all(axis=2).sum(axis=1), (x == 0).all(axis=1).sum(axis=1)
    assert 0 < blank_frames.max() <= 10
    assert 0 < blank_bins.max() <= 5
    assert ((x == 0) == ((x == 0).all(axis=2)[:, :, None] | (x == 0).all(axis=1)[:, None, :])).all()


def test_mixup_mixes_sound_and_label_alike(batch, rng):
    x, y, drawn = changed(batch, rng, mixup=0.4)
    share = drawn["share"]
    assert (share >= 0.5).all()
    i, j = 2, drawn["partner"][2]
    np.testing.assert_allclose(x[i], share[i] * batch[0][i] + (1 - share[i]) * batch[0][j], atol=1e-6)
    np.testing.assert_allclose(y[i], share[i] * batch[1][i] + (1 - share[i]) * batch[1][j], atol=1e-6)
    np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    "bad", [{"stretch": -1}, {"shift_bins": -1}, {"time_mask": 1.5}, {"mixup": -0.1}, {"masks": 0.5}]
)
def test_arguments_are_checked(bad):
    with pytest.raises(ParameterError, match=next(iter(bad))):
        SpectrogramAugment(**bad)
