import json

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from sori import audio
from sori.cli import app

run = CliRunner().invoke


@pytest.fixture
def recordings(tmp_path):
    y = audio.tone(440, sr=8000, duration_s=1.5, amplitude=0.3)
    soundfile.write(tmp_path / "가락.wav", np.stack([y, np.zeros_like(y)], axis=1), 8000)
    soundfile.write(tmp_path / "silence.flac", np.zeros(44100, dtype=np.float32), 44100)
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing")
    return tmp_path


def test_notes_are_written_and_a_broken_file_stops_nothing(made, recordings):
    files = [str(recordings / name) for name in ("가락.wav", "broken.wav", "silence.flac")]
    done = run(
        app,
        [
            "transcribe",
            *files,
            "--model",
            str(made / "run"),
            "--out",
            str(recordings / "out"),
            "--format",
            "mid,tsv,json,png",
        ],
    )
    assert done.exit_code == 1
    assert {path.name for path in (recordings / "out").iterdir()} == {
        f"{stem}.{kind}" for stem in ("가락", "silence") for kind in ("mid", "tsv", "json", "png")
    }
    assert "broken.wav" in done.stderr
    assert "times real time" in done.stdout
    assert json.loads((recordings / "out" / "silence.json").read_text())["duration_s"] == pytest.approx(1, abs=0.01)


def test_json_lists_every_recording(made, recordings, monkeypatch):
    monkeypatch.chdir(recordings)
    done = run(app, ["transcribe", str(recordings / "silence.flac"), "--model", str(made / "run"), "--json"])
    assert done.exit_code == 0
    (told,) = json.loads(done.stdout)
    assert told["written"] == ["notes/silence.mid"]
    assert (told["tuning_hz"], told["held_back"]) == (440, 0)
    assert not (recordings / "silence.mid").exists()
    again = run(app, ["transcribe", str(recordings / "silence.flac"), "--model", str(made / "run")])
    assert isinstance(again.exception, Exception)
    assert "`overwrite=True`" in str(again.exception)


def test_two_files_of_one_name_and_unknown_formats_are_refused(made, recordings):
    soundfile.write(recordings / "silence.wav", np.zeros(100), 8000)
    pair = [str(recordings / "silence.flac"), str(recordings / "silence.wav")]
    done = run(app, ["transcribe", *pair, "--model", str(made / "run")])
    assert "would both be written" in str(done.exception)
    done = run(app, ["transcribe", pair[0], "--model", str(made / "run"), "--format", "mp4"])
    assert "format must be one of" in str(done.exception)


def test_a_file_that_cannot_be_written_stops_no_other(made, recordings):
    out = recordings / "out"
    (out / "silence.mid").mkdir(parents=True)
    files = [str(recordings / name) for name in ("silence.flac", "가락.wav")]
    done = run(
        app,
        ["transcribe", *files, "--model", str(made / "run"), "--out", str(out), "--format", "tsv,mid", "--overwrite"],
    )
    assert done.exit_code == 1
    assert "silence.mid" in done.stderr
    assert {path.name for path in out.iterdir()} == {"silence.mid", "가락.tsv", "가락.mid"}
    done = run(app, ["transcribe", *files, "--model", str(made / "run"), "--out", str(recordings / "broken.wav")])
    assert "is not a folder" in str(done.exception)


def test_a_quiet_recording_is_heard_as_a_loud_one(made, tmp_path, rng):
    y = (0.3 * rng.standard_normal(32000)).clip(-0.9, 0.9).astype(np.float32)
    for name, gain in (("loud", 0.5 / np.abs(y).max()), ("quiet", 0.001)):
        soundfile.write(tmp_path / f"{name}.wav", gain * y, 16000, subtype="FLOAT")
        arguments = [
            "--model",
            str(made / "run"),
            "--format",
            "json",
            "--threshold",
            "0.01",
            "--min-note",
            "0",
            "--no-doubt",
            "--out",
            str(tmp_path),
        ]
        assert run(app, ["transcribe", str(tmp_path / f"{name}.wav"), *arguments]).exit_code == 0
    loud, quiet = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("loud", "quiet"))
    assert len(loud["notes"]) == len(quiet["notes"]) > 0
