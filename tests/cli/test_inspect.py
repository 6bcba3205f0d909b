import json

import numpy as np
import pytest
import soundfile

from sori import audio
from tests.cli.test_cli import fails, sori

SMALL = ("--n-fft", 512, "--hop-length", 128, "--n-mels", 40)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "소리"
    root.mkdir()
    soundfile.write(root / "한국어 파일.wav", audio.tone(440, sr=16000, duration_s=0.5), 16000)
    soundfile.write(root / "b.flac", audio.tone(220, sr=8000, duration_s=0.5), 8000)
    (root / "broken.wav").write_text("no sound")
    return root


def test_one_recording(folder, tmp_path):
    done = sori("inspect", folder / "한국어 파일.wav", "--out", tmp_path / "out", "--band", "piano", "--n-fft", 1024)
    assert done.returncode == 0, done.stderr
    assert "440.0 Hz A4" in done.stdout
    assert f"page: {tmp_path / 'out' / 'report.html'}" in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_folder_goes_on_past_a_bad_file(folder, tmp_path):
    done = sori(
        "inspect", folder, "--out", tmp_path / "out", "--n-fft", 512, "--hop-length", 128, "--n-mels", 40, "--json"
    )
    assert done.returncode == 1
    *read, broken = json.loads(done.stdout)
    assert [one["peaks"][0]["note"] for one in read] == ["A3", "A4"]
    assert "not readable as audio" in broken["error"]
    assert "broken.wav: not readable as audio" in done.stderr
    assert "1 of 3 could not be read" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"b", "한국어 파일"}


def test_side_by_side(folder, tmp_path):
    files = [folder / "b.flac", folder / "한국어 파일.wav"]
    done = sori(
        "inspect", *files, "--compare", "--out", tmp_path / "out", "--n-fft", 512, "--hop-length", 128, "--n-mels", 40
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads((tmp_path / "out" / "summary.json").read_text())["recordings"]) == 2
    assert "--compare needs two recordings" in fails("inspect", files[0], "--compare")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fmin", 5000, "--fmax", 100), "fmin must be below fmax"),
        (("--band", "cello"), "band must be one of piano, speech, telephone"),
        (("--band", "piano", "--fmin", 30), "give --band, or --fmin and --fmax, not both"),
        (("--hop-length", 9999), "hop_length must be at most n_fft=2048"),
        (("--start", 9), "no samples after 9 s"),
        (("--quantise", 99), "quantise must be 1 to 24 bits"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(folder, tmp_path, arguments, message):
    assert message in fails("inspect", folder / "b.flac", "--out", tmp_path / "out", *arguments)
    assert not (tmp_path / "out").exists()


def test_nothing_readable_is_an_error(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    done = sori("inspect", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "b.wav: the file is empty" in done.stderr
    assert "2 of 2 could not be read" in done.stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "text.txt").write_text("mine")
    soundfile.write(tmp_path / "c.wav", np.zeros(100), 8000)
    assert "was not made by sori inspect" in fails("inspect", tmp_path / "c.wav", "--out", tmp_path / "mine")
