from typer.testing import CliRunner

from sori.cli import app

run = CliRunner().invoke


def test_data_and_a_training_from_the_command_line(made, tmp_path):
    done = run(app, ["piano", "synth", str(tmp_path / "data"), "--midi", str(made / "midi"), "--strings", "1"])
    assert done.exit_code == 0, done.output
    assert "pieces to train on" in done.stdout
    training = ["piano", "train", str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--width", "0.1"]
    done = run(app, [*training, "--epochs", "1", "--steps", "1", "--batch-size", "1", "--clip", "1"])
    assert done.exit_code == 0, done.output
    assert "valid, light" in done.stdout
    assert (tmp_path / "run" / "model.onnx").is_file()
