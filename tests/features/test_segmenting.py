import sys

import numpy as np
import pytest
import soundfile

from sori import audio
from sori.datasets import Dataset, build, read_catalog
from sori.errors import MissingDependencyError, ParameterError
from sori.features import FrontEnd, Preprocessor, Segmenting
from sori.features.segmenting import beat_samples

WAVEFORM = FrontEnd(kind="waveform", sr=22050)
MEL = FrontEnd(kind="mel", sr=8000, n_fft=512, hop_length=128, n_mels=20)


@pytest.mark.parametrize(
    ("cut", "samples", "starts"),
    [
        ({"segments": 1}, 8000, [0]),
        ({"segments": 3}, 2666, [0, 2666, 5332]),
        ({"segments": 4, "overlap": 0.5}, 2000, [0, 1000, 2000, 3000, 4000, 5000, 6000]),
        ({"segments": 2, "overlap": 0.95}, 4000, list(range(0, 4001, 200))),
        ({"segments": 8000}, 1, list(range(8000))),
        ({"segments": 4000, "overlap": 0.9}, 2, list(range(7999))),  # a step is a sample or more
    ],
)
def test_windows_of_one_length_follow_each_other(cut, samples, starts):
    segmenting = Segmenting(duration_s=1, **cut)
    assert (segmenting.samples(8000), segmenting.starts(8000)) == (samples, starts)


def test_by_default_half_a_minute_becomes_ten_pieces():
    assert Segmenting() == Segmenting(duration_s=30, segments=10, overlap=0, pad=False, by="time", beats=1)


def test_pieces_are_cut_where_they_begin(rng):
    y = rng.standard_normal(9000).astype(np.float32)
    clips, starts = Segmenting(duration_s=1, segments=4, overlap=0.5).cut(y, front_end=MEL)
    assert starts == list(range(0, 6001, 1000))
    assert clips.dtype == np.float32
    np.testing.assert_array_equal(clips, np.lib.stride_tricks.sliding_window_view(y, 2000)[:6001:1000])


@pytest.mark.parametrize(
    ("n_samples", "kept", "padded"),
    [(4000, 1, 1), (4001, 1, 2), (7967, 1, 2), (7968, 2, 2), (8000, 2, 2), (9999, 2, 2)],
)
def test_a_piece_that_is_cut_short_is_kept_if_it_has_all_its_frames_or_may_be_filled_up(n_samples, kept, padded):
    """Of 4000 samples, 32 frames: as many as of 3968."""
    y = np.ones(n_samples, dtype=np.float32)
    for pad, n in ((False, kept), (True, padded)):
        segmenting = Segmenting(duration_s=1, segments=2, pad=pad)
        clips, starts = segmenting.cut(y, front_end=MEL)
        assert starts == [0, 4000][:n]
        assert clips.sum() == min(4000 * n, n_samples)
        assert segmenting.missing(n, sr=8000) == 2 - n


def test_pieces_at_beats_reach_to_the_next_one_they_begin_at(rng, monkeypatch):
    monkeypatch.setattr("sori.features.segmenting.beat_samples", lambda y, sr: np.array([100, 600, 1300, 1400]))
    y = rng.standard_normal(2000).astype(np.float32)
    clips, starts = Segmenting(duration_s=1, segments=16, by="beats").cut(y, front_end=MEL)
    assert starts == [100, 600, 1300]
    expected = [y[100:600], y[600:1100], np.append(y[1300:1400], np.zeros(400))]
    np.testing.assert_array_equal(clips, np.stack(expected, dtype=np.float32))
    for beats, starts in ((2, [100]), (3, [100]), (4, [])):
        segmenting = Segmenting(duration_s=1, segments=16, by="beats", beats=beats)
        assert segmenting.cut(y, front_end=MEL)[1] == starts
        assert segmenting.missing(len(starts), sr=8000) == 0


