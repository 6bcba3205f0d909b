import pytest

from sori.errors import ParameterError
from sori.synth import INSTRUMENTS, instrument


def test_names_are_found_however_they_are_written():
    assert instrument("Electric Guitar") == instrument("electric-guitar") == instrument("electric_guitar")
    assert instrument("gm:40").program == instrument("violin").program == 40


def test_the_table_is_sound():
    assert len(INSTRUMENTS) >= 30
    for name, one in INSTRUMENTS.items():
        assert name == one.name
        assert 0 <= one.program <= 127
        assert 0 <= one.lowest < one.highest <= 127
    assert (instrument("piano").lowest, instrument("piano").highest) == (21, 108)


@pytest.mark.parametrize(("name", "message"), [("pianoo", "did you mean 'piano'"), ("gm:128", "gm:0 to gm:127")])
def test_unknown_ones_are_refused(name, message):
    with pytest.raises(ParameterError, match=message):
        instrument(name)
