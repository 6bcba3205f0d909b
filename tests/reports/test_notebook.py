from html import escape
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from sori.analysis.inspection import View, inspect
from sori.datasets import Dataset
from sori.inference import Transcription
from sori.music import Note
from sori.reports import notebook
from sori.tasks.evaluate import evaluate
from tests.conftest import tone


def test_a_dataset_is_a_row_for_each_class(trained):
    html = Dataset.open(trained / "data")._repr_html_()
    for name in ("낮은 음", "mid", "high"):
        assert f"<tr><td>{name}</td><td>12</td><td>24</td></tr>" in html
    assert "72 segments of 32 frames x 13 (mfcc), 1 files unusable" in html


def test_names_of_classes_are_text():
    one = {"recordings": 1, "segments": 2}
    counts = {"segments": 2, "per_class": {"<script>": one}}
    path, files = SimpleNamespace(name="<b>"), {"failed": [], "dropped": []}
    html = notebook.of_dataset(SimpleNamespace(counts=counts, shape=(3, 4), front_end=None, path=path, files=files))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<b>&lt;b&gt;</b>" in html
    assert "imported features" in html


def test_a_run_is_its_score_and_two_curves(trained):
    scores = evaluate(trained / "run", trained / "data")
    result = SimpleNamespace(
        scores=scores, out=trained / "run", best_epoch=3, diagnosis=SimpleNamespace(verdict="overfitted")
    )
    html = notebook.of_run(result)
    assert f"<b>{scores['accuracy']:.1%}</b> of {scores['recordings']} test recordings right" in html
    assert escape(scores["split"]) in html
    assert html.count("<svg") == 2
    assert "kept: epoch 3" in html
    assert "overfitted" in html


def test_a_recording_can_be_heard_and_seen(tmp_path):
    soundfile.write(tmp_path / "<i>.wav", tone(440, sr=8000, duration_s=0.5), 8000)
    html = inspect(tmp_path / "<i>.wav", View(n_fft=512, hop_length=128, n_mels=40))._repr_html_()
    assert "<b>&lt;i&gt;.wav</b>" in html
    assert (html.count("<audio"), html.count("<svg")) == (1, 2)


@pytest.mark.parametrize("notes", [(), (Note(0.1, 0.4, 60, 80), Note(0.2, 0.5, 64, 80))])
def test_a_transcription_can_be_heard_and_seen(notes):
    html = Transcription(notes, 0.6, None, 0.02)._repr_html_()
    assert (html.count("<audio"), html.count("<svg")) == (1, 1)


def test_what_is_heard_of_a_transcription_is_its_notes():
    heard = Transcription((Note(0.25, 0.75, 69, 80),), 1.0, None, 0.02).play(sr=8000)
    assert heard.shape == (8000,)
    assert np.abs(heard[:1900]).max() < 1e-3 < np.abs(heard[2400:5000]).max() <= 1
    spectrum = np.abs(np.fft.rfft(heard[2000:6000] * np.hanning(4000)))
    partial = np.fft.rfftfreq(4000, 1 / 8000)[spectrum.argmax()] / 440
    assert round(partial) >= 1
    assert partial == pytest.approx(round(partial), rel=0.01)
