import json

import pytest

from sori.errors import ParameterError
from sori.features import FrontEnd, LogFrequency
from sori.features.front_end import KINDS
from sori.features.registry import FEATURES, differences, front_end_from_dict


@pytest.mark.parametrize("kind", KINDS)
def test_a_front_end_of_each_kind_survives_json(kind):
    front_end = FrontEnd(kind=kind, sr=16000, n_fft=512, hop_length=160, n_mels=40)
    assert front_end_from_dict(json.loads(json.dumps(front_end.to_dict()))) == front_end


def test_so_does_that_of_the_piano():
    front_end = LogFrequency(windows=(512, 4096), n_bins=300)
    assert front_end_from_dict(json.loads(json.dumps(front_end.to_dict()))) == front_end


def test_every_kind_is_registered_by_its_own_name():
    assert {*KINDS, "log-frequency"} <= set(FEATURES)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "mell", "sr": 16000}, "did you mean 'mel'"),
        ({"sr": 16000}, "needs 'kind'"),
        ({}, "needs 'kind'"),
        ("mel", "table of settings"),
        ({"kind": "mel", "sr": 16000, "colour": 1}, "unknown key 'colour'"),
        ({"kind": "log-frequency", "n_mels": 3}, "unknown key 'n_mels'"),
    ],
)
def test_what_is_no_front_end_is_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        front_end_from_dict(values)


def test_differences_are_listed_even_between_kinds():
    mel = FrontEnd(kind="mel", sr=16000)
    assert differences(mel, mel) == []
    assert differences(mel, FrontEnd(kind="mel", sr=8000, n_mels=64)) == ["sr: 16000, not 8000", "n_mels: 128, not 64"]
    found = differences(LogFrequency(), mel)
    assert "kind: log-frequency, not mel" in found
    assert "n_mels: None, not 128" in found
