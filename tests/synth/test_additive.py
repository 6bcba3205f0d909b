import numpy as np
import pytest

from sori import features
from sori.audio import rms_db
from sori.errors import ParameterError
from sori.music import Note
from sori.synth import instrument
from sori.synth.additive import AdditiveSynth
from sori.units import midi_to_hz

SR = 22050


def partials(y):
    hz, magnitude = features.spectrum(y * np.hanning(len(y)), sr=SR)
    return sorted(at for at, _ in features.spectral_peaks(hz, magnitude, count=12, apart_hz=15, floor_db=50))


@pytest.mark.parametrize("name", ["piano", "flute"])
@pytest.mark.parametrize("pitch", [45, 69, 93])
def test_the_lowest_partial_is_the_note(name, pitch):
    y = AdditiveSynth(instrument(name), sr=SR).render([Note(0, 0.9, pitch, 90)], duration_s=1)
    assert y.dtype == np.float32
    assert partials(y)[0] == pytest.approx(midi_to_hz(pitch), rel=0.005)


def test_a_string_is_stretched_and_a_flute_is_not():
    for name, stretched in (("piano", True), ("flute", False)):
        y = AdditiveSynth(instrument(name), sr=SR).render([Note(0, 1.9, 45, 120)], duration_s=2)
        ratio = partials(y)[7] / partials(y)[0]
        assert (ratio > 8.02) == stretched


def test_tuning_moves_it():
    y = AdditiveSynth(instrument("flute"), sr=SR, tuning_hz=415).render([Note(0, 0.9, 69, 90)], duration_s=1)
    assert partials(y)[0] == pytest.approx(415, rel=0.003)


def test_harder_is_louder_and_nothing_is_above_full_scale():
    synth = AdditiveSynth(instrument("guitar"), sr=SR)
    levels = [rms_db(synth.render([Note(0, 0.9, 60, v)], duration_s=1)) for v in (20, 60, 100, 127)]
    assert levels == sorted(levels)
    assert levels[-1] - levels[0] > 15
    chord = synth.render([Note(0, 0.9, pitch, 127) for pitch in (48, 52, 55, 60)], duration_s=1)
    assert np.abs(chord).max() <= 1


def test_notes_are_where_they_should_be():
    y = AdditiveSynth(instrument("piano"), sr=SR).render([Note(0.5, 0.7, 60, 90), Note(3.0, 4.0, 60, 90)], duration_s=1)
    assert len(y) == SR
    assert not y[: SR // 2].any()
    assert np.abs(y[SR // 2 : SR // 2 + 2000]).max() > 0.01
    assert not y[int(0.79 * SR) :].any()


def test_bad_arguments_are_refused():
    with pytest.raises(ParameterError, match="tuning_hz must be"):
        AdditiveSynth(instrument("piano"), sr=SR, tuning_hz=4400)
