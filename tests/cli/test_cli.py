"""The command line as a person meets it: what it prints, where, and how it exits."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

SORI = Path(sys.executable).with_name("sori")


def sori(*arguments, **options):
    return subprocess.run([SORI, *map(str, arguments)], capture_output=True, text=True, check=False, **options)


def fails(*arguments, code=1):
    """Run, expect an error of one line and no traceback, return that line."""
    done = sori(*arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "command", [(), ("dataset",), *(("dataset", name) for name in ("build", "info", "export", "import")),
                ("transcribe",), ("notate",), ("score",), ("piano", "synth"), ("piano", "train"),
                ("train",), ("evaluate",), ("predict",), ("models",), ("inspect",), ("listen",), ("augment",),
                *(("experiment", name) for name in ("features", "overfitting", "examples", "listening")),
                *(("synth", name) for name in ("notes", "chords", "mix", "midi"))]
)  # fmt: skip
def test_help_has_an_example(command):
    done = sori(*command, "--help")
    assert done.returncode == 0
    if command != ("dataset",):
        assert "Example: sori" in done.stdout


def test_usage_errors_exit_2():
    assert sori("dataset", "build").returncode == 2
    assert sori("nonsense").returncode == 2
    assert "0.2.0" in sori("--version").stdout


def test_a_missing_run_or_dataset_is_one_line(tmp_path):
    assert "not a trained model" in fails("predict", tmp_path / "no", "x.wav")
    assert "not a trained model" in fails("evaluate", tmp_path / "no", tmp_path)
    assert "no such dataset, folder" in fails("train", tmp_path / "no", "--out", tmp_path / "run")
    assert "not a dataset" in fails("dataset", "info", tmp_path)
    soundfile.write(tmp_path / "a.wav", np.zeros(10), 8000)
    assert "recordings must be in one folder per class" in fails("train", tmp_path, "--out", tmp_path / "run")
    huge = ("--duration", "9e5", "--segments", 1)
    soundfile.write(tmp_path / "b.wav", np.ones(10), 8000)
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "b.wav").rename(tmp_path / "in" / "a" / "b.wav")
    assert "use more segments" in fails("dataset", "build", tmp_path / "in", tmp_path / "huge", *huge)
    assert not list(tmp_path.glob("huge*"))


def test_a_reader_that_stops_early_is_no_error(trained):
    pipe = f"'{SORI}' dataset info '{trained / 'data'}' --json | head -1"
    done = subprocess.run(pipe, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr


def test_an_unwritable_place_is_one_line(sounds):
    if os.geteuid():  # root writes anywhere but here
        assert "cannot be written" in fails("dataset", "build", sounds(), "/proc/out")
    else:
        assert "out" in fails("dataset", "build", sounds(), "/proc/out")


def test_here_is_a_place_like_any_other(sounds, tmp_path):
    source = sounds()
    done = sori("train", ".", "--out", "../run", "--model", "mlp", "--epochs", 1, cwd=source)
    assert done.returncode == 0, done.stderr
    assert sori("dataset", "info", ".", cwd=tmp_path / "run-dataset").returncode == 0
    assert sori("predict", ".", source / "low", cwd=tmp_path / "run").returncode == 0
    (tmp_path / "empty").mkdir()
    assert sori("dataset", "build", source, ".", "--duration", 1, cwd=tmp_path / "empty").returncode == 0
