import numpy as np
import pytest

from sori.audio import load, resample
from sori.errors import ParameterError
from sori.inference import ENGINES, Transcriber
from sori.music.midi import read_notes
from tests.conftest import ROOT


def test_its_own_engine_hears_what_the_shipped_model_hears():
    y, sr = load(ROOT / "examples" / "prelude.flac", duration_s=3)
    engine = ENGINES["piano"]()
    notes = engine(resample(y, from_sr=sr, to_sr=engine.sr))
    assert tuple(notes) == Transcriber("piano")(y, sr=sr).notes
    played = [note for note in read_notes(ROOT / "examples" / "prelude.mid") if note.onset_s < 2.5]
    assert [note.pitch for note in notes][: len(played)] == [note.pitch for note in played]
    onsets_s = [note.onset_s for note in notes][: len(played)]
    assert onsets_s == pytest.approx([note.onset_s for note in played], abs=0.05)


def test_silence_has_no_notes():
    assert not ENGINES["piano"]()(np.zeros(8000, dtype=np.float32))


def test_an_unknown_engine_suggests_the_nearest():
    with pytest.raises(ParameterError, match=r"engine must be one of piano.*did you mean 'piano'"):
        ENGINES["pianos"]
