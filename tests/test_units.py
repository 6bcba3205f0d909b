import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sori.errors import ParameterError
from sori.units import (
    amplitude_to_db,
    frame_count,
    frame_times_s,
    hz_to_mel,
    hz_to_midi,
    mel_to_hz,
    midi_to_hz,
    note_name,
    note_to_midi,
    power_to_db,
    seconds_to_samples,
    segment_samples,
)


@pytest.mark.parametrize(("segments", "samples", "frames"), [(5, 132300, 259), (10, 66150, 130)])
def test_thirty_seconds_in_segments(segments, samples, frames):
    assert segment_samples(duration_s=30, sr=22050, segments=segments) == samples
    assert frame_count(samples, hop_length=512) == frames


@pytest.mark.parametrize("htk", [False, True])
def test_mel_scale_is_librosas(htk):
    hz = np.linspace(0, 11025, 200)
    np.testing.assert_allclose(hz_to_mel(hz, htk=htk), librosa.hz_to_mel(hz, htk=htk), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz, htk=htk), htk=htk), hz, atol=1e-8)


def test_frame_times():
    np.testing.assert_allclose(frame_times_s(5, sr=22050, hop_length=512), librosa.frames_to_time(np.arange(5)))


@given(st.floats(0, 1e4), st.sampled_from([8000, 22050, 44100, 48000]))
def test_rounding_to_samples_is_to_the_nearest(seconds, sr):
    assert abs(seconds_to_samples(seconds, sr=sr) / sr - seconds) <= 0.5 / sr + 1e-9


def test_decibels_are_librosas(rng):
    power = rng.random((40, 30)).astype(np.float32) ** 8
    for top_db in (80.0, 20.0, None):
        theirs = librosa.power_to_db(power, top_db=top_db)
        np.testing.assert_allclose(power_to_db(power, top_db=top_db), theirs, atol=1e-4)
        np.testing.assert_allclose(
            amplitude_to_db(power, top_db=top_db, ref=2.0),
            librosa.amplitude_to_db(power, top_db=top_db, ref=2.0),
            atol=1e-4,
        )


def test_a_loud_mate_does_not_raise_my_floor():
    quiet, loud = np.array([[1e-6, 1e-9]]), np.array([[1e6, 1.0]])
    np.testing.assert_array_equal(power_to_db(np.stack([quiet, loud]))[0], power_to_db(quiet))


def test_decibels_leave_their_argument_alone():
    power = np.ones(3, dtype=np.float32)
    power_to_db(power * 1)
    power_to_db(power)
    np.testing.assert_array_equal(power, 1)


@pytest.mark.parametrize("bad", [{"amin": 0}, {"ref": -1}, {"top_db": -1}])
def test_decibel_arguments_are_checked(bad):
    with pytest.raises(ParameterError, match=next(iter(bad))):
        power_to_db(np.ones(3), **bad)


def test_the_reference_may_be_found_in_each_example(rng):
    power = rng.random((3, 8, 5)).astype(np.float32)
    for one, alone in zip(power, power_to_db(power, ref=np.max), strict=True):
        np.testing.assert_allclose(alone, librosa.power_to_db(one, ref=np.max), atol=1e-4)
    np.testing.assert_allclose(
        amplitude_to_db(power[0], ref=np.max), librosa.amplitude_to_db(power[0], ref=np.max), atol=1e-4
    )


@pytest.mark.parametrize("pitch", range(128))
def test_notes_are_librosas(pitch):
    assert midi_to_hz(pitch) == pytest.approx(librosa.midi_to_hz(pitch))
    assert hz_to_midi(midi_to_hz(pitch)) == pytest.approx(pitch)
    assert note_name(pitch) == librosa.midi_to_note(pitch, unicode=False)
    assert note_to_midi(note_name(pitch)) == pitch


def test_tuning_moves_every_note():
    assert midi_to_hz(69, tuning_hz=415) == 415
    assert hz_to_midi(415, tuning_hz=415) == 69


@pytest.mark.parametrize("name", ["H4", "C", "", "4C", "C#b"])
def test_what_is_no_note_is_refused(name):
    with pytest.raises(ParameterError, match="a note is a letter from A to G"):
        note_to_midi(name)
