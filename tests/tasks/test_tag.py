import numpy as np

from sori import audio
from sori.errors import SoriError
from sori.tasks.tag import tag


def test_bad_files_are_told_and_the_others_go_on(tmp_path):
    (tmp_path / "a.wav").touch()
    audio.save(tmp_path / "나.wav", np.zeros(16000, dtype=np.float32), sr=16000)
    (bad, error), (good, tags) = tag([tmp_path])
    assert (bad.name, good.name) == ("a.wav", "나.wav")
    assert isinstance(error, SoriError)
    assert tags.top(1)[0][0] == "Silence"
