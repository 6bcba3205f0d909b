"""Piano music without end: performances on pianos of many kinds, in rooms of many kinds, each clip made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.signal

from sori.audio import resample
from sori.music.notebank import NoteBank
from sori.music.notes import HIGHEST, LOWEST

_Clip = npt.NDArray[np.float32]
_Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Playing:
    """How far what is heard may be from what was played: ranges that every clip draws from.

    Parameters
    ----------
    transpose
        Semitones that the music may move up or down.
    tempo
        Factor on the speed.
    recolour
        Semitones by which a piano's notes are played on its neighbouring keys' strings (resampled): another piano.
    cents
        Standard deviation of the tuning.
    level_db
        Lowest and highest peak of the clip, below full scale.
    touch_db
        Standard deviation of single notes' levels.
    hammer
        Largest number of velocities by which all strokes may sound harder or softer than they are loud: other felts.
    layered
        Part of the clips that two pianos play together.
    room, noise
        Part of the clips that have one.
    random_keys
        Part of the clips in which keys are struck at random, in chords of any kind, instead of music.
    most_keys
        Largest of those chords; where it is 1, each key is let go before the next is struck.
    dry
        Part of the clips without the sustain pedal.
    release_s
        Shortest and longest time in which a damped note falls by a factor e, in the middle of the keyboard.
    saturated
        Part of the clips that are driven into an amplifier's limits.
    others, alone
        Part of the clips in which something that is no piano sounds along, and part in which it sounds alone: bursts,
        as of drums, gliding voices, and recordings where there are any.
    """

    transpose: int = 5
    tempo: tuple[float, float] = (0.85, 1.2)
    recolour: float = 2.0
    cents: float = 12.0
    level_db: tuple[float, float] = (-36.0, -1.0)
    touch_db: float = 1.5
    hammer: float = 6.0
    layered: float = 0.2
    room: float = 0.6
    noise: float = 0.5
    random_keys: float = 0.1
    most_keys: int = 6
    dry: float = 0.2
    release_s: tuple[float, float] = (0.02, 0.12)
    saturated: float = 0.1
    others: float = 0.12
    alone: float = 0.12


_PLAIN = Playing(random_keys=1.0, most_keys=1, layered=0.0, room=0.0, noise=0.0, saturated=0.0, others=0.0, alone=0.0)
# From easy to hard: one key at a time, chords, music, and music in rooms, noise and what is no piano.
MATERIALS: Mapping[str, Playing] = {
    "notes": _PLAIN,
    "chords": replace(_PLAIN, most_keys=6),
    "music": replace(_PLAIN, most_keys=6, random_keys=0.1, layered=0.2),
    "mixtures": Playing(),
}


@dataclass(frozen=True, eq=False)
class Performance:
    """One piece as it was played: rows of onset, offset, pitch, velocity; with the pedal, and with the keys alone."""

    title: str
    pedalled: _Rows
    keys: _Rows


class Clip(NamedTuple):
    """A passage as it is heard, the piano alone in it, both float32 ``(samples,)``, and the notes that sound.

    ``notes`` are rows of onset and offset in seconds from the clip's beginning (before 0 if they began earlier), pitch
    and velocity. ``piano`` is as loud and coloured as in ``y``, without room, noise and what else sounds.
    """

    y: _Clip
    piano: _Clip
    notes: _Rows


def draw_clip(
    performances: Sequence[Performance],
    banks: Sequence[NoteBank],
    rng: np.random.Generator,
    *,
    samples: int,
    playing: Playing,
    others: Sequence[npt.NDArray[np.int16]] = (),
) -> Clip:
    """Play a passage on a piano in a room.

    Parameters
    ----------
    performances, banks
        What is played, and on what.
    samples
        Length of the clip at the banks' rate.
    others
        Recordings at that rate, int16, of what is no piano.
    """
    sr = banks[0].sr
    duration_s = samples / sr
    alone = rng.random() < playing.alone
    if alone:
        notes = np.zeros((0, 4))
    elif rng.random() < playing.random_keys:
        notes = _random_notes(rng, duration_s, playing.most_keys)
    else:
        notes = _passage(performances[int(rng.integers(len(performances)))], rng, duration_s, playing)
    # Played on other strings: everything a little slower and lower, then resampled back.
    semitones = int(rng.integers(-round(playing.recolour), round(playing.recolour) + 1))
    cents = float(np.clip(rng.normal(0, playing.cents), -50, 50))
    strings = notes.copy()
    strings[:, 2] -= semitones
    fits = (strings[:, 2] >= LOWEST) & (strings[:, 2] <= HIGHEST)
    notes, strings = notes[fits], strings[fits]
    factor = round(sr * 2 ** ((semitones + cents / 100) / 12)) / sr
    strings[:, :2] *= factor
    longer = round(samples * factor) + 64
    contrast = rng.uniform(0.6, 1.4)
    notes[:, 3] = strings[:, 3] = np.clip(64 + (strings[:, 3] - 64) * contrast + rng.uniform(-12, 12), 1, 127)
    y = np.zeros(longer, dtype=np.float32)
    for layer in range(2 if rng.random() < playing.layered else 1):
        bank = banks[int(rng.integers(len(banks)))]
        gains = (10 ** (rng.normal(0, playing.touch_db, len(strings)) / 20)).astype(np.float32)
        release_s = float(np.exp(rng.uniform(*np.log(playing.release_s))))
        y += np.float32(rng.uniform(0.3, 1) if layer else 1) * bank.render(
            strings,
            samples=longer,
            gains=gains,
            release_s=release_s,
            harder=rng.uniform(-playing.hammer, playing.hammer),
        )
    y = resample(y, from_sr=round(sr * factor), to_sr=sr)[:samples]
    y = np.pad(y, (0, samples - len(y)))
    piano = y
    if alone or rng.random() < playing.others:
        loudest = float(np.abs(y).max()) or 1.0
        y = y + _no_piano(rng, samples, sr, others) * np.float32(loudest * 10 ** (-rng.uniform(3, 25) / 20))
    if rng.random() < playing.room:
        decay_s = float(np.exp(rng.uniform(np.log(0.15), np.log(2.0))))
        y = in_a_room(y, rng, sr=sr, decay_s=decay_s, wet_db=rng.uniform(-16, 3))
    colour = _colour(rng, sr)
    y, piano = (scipy.signal.oaconvolve(heard, colour, mode="same").astype(np.float32) for heard in (y, piano))
    peak = float(np.abs(y).max())
    if peak > 0:
        gain = np.float32(10 ** (rng.uniform(*playing.level_db) / 20) / peak)
        y, piano = y * gain, piano * gain
    if rng.random() < playing.noise:
        y += _noise(rng, samples, sr, loudest=float(np.sqrt(np.mean(y**2))) or 0.01)
    if rng.random() < playing.saturated:
        drive = np.float32(rng.uniform(1, 4))
        y, piano = np.tanh(y * drive) * np.float32(0.7), piano * (np.float32(0.7) * drive)
    return Clip(y.astype(np.float32), piano, notes)


def mixed(y: _Clip, rng: np.random.Generator, *, sr: int, others: Sequence[npt.NDArray[np.int16]]) -> _Clip:
    """Let something that is no piano sound along, 3 to 15 dB below it, and a noise of 15 to 60."""
    loudest = np.abs(y).max() * 10 ** (-rng.uniform(3, 15) / 20)
    y = y + _no_piano(rng, len(y), sr, others) * np.float32(loudest)
    return y + _noise(rng, len(y), sr, loudest=float(np.sqrt(np.mean(y**2))))


def _passage(performance: Performance, rng: np.random.Generator, duration_s: float, playing: Playing) -> _Rows:
    notes = performance.keys if rng.random() < playing.dry else performance.pedalled
    tempo = rng.uniform(*playing.tempo)
    last_s = float(notes[-1, 0])
    begin_s = rng.uniform(0, max(0.0, last_s - duration_s * tempo))
    first, last = np.searchsorted(notes[:, 0], [begin_s - 15, begin_s + duration_s * tempo])
    passage = notes[first:last].copy()
    passage[:, :2] = (passage[:, :2] - begin_s) / tempo
    passage = passage[passage[:, 1] > -1.5]
    if len(passage):
        low = max(-playing.transpose, LOWEST - int(passage[:, 2].min()))
        high = min(playing.transpose, HIGHEST - int(passage[:, 2].max()))
        passage[:, 2] += rng.integers(low, high + 1)
    return passage


def _random_notes(rng: np.random.Generator, duration_s: float, most_keys: int) -> _Rows:
    """Chords of any keys at any time, single notes and repeated ones; never twice on a key that still sounds."""
    free = np.full(128, -1.0)
    rows = []
    at_s, pace_s = 0.0, float(np.exp(rng.uniform(np.log(0.06), np.log(0.8))))
    centre, spread = rng.uniform(LOWEST + 10, HIGHEST - 10), rng.uniform(4, 25)
    while at_s < duration_s:
        for _ in range(min(most_keys, rng.choice([1, 1, 2, 3, 4, 6]))):
            pitch = int(np.clip(round(rng.normal(centre, spread)), LOWEST, HIGHEST))
            if free[pitch] < at_s:
                length_s = float(np.exp(rng.uniform(np.log(0.06), np.log(3))))
                rows.append((at_s, at_s + length_s, pitch, rng.uniform(15, 125)))
                free[pitch] = at_s + length_s + 0.03
        at_s += pace_s * rng.exponential()
    notes = np.array(rows, dtype=np.float64).reshape(-1, 4)
    if most_keys == 1:
        notes[:-1, 1] = np.minimum(notes[:-1, 1], notes[1:, 0])
        notes = notes[notes[:, 1] > notes[:, 0] + 0.03]
    return notes


def _no_piano(rng: np.random.Generator, samples: int, sr: int, others: Sequence[npt.NDArray[np.int16]]) -> _Clip:
    """Make what must not be taken for notes: a recording, bursts of noise, tuned or not, or a gliding voice; peak 1."""
    y = np.zeros(samples)
    if others and rng.random() < 0.7:
        at, ends = 0, np.cumsum([len(other) for other in others])
        while at < samples:  # a recording that is longer is drawn more often
            other = others[int(np.searchsorted(ends, rng.integers(ends[-1]), side="right"))]
            first = int(rng.integers(max(1, len(other) - samples)))
            piece = other[first : first + samples - at].astype(np.float64)
            y[at : at + len(piece)] = piece / max(1e-6, float(np.abs(piece).max()))
            at += max(1, len(piece))
    elif rng.random() < 0.5:
        for at in np.cumsum(rng.exponential(rng.uniform(0.08, 0.6), 100)) * sr:
            n = min(round(rng.uniform(0.03, 0.4) * sr), samples - int(at))
            if n <= 0:
                break
            t = np.arange(n) / sr
            thud = np.sin(2 * np.pi * rng.uniform(50, 250) * t * np.exp(-t * rng.uniform(0, 8)))
            burst = rng.standard_normal(n) * rng.uniform(0, 1) + thud * rng.uniform(0, 1)
            y[int(at) : int(at) + n] += burst * np.exp(-t / rng.uniform(0.01, 0.1))
    else:
        corners = np.arange(0, samples + sr, max(1, round(rng.uniform(0.1, 0.6) * sr)))
        base = rng.uniform(np.log2(80), np.log2(600))
        pitch = np.interp(np.arange(samples), corners, base + np.cumsum(rng.normal(0, 0.12, len(corners))))
        loud = np.interp(np.arange(samples), corners, np.maximum(0, rng.normal(0.5, 0.5, len(corners))))
        phase = 2 * np.pi * np.cumsum(2.0**pitch) / sr
        for k in range(1, 16):
            y += rng.uniform(0, 1) / k * np.sin(k * phase)
        y *= loud
    return (y / max(1e-6, float(np.abs(y).max()))).astype(np.float32)


def in_a_room(y: _Clip, rng: np.random.Generator, *, sr: int, decay_s: float, wet_db: float) -> _Clip:
    """Add echoes that die away, by 60 dB in ``decay_s``, the highs sooner than the lows: noise under an exponential.

    ``wet_db`` is their energy's level over that of what is heard directly.
    """
    n = round(min(decay_s, 1.2) * sr)
    t = np.arange(n) / sr
    echo = rng.standard_normal(n) * np.exp(-6.9 * t / decay_s)
    echo = scipy.signal.lfilter([1 - (a := rng.uniform(0.2, 0.85))], [1, -a], echo)
    first = round(rng.uniform(0.001, 0.02) * sr)
    echo[:first] = 0
    echo /= np.sqrt(np.sum(echo**2)) + 1e-9
    room = np.concatenate([[1.0], 10 ** (wet_db / 20) * echo[1:]]).astype(np.float32)
    return scipy.signal.oaconvolve(y, room)[: len(y)].astype(np.float32)  # type: ignore[no-any-return]


def _colour(rng: np.random.Generator, sr: int) -> _Clip:
    """Draw a filter that colours as a microphone does: a smooth curve over frequency."""
    corners = np.array([0, *(hz for hz in (60, 150, 400, 1000, 2500, 5000) if hz < sr / 2), sr / 2])
    gains_db = np.cumsum(rng.normal(0, 2.0, len(corners)))
    gains_db[0] -= rng.uniform(0, 20)
    taps = scipy.signal.firwin2(255, corners / (sr / 2), 10 ** ((gains_db - gains_db[4]) / 20))
    return taps.astype(np.float32)  # type: ignore[no-any-return]


def _noise(rng: np.random.Generator, samples: int, sr: int, *, loudest: float) -> _Clip:
    """Hiss or rumble, 15 to 60 dB below the music, with a mains hum now and then."""
    white = rng.standard_normal(samples).astype(np.float32)
    a = rng.choice([0.0, 0.7, 0.95, 0.99])
    noise = scipy.signal.lfilter([1.0], [1.0, -a], white).astype(np.float32) if a else white
    if rng.random() < 0.2:
        t = np.arange(samples, dtype=np.float32) / sr
        for k in range(1, 5):
            noise += np.float32(noise.std() * rng.uniform(0, 1)) * np.sin(2 * np.pi * 50 * k * t).astype(np.float32)
    level = loudest * 10 ** (-rng.uniform(15, 60) / 20)
    return noise * np.float32(level / (float(noise.std()) + 1e-9))
