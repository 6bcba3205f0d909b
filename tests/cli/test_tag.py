import json

import numpy as np
import pytest
from typer.testing import CliRunner

from sori import audio
from sori.cli import app

run = CliRunner().invoke


@pytest.fixture
def quiet(tmp_path):
    audio.save(tmp_path / "조용.wav", np.zeros(32000, dtype=np.float32), sr=16000)
    return tmp_path / "조용.wav"


def test_sounds_are_shown_and_written(quiet, tmp_path):
    out = tmp_path / "out"
    done = run(app, ["tag", str(quiet), "--format", "txt,json,vtt,labels,png", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "Silence  1.00" in done.stdout
    names = sorted(path.name for path in out.iterdir())
    assert names == ["조용.json", "조용.labels.txt", "조용.png", "조용.txt", "조용.vtt"]
    assert (out / "조용.vtt").read_text().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nSilence")
    assert (out / "조용.labels.txt").read_text() == "0.000\t2.000\tSilence\n"
    assert json.loads((out / "조용.json").read_text())["sounds"][0]["class"] == "Silence"
    again = run(app, ["tag", str(quiet), "--format", "txt", "--out", str(out)])
    assert again.exit_code == 1


def test_as_json_every_file_is_accounted_for(quiet, tmp_path):
    (tmp_path / "bad.wav").touch()
    done = run(app, ["tag", str(tmp_path), "--json"])
    assert done.exit_code == 1
    bad, good = json.loads(done.stdout)
    assert "error" in bad
    assert good["top"][0]["class"] == "Silence"


def test_two_files_of_one_name_are_refused(quiet, tmp_path):
    (tmp_path / "sub").mkdir()
    audio.save(tmp_path / "sub" / quiet.name, np.zeros(16000, dtype=np.float32), sr=16000)
    done = run(app, ["tag", str(tmp_path), "--format", "txt", "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "would both be written" in done.stderr


def test_listening_names_sounds_too(quiet):
    done = run(app, ["listen", "sounds", str(quiet), "--threshold", "0.5"])
    assert done.exit_code == 0, done.output
    assert "Silence" in done.stdout
