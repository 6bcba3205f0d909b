import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sori.errors import ParameterError
from sori.features import FrontEnd


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(["waveform", "spectrogram", "mel", "mfcc"]),
    n_fft=st.integers(32, 600),
    hop=st.floats(0.01, 1),
    center=st.booleans(),
    chunks=st.lists(st.integers(0, 900), max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_gives_the_frames_of_the_whole_clip(kind, n_fft, hop, center, chunks, seed):
    hop_length = max(1, int(n_fft * hop))
    front_end = FrontEnd(
        kind=kind, sr=8000, n_fft=n_fft, hop_length=hop_length, n_mels=13, fmin=300, center=center, top_db=math.inf
    )
    y = np.random.default_rng(seed).uniform(-1, 1, sum(chunks)).astype(np.float32)
    stream = front_end.stream()
    parts = [stream(chunk) for chunk in np.split(y, np.cumsum(chunks)[:-1])] if chunks else []
    together = np.concatenate([*parts, stream.finish()])
    if front_end.shape(len(y))[0] and len(y):
        np.testing.assert_allclose(together, front_end(y), atol=1e-3)
    elif not center or kind == "waveform":
        assert together.shape == (0, front_end.bins)


def test_nothing_in_is_nothing_out():
    stream = FrontEnd(kind="mel", sr=16000, top_db=math.inf).stream()
    assert stream.finish().shape == (0, 128)


def test_begins_again_after_its_end(rng):
    stream = FrontEnd(kind="mfcc", sr=16000, top_db=math.inf).stream()
    y = rng.standard_normal(9000).astype(np.float32)
    first = np.concatenate([stream(y), stream.finish()])
    np.testing.assert_array_equal(np.concatenate([stream(y), stream.finish()]), first)


def test_frames_come_as_soon_as_they_can_be_known():
    stream = FrontEnd(kind="mel", sr=16000, center=False, top_db=math.inf).stream()
    assert [len(stream(np.zeros(n, dtype=np.float32))) for n in (2047, 1, 511, 1, 1024)] == [0, 1, 0, 1, 2]
    assert stream.finish().shape == (0, 128)


def test_memory_is_flat():
    stream = FrontEnd(
        kind="mel", sr=16000, n_fft=512, hop_length=160, n_mels=40, center=False, top_db=math.inf
    ).stream()
    chunk = np.zeros(16000, dtype=np.float32)
    stream(chunk)
    tracemalloc.start()
    for _ in range(600):  # ten minutes
        stream(chunk)
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6
    assert now < 1e5


@pytest.mark.parametrize("y", [np.zeros((2, 100), dtype=np.float32), np.arange(5), np.array([np.nan])], ids=str)
def test_bad_samples_are_refused(y):
    stream = FrontEnd(kind="mel", sr=16000, top_db=math.inf).stream()
    with pytest.raises(ParameterError):
        stream(y)


def test_a_floor_below_the_loudest_cannot_be_streamed():
    with pytest.raises(ParameterError, match="a stream cannot have top_db=80"):
        FrontEnd(kind="mel", sr=16000).stream()
    assert FrontEnd(kind="waveform", sr=16000).stream()(np.ones(3, dtype=np.float32)).shape == (3, 1)
