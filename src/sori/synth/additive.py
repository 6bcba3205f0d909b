"""Additive synthesis: notes as sums of decaying partials, computed with NumPy alone."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sori.errors import check_between, check_count
from sori.music.notes import Note
from sori.synth.instruments import Instrument
from sori.units import midi_to_hz, seconds_to_samples

_PARTIALS = 40
_RELEASE_S = 0.08
_ATTACK_S = {True: 0.003, False: 0.04}


class AdditiveSynth:
    """Render notes of one instrument as partials, each with its own strength, pitch and decay.

    The partials of a struck or plucked string are a little sharp, ``k f sqrt(1 + B k^2)`` (Fletcher, 1964), and higher
    partials decay faster; a blown or bowed note is sustained. The place where the string is struck weakens some
    partials. The instrument's name seeds these few numbers, so that each instrument always sounds the same and differs
    from the others; none is a model of a real instrument.

    Parameters
    ----------
    instrument
        What to play.
    sr
        Samples per second.
    tuning_hz
        Frequency of A4 in Hz.
    """

    def __init__(self, instrument: Instrument, *, sr: int, tuning_hz: float = 440.0) -> None:
        check_count("sr", sr)
        check_between("tuning_hz", tuning_hz, 380, 500, "Hz")
        self.instrument, self.sr, self.tuning_hz = instrument, sr, tuning_hz
        character = np.random.default_rng(zlib.crc32(instrument.name.encode()))
        k = np.arange(1, _PARTIALS + 1)
        struck_at = character.uniform(0.12, 0.3)
        comb = np.abs(np.sin(np.pi * k * struck_at)) if instrument.decays else character.uniform(0.3, 1, _PARTIALS)
        self._slope = character.uniform(0.8, 1.6)
        self._strengths = (0.05 + comb) * character.uniform(0.6, 1, _PARTIALS)
        self._inharmonicity = character.uniform(1e-4, 6e-4) if instrument.decays else 0.0

    def render(self, notes: Sequence[Note], *, duration_s: float) -> npt.NDArray[np.float32]:
        """Render notes into a clip of ``duration_s`` seconds, shape ``(samples,)``; notes are cut at its end."""
        n = max(1, seconds_to_samples(duration_s, sr=self.sr))
        out = np.zeros(n)
        for note in notes:
            start = seconds_to_samples(note.onset_s, sr=self.sr)
            if start < n:
                wave = self._note(note, longest=n - start)
                out[start : start + len(wave)] += wave
        return out.astype(np.float32)

    def _note(self, note: Note, *, longest: int) -> npt.NDArray[np.float64]:
        held_s = note.offset_s - note.onset_s
        n = min(longest, seconds_to_samples(held_s + _RELEASE_S, sr=self.sr))
        t = np.arange(n) / self.sr
        f0 = midi_to_hz(note.pitch, tuning_hz=self.tuning_hz)
        k = np.arange(1, _PARTIALS + 1)
        hz = k * f0 * np.sqrt(1 + self._inharmonicity * k**2 * (f0 / 261.6) ** 0.5)
        audible = hz < self.sr / 2
        level = 10 ** ((note.velocity / 127 - 1) * 30 / 20)  # 30 dB from the softest to the hardest
        # A harder stroke sounds brighter.
        strengths = self._strengths / k ** (self._slope * (1.5 - 0.6 * note.velocity / 127))
        wave = np.zeros(n)
        for partial in np.flatnonzero(audible):
            decay_s = 6.0 * (110 / f0) ** 0.5 / (1 + 0.25 * partial)
            envelope = np.exp(-t / max(decay_s, 0.05)) if self.instrument.decays else 1.0
            wave += strengths[partial] * envelope * np.sin(2 * np.pi * hz[partial] * t)
        attack_s = _ATTACK_S[self.instrument.decays]
        release = np.clip((held_s + _RELEASE_S - t) / _RELEASE_S, 0, 1)
        wave *= 0.25 * level / strengths.sum() * np.minimum(t / attack_s, 1) * release
        return wave
