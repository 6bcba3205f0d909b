import numpy as np
import pytest

from sori import audio
from sori.errors import ParameterError
from sori.inference import ENGINES, Transcriber


def test_its_own_engine_hears_what_the_shipped_model_hears():
    y = audio.complex_tone(440, sr=16000, duration_s=1.0, amplitude=0.5)
    y *= np.exp(-3 * np.arange(16000) / 16000).astype(np.float32)
    notes = ENGINES["piano"]()(y, 16000)
    assert tuple(notes) == Transcriber("piano")(y, sr=16000).notes
    assert 69 in {note.pitch for note in notes}


def test_silence_has_no_notes():
    assert not ENGINES["piano"]()(np.zeros(8000, dtype=np.float32), 8000)


def test_an_unknown_engine_suggests_the_nearest():
    with pytest.raises(ParameterError, match="engine must be one of piano.*did you mean 'piano'"):
        ENGINES["pianos"]
