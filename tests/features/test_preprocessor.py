import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from sori.errors import AudioError, ParameterError
from sori.features import FrontEnd, Preprocessor, Segmenting, Unusable
from tests.conftest import tone

WAVEFORM = FrontEnd(kind="waveform", sr=8000)
MEL = FrontEnd(kind="mel", sr=8000, n_fft=512, hop_length=128, n_mels=20)
HALVES = Preprocessor(MEL, Segmenting(duration_s=1, segments=2))


def test_it_comes_back_from_json():
    made = Preprocessor(MEL, Segmenting(duration_s=2.5, segments=3, overlap=0.5, pad=True, by="beats", beats=2))
    assert Preprocessor.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"front_end": MEL.to_dict()}, "a preprocessor needs 'segmenting'"),
        ({"segmenting": {}}, "a preprocessor needs 'front_end'"),
        ({"front_end": MEL.to_dict(), "segmenting": 3}, "a preprocessor needs 'segmenting', a table"),
        ({"front_end": MEL.to_dict(), "segmenting": {"segmnts": 3}}, "did you mean 'segments'"),
        ({**HALVES.to_dict(), "sr": 8000}, "unknown key 'sr' in Preprocessor"),
    ],
)
def test_strict_about_what_it_is_made_of(values, message):
    with pytest.raises(ParameterError, match=message):
        Preprocessor.from_dict(values)


