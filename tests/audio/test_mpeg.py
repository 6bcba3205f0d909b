import io

import numpy as np

from sori import audio
from sori.audio.mpeg import mp3_parts
from tests.conftest import tone


def stream(sr=22050, duration_s=1.0):
    return audio.encode_mp3(tone(440, sr=sr, duration_s=duration_s), sr=sr)


def parts(content):
    return mp3_parts(io.BytesIO(content), len(content))


def test_a_stream_that_counts_its_frames_is_read_as_it_is():
    assert parts(stream()) == ([], 0)


def test_what_is_not_an_mp3_has_no_parts(rng):
    for content in (b"", b"\xff", b"RIFF" * 100, b"\xff" * 300_000, rng.integers(0, 256, 10_000, np.uint8).tobytes()):
        assert parts(content) == ([], 0)


def test_a_header_that_counts_too_few_is_corrected():
    content = stream()
    (pieces,), samples = parts(content + content)
    assert samples == 0
    counts = next(piece for piece in pieces if isinstance(piece, bytes))
    one = content.index(b"Info") if b"Info" in content else content.index(b"Xing")
    announced = int.from_bytes(content[one + 8 : one + 12], "big")
    assert int.from_bytes(counts[:4], "big") == 2 * announced + 1  # the second header is a frame like others


def test_a_stream_without_a_header_gets_one():
    content = stream(duration_s=2.0)
    first = parts_of_frames(content)
    (pieces,), samples = parts(content[first[1] :])  # without the frame that holds the header
    assert samples == 576 * (len(first) - 1)
    assert b"Xing" in pieces[0]
    assert int.from_bytes(pieces[0].split(b"Xing")[1][4:8], "big") == len(first) - 1


def parts_of_frames(content):
    """The positions of frames of one rate, found by their first two bytes."""
    from sori.audio.mpeg import _first_frame, _frames, _Window

    read = _Window(io.BytesIO(content), len(content))
    return [at for at, _ in _frames(read, _first_frame(read, len(content)), len(content))]


def test_rates_that_change_are_streams_of_their_own():
    found, samples = parts(stream(sr=22050) + stream(sr=16000))
    assert len(found) == 2
    assert samples == 0
