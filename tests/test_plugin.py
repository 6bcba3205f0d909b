"""A package that is not Sori's adds one thing of each kind, by its entry points alone."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Where the example package is installed, and nothing else."""
    folder = tmp_path_factory.mktemp("plugin")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", str(folder / "site"), str(ROOT / "examples" / "plugin")], check=True)
    return {**os.environ, "PYTHONPATH": str(folder / "site")}


def sori(environment, *arguments):
    command = [sys.executable, "-c", "from sori.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_features_and_its_network_become_a_model_that_predicts(environment, trained, tmp_path):
    data, run = tmp_path / "data", tmp_path / "run"
    sori(environment, "dataset", "build", trained / "sounds", "--out", data, "--feature", "crossings", "--duration", 1)
    described = json.loads((data / "_dataset.json").read_text())
    assert described["front_end"] == {"kind": "crossings", "sr": 22050, "hop_length": 512, "bins": 2}
    scores = json.loads(sori(environment, "train", data, "--model", "average", "--out", run, "--json"))["scores"]
    assert scores["accuracy"] > 0.6  # three pitches, told by how often they cross zero; a third is chance
    file = trained / "sounds" / "high" / "0-high_0.wav"
    top = json.loads(sori(environment, "predict", run, file, "--json"))[0]["top"][0]
    assert top["class"] == "high"


def test_it_is_listed(environment):
    rows = json.loads(sori(environment, "models", "--json"))["models"]
    assert "average" in [row["name"] for row in rows]


def test_its_transform_augments(environment, trained, tmp_path):
    file = trained / "sounds" / "high" / "0-high_0.wav"
    sori(environment, "augment", file, "--recipe", "Reverse", "--count", 1, "--out", tmp_path / "out")
    code = (
        "import sys, numpy as np; from sori import load; "
        "a, b = (load(name)[0] for name in sys.argv[1:]); print(float(np.abs(a[::-1] - b).max()))"
    )
    made = next((tmp_path / "out").glob("*.flac"))
    done = subprocess.run([sys.executable, "-c", code, file, made], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1e-3


def test_its_engine_transcribes_what_its_separator_leaves(environment, trained, tmp_path):
    file = trained / "sounds" / "high" / "0-high_0.wav"  # 800 Hz, nearly G5
    out = ("--format", "json", "--out", tmp_path)
    sori(environment, "transcribe", file, "--engine", "loudest", "--separate", "as-it-is", *out)
    notes = json.loads((tmp_path / "0-high_0.json").read_text())["notes"]
    assert [note["pitch"] for note in notes] == [79]


def test_without_it_its_names_are_unknown():
    command = [sys.executable, "-c", "from sori.models import ARCHITECTURES; ARCHITECTURES['average']"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "model must be one of mlp, cnn" in done.stderr
