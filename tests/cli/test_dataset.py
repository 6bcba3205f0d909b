import json
import re
import signal
import subprocess
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from sori.cli import app
from sori.datasets import Dataset
from sori.errors import ParameterError
from sori.features import Segmenting
from tests.cli.test_cli import SORI, fails, sori


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
    assert (tmp_path / "out" / "_dataset.json").is_file()


def test_names_that_look_like_something_else(sounds, tmp_path):
    source = sounds(("[bold]", "$x$"))
    (source / "[bold]" / "[red]bad.wav").write_text("no sound")
    done = sori("dataset", "build", source, tmp_path / "data", "--sr", 8000, "--duration", 1, "--segments", 1)
    assert "[bold]" in done.stdout
    assert "failed: [bold]/[red]bad.wav" in done.stderr


def run(*arguments):
    return CliRunner().invoke(app, ["dataset", *map(str, arguments)])


def test_without_options_settings_are_chosen_and_with_one_they_are_the_classic_ones(sounds, tmp_path):
    source = sounds()
    assert run("build", source, "--out", tmp_path / "chosen").exit_code == 0
    assert Dataset.open(tmp_path / "chosen").front_end.kind == "embedding"
    given = ("--duration", 1, "--segments", 2, "--sr", 8000, "--n-fft", 512, "--hop-length", 128)
    assert run("build", source, "--out", tmp_path / "given", *given).exit_code == 0
    dataset = Dataset.open(tmp_path / "given")
    assert (dataset.front_end.kind, dataset.front_end.sr, dataset.front_end.n_mels) == ("mfcc", 8000, 128)
    assert dataset.preprocessor.segmenting == Segmenting(duration_s=1, segments=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", ".", "--beats", 2), "`beats`"),
        (("import", "a.npz", "--sr", 8000, "--group-size", 2), "`group_size`"),
        (("import", "a.json", "--classes", "a,b"), "`classes`"),
        (("import", "a.npz"), "`sr`"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path, arguments, message):
    done = run(*arguments, "--out", tmp_path / "data")
    assert isinstance(done.exception, ParameterError)
    assert message in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_a_dataset_is_a_table(trained):
    text = run("info", trained / "data").stdout
    assert "72 segments of 32 frames x 13" in text
    assert "36 used, 1 failed, 0 dropped" in text
    assert "0.5 s each" in text
    assert re.search(r"^낮은 음 +12 +24 *$", text, re.MULTILINE)


def test_speakers_may_be_given_in_an_npz(tmp_path):
    arrays = {"wav_vals": np.ones((4, 100), dtype=np.float32), "label_vals": np.array(["a", "b", "a", "b"])}
    for name, groups in (("alone", {}), ("grouped", {"group_vals": np.array(["x", "x", "y", "y"])})):
        np.savez(tmp_path / f"{name}.npz", **arrays, **groups)
        done = run("import", tmp_path / f"{name}.npz", "--out", tmp_path / name, "--sr", 8000)
        assert done.exit_code == 0, done.output
        assert ("group_vals" in done.stderr) == (name == "alone")
    assert Dataset.open(tmp_path / "grouped").counts["groups"] == 2