def test_segments_begin_at_beats_and_keep_their_time():
    y = audio.clicks(np.arange(0.25, 9.9, 0.5), sr=22050, duration_s=10)
    segmenting = Segmenting(duration_s=10, segments=20, by="beats")
    clips, starts = segmenting.cut(y, front_end=WAVEFORM)
    assert clips.shape[1] == 11025
    assert len(starts) >= 15
    for clip, start in zip(clips, starts, strict=True):
        last = min(start + 11025, len(y))
        np.testing.assert_array_equal(clip[: last - start][:9000], y[start:last][:9000])
    short = Segmenting(duration_s=10, segments=100, by="beats")
    assert short.cut(y, front_end=WAVEFORM)[0].shape == (len(starts), 2205)
    every_other = Segmenting(duration_s=10, segments=20, by="beats", beats=2)
    assert (
        every_other.cut(y, front_end=WAVEFORM)[1]
        == starts[::2][: (len(starts) + 1 - 1) // 2 + len(starts) % 2][: len(every_other.cut(y, front_end=WAVEFORM)[1])]
    )


def test_what_lies_beyond_the_next_beat_is_zeros():
    y = np.ones(5 * 22050, dtype=np.float32) * 0.01 + audio.clicks(np.arange(0.5, 5, 0.5), sr=22050, duration_s=5)
    clips, starts = Segmenting(duration_s=5, segments=5, by="beats").cut(y, front_end=WAVEFORM)
    assert len(starts) >= 5
    gap = starts[1] - starts[0]
    assert gap < 22050
    assert clips[0, :gap].all()
    assert not clips[0, gap:].any()


def test_a_dataset_at_beats(tmp_path):
    root = tmp_path / "music"
    for label, gap_s in (("fast", 0.4), ("slow", 0.8)):
        (root / label).mkdir(parents=True)
        y = audio.clicks(np.arange(0.1, 9.9, gap_s), sr=22050, duration_s=10)
        soundfile.write(root / label / "a.wav", y, 22050)
    (root / "slow" / "silent.wav").write_bytes((root / "slow" / "a.wav").read_bytes())
    soundfile.write(root / "slow" / "short.wav", y[:3000] + 0.1, 22050)
    dataset = build(
        read_catalog(root),
        tmp_path / "data",
        preprocessor=Preprocessor(FrontEnd(kind="mfcc", sr=22050), Segmenting(duration_s=10, segments=20, by="beats")),
    )
    assert Dataset.open(tmp_path / "data").preprocessor.segmenting.by == "beats"
    assert dataset.counts["segments"] > 20
    assert dataset.counts["segments_dropped"] == 0
    assert [entry["reason"] for entry in dataset.files["dropped"]] == ["fewer than two beats were found to cut at"]


def test_without_a_tracker_nothing_is_begun(tmp_path, sounds, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingDependencyError, match=r"sori\[beats\]"):
        build(
            read_catalog(sounds()),
            tmp_path / "data",
            preprocessor=Preprocessor(FrontEnd(kind="mfcc", sr=8000), Segmenting(duration_s=1, segments=2, by="beats")),
        )
    assert not list(tmp_path.glob("data*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "bars"}, "by must be one of time, beats"),
        ({"beats": 0}, "beats must be"),
        ({"duration_s": 0}, "duration_s must be above 0 s"),
        ({"duration_s": np.inf}, "duration_s must be above 0 s"),
        ({"segments": 0}, "segments must be"),
        ({"overlap": 0.951}, "overlap must be 0 to 0.95"),
        ({"overlap": -0.01}, "overlap must be 0 to 0.95"),
    ],
)
def test_bad_cuts_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Segmenting(**arguments)


def test_a_segment_is_at_least_a_sample():
    assert Segmenting(duration_s=0.001, segments=8).samples(8000) == 1
    with pytest.raises(ParameterError, match="at least one sample"):
        Segmenting(duration_s=0.001, segments=9).samples(8000)


def test_a_segment_shorter_than_a_frame_is_refused(tmp_path, sounds):
    with pytest.raises(ParameterError, match="a segment of 800 samples is shorter than"):
        build(
            read_catalog(sounds()),
            tmp_path / "data",
            preprocessor=Preprocessor(
                FrontEnd(kind="mfcc", sr=8000, center=False), Segmenting(duration_s=1, segments=10)
            ),
        )


@pytest.mark.parametrize("sr", [8000, 22050, 44100])
def test_beats_of_clicks_are_the_clicks(sr):
    times_s = np.arange(0.25, 15, 0.5)
    y = audio.clicks(times_s, sr=sr, duration_s=15.5)
    found = beat_samples(y, sr=sr)
    assert len(found) >= 25
    start_s = found / sr
    off = (start_s - 0.25 + 0.25) % 0.5 - 0.25
    assert np.abs(off).max() < 0.03
    assert np.median(np.diff(found)) == pytest.approx(sr / 2, rel=0.05)


def test_beats_are_librosas(rng):
    import librosa

    y = audio.clicks(np.arange(0.25, 9, 0.6), sr=22050, duration_s=9.5) + 0.01 * rng.standard_normal(209475)
    _, theirs = librosa.beat.beat_track(y=y.astype(np.float32), sr=22050, units="samples")
    np.testing.assert_array_equal(beat_samples(y, sr=22050), theirs)


@pytest.mark.parametrize(("sr", "hop"), [(22050, 512), (11025, 256), (44100, 1024), (8000, 186)])
def test_beats_are_where_the_trackers_frames_are_and_before_the_end(monkeypatch, sr, hop):
    """Frames of 23 ms, whatever the rate."""
    import librosa

    monkeypatch.setattr(librosa.beat, "beat_track", lambda **given: (120.0, np.array([0, 5, 10])))
    assert beat_samples(np.ones(10 * hop, dtype=np.float32), sr=sr).tolist() == [0, 5 * hop]
    assert beat_samples(np.ones(10 * hop + 1, dtype=np.float32), sr=sr).tolist() == [0, 5 * hop, 10 * hop]


def test_silence_has_no_beats():
    assert beat_samples(np.ones(1, dtype=np.float32), sr=22050).shape == (0,)
    assert beat_samples(np.zeros(22050, dtype=np.float32), sr=22050).shape == (0,)


def test_a_missing_tracker_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sori\[beats\]'"):
        beat_samples(np.ones(100, dtype=np.float32), sr=8000)


def test_bad_clips_have_no_beats():
    with pytest.raises(ParameterError, match="floating-point"):
        beat_samples(np.arange(9), sr=100)
    with pytest.raises(ParameterError, match="sr must be"):
        beat_samples(np.zeros(9), sr=0)
