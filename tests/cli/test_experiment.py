import json

from tests.cli.test_cli import fails, sori


def test_features(tmp_path):
    command = [
        "experiment", "features", tmp_path / "out", "--engine", "additive", "--instruments", "piano,flute,violin",
        "--pitches", "60-62", "--velocities", "70,100", "--duration", 0.3, "--sr", 11025,
    ]  # fmt: skip
    done = sori(*command)
    assert done.returncode == 0, done.stderr
    assert "pitch, clean" in done.stdout
    assert "Instrument of mixed notes: best from" in done.stdout
    assert len(json.loads((tmp_path / "out" / "features.json").read_text())["cells"]) == 24
    assert "other notes or settings; give --overwrite" in fails(*command, "--seed", 1)
    assert sori(*command).stdout == done.stdout
    assert "holds out thirds" in fails("experiment", "features", tmp_path / "more", "--instruments", "piano")
