"""The command line as a person meets it: what it prints, where, and how it exits."""

import json
import os
import signal
import subprocess
import sys
import time
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
                ("transcribe",), ("score",), ("piano", "synth"), ("piano", "train"),
                ("train",), ("evaluate",), ("predict",), ("models",), ("inspect",), ("listen",), ("augment",),
                *(("experiment", name) for name in ("features", "overfitting", "listening")),
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


def test_build_info_export_import(sounds, tmp_path):
    source = sounds()
    (source / "low" / "나쁜 파일.wav").write_text("no sound")
    out = tmp_path / "data"
    done = sori("dataset", "build", source, out, "--sr", 8000, "--duration", 1, "--segments", 2, "--n-mels", 40)
    assert done.returncode == 0, done.stderr
    assert "24 segments of 8 frames x 13" in done.stdout
    assert "failed: low/나쁜 파일.wav: not readable as audio" in done.stderr
    values = json.loads(sori("dataset", "info", out, "--json").stdout)
    assert values["counts"]["recordings"] == 12
    assert values["failed"][0]["file"] == "low/나쁜 파일.wav"
    assert sori("dataset", "export", out, tmp_path / "out.json").returncode == 0
    assert "give --overwrite" in fails("dataset", "export", out, tmp_path / "out.json")
    done = sori("dataset", "import", tmp_path / "out.json", tmp_path / "again", "--group-size", 2, "--json")
    assert json.loads(done.stdout)["counts"]["segments"] == 24
    assert "is there already" in fails("dataset", "build", source, out)
    assert "did you mean 'mfcc'" in fails("dataset", "build", source, tmp_path / "x", "--feature", "mfc")
    assert "--max-bad is 0.0%" in fails("dataset", "build", source, tmp_path / "x", "--duration", 1, "--max-bad", 0)
    assert not (tmp_path / "x").exists()


def test_npz_needs_its_rate(tmp_path):
    np.savez(tmp_path / "a.npz", wav_vals=np.zeros((2, 100), dtype=np.float32), label_vals=np.array(["b", "a"]))
    assert "give --sr" in fails("dataset", "import", tmp_path / "a.npz", tmp_path / "out")
    done = sori("dataset", "import", tmp_path / "a.npz", tmp_path / "out", "--sr", 8000, "--classes", "b,a")
    assert "100 frames x 1" in done.stdout


def test_ctrl_c_leaves_a_build_that_resumes(sounds, tmp_path):
    source = sounds(recordings=60, duration_s=5, sr=44100)
    arguments = "--feature spectrogram --sr 44100 --duration 5 --segments 5 --hop-length 128".split()
    command = [SORI, "dataset", "build", source, tmp_path / "out", *arguments, "--jobs", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out.building" / "shard-00000.parquet").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "with --resume to finish" in errors
    assert "Traceback" not in errors
    assert sori("dataset", "build", source, tmp_path / "out", *arguments, "--resume").returncode == 0
    assert (tmp_path / "out" / "dataset.json").is_file()


def test_train_evaluate_predict(trained, tmp_path):
    done = sori("train", trained / "data", "--out", tmp_path / "run", "--model", "mlp", "--epochs", 3, "--lr", "1e-3")
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert f"report: {tmp_path / 'run' / 'report.html'}" in done.stdout
    assert "test recordings never heard in training" in done.stderr
    scores = json.loads(sori("evaluate", tmp_path / "run", trained / "data", "--json").stdout)
    assert scores["left_out"] > 0
    file = trained / "sounds" / "high" / "0-high_0.wav"
    bad = tmp_path / "bad.wav"
    bad.write_text("x")
    done = sori("predict", tmp_path / "run", file, bad, "--top", 2)
    assert done.returncode == 1  # the batch goes on, and says that not all of it went well
    assert done.stdout.startswith(f"{file}: ")
    assert done.stdout.count("%") == 2
    assert "bad.wav: not readable as audio" in done.stderr
    rows = json.loads(sori("predict", tmp_path / "run", file, bad, "--json", "--top", 3).stdout)
    assert len(rows[0]["top"]) == 3
    assert "error" in rows[1]
    assert "not readable as audio" in fails("predict", tmp_path / "run", bad)


def test_a_missing_run_or_dataset_is_one_line(tmp_path):
    assert "not a trained model" in fails("predict", tmp_path / "no", "x.wav")
    assert "not a trained model" in fails("evaluate", tmp_path / "no", tmp_path)
    assert "no such dataset, folder" in fails("train", tmp_path / "no", "--out", tmp_path / "run")
    assert "not a dataset" in fails("dataset", "info", tmp_path)
    soundfile.write(tmp_path / "a.wav", np.zeros(10), 8000)
    assert "recordings must lie in one folder per class" in fails("train", tmp_path, "--out", tmp_path / "run")
    huge = ("--duration", "1e9", "--segments", 1)
    soundfile.write(tmp_path / "b.wav", np.ones(10), 8000)
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "b.wav").rename(tmp_path / "in" / "a" / "b.wav")
    assert "use more segments" in fails("dataset", "build", tmp_path / "in", tmp_path / "huge", *huge)
    assert not list(tmp_path.glob("huge*"))


def test_models_are_listed_with_what_they_cost():
    values = json.loads(sori("models", "--json").stdout)
    assert {row["name"]: row["parameters"] for row in values["models"]}["mlp"] == 1_014_218
    assert "FRAMESxBINS" in fails("models", "--shape", "big")
    assert "shape must be" in fails("models", "--shape", "0x5")


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


def test_names_that_look_like_something_else(sounds, tmp_path):
    source = sounds(("[bold]", "$x$"))
    (source / "[bold]" / "[red]bad.wav").write_text("no sound")
    done = sori("dataset", "build", source, tmp_path / "data", "--sr", 8000, "--duration", 1, "--segments", 1)
    assert "[bold]" in done.stdout
    assert "failed: [bold]/[red]bad.wav" in done.stderr


def test_here_is_a_place_like_any_other(sounds, tmp_path):
    source = sounds()
    done = sori("train", ".", "--out", "../run", "--model", "mlp", "--epochs", 1, cwd=source)
    assert done.returncode == 0, done.stderr
    assert sori("dataset", "info", ".", cwd=tmp_path / "run-dataset").returncode == 0
    assert sori("predict", ".", source / "low", cwd=tmp_path / "run").returncode == 0
    (tmp_path / "empty").mkdir()
    assert sori("dataset", "build", source, ".", "--duration", 1, cwd=tmp_path / "empty").returncode == 0


def test_predict_shows_a_name_that_is_not_text(trained, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff.wav"
    with open(name, "wb") as file:
        file.write((trained / "sounds" / "high" / "0-high_0.wav").read_bytes())
    done = subprocess.run([SORI, "predict", trained / "run", name], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
