import numpy as np
import pytest

from sori.audio import load, resample
from sori.errors import MissingDependencyError, SoriError
from sori.evaluation.notes import score_notes
from sori.inference.transkun import Transkun
from sori.music import notes_array
from sori.music.midi import read_notes
from tests.conftest import ROOT, needs_package


def test_without_its_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install transkun"):
        Transkun()


def test_a_package_that_cannot_be_loaded_is_told_in_a_line(monkeypatch, tmp_path):
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr("importlib.util.find_spec", lambda name: Spec())
    monkeypatch.setattr("sori.inference.transkun.require", lambda name: object())
    with pytest.raises(SoriError, match="transkun cannot be loaded"):
        Transkun()


@needs_package("transkun", in_ci=False)
def test_it_hears_the_prelude():
    y, sr = load(ROOT / "examples" / "prelude.flac", duration_s=10)
    engine = Transkun()
    known = [note for note in read_notes(ROOT / "examples" / "prelude.mid") if note.onset_s < 9.8]
    found = engine(resample(y, from_sr=sr, to_sr=engine.sr))
    assert score_notes(notes_array(known), notes_array(found)).f1 > 0.9
    assert engine(np.zeros(0, dtype=np.float32)) == []
