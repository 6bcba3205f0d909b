from pathlib import Path

import pytest

from sori.bundle import PRETRAINED, Bundle, pretrained
from sori.bundle.pretrained import bundle_folder
from sori.errors import ParameterError
from sori.sessions import onnx_session


@pytest.mark.parametrize("name", PRETRAINED)
def test_every_shipped_model_opens_by_its_name_and_by_its_folder(name):
    folder = pretrained(name)
    assert Bundle.open(name) == Bundle.open(folder)
    shape = onnx_session(folder / "model.onnx").get_inputs()[0].shape[1:]
    known = [(a, b) for a, b in zip(shape, Bundle.open(name).input_shape, strict=True) if b is not None]
    assert known
    assert all(a == b for a, b in known)


def test_all_that_ships_is_listed():
    folders = {path.name for path in pretrained(PRETRAINED[0]).parent.iterdir() if (path / "bundle.json").is_file()}
    assert folders == set(PRETRAINED)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'keywords'"):
        pretrained("keyword")


def test_a_model_of_that_name_here_wins_over_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bundle_folder("piano") == pretrained("piano")
    Path("piano").mkdir()  # a folder of recordings, say
    assert bundle_folder("piano") == pretrained("piano")
    Path("piano", "bundle.json").touch()
    assert bundle_folder("piano") == Path("piano")


def test_any_other_path_stays_what_it_is(tmp_path):
    assert bundle_folder(tmp_path / "keywords") == tmp_path / "keywords"
