import numpy as np
import pytest

from sori.errors import AudioError, MissingDependencyError, ParameterError
from sori.music import Note, notes_array
from sori.synth import NoteBank
from sori.synth.notebank import KEYS, VELOCITIES, bank_of_soundfont
from sori.synth.soundfont import default_soundfont
from sori.units import midi_to_hz
from tests.conftest import needs_fluidsynth

SR = 4000


def pluck(note, duration_s):
    """A quiet sine with the key's pitch (an octave of it below Nyquist) that dies away."""
    t = np.arange(round(min(duration_s, 0.5) * SR)) / SR
    hz = float(midi_to_hz(note.pitch))
    while hz > SR / 2:
        hz /= 2
    return (note.velocity / 127 * np.exp(-4 * t) * np.sin(2 * np.pi * hz * t)).astype(np.float32)


@pytest.fixture(scope="module")
def bank():
    return NoteBank.record(pluck, sr=SR)


def test_a_note_is_heard_where_it_was_struck_and_not_after_it_was_let_go(bank):
    y = bank.render([Note(0.2, 0.3, 60, 85)], samples=SR, release_s=0.02)
    assert not y[: round(0.2 * SR)].any()
    assert np.abs(y[round(0.2 * SR) : round(0.3 * SR)]).max() > 0.3
    assert np.abs(y[round(0.5 * SR) :]).max() < 1e-3


def test_the_highest_keys_have_no_dampers(bank):
    y = bank.render([Note(0.0, 0.1, 100, 85)], samples=SR, release_s=0.02)
    assert np.abs(y[round(0.3 * SR) : round(0.4 * SR)]).max() > 0.1


def test_a_note_that_began_before_the_clip_goes_on_in_it(bank):
    whole = bank.render(np.array([[0.1, 0.45, 60, 85.0]]), samples=SR)
    later = bank.render(np.array([[-0.1, 0.25, 60, 85.0]]), samples=SR // 2)
    np.testing.assert_allclose(later, whole[round(0.2 * SR) :][: SR // 2], atol=1e-6)


def test_strengths_in_between_are_in_between_in_level(bank):
    peaks = [np.abs(bank.render([Note(0, 0.4, 60, v)], samples=SR)).max() for v in (20, 50, 64, 85, 100, 127)]
    assert (np.diff(peaks) > 0).all()
    assert peaks[1] == pytest.approx(50 / 127, rel=0.2)


def test_gains_are_of_single_notes(bank):
    notes = notes_array([Note(0, 0.1, 60, 85), Note(0.5, 0.6, 60, 85)])
    y = bank.render(notes, samples=SR, gains=np.array([1, 0.5], dtype=np.float32))
    first, second = np.abs(y[: SR // 4]).max(), np.abs(y[SR // 2 :]).max()
    assert second == pytest.approx(first / 2, rel=0.01)


def test_a_key_that_no_piano_has_is_refused(bank):
    with pytest.raises(ParameterError, match="21 to 108"):
        bank.render([Note(0, 1, 20, 64)], samples=10)


def test_no_notes_are_silence(bank):
    assert not bank.render([], samples=100).any()


def test_it_comes_back_from_disk(bank, tmp_path):
    bank.save(tmp_path / "피아노.npz")
    again = NoteBank.open(tmp_path / "피아노.npz")
    np.testing.assert_array_equal(again.samples, bank.samples)
    assert again.sr == SR
    assert len(again.starts) == KEYS * len(VELOCITIES) + 1


def test_what_is_no_bank_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK no")
    with pytest.raises(AudioError, match="not a note bank"):
        NoteBank.open(tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", samples=np.zeros(3, np.int16), starts=np.array([0, 3]), peaks=np.ones(1), sr=1)
    with pytest.raises(AudioError, match="record it again"):
        NoteBank.open(tmp_path / "y.npz")
    with pytest.raises(AudioError, match="makes no sound"):
        NoteBank.record(lambda note, s: np.zeros(10, np.float32), sr=10)


@needs_fluidsynth
def test_a_soundfonts_piano_is_recorded():
    try:
        soundfont = default_soundfont()
    except MissingDependencyError:
        pytest.skip("no SoundFont")
    bank = bank_of_soundfont(soundfont, sr=8000)
    y = bank.render([Note(0, 1, 69, 100)], samples=8000)
    spectrum = np.abs(np.fft.rfft(y))
    assert abs(int(spectrum.argmax()) % 440) <= 3 or abs(int(spectrum.argmax()) % 440 - 440) <= 3
