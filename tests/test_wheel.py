"""What is shipped: the wheel, in an environment that has what it asks for and nothing else."""

import json
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def bare(built, tmp_path_factory):
    """The folder of programs of an environment into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    wheel = next(built.glob("*.whl"))
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", wheel], check=True, capture_output=True)
    return programs


def sori(bare: Path, *arguments):
    return subprocess.run([bare / "sori", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_wheel_holds_the_package_and_its_models(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    for name in (
        "py.typed",
        "weights/keywords/model.onnx",
        "weights/piano/model.onnx",
        "weights/piano/README.md",
        "weights/notation/rhythm.onnx",
    ):
        assert f"sori/{name}" in names
    assert not [name for name in names if not name.startswith(("sori/", "sori-"))]


def test_the_source_can_be_tested(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CITATION.cff",
        "tests/conftest.py",
        "examples/prelude.flac",
    } <= names


def test_it_predicts_and_transcribes_with_what_it_asks_for(bare, tmp_path):
    done = sori(bare, "predict", "keywords", ROOT / "examples" / "prelude.flac", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)[0]["top"]) == 3
    done = sori(bare, "transcribe", ROOT / "examples" / "prelude.flac", "--format", "mid,tsv,json", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".mid", ".tsv"]
    assert sori(bare, "listen", "keywords", ROOT / "examples" / "prelude.flac").returncode == 0
    assert sori(bare, "models").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("train", ROOT / "examples" / "instruments", "--out", "run"), "train"),
        (("dataset", "build", ROOT / "examples" / "instruments", "--out", "data"), "train"),
        (("inspect", ROOT / "examples" / "prelude.flac"), "plots"),
        (("score", "a.mid", "b.mid"), "piano"),
        (("transcribe", ROOT / "examples" / "prelude.flac", "--format", "png"), "plots"),
    ],
)
def test_what_needs_more_says_so_before_it_begins(bare, tmp_path, arguments, extra):
    done = subprocess.run(
        [bare / "sori", *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith(f"pip install 'sori[{extra}]' (in a clone: pip install '.[{extra}]')")
    assert not list(tmp_path.iterdir())
