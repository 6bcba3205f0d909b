import importlib.util
import sys

import numpy as np
import pytest

from sori import features
from sori.audio import rms_db
from sori.errors import AudioError, MissingDependencyError, ParameterError
from sori.music import Note
from sori.music.events import Event, notes_to_events
from sori.synth import instrument, soundfont
from sori.synth.soundfont import Reverb, SoundFontSynth, default_soundfont, parse_reverb
from sori.units import midi_to_hz
from tests.conftest import REAL, needs_fluidsynth, needs_real

SR = 22050


def lowest_partial(y):
    hz, magnitude = features.spectrum(y * np.hanning(len(y)), sr=SR)
    return min(at for at, _ in features.spectral_peaks(hz, magnitude, apart_hz=15, floor_db=25))


@pytest.fixture(scope="module")
def synth():
    with SoundFontSynth(default_soundfont(), sr=SR) as one:
        yield one


@needs_fluidsynth
class TestSynth:
    @pytest.mark.parametrize(("name", "pitch"), [("guitar", 48), ("piano", 60), ("violin", 69), ("flute", 84)])
    def test_a_note_has_its_pitch(self, synth, name, pitch):
        y = synth.render(instrument(name), [Note(0, 0.9, pitch, 90)], duration_s=1)
        assert (y.dtype, y.shape) == (np.float32, (SR,))
        assert lowest_partial(y) == pytest.approx(midi_to_hz(pitch), rel=0.01)

    def test_harder_is_louder(self, synth):
        levels = [
            rms_db(synth.render(instrument("violin"), [Note(0, 0.9, 69, v)], duration_s=1)) for v in (20, 60, 100, 127)
        ]
        assert levels == sorted(levels)

    def test_a_clip_is_the_same_whatever_was_played_before(self, synth):
        def chord():
            return synth.render(instrument("piano"), [Note(0, 0.5, p, 80) for p in (60, 64, 67)], duration_s=0.7)

        first = chord()
        for name, duration_s in (("violin", 0.31), ("organ", 0.1234)):
            synth.render(instrument(name), [Note(0, 2, p, 120) for p in (50, 57, 63, 69)], duration_s=duration_s)
            np.testing.assert_array_equal(chord(), first)

    @pytest.mark.parametrize("tuning_hz", [415.0, 466.2])
    def test_tuning_moves_it(self, tuning_hz):
        with SoundFontSynth(default_soundfont(), sr=SR, tuning_hz=tuning_hz) as one:
            y = one.render(instrument("flute"), [Note(0, 0.9, 69, 90)], duration_s=1)
        assert lowest_partial(y) == pytest.approx(tuning_hz, rel=0.006)

    def test_a_room_rings_on(self):
        ends = []
        for reverb in (None, Reverb(room=0.9, level=0.9)):
            with SoundFontSynth(default_soundfont(), sr=SR, reverb=reverb) as one:
                y = one.render(instrument("xylophone"), [Note(0, 0.1, 84, 110)], duration_s=2)
            ends.append(float(np.abs(y[SR:]).max()))
        assert ends[1] > 10 * ends[0]

    def test_the_pedal_holds_notes(self, synth):
        struck = [Note(0, 0.2, 60, 100)]
        pedal = [Event(0.0, 1, 0, "control", 64, 127), Event(1.5, 1, 0, "control", 64, 0)]
        dry = synth.play(notes_to_events(struck), at_most_s=2)
        held = synth.play([*notes_to_events(struck), *pedal], at_most_s=2)
        late = slice(int(1.0 * SR), int(1.4 * SR))
        assert np.abs(held[late]).max() > 5 * np.abs(dry[late]).max()

    def test_a_piece_ends_when_it_has_died_away(self, synth):
        y = synth.play(notes_to_events([Note(0.5, 1.0, 60, 100)]))
        assert 1 < len(y) / SR < 8
        assert np.abs(y[-100:]).max() < 1e-3

    def test_a_file_that_is_no_bank_is_named(self, tmp_path):
        (tmp_path / "text.sf2").write_text("no bank")
        with pytest.raises(AudioError, match=r"text.sf2: not a SoundFont"):
            SoundFontSynth(tmp_path / "text.sf2", sr=SR)
        (tmp_path / "cut.sf2").write_bytes(b"RIFF\x10\x00\x00\x00sfbk")
        with pytest.raises(AudioError, match=r"cut.sf2: not readable as a SoundFont"):
            SoundFontSynth(tmp_path / "cut.sf2", sr=SR)
        with pytest.raises(AudioError, match=r"none.sf2: No such file"):
            SoundFontSynth(tmp_path / "none.sf2", sr=SR)

    @needs_real
    def test_a_piano_bank_has_no_violin(self):
        with SoundFontSynth(REAL / "piano" / "soundfonts" / "splendid.sf3", sr=SR) as one:
            with pytest.raises(ParameterError, match=r"splendid.sf3 has no violin"):
                one.render(instrument("violin"), [Note(0, 1, 60, 80)], duration_s=1)
            y = one.render(instrument("piano"), [Note(0, 0.9, 69, 80)], duration_s=1)
        assert lowest_partial(y) == pytest.approx(440, rel=0.01)


def test_a_missing_library_says_how_to_install_it(monkeypatch):
    bank = default_soundfont()
    soundfont._fluidsynth.cache_clear()
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(MissingDependencyError, match=r"apt install fluidsynth .*brew install .*choco install"):
        SoundFontSynth(bank, sr=SR)
    soundfont._fluidsynth.cache_clear()


def test_a_missing_bank_says_how_to_install_one(monkeypatch):
    monkeypatch.setattr(soundfont, "_FOLDERS", ())
    assert default_soundfont().parent.name == "pretty_midi"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"`soundfont`, or pip install pretty_midi"):
        default_soundfont()


def test_the_first_general_midi_bank_is_taken(monkeypatch, tmp_path):
    for name in ("Zebra.sf2", "TimGM6mb.sf2", "FluidR3_GM.sf2", "notes.txt"):
        (tmp_path / name).touch()
    monkeypatch.setattr(soundfont, "_FOLDERS", (str(tmp_path / "none"), str(tmp_path)))
    assert default_soundfont().name == "FluidR3_GM.sf2"


@pytest.mark.parametrize("text", ["", "much", "0.5,0.2,1,1,1", "2"])
def test_an_impossible_room_is_refused(text):
    with pytest.raises(ParameterError, match="reverb"):
        parse_reverb(text)
