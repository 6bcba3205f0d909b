import numpy as np
import pytest

from sori import audio
from sori.errors import AudioError
from sori.music import LOWEST
from sori.synth.notebank import VELOCITIES
from sori.synth.recorded import bank_of_recordings
from sori.units import midi_to_hz


def struck(hz, *, brightness=0.0):
    """A recorded note with silence before it and an overtone."""
    y = audio.tone(hz, sr=8000, duration_s=0.6, amplitude=0.3)
    y += brightness * audio.tone(3 * hz, sr=8000, duration_s=0.6, amplitude=0.3)
    return np.concatenate([np.zeros(1600, dtype=np.float32), y])


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "내 피아노"
    (folder / "sub").mkdir(parents=True)
    audio.save(folder / "C4v1.wav", struck(261.63), sr=8000)
    audio.save(folder / "C4v2.wav", struck(261.63, brightness=0.5), sr=8000)
    audio.save(folder / "sub" / "A4.flac", struck(440.0), sr=8000)
    audio.save(folder / "room.wav", struck(100.0), sr=8000)
    return folder


def note_of(bank, pitch, velocity):
    which = (pitch - LOWEST) * len(VELOCITIES) + velocity
    return bank.samples[bank.starts[which] : bank.starts[which + 1]].astype(float)


def loudest_hz(y, sr):
    return np.abs(np.fft.rfft(y * np.hanning(len(y)))).argmax() * sr / len(y)


def test_keys_between_the_recorded_ones_are_made_from_the_nearest(notes):
    bank = bank_of_recordings(notes, sr=8000)
    for pitch in (57, 60, 62, 69, 72):
        assert loudest_hz(note_of(bank, pitch, 0), 8000) == pytest.approx(float(midi_to_hz(pitch)), rel=0.02)


def test_the_silence_before_a_note_is_cut(notes):
    y = note_of(bank_of_recordings(notes, sr=8000), 60, 3)
    assert np.abs(y[:80]).max() > 0.5 * np.abs(y).max()


def test_harder_layers_are_for_harder_strokes_and_peaks_rise(notes):
    bank = bank_of_recordings(notes, sr=8000)

    def overtone(velocity):
        y = note_of(bank, 60, velocity)
        spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y))))
        return spectrum[round(3 * 261.63 * len(y) / 8000)] / spectrum.max()

    assert overtone(0) < 0.05 < overtone(len(VELOCITIES) - 1)
    peaks = bank.peaks.reshape(-1, len(VELOCITIES))
    assert (np.diff(peaks, axis=1) > 0).all()


def test_a_folder_without_notes_says_how_they_are_named(tmp_path):
    with pytest.raises(AudioError, match=r"named like A0v1.wav"):
        bank_of_recordings(tmp_path)


def test_a_silent_note_is_named(notes):
    audio.save(notes / "C5v1.wav", np.zeros(800, dtype=np.float32), sr=8000)
    with pytest.raises(AudioError, match=r"C5v1.wav: is silent"):
        bank_of_recordings(notes, sr=8000)
