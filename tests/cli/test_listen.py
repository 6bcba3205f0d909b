import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sori.audio import load, resample
from tests.cli.test_cli import fails, sori
from tests.conftest import REAL, needs_real

WORDS = REAL / "speech_commands_12"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """Six seconds at 44.1 kHz with two words in faint noise."""
    rng = np.random.default_rng(0)
    y = 0.002 * rng.standard_normal(6 * 16000).astype(np.float32)
    for word, start_s in (("yes", 1.0), ("stop", 4.0)):
        clip, _ = load(sorted((WORDS / word).iterdir())[0], sr=16000)
        y[int(start_s * 16000) :][: len(clip)] += clip
    path = tmp_path_factory.mktemp("말") / "두 낱말.wav"
    soundfile.write(path, resample(y, from_sr=16000, to_sr=44100), 44100)
    return path


@needs_real
def test_words_come_out_once_each_with_their_time(spoken):
    done = sori("listen", "keywords", spoken)
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["yes", "stop"]
    assert "resampled from 44100 to the model's 16000 Hz" in done.stderr
    events = [json.loads(line) for line in sori("listen", "keywords", spoken, "--json").stdout.splitlines()]
    assert [event["label"] for event in events] == ["yes", "stop"]
    assert [event["time_s"] for event in events] == [pytest.approx(1.5, abs=0.4), pytest.approx(4.5, abs=0.4)]
    assert all(0.8 <= event["confidence"] <= 1 for event in events)


@needs_real
def test_captions_for_a_player(spoken, tmp_path):
    out = tmp_path / "말.vtt"
    assert sori("listen", "keywords", spoken, "--out", out).returncode == 0
    text = out.read_text(encoding="utf-8")
    assert text.startswith("WEBVTT\n\n00:00:0")
    assert text.count("-->") == 2
    assert "give --overwrite" in fails("listen", "keywords", spoken, "--out", out)
    assert "must end in .txt, .jsonl or .vtt" in fails("listen", "keywords", spoken, "--out", tmp_path / "a.srt")


def test_one_line_for_what_is_wrong(tmp_path):
    (tmp_path / "a.wav").write_text("no sound")
    assert "not readable as audio" in fails("listen", "keywords", tmp_path / "a.wav")
    assert "give recordings, or --microphone" in fails("listen", "keywords")
    assert "not a trained model" in fails("listen", tmp_path, tmp_path / "a.wav")
    assert "threshold must be 0 to 1" in fails("listen", "keywords", tmp_path / "a.wav", "--threshold", 2)
    assert "format must be one of" in fails("listen", "keywords", tmp_path / "a.wav", "--format", "srt")
    assert "give one of them" in fails("listen", "keywords", tmp_path / "a.wav", "--json", "--out", tmp_path / "a.vtt")


@needs_real
def test_the_shipped_model_knows_what_it_was_tested_on():
    """Clips that it was not trained on, as its card says; a third of them, so that this is quick."""
    from sori import Classifier, pretrained
    from sori.datasets.build import hash_of

    classifier = Classifier(pretrained("keywords"))
    unheard = set(classifier.bundle.parts()["test"])
    right = total = 0
    for folder in sorted(path for path in WORDS.iterdir() if path.is_dir()):
        for path in sorted(folder.iterdir())[::3]:
            with path.open("rb") as file:
                if hash_of(file) not in unheard:
                    continue
            total += 1
            right += classifier.predict_file(path).classes[0] == folder.name
    assert total > 80
    assert right / total > 0.9


@needs_real
@pytest.mark.skipif(os.name == "nt", reason="has no pseudo-terminals")
def test_words_go_to_the_file_though_the_progress_bar_is_on_a_terminal(spoken, tmp_path):
    import pty

    terminal, its_end = pty.openpty()
    with (tmp_path / "words.txt").open("wb") as file:
        command = [Path(sys.executable).with_name("sori"), "listen", "keywords", spoken]
        done = subprocess.run(command, stdout=file, stderr=its_end, check=False)
    os.close(its_end)
    os.close(terminal)
    assert done.returncode == 0
    assert [line.split()[1] for line in (tmp_path / "words.txt").read_text().splitlines()] == ["yes", "stop"]


@needs_real
def test_what_is_heard_live_is_in_the_file_at_once(spoken, tmp_path, monkeypatch, capsys):
    import sori.audio
    from sori.cli.listen import listen

    out, seen = tmp_path / "live.jsonl", []

    def microphone(*, sr, reporter):
        y, _ = load(spoken, sr=sr)
        for start in range(0, len(y), sr // 10):
            seen.append(out.read_text(encoding="utf-8") if out.exists() else "")
            yield y[start : start + sr // 10]
        raise KeyboardInterrupt

    monkeypatch.setattr(sori.audio, "microphone", microphone)
    listen("keywords", microphone=True, out=out, format=None, json=False)
    assert seen[0] == ""
    assert ["yes"] in [[json.loads(line)["label"] for line in text.splitlines()] for text in seen]
    assert [json.loads(line)["label"] for line in out.read_text(encoding="utf-8").splitlines()] == ["yes", "stop"]
    assert capsys.readouterr().out.startswith(out.read_text(encoding="utf-8"))


@needs_real
def test_a_folder_is_listened_to_and_a_broken_file_stops_nothing(spoken, tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.wav", "sub/b.wav"):
        (tmp_path / "in" / name).write_bytes(spoken.read_bytes())
    (tmp_path / "in" / "broken.wav").write_text("no sound")
    done = sori("listen", "keywords", tmp_path / "in", "--json")
    assert done.returncode == 1
    assert "broken.wav: not readable" in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    words = [(Path(one["file"]).name, one["label"]) for one in lines if "label" in one]
    assert words == [("a.wav", "yes"), ("a.wav", "stop"), ("b.wav", "yes"), ("b.wav", "stop")]
    assert [Path(one["file"]).name for one in lines if "error" in one] == ["broken.wav"]
    assert "captions are of one recording" in sori("listen", "keywords", tmp_path / "in", "--format", "vtt").stderr
