"""What lies under every analysis: blocks, threads and the two libraries that transform."""

import numpy as np
import pytest
import scipy.fft

from sori import features
from sori.errors import ParameterError
from sori.features.frames import Frames, check_hop


def frames(n_samples, *, n_fft=2048, **other):
    usual = {"hop_length": None, "win_length": None, "window": "hann", "center": True, "pad_mode": "constant"}
    return Frames(n_samples, n_fft=n_fft, **{**usual, **other})


@pytest.mark.parametrize(
    ("n_samples", "n_fft", "clips", "rows"),
    [
        (300_000, 2048, 1, 64),  # 586 frames of a clip, in blocks of 64
        (9000, 2048, 3, 54),  # 18 frames a clip: three clips a block
        (32255, 2048, 1, 63),
        (15_000, 2048, 2, 60),
        (300_000, 2**17, 1, 1),
        (300_000, 2**18, 1, 1),
    ],
)
def test_a_block_holds_half_a_mebibyte_of_samples(n_samples, n_fft, clips, rows):
    cut = frames(n_samples, n_fft=n_fft)
    assert (cut.clips_per_block, cut.rows_per_block) == (clips, rows)
    assert rows == 1 or rows * n_fft * 4 <= 2**19


@pytest.mark.parametrize(("workers", "n_blocks"), [(1, 10), (3, 10), (4, 10), (4, 2), (3, 1)])
def test_each_block_is_worked_on_once_by_as_many_threads_as_there_are(workers, n_blocks):
    cut, given = frames(512 * 64 * n_blocks - 1), []
    with scipy.fft.set_workers(workers):
        cut.share_out(1, given.append)
    assert len(given) == min(workers, n_blocks)
    assert sorted(block for blocks in given for block in blocks) == list(range(n_blocks))
    assert max(map(len, given)) - min(map(len, given)) <= 1


def test_clips_that_share_blocks_leave_none_out():
    given = []
    frames(9000).share_out(40, given.append)
    assert given == [range(14)]  # three clips a block


@pytest.mark.parametrize("pad_mode", ["constant", "reflect", "symmetric", "edge", "wrap"])
@pytest.mark.parametrize("n_fft", [255, 256])
def test_what_lies_beyond_the_ends_of_a_clip_of_several_blocks_is_numpys(rng, pad_mode, n_fft):
    y = rng.standard_normal((2, 70_000))
    hann = np.sin(np.pi * np.arange(n_fft) / n_fft) ** 2
    padded = np.pad(y, ((0, 0), (n_fft // 2, n_fft // 2)), mode=pad_mode)
    cut = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=-1)[:, ::64]
    expected = np.fft.rfft(cut * hann).swapaxes(1, 2)
    mine = features.stft(y, sr=22050, n_fft=n_fft, hop_length=64, pad_mode=pad_mode)
    np.testing.assert_allclose(mine, expected, atol=1e-5)


def test_a_step_is_a_quarter_of_the_window_and_no_less_than_a_sample():
    assert [frames(99, n_fft=n_fft).hop_length for n_fft in (1, 3, 4, 7, 8, 9)] == [1, 1, 1, 1, 2, 2]
    assert frames(99, n_fft=16, win_length=12).hop_length == 3


def test_a_clip_as_long_as_a_frame_is_one_that_need_not_be_centred():
    assert frames(2048, center=False).count == 1
    with pytest.raises(ParameterError, match="a clip of 2047 samples is shorter"):
        frames(2047, center=False)
    assert frames(1).count == 1


def test_a_step_may_be_as_long_as_a_frame():
    check_hop(512, n_fft=512)
    with pytest.raises(ParameterError, match="hop_length must be at most n_fft=512"):
        check_hop(513, n_fft=512)


def test_a_window_of_one_sample_lets_it_through():
    one = features.spectrogram(np.full(9, 0.5), sr=8000, n_fft=8, win_length=1, hop_length=1)
    np.testing.assert_allclose(one[:, 1:8], 0.5, rtol=1e-6)


def test_a_window_is_in_the_middle_of_its_frame():
    assert np.flatnonzero(frames(99, n_fft=9, win_length=4, window="boxcar").window).tolist() == [2, 3, 4, 5]
    assert not frames(99).window.flags.writeable


@pytest.mark.parametrize("shape", [(300000,), (40, 9000)])
def test_threads_change_nothing(rng, shape):
    y = rng.standard_normal(shape).astype(np.float32)
    alone = [features.stft(y, sr=22050), features.mel_spectrogram(y, sr=22050), features.mfcc(y, sr=22050)]
    with scipy.fft.set_workers(3):
        shared = [features.stft(y, sr=22050), features.mel_spectrogram(y, sr=22050), features.mfcc(y, sr=22050)]
    for mine, theirs in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(mine, theirs)
