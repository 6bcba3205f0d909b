import numpy as np
import pytest

from sori.augment import SpectrogramAugment
from sori.errors import ParameterError

EVERYTHING = SpectrogramAugment(roll=True, stretch=0.3, shift_bins=2, level=0.3, masks=2, time_mask=0.2, bin_mask=0.2)


@pytest.fixture
def batch(rng):
    return rng.standard_normal((6, 20, 8)).astype(np.float32)


def changed(batch, rng, **arguments):
    augment = SpectrogramAugment(**arguments)
    drawn = augment.draw(rng, batch.shape)
    return augment.apply(batch, drawn), drawn


def test_nothing_asked_nothing_changed(batch, rng):
    np.testing.assert_array_equal(changed(batch, rng)[0], batch)


def test_what_was_drawn_can_be_replayed(batch, rng):
    before = batch.copy()
    drawn = EVERYTHING.draw(rng, batch.shape)
    one, two = EVERYTHING.apply(batch, drawn), EVERYTHING.apply(batch, drawn)
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(batch, before)
    assert not np.allclose(one, before)


def test_roll_turns_time(batch, rng):
    x, drawn = changed(batch, rng, roll=True)
    for out, before, by in zip(x, batch, drawn["roll"], strict=True):
        np.testing.assert_array_equal(out, np.roll(before, -by, axis=0))


def test_shift_moves_bins_and_repeats_the_edge(batch, rng):
    x, drawn = changed(batch, rng, shift_bins=3)
    assert len(set(drawn["shift"])) > 1
    for out, before, by in zip(x, batch, drawn["shift"], strict=True):
        for b in range(8):
            np.testing.assert_array_equal(out[:, b], before[:, min(max(b - by, 0), 7)])


def test_stretch_samples_time_faster_or_slower(batch, rng):
    x, drawn = changed(batch, rng, stretch=0.5)
    for out, before, speed, about in zip(x, batch, drawn["speed"], drawn["about"], strict=True):
        assert 2**-0.5 <= speed <= 2**0.5
        assert 0 <= about < 20
        frames = np.clip((about + (np.arange(20) - about) * speed).astype(int), 0, 19)
        np.testing.assert_array_equal(out, before[frames])
        assert (np.diff(frames) >= 0).all()


def test_level_is_one_number_for_a_segment(batch, rng):
    x, drawn = changed(batch, rng, level=0.5)
    np.testing.assert_allclose(x - batch, np.broadcast_to(drawn["level"][:, None, None], x.shape), atol=1e-6)


def test_masks_blank_whole_frames_and_bins_within_bounds(rng):
    ones = np.ones((50, 40, 20), dtype=np.float32)
    x, _ = changed(ones, rng, masks=1, time_mask=0.25, bin_mask=0.25)
    blank_frames, blank_bins = (x == 0).all(axis=2).sum(axis=1), (x == 0).all(axis=1).sum(axis=1)
    assert 0 < blank_frames.max() <= 10
    assert 0 < blank_bins.max() <= 5
    assert ((x == 0) == ((x == 0).all(axis=2)[:, :, None] | (x == 0).all(axis=1)[:, None, :])).all()


def test_masks_may_hold_the_clips_own_mean_or_fade(rng):
    ones = 1 + rng.random((20, 40, 20)).astype(np.float32)
    given = {"masks": 1, "time_mask": 0.5}
    mean, drawn = changed(ones, rng, **given, fill="mean")
    faded = SpectrogramAugment(**given, fill="fade").apply(ones, drawn)
    i = int(drawn["mask_width"][:, 0, 0].argmax())
    width = int(drawn["mask_width"][i, 0, 0])
    start = int(drawn["mask_at"][i, 0, 0] * (40 - width + 1))
    inside = slice(start, start + width)
    np.testing.assert_allclose(mean[i, inside], ones[i].mean(), rtol=1e-5)
    share = faded[i, inside, 0] / ones[i, inside, 0]
    half = width // 2
    assert (np.diff(share[:half]) < 0).all()
    assert (np.diff(share[-half:]) > 0).all()
    np.testing.assert_allclose(np.diff(share[:half], n=2), 0, atol=1e-6)  # a line
    assert share[0] < 1
    np.testing.assert_array_equal(np.delete(faded[i], np.r_[inside], axis=0), np.delete(ones[i], np.r_[inside], axis=0))


@pytest.mark.parametrize(
    "bad", [{"stretch": -1}, {"shift_bins": -1}, {"time_mask": 1.5}, {"masks": 0.5}, {"fill": "black"}]
)
def test_arguments_are_checked(bad):
    with pytest.raises(ParameterError, match=next(iter(bad))):
        SpectrogramAugment(**bad)
