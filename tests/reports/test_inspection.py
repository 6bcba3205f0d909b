import json

import numpy as np
import pytest
import soundfile

from sori import audio
from sori.analysis.inspection import View, inspect
from sori.errors import DatasetError
from sori.reports.inspection import write, write_comparison
from tests.conftest import recording

PICTURES = {"waveform.png", "spectrum.png", "spectrogram.png", "mel.png", "mfcc.png"}
SR = 22050


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
    view = View(quantise_bits=3, resample_sr={"one sample": None, "a hertz": 200}.get(name, 4000))
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
    with pytest.raises(DatasetError, match=r"thesis.txt was not made by sori inspect"):
        write(inspect(note, View()), tmp_path / "page")


def test_a_name_that_is_not_text_is_shown_as_well_as_it_can_be(tmp_path):
    import os

    path = tmp_path / os.fsdecode(b"\xff\xfe.wav")
    with path.open("wb") as file:
        soundfile.write(file, audio.tone(440, sr=8000, duration_s=0.2), 8000, format="WAV")
    write(inspect(path, View(n_fft=512, hop_length=128, n_mels=40)), tmp_path / "page")
    assert (tmp_path / "page" / "report.html").is_file()
