import json
import math

import numpy as np
import orjson
import pytest
import soundfile

from sori import audio
from sori.analysis.inspection import View, inspect
from sori.audio import recordings_of
from sori.errors import AudioError, DatasetError, ParameterError
from sori.reports.inspection import numbers, summary_of, write, write_comparison
from tests.conftest import REAL, needs_real

PICTURES = {"waveform.png", "spectrum.png", "spectrogram.png", "mel.png", "mfcc.png"}


def recording(path, y, sr=22050, **settings):
    soundfile.write(path, y, sr, **settings)
    return path


@pytest.fixture
def note(tmp_path):
    y = audio.complex_tone(440, sr=22050, duration_s=2, amplitude=0.5)
    silence = np.zeros(2205, dtype=np.float32)
    return recording(tmp_path / "음 $A$ <b>.wav", np.concatenate([silence, y, silence, silence]) + np.float32(0.0004))


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


def test_a_page_with_everything_on_it(note, tmp_path):
    write(inspect(note, View(quantise_bits=4, resample_sr=4000)), tmp_path / "페이지")
    names = {path.name for path in (tmp_path / "페이지").iterdir()}
    assert names == PICTURES | {"report.html", "summary.json"} | {f"lost-{i}.png" for i in range(1, 5)}
    page = (tmp_path / "페이지" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 9
    assert page.count("data:audio/mpeg;base64,") == 5
    assert "음 $A$ &lt;b&gt;.wav" in page
    assert "<b>.wav" not in page
    assert 'src="http' not in page
    for words in ("Air pressure over time", "decibels", "Most of the pitch is lost", "folds down"):
        assert words in page
    summary = json.loads((tmp_path / "페이지" / "summary.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in summary["degraded"]] == [
        "4 bits",
        "4000 Hz",
        "4000 Hz without a filter",
        "4 bits at 4000 Hz",
    ]
    write(inspect(note, View()), tmp_path / "페이지")  # again: nothing of the first is left
    assert {path.name for path in (tmp_path / "페이지").iterdir()} == PICTURES | {"report.html", "summary.json"}


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


def test_several_lie_side_by_side_on_one_scale(tmp_path):
    paths = [
        recording(tmp_path / f"{i}.wav", audio.tone(300 * i, sr=16000, duration_s=0.5 * i, amplitude=0.2 * i), 16000)
        for i in range(1, 5)
    ]
    found = [inspect(path, View()) for path in paths]
    write_comparison(found, tmp_path / "together")
    page = (tmp_path / "together" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 5
    assert page.count("data:audio/mpeg") == 4
    summary = json.loads((tmp_path / "together" / "summary.json").read_text(encoding="utf-8"))
    assert [one["file"] for one in summary["recordings"]] == [str(path) for path in paths]
    from sori.reports.inspection import _compared

    for kind, ax in _compared(found).items():
        shown = [one for one in ax.figure.axes if one.get_visible() and one.get_title()]
        assert len(shown) == 4, kind
        if kind == "waveform":
            assert len({one.get_ylim() for one in shown}) == 1
            assert len({one.get_xlim()[1] for one in shown}) == 1
        if kind in ("spectrogram", "mel", "mfcc"):
            assert len({one.images[0].get_clim() for one in shown}) == 1


SR = 22050
AWKWARD = {
    "one sample": (np.ones(1) * 0.5, SR, {}),
    "shorter than a window": (np.ones(100) * 0.5, SR, {}),
    "zeros": (np.zeros(SR), SR, {}),
    "a hertz": (np.linspace(-0.5, 0.5, 20), 1, {}),
    "384 kHz": (np.linspace(-0.5, 0.5, 40_000), 384_000, {"subtype": "PCM_24"}),
    "one dead channel": (np.stack([np.linspace(-0.5, 0.5, SR), np.zeros(SR)], axis=1), SR, {}),
    "opposite channels": (np.stack([np.linspace(-0.5, 0.5, SR), -np.linspace(-0.5, 0.5, SR)], axis=1), SR, {}),
    "far too loud": (1e6 * np.linspace(-0.5, 0.5, SR), SR, {"subtype": "FLOAT"}),
    "constant": (np.full(SR, 0.25), SR, {}),
    "a click": (np.eye(1, SR, 9999)[0], SR, {}),
}


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.filterwarnings("ignore:.* mel filters are empty")
def test_awkward_clips_have_a_page(name, tmp_path):
    y, sr, settings = AWKWARD[name]
    view = View(quantise_bits=3, resample_sr=None if name == "one sample" else 4000)
    found = inspect(recording(tmp_path / "a.wav", y, sr, **settings), view)
    write(found, tmp_path / "page")
    text = (tmp_path / "page" / "summary.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    json.loads(text)
    notes = " ".join(found.notes)
    expected = {
        "one dead channel": "channel 2 is silent",
        "opposite channels": "cancel each other",
        "zeros": "every sample is zero",
        "one sample": "shorter than a window of 2048",
    }
    assert expected.get(name, "") in notes


def test_long_recordings_are_shown_in_part_and_it_says_so(tmp_path):
    path = recording(tmp_path / "long.wav", np.zeros(8 * 400, dtype=np.float32), 8)
    found = inspect(path, View(n_fft=64, hop_length=32, n_mels=10, n_mfcc=5))
    assert "6 min 40 s long; shown are 300 s" in " ".join(found.notes)
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


def test_a_folder_that_is_not_ours_is_not_touched(note, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "waveform.png").write_text("mine")
    for marker in (None, "", "[]", '{"precious": 1}'):
        if marker is not None:
            (tmp_path / "mine" / "summary.json").write_text(marker)
        with pytest.raises(DatasetError, match="not made by sori inspect"):
            write(inspect(note, View()), tmp_path / "mine")
    assert (tmp_path / "mine" / "waveform.png").read_text() == "mine"
    write(inspect(note, View()), tmp_path / "page")
    (tmp_path / "page" / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match=r"thesis.txt: was not made by sori inspect, and would be lost"):
        write(inspect(note, View()), tmp_path / "page")


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
    assert "constant part of +0.300" in " ".join(found.notes)
    assert [round(peak[0]) for peak in found.peaks] == [440]


def test_a_name_that_is_not_text_is_shown_as_well_as_it_can_be(tmp_path):
    import os

    path = tmp_path / os.fsdecode(b"\xff\xfe.wav")
    with path.open("wb") as file:
        soundfile.write(file, audio.tone(440, sr=8000, duration_s=0.2), 8000, format="WAV")
    write(inspect(path, View(n_fft=512, hop_length=128, n_mels=40)), tmp_path / "page")
    assert (tmp_path / "page" / "report.html").is_file()
