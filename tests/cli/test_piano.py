import pytest
from typer.testing import CliRunner

from sori import audio
from sori.cli import app
from sori.synth import NoteBank

run = CliRunner().invoke


@pytest.mark.usefixtures("short_notes")
def test_data_and_a_training_from_the_command_line(made, tmp_path):
    done = run(app, ["piano", "synth", str(tmp_path / "data"), "--midi", str(made / "midi"), "--strings", "1"])
    assert done.exit_code == 0, done.output
    assert "pieces to train on" in done.stdout
    training = ["piano", "train", str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--width", "0.1"]
    done = run(app, [*training, "--epochs", "1", "--steps", "1", "--batch-size", "1", "--clip", "1"])
    assert done.exit_code == 0, done.output
    assert "valid, light" in done.stdout
    assert (tmp_path / "run" / "model.onnx").is_file()


def test_a_bank_of_recorded_notes_from_the_command_line(tmp_path):
    (tmp_path / "notes").mkdir()
    audio.save(tmp_path / "notes" / "A4v1.wav", audio.tone(440, sr=16000, duration_s=0.3, amplitude=0.3), sr=16000)
    done = run(app, ["piano", "bank", str(tmp_path / "notes"), "--out", str(tmp_path / "my.npz")])
    assert done.exit_code == 0, done.output
    assert NoteBank.open(tmp_path / "my.npz").sr == 16000
    again = run(app, ["piano", "bank", str(tmp_path / "notes"), "--out", str(tmp_path / "my.npz")])
    assert "is there already" in str(again.exception)
    named = run(app, ["piano", "bank", str(tmp_path / "notes"), "--out", str(tmp_path / "my.bank")])
    assert "name it" in str(named.exception)
