import pytest

from sori.datasets import Dataset, build, maker_of, read_catalog
from sori.errors import DatasetError
from sori.features import Preprocessor, Segmenting
from sori.training import TrainingOptions
from sori.training.build_beside import build_beside
from tests.conftest import FRONT_END, Said


def built(folder, out, *, overwrite=False, reporter=None, **options):
    given = TrainingOptions(**options)
    return build_beside(folder, out, given, maker="tests", overwrite=overwrite, reporter=reporter or Said())


def test_it_lies_beside_the_run_and_is_used_again(sounds, tmp_path):
    said = Said()
    first = built(sounds(), tmp_path / "run", model="mlp", reporter=said)
    assert first.path == tmp_path / "run-dataset"
    assert maker_of(first.path) == "tests"
    assert any(line.startswith("dataset: ") for line in said.said)
    assert built(tmp_path / "sounds", tmp_path / "run", model="mlp").fingerprint == first.fingerprint
    assert built(tmp_path / "sounds", tmp_path / "run", model="cnn").front_end.kind == "mel"  # other features: anew


def test_what_somebody_built_is_not_replaced(sounds, tmp_path):
    preprocessor = Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2))
    build(read_catalog(sounds()), tmp_path / "run-dataset", preprocessor=preprocessor)
    with pytest.raises(DatasetError, match="would be replaced, but was not made by tests"):
        built(tmp_path / "sounds", tmp_path / "run", model="cnn")
    assert Dataset.open(tmp_path / "run-dataset").preprocessor == preprocessor


def test_one_class_alone_is_no_task(sounds, tmp_path):
    with pytest.raises(DatasetError, match="there is only one class"):
        built(sounds(("high",)), tmp_path / "run")
    assert not (tmp_path / "run-dataset").exists()
