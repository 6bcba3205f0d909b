"""Synthetic pianos: models of struck strings with random properties, so that a network trains on many pianos."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sori.music.notes import HIGHEST, LOWEST, Note
from sori.reporter import SILENT, Reporter
from sori.synth.notebank import VELOCITIES, NoteBank
from sori.units import midi_to_hz

_PARTIALS = 48
_Wave = npt.NDArray[np.float32]


@dataclass(frozen=True)
class StruckStrings:
    """A synthetic piano drawn from a seed: strings, hammers and soundboard.

    A partial of a stiff string is sharp, ``k f sqrt(1 + B k^2)``, and has two components: a strong one that passes
    quickly into the soundboard, and a weak, long one that is slightly detuned. Together they give the beating and the
    two-stage decay of a piano. The position of the hammer weakens some partials, and its felt the high ones, less at
    harder strokes. The soundboard colours the sound, hardly radiates the fundamentals of the lowest keys, and takes
    time to respond, longest at low frequencies. The stroke adds a knock.

    Source: Fletcher and Rossing, The Physics of Musical Instruments (1998), chapter 12; the ranges are wider than those
    of good pianos.

    >>> y = StruckStrings(seed=1, sr=8000).strike(60, duration_s=0.5)
    >>> y.shape  # one row per velocity
    (6, 4000)
    """

    seed: int
    sr: int = 16000
    _drawn: dict[str, npt.NDArray[np.float64]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng((self.seed, 88))
        drawn = {
            "stiffness": np.exp(rng.uniform(np.log(0.5), np.log(2.5))),
            "decay": np.exp(rng.uniform(np.log(0.5), np.log(1.6))),
            "damping": rng.uniform(0.05, 0.3),
            "after_sound": 10 ** (rng.uniform(-24, -8) / 20),
            "detuning": np.exp(rng.uniform(np.log(0.2), np.log(6.0))),
            "slope": rng.uniform(0.3, 1.1),
            "struck_at": rng.uniform(0.09, 0.16),
            "felt": rng.uniform(0.6, 1.8),
            "range_db": rng.uniform(18, 36),
            "knock": 10 ** (rng.uniform(-36, -14) / 20),
            "attack": rng.uniform(0.0005, 0.004),
            "board": rng.normal(0, rng.uniform(1, 4), 24),
            "stretch": rng.uniform(0, 1.2),
            "evenness": rng.normal(0, rng.uniform(0.5, 2.5), HIGHEST - LOWEST + 1),
            "worn": rng.normal(0, rng.uniform(0.0, 0.35), HIGHEST - LOWEST + 1),
            "out_of_tune": rng.normal(0, rng.uniform(0.0, 6.0), HIGHEST - LOWEST + 1),
            "radiates_above_hz": np.exp(rng.uniform(np.log(20), np.log(200))),
            "radiation": rng.uniform(0.8, 3.0),
            "uneven_db": rng.uniform(1.0, 6.0),
            "responds_s": np.exp(rng.uniform(np.log(0.0005), np.log(0.03))),
        }
        object.__setattr__(self, "_drawn", {name: np.asarray(value) for name, value in drawn.items()})

    def strike(self, pitch: int, *, duration_s: float) -> _Wave:
        """Return a held key at every velocity of a note bank, shape ``(velocities, samples)``."""
        d = self._drawn
        rng = np.random.default_rng((self.seed, pitch))
        key = pitch - LOWEST
        n = round(duration_s * self.sr)
        t = np.arange(n, dtype=np.float32) / np.float32(self.sr)
        stretch_cents = float(d["stretch"]) * ((key - 44) / 44) ** 3 * 20
        f0 = float(midi_to_hz(pitch)) * 2 ** ((stretch_cents + float(d["out_of_tune"][key])) / 1200)
        stiffness = float(d["stiffness"] * np.exp(np.interp(key, [0, 25, 87], np.log([3e-4, 1.2e-4, 8e-3]))))
        k = np.arange(1, _PARTIALS + 1)
        hz = k * f0 * np.sqrt((1 + stiffness * k**2) / (1 + stiffness))
        audible = hz < 0.48 * self.sr
        k, hz = k[audible], hz[audible]
        colour_db = np.interp(np.log2(hz), np.linspace(np.log2(25), 13, len(d["board"])), d["board"])
        strength = np.abs(np.sin(np.pi * k * d["struck_at"])) + 0.02
        strength *= k ** -d["slope"] * 10 ** ((colour_db + rng.normal(0, float(d["uneven_db"]), len(k))) / 20)
        strength /= 1 + (d["radiates_above_hz"] / hz) ** d["radiation"]
        long_s = float(d["decay"]) * np.exp(np.interp(key, [0, 40, 87], np.log([9, 4, 0.5])))
        quick_s = long_s / (1 + d["damping"] * (k - 1)) / 3
        responds_s = float(d["responds_s"]) * np.sqrt(200 / np.maximum(hz, 50)) * rng.uniform(0.5, 2, len(k))
        phase = rng.uniform(0, 2 * np.pi, (2, len(k)))
        beside = hz * 2 ** (rng.normal(0, float(d["detuning"]), len(k)) / 1200)
        weights = np.stack([strength * self._felt(hz, velocity, key) for velocity in VELOCITIES]).astype(np.float32)
        out = np.zeros((len(VELOCITIES), n), dtype=np.float32)
        for i in range(len(k)):
            wave = np.exp(-t / np.float32(quick_s[i])) * np.sin(np.float32(2 * np.pi * hz[i]) * t + phase[0, i])
            after = np.exp(-t / np.float32(3 * quick_s[i]))
            wave += np.float32(d["after_sound"]) * after * np.sin(np.float32(2 * np.pi * beside[i]) * t + phase[1, i])
            wave *= 1 - np.exp(-t / np.float32(responds_s[i]))
            out += weights[:, i : i + 1] * wave.astype(np.float32)
        out *= np.minimum(t / np.float32(d["attack"]), 1)
        out += self._knock(rng, n) * np.abs(out).max(axis=1, keepdims=True)
        wanted_db = float(d["range_db"]) * (np.array(VELOCITIES) / 127 - 1) + float(d["evenness"][key])
        peaks = np.abs(out).max(axis=1)
        out *= (0.25 * 10 ** (wanted_db / 20) / peaks)[:, np.newaxis]
        return out.astype(np.float32)

    def _felt(self, hz: npt.NDArray[np.float64], velocity: float, key: int) -> npt.NDArray[np.float64]:
        """Return how much of each partial a stroke of this velocity excites."""
        hardness = float(self._drawn["felt"]) * 2 ** float(self._drawn["worn"][key])
        cut_hz = 350 * hardness * 2 ** (4 * velocity / 127)
        return 1 / (1 + (hz / cut_hz) ** 2)

    def _knock(self, rng: np.random.Generator, n: int) -> _Wave:
        """Return the noise of the key and the hammer, relative to the note's peak."""
        length = min(n, round(0.08 * self.sr))
        noise = np.cumsum(rng.normal(0, 1, length))
        noise -= np.linspace(noise[0], noise[-1], length)
        noise *= np.exp(-np.arange(length) / (rng.uniform(0.006, 0.02) * self.sr))
        out = np.zeros(n, dtype=np.float32)
        out[:length] = noise * (float(self._drawn["knock"]) / max(1e-9, float(np.abs(noise).max())))
        return out

    def bank(self, *, reporter: Reporter = SILENT) -> NoteBank:
        """Record all keys as a note bank."""
        struck: dict[int, _Wave] = {}

        def play(note: Note, duration_s: float) -> _Wave:
            if note.pitch not in struck:
                struck.clear()
                struck[note.pitch] = self.strike(note.pitch, duration_s=duration_s)
            y: _Wave = struck[note.pitch][VELOCITIES.index(note.velocity)]
            return y

        return NoteBank.record(play, sr=self.sr, reporter=reporter, name=f"strings {self.seed}")
