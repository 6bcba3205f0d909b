import math

import numpy as np
import orjson
import pytest

from sori import audio
from sori.analysis.inspection import View, inspect
from sori.audio import recordings_of
from sori.errors import AudioError, ParameterError
from sori.reports.inspection import numbers, summary_of
from tests.conftest import REAL, needs_real, recording


def test_the_numbers_are_those_of_the_clip(note):
    found = inspect(note, View()).summary
    y, sr = audio.load(note)
    assert (found["sr"], found["bit_depth"], found["channels"]) == (22050, 16, 1)
    assert found["duration_s"] == pytest.approx(2.3)
    assert found["peak_dbfs"] == pytest.approx(20 * math.log10(np.abs(y).max()))
    assert found["rms_dbfs"] == pytest.approx(10 * math.log10(np.mean(y.astype(float) ** 2)))
    assert found["dc_offset"] == pytest.approx(0.0004, abs=5e-5)
    assert found["silence_start_s"] == pytest.approx(0.1, abs=0.001)
    assert found["silence_end_s"] == pytest.approx(0.2, abs=0.002)
    assert found["clipped_samples"] == 0
    hz = [round(peak["hz"]) for peak in found["peaks"]]
    assert hz[:3] == [440, 880, 1320]
    assert found["peaks"][0]["note"] == "A4"
    assert found["sizes"]["mfcc"] == [13, 1 + len(y) // 512]
    assert sr == 22050


def test_thirty_seconds_become_the_sizes_of_the_textbook(tmp_path):
    found = inspect(recording(tmp_path / "long.wav", np.full(661_500, 0.1)), View())
    assert found.summary["sizes"]["samples"] == [661_500]
    assert found.summary["sizes"]["mfcc"] == [13, 1292]
    assert "1,292 x 13 (mfcc)" in numbers(found)["sizes"]


def test_a_full_scale_sine_is_at_zero_decibels(tmp_path):
    found = inspect(recording(tmp_path / "a.wav", audio.tone(1000, sr=22050, duration_s=1, amplitude=0.999)), View())
    assert found.peaks[0][0] == pytest.approx(1000, abs=0.1)
    assert found.peaks[0][1] == pytest.approx(0, abs=0.1)
    assert found.magnitude.max() == pytest.approx(1, abs=0.15)  # between bins Hann loses up to 1.4 dB


def test_the_band_holds_for_every_picture(note):
    found = inspect(note, View(fmin=27.5, fmax=4186))
    assert found.spectrum_hz.min() >= 27.5
    assert found.spectrum_hz.max() <= 4186
    assert found.magnitude_hz[0] >= 27.5
    assert found.magnitude_hz[1] <= 4186
    assert found.band_hz == (27.5, 4186)
    assert len(found.magnitude) == 386


def test_what_bits_lose_is_measured_beside_the_theory(tmp_path):
    path = recording(tmp_path / "a.wav", audio.tone(997, sr=44100, duration_s=1, amplitude=0.99), 44100)
    for bits in (6, 10):
        facts = inspect(path, View(quantise_bits=bits)).degraded[0].facts
        assert facts["theory_full_scale_sine_db"] == pytest.approx(6.02 * bits + 1.76, abs=0.02)
        assert facts["snr_db"] == pytest.approx(facts["theory_at_this_level_db"], abs=0.8)


def test_a_tone_above_nyquist_is_heard_as_its_alias(tmp_path):
    path = recording(tmp_path / "high.wav", audio.tone(5000, sr=48000, duration_s=1, amplitude=0.8), 48000)
    filtered, folded = inspect(path, View(resample_sr=8000)).degraded
    assert filtered.facts["power_above_nyquist"] == pytest.approx(1, abs=1e-3)
    assert folded.facts["strongest_above_hz"] == pytest.approx(5000, abs=1)
    assert folded.facts["alias_hz"] == pytest.approx(3000, abs=1)
    assert folded.facts["alias_dbfs"] == pytest.approx(folded.facts["strongest_above_dbfs"], abs=0.2)
    low = recording(tmp_path / "low.wav", audio.tone(500, sr=48000, duration_s=1, amplitude=0.8), 48000)
    assert inspect(low, View(resample_sr=8000)).degraded[1].facts == {}


def test_long_recordings_are_shown_in_part_and_it_says_so(tmp_path):
    path = recording(tmp_path / "long.wav", np.zeros(8 * 400, dtype=np.float32), 8)
    found = inspect(path, View(n_fft=64, hop_length=32, n_mels=10, n_mfcc=5))
    assert "6 min 40 s long; 300 s of it are shown" in " ".join(found.notes)
    assert found.summary["shown"]["duration_s"] == 300
    part = inspect(path, View(start_s=390, n_fft=64, hop_length=32, n_mels=10, n_mfcc=5))
    assert part.summary["shown"] == {"start_s": 390, "duration_s": 10, "sr": 8}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fmin": 5000, "fmax": 100}, "fmin must be below fmax"),
        ({"hop_length": 4096}, "hop_length must be at most n_fft=2048"),
        ({"n_fft": 0}, "n_fft must be"),
        ({"n_mfcc": 200}, r"n_mfcc must be 1 to 128 \(n_mels\)"),
        ({"start_s": -1}, "start must be"),
        ({"duration_s": 0}, "duration must be above 0"),
        ({"quantise_bits": 40}, "quantise must be 1 to 24"),
        ({"resample_sr": 0}, "resample must be"),
    ],
)
def test_impossible_views_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        View(**arguments)


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "empty.wav").touch()
    nan = recording(tmp_path / "nan.wav", np.array([0.1, np.nan]), subtype="FLOAT")
    for path, message in (
        (tmp_path / "empty.wav", "is empty"),
        (nan, "not finite"),
        (tmp_path / "none.wav", "No such"),
    ):
        with pytest.raises(AudioError, match=rf"{path.name}: .*{message}"):
            inspect(path, View())


def test_folders_are_looked_through(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / ".trash").mkdir()
    for name in ("a/b/2.wav", "a/1.flac", "a/notes.txt", "a/._1.flac", "a/.trash/3.wav"):
        (tmp_path / name).touch()
    assert [path.name for path in recordings_of([tmp_path / "a", tmp_path / "x.wav"])] == ["1.flac", "2.wav", "x.wav"]
    with pytest.raises(AudioError, match="no recordings in this folder"):
        (tmp_path / "none").mkdir()
        recordings_of([tmp_path / "none"])


@needs_real
def test_every_recording_of_music_can_be_looked_at():
    files = sorted((REAL / "music").glob("*.ogg"))
    assert len(files) >= 10
    for file in files:
        found = inspect(file, View(duration_s=3))
        assert found.summary["peaks"]
        assert np.isfinite(found.mfcc).all()
        orjson.dumps(summary_of(found))


def test_more_than_a_machine_can_hold_is_refused(note):
    with pytest.raises(ParameterError, match=r"would have .* values: use a shorter `duration`"):
        inspect(note, View(n_fft=2**27, hop_length=1))


def test_a_constant_part_is_said_and_kept_out_of_the_spectrum(tmp_path):
    y = 0.3 + audio.tone(440, sr=8000, duration_s=1, amplitude=0.1)
    found = inspect(recording(tmp_path / "dc.wav", y, 8000), View(n_fft=512, hop_length=128, n_mels=40))
    assert "DC offset of +0.300" in " ".join(found.notes)
    assert [round(peak[0]) for peak in found.peaks] == [440]