def test_a_segment_has_the_rate_of_the_front_end_and_its_frames():
    assert (HALVES.sr, HALVES.samples, HALVES.shape) == (8000, 4000, (1 + 4000 // 128, 20))
    assert [replace(HALVES, segmenting=Segmenting(duration_s=1, segments=n)).most_segments for n in (1, 4)] == [1, 4]
    slid = Segmenting(duration_s=1, segments=2, overlap=0.5)
    assert replace(HALVES, segmenting=slid).most_segments == 3  # 0, 0.25 and 0.5 s


def test_a_segment_must_hold_a_frame_and_fit_a_gigabyte():
    unpadded = replace(MEL, center=False)
    assert Preprocessor(unpadded, Segmenting(duration_s=0.064, segments=1)).shape == (1, 20)
    with pytest.raises(ParameterError, match="a segment of 511 samples is shorter than"):
        Preprocessor(unpadded, Segmenting(duration_s=0.0639, segments=1))
    largest_s = 2**28 / 8000
    assert Preprocessor(WAVEFORM, Segmenting(duration_s=largest_s, segments=1)).shape == (2**28, 1)
    with pytest.raises(ParameterError, match="a segment would be 268,435,457 frames x 1, more than 268,435,456"):
        Preprocessor(WAVEFORM, Segmenting(duration_s=largest_s + 1 / 8000, segments=1))
    assert Preprocessor(MEL, Segmenting(duration_s=6 * largest_s, segments=1)).shape == (1 + 6 * 2**21, 20)
    with pytest.raises(ParameterError, match="14,680,065 frames x 20"):
        Preprocessor(MEL, Segmenting(duration_s=7 * largest_s, segments=1))


def test_segments_lie_butt_to_butt_from_the_beginning(rng):
    y = rng.uniform(-1, 1, 20000).astype(np.float32)
    clips, starts = HALVES.clips(y, sr=8000)
    assert starts == [0, 4000]
    np.testing.assert_array_equal(clips, y[:8000].reshape(2, 4000))
    x, starts = HALVES.segments(y, sr=8000)
    assert starts == [0, 4000]
    assert (x.shape, x.dtype) == ((2, *HALVES.shape), np.float32)
    np.testing.assert_array_equal(x, MEL(clips))


@pytest.mark.parametrize("sr", [7999, 11025, 16000, 22050, 44100, 44101])
def test_no_rate_takes_a_sample_from_the_last_segment(sr):
    cut = Preprocessor(WAVEFORM, Segmenting(duration_s=1, segments=7, pad=False))
    clips, starts = cut.clips(tone(440, sr=sr, duration_s=2), sr=sr)
    assert starts == [1142 * i for i in range(7)]
    expected = tone(440, sr=8000, duration_s=2)[: 7 * 1142]
    np.testing.assert_allclose(clips.reshape(-1)[200:], expected[200:], atol=0.01)


def test_no_more_of_a_file_is_read_than_is_used(tmp_path):
    soundfile.write(tmp_path / "long.wav", np.full(30000, 0.1), 8000)
    y, sr = HALVES.load(tmp_path / "long.wav")
    assert (len(y), sr) == (8400, 8000)  # 1 s, and 50 ms for a change of rate


def test_silence_is_unusable_unless_it_is_what_is_meant():
    silence = np.zeros(8000, dtype=np.float32)
    with pytest.raises(Unusable, match="silent"):
        HALVES.clips(silence, sr=8000)
    with pytest.raises(Unusable, match="silent"):
        HALVES.segments(silence, sr=8000)
    assert HALVES.segments(silence, sr=8000, allow_silence=True)[1] == [0, 4000]
    late = np.append(np.zeros(8400, dtype=np.float32), 1)  # heard only after what is used
    with pytest.raises(Unusable, match="silent"):
        HALVES.clips(late, sr=8000)
    assert HALVES.clips(np.eye(1, 8000, dtype=np.float32)[0], sr=8000)[1] == [0, 4000]


def test_too_short_is_unusable_unless_it_may_be_filled_up():
    y = tone(440, sr=16000, duration_s=0.25)
    with pytest.raises(Unusable, match=r"too short: 0\.25 s, one segment is 0\.5 s"):
        HALVES.segments(y, sr=16000)
    clips, starts = replace(HALVES, segmenting=Segmenting(duration_s=1, segments=2, pad=True)).clips(y, sr=16000)
    assert starts == [0]
    assert np.abs(clips[0, 1900:2000]).max() > 0.4
    assert not clips[0, 2000:].any()


def test_without_beats_it_is_not_too_short_but_unusable():
    at_beats = replace(HALVES, segmenting=Segmenting(duration_s=1, segments=2, by="beats"))
    with pytest.raises(Unusable, match="fewer than two beats"):
        at_beats.clips(np.zeros(8000, dtype=np.float32), sr=8000, allow_silence=True)


def test_samples_far_beyond_full_scale_are_unusable():
    y = tone(440, sr=8000)
    assert np.isfinite(HALVES.segments(1e6 * y, sr=8000)[0]).all()
    with pytest.raises(Unusable, match=r"far too large: up to 5e\+29"):
        HALVES.segments((1e30 * y).astype(np.float32), sr=8000)


@pytest.mark.parametrize("y", [np.zeros((2, 8000), dtype=np.float32), np.ones(8000, dtype=np.int16)], ids=str)
def test_what_is_no_clip_is_refused(y):
    with pytest.raises(ParameterError, match="must be floating-point samples"):
        HALVES.clips(y, sr=8000)


def test_a_file_gives_what_its_samples_give_and_is_named_where_it_cannot(tmp_path):
    y = tone(440, sr=16000)
    soundfile.write(tmp_path / "a.wav", y, 16000, subtype="FLOAT")
    x, starts = HALVES.segments_of_file(tmp_path / "a.wav")
    wanted, wanted_starts = HALVES.segments(y, sr=16000)
    np.testing.assert_array_equal(x, wanted)
    assert starts == wanted_starts
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 8000)
    with pytest.raises(Unusable, match=r"silent\.wav: silent"):
        HALVES.segments_of_file(tmp_path / "silent.wav")
    assert len(HALVES.segments_of_file(tmp_path / "silent.wav", allow_silence=True)[1]) == 2
    with pytest.raises(AudioError, match=r"none\.wav"):
        HALVES.segments_of_file(tmp_path / "none.wav")


@pytest.mark.parametrize("overlap", [0.0, 0.5])
@pytest.mark.parametrize("cut", [1, 3, 40])
def test_windows_reach_from_the_start_to_the_end(overlap, cut, rng):
    preprocessor = Preprocessor(
        FrontEnd(kind="waveform", sr=100), Segmenting(duration_s=4, segments=4, overlap=overlap)
    )
    y = rng.standard_normal(1050).astype(np.float32)
    found = list(preprocessor.windows(np.array_split(y, cut), at_once=3))
    clips, starts = np.concatenate([c for c, _ in found]), [s for _, some in found for s in some]
    step = 100 if not overlap else 50
    assert starts == [*range(0, 951, step), *([] if overlap else [950])]
    assert all(len(some) <= 3 for _, some in found)
    for clip, start in zip(clips, starts, strict=True):
        np.testing.assert_array_equal(clip, y[start : start + 100])
    short, _ = preprocessor.segments(y[:400], sr=100)
    np.testing.assert_array_equal(clips[: len(short)], short[:, :, 0])


def test_a_sliver_at_the_end_and_a_short_recording_have_no_window():
    preprocessor = Preprocessor(FrontEnd(kind="waveform", sr=100), Segmenting(duration_s=2, segments=2))
    y = np.ones(1000, dtype=np.float32)
    for n, count in ((99, 0), (100, 1), (109, 1), (111, 2), (200, 2), (205, 2), (250, 3)):
        assert sum(len(starts) for _, starts in preprocessor.windows([y[:n]])) == count, n
