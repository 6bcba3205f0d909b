"""Unlimited piano clips for training: performances rendered on many kinds of pianos in many kinds of rooms."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.signal
import soundfile

from sori.audio import resample
from sori.music.notes import HIGHEST, LOWEST
from sori.synth.notebank import NoteBank

_Clip = npt.NDArray[np.float32]
_Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Playing:
    """Ranges of the random changes to a performance, drawn anew for every clip.

    Parameters
    ----------
    transpose
        Largest transposition up or down, in semitones.
    tempo
        Lowest and highest factor on the speed.
    recolour
        Largest distance in semitones to the key whose recording is resampled for a note, as if of another piano.
    cents
        Standard deviation of the tuning, in cents.
    level_db
        Lowest and highest peak of the clip, in dBFS.
    touch_db
        Standard deviation of the levels of single notes, in dB.
    hammer
        Velocities by which all strokes may sound harder or softer without a change of level, as with other felts.
    layered
        Fraction of the clips that two pianos play together.
    room, noise
        Fraction of the clips with a room, and with noise.
    octaves
        Fraction of the clips of music whose bass notes are doubled an octave below.
    dense
        Fraction of the clips that begin at the place with most notes of several random places.
    rings_on
        Fraction of the clips in which a string struck again under the pedal keeps its earlier sound too, as in most
        samplers; in the others the new stroke replaces it.
    resonance
        Fraction of the clips with pedal in which all strings resonate softly.
    coded
        Fraction of the clips that are encoded as MP3 at a low bit rate and decoded.
    random_keys
        Fraction of the clips with random keys, in chords of any kind, instead of music.
    most_keys
        Most keys in such a chord; if 1, each key is released before the next is struck.
    dry
        Fraction of the clips without the sustain pedal.
    release_s
        Shortest and longest time in seconds in which a damped note decays by a factor e, in mid-keyboard.
    saturated
        Fraction of the clips that are saturated, as by an overdriven amplifier.
    others, alone
        Fraction of the clips with other sounds added to the piano, and fraction with other sounds alone: bursts, as of
        drums, gliding voices, and recordings if there are any.
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
    octaves: float = 0.1
    dense: float = 0.3
    rings_on: float = 0.5
    resonance: float = 0.4
    coded: float = 0.04
    random_keys: float = 0.15
    most_keys: int = 6
    dry: float = 0.2
    release_s: tuple[float, float] = (0.02, 0.12)
    saturated: float = 0.1
    others: float = 0.12
    alone: float = 0.12


# A note that ends this close to the next stroke of its key was ended by it; number of places of which the densest is
# taken; and the fraction of clips of random keys in which a few keys are struck repeatedly.
_AT_ONCE_S, _PLACES, _STRUCK_AGAIN = 0.005, 4, 0.5
# A place's peaks and dips from 30 Hz up, the most they deviate in dB, and the length of the filter that has them.
_PEAKS_AND_DIPS, _UNEVEN_DB, _COLOUR_TAPS = 100, 5.0, 1023
_BASS = 60  # below this pitch the lowest note may be doubled

_PLAIN = Playing(
    resonance=0.0,
    coded=0.0,
    random_keys=1.0,
    most_keys=1,
    layered=0.0,
    room=0.0,
    noise=0.0,
    saturated=0.0,
    others=0.0,
    alone=0.0,
)
# From easy to hard: one key at a time, chords, music, and music with rooms, noise and other sounds.
MATERIALS: Mapping[str, Playing] = {
    "notes": _PLAIN,
    "chords": replace(_PLAIN, most_keys=6),
    "music": replace(_PLAIN, most_keys=6, random_keys=0.1, layered=0.2),
    "mixtures": Playing(),
}


@dataclass(frozen=True, eq=False)
class Performance:
    """One performed piece: rows of onset, offset, pitch and velocity, with the pedal and by the keys alone.

    ``pedals`` are the times in seconds at which the sustain pedal goes down and up, shape ``(n, 2)``.
    """

    title: str
    pedalled: _Rows
    keys: _Rows
    pedals: _Rows


class Clip(NamedTuple):
    """A rendered passage, its piano alone, both float32 ``(samples,)``, and the notes that sound.

    ``notes`` are rows of onset and offset in seconds from the clip's beginning (before 0 if they began earlier), pitch
    and velocity. ``piano`` has the level and colour that it has in ``y``, without room, noise and other sounds.
    ``pedals`` are rows of the times at which the sustain pedal goes down and up; None if the notes are random ones, of
    which nobody can say.
    """

    y: _Clip
    piano: _Clip
    notes: _Rows
    pedals: _Rows | None


def draw_clip(
    performances: Sequence[Performance],
    banks: Sequence[NoteBank],
    rng: np.random.Generator,
    *,
    samples: int,
    playing: Playing,
    others: Sequence[npt.NDArray[np.int16]] = (),
) -> Clip:
    """Draw a passage, a piano and a room, and render the passage.

    Parameters
    ----------
    performances, banks
        Pieces and pianos to draw from.
    samples
        Length of the clip at the banks' rate.
    others
        Recordings of other sounds at that rate, int16.
    """
    sr = banks[0].sr
    duration_s = samples / sr
    alone, pedal = rng.random() < playing.alone, False
    pedals: _Rows | None = np.zeros((0, 2))
    if alone:
        notes = np.zeros((0, 4))
    elif rng.random() < playing.random_keys:
        notes, pedals = _random_notes(rng, duration_s, playing.most_keys), None
    else:
        pedal = rng.random() >= playing.dry
        performance = performances[int(rng.integers(len(performances)))]
        notes, pedals = _passage(performance, rng, duration_s, playing, pedal=pedal)
    # To play on other strings, everything is rendered slower and lower (or faster and higher) and resampled back.
    semitones = int(rng.integers(-round(playing.recolour), round(playing.recolour) + 1))
    cents = float(np.clip(rng.normal(0, playing.cents), -50, 50))
    strings = ringing_on(notes) if rng.random() < playing.rings_on else notes.copy()
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
    if pedal and rng.random() < playing.resonance:
        sympathy = _sympathy(int(rng.integers(16)), sr)
        y = y + scipy.signal.oaconvolve(y, sympathy)[:samples].astype(np.float32) * np.float32(
            10 ** (rng.uniform(-30, -12) / 20)
        )
    piano = y
    if alone or rng.random() < playing.others:
        loudest = float(np.abs(y).max()) or 1.0
        y = y + _no_piano(rng, samples, sr, others) * np.float32(loudest * 10 ** (-rng.uniform(3, 25) / 20))
    if rng.random() < playing.room:
        decay_s = float(np.exp(rng.uniform(np.log(0.15), np.log(2.0))))
        y = in_a_room(y, rng, sr=sr, decay_s=decay_s, wet_db=rng.uniform(-16, 3))
    colour = _colour(rng, sr)
    y, piano = (scipy.signal.oaconvolve(clip, colour, mode="same").astype(np.float32) for clip in (y, piano))
    peak = float(np.abs(y).max())
    if peak > 0:
        gain = np.float32(10 ** (rng.uniform(*playing.level_db) / 20) / peak)
        y, piano = y * gain, piano * gain
    if rng.random() < playing.noise:
        y += _noise(rng, samples, sr, loudest=float(np.sqrt(np.mean(y**2))) or 0.01)
    if rng.random() < playing.saturated:
        drive = np.float32(rng.uniform(1, 4))
        y, piano = np.tanh(y * drive) * np.float32(0.7), piano * (np.float32(0.7) * drive)
    if rng.random() < playing.coded:
        y = _coded(y, sr)
    return Clip(y.astype(np.float32), piano, notes, pedals)


def mixed(y: _Clip, rng: np.random.Generator, *, sr: int, others: Sequence[npt.NDArray[np.int16]]) -> _Clip:
    """Add another sound 3 to 15 dB below the clip, and noise 15 to 60 dB below it."""
    loudest = np.abs(y).max() * 10 ** (-rng.uniform(3, 15) / 20)
    y = y + _no_piano(rng, len(y), sr, others) * np.float32(loudest)
    return y + _noise(rng, len(y), sr, loudest=float(np.sqrt(np.mean(y**2))))


def ringing_on(notes: _Rows) -> _Rows:
    """Extend each note that the next stroke of its key ends until the last of these strokes ends."""
    notes = notes.copy()
    following: dict[float, tuple[float, float]] = {}  # onset and end of the next note of each pitch
    for i in range(len(notes) - 1, -1, -1):
        onset_s, offset_s, pitch, _ = notes[i]
        next_s, end_s = following.get(pitch, (np.inf, np.inf))
        if next_s - offset_s < _AT_ONCE_S:
            notes[i, 1] = offset_s = end_s
        following[pitch] = (onset_s, offset_s)
    return notes


def _passage(
    performance: Performance, rng: np.random.Generator, duration_s: float, playing: Playing, *, pedal: bool
) -> tuple[_Rows, _Rows]:
    """Return the notes of a passage, and when its pedal goes down and up."""
    notes = performance.pedalled if pedal else performance.keys
    tempo = rng.uniform(*playing.tempo)
    last_s = float(notes[-1, 0])
    begins_s = rng.uniform(0, max(0.0, last_s - duration_s * tempo), _PLACES if rng.random() < playing.dense else 1)
    counts = np.diff(np.searchsorted(notes[:, 0], [begins_s, begins_s + duration_s * tempo]), axis=0)[0]
    begin_s = float(begins_s[counts.argmax()])
    first, last = np.searchsorted(notes[:, 0], [begin_s - 15, begin_s + duration_s * tempo])
    passage = notes[first:last].copy()
    passage[:, :2] = (passage[:, :2] - begin_s) / tempo
    passage = passage[passage[:, 1] > -1.5]
    if len(passage):
        low = max(-playing.transpose, LOWEST - int(passage[:, 2].min()))
        high = min(playing.transpose, HIGHEST - int(passage[:, 2].max()))
        passage[:, 2] += rng.integers(low, high + 1)
        if rng.random() < playing.octaves:
            passage = _bass_in_octaves(passage, rng)
    pedals = (performance.pedals - begin_s) / tempo if pedal else np.zeros((0, 2))
    return passage, pedals[(pedals[:, 1] > 0) & (pedals[:, 0] < duration_s)]


def _bass_in_octaves(notes: _Rows, rng: np.random.Generator) -> _Rows:
    """Double notes below the middle of the keyboard an octave below, where that key is free and nothing is lower."""
    added = []
    lowest = _lowest_beside(notes)
    for onset_s, offset_s, pitch, velocity in notes[(notes[:, 2] == lowest) & (notes[:, 2] < _BASS)]:
        key = pitch - 12
        same = notes[notes[:, 2] == key]
        if key >= LOWEST and not ((same[:, 0] < offset_s + 0.03) & (same[:, 1] > onset_s - 0.03)).any():
            shifted_s = rng.normal(0, 0.008)  # fingers do not strike at once
            added.append((onset_s + shifted_s, offset_s + shifted_s, key, np.clip(velocity + rng.normal(0, 8), 1, 127)))
    both = np.concatenate([notes, np.array(added, dtype=np.float64).reshape(-1, 4)])
    return both[np.argsort(both[:, 0], kind="stable")]


def _lowest_beside(notes: _Rows) -> npt.NDArray[np.float64]:
    """Return for each note the lowest pitch that is struck within 100 ms of it."""
    first = np.searchsorted(notes[:, 0], notes[:, 0] - 0.1)
    last = np.searchsorted(notes[:, 0], notes[:, 0] + 0.1, side="right")
    return np.array([notes[i:j, 2].min() for i, j in zip(first, last, strict=True)])


def _random_notes(rng: np.random.Generator, duration_s: float, most_keys: int) -> _Rows:
    """Draw chords of any keys at any time, single and repeated notes; no key is struck while it still sounds."""
    free = np.full(128, -1.0)
    rows = []
    at_s, pace_s = 0.0, float(np.exp(rng.uniform(np.log(0.06), np.log(0.8))))
    centre, spread = rng.uniform(LOWEST + 10, HIGHEST - 10), rng.uniform(4, 25)
    if most_keys > 1 and rng.random() < _STRUCK_AGAIN:
        return _struck_again(rng, duration_s, centre)
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


def _struck_again(rng: np.random.Generator, duration_s: float, centre: float) -> _Rows:
    """Draw tremolos, trills and repeated chords: a few keys struck repeatedly, released between strokes or pedalled."""
    keys = np.unique(np.clip(np.round(rng.normal(centre, rng.uniform(1, 12), rng.integers(1, 6))), LOWEST, HIGHEST))
    pace_s = float(np.exp(rng.uniform(np.log(0.05), np.log(0.5))))
    pedal, together = rng.random() < 0.6, rng.random() < 0.4
    rows = []
    for i, key in enumerate(keys):
        step_s = pace_s if together else pace_s * len(keys)
        at_s = (0.0 if together else pace_s * i) + rng.uniform(0, 0.3)
        strokes = np.arange(at_s, duration_s, step_s)
        strokes = np.sort(strokes + rng.normal(0, 0.06 * step_s, len(strokes)))
        strokes = strokes[rng.random(len(strokes)) < rng.uniform(0.5, 1.0)]
        if not len(strokes):
            continue
        held = rng.uniform(0.3, 0.95)
        louder = rng.uniform(20, 115)
        for onset_s, next_s in zip(strokes, [*strokes[1:], duration_s + 1], strict=True):
            until_s = next_s if pedal else onset_s + held * min(step_s, next_s - onset_s)
            if until_s > onset_s + 0.03:
                rows.append((max(0.0, onset_s), until_s, key, np.clip(louder + rng.normal(0, 12), 5, 126)))
    return np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)


@lru_cache(maxsize=16)
def _sympathy(seed: int, sr: int) -> _Clip:
    """Response of all strings of a piano to a stroke: sines with a soft onset and a slow decay; energy 1."""
    rng = np.random.default_rng((seed, 12))
    t = np.arange(round(2.5 * sr), dtype=np.float32) / np.float32(sr)
    out = np.zeros(len(t), dtype=np.float32)
    for pitch in range(LOWEST, HIGHEST + 1):
        for k in range(1, 5):
            hz = k * 440 * 2 ** ((pitch - 69 + rng.normal(0, 0.03)) / 12)
            if hz < 0.45 * sr:
                decay = np.exp(-t * np.float32(rng.uniform(1, 4) * (1 + hz / 2000)))
                out += np.float32(rng.normal() / k) * np.sin(np.float32(2 * np.pi * hz) * t + rng.uniform(0, 6)) * decay
    out *= np.minimum(1, t / np.float32(0.03))
    return out / np.float32(np.sqrt(np.sum(out**2)))


def _coded(y: _Clip, sr: int) -> _Clip:
    """Encode a clip as MP3 at about 40 kbit/s, decode it and remove the delay."""
    file = io.BytesIO()
    loudest = max(1.0, float(np.abs(y).max()))
    soundfile.write(file, y / loudest, sr, format="MP3", bitrate_mode="CONSTANT", compression_level=0.75)
    decoded = np.zeros(len(y) + 4096, dtype=np.float32)
    read, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
    decoded[: len(read)] = read[: len(decoded)]
    match = scipy.signal.correlate(decoded, y, mode="valid", method="fft")
    delay = int(match.argmax())
    return decoded[delay : delay + len(y)] * np.float32(loudest)


def _no_piano(rng: np.random.Generator, samples: int, sr: int, others: Sequence[npt.NDArray[np.int16]]) -> _Clip:
    """Draw a sound that must not be transcribed: a recording, bursts, tuned or not, or a gliding voice; peak 1."""
    y = np.zeros(samples)
    if others and rng.random() < 0.7:
        at, ends = 0, np.cumsum([len(other) for other in others])
        while at < samples:  # longer recordings are drawn more often
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
    """Add reverberation: low-pass filtered noise with an exponential decay of 60 dB in ``decay_s``.

    ``wet_db`` is the level of its energy relative to the direct sound.
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
    """Draw a filter that colours like a microphone, a smooth curve, and like a place, with peaks and dips.

    The place gives each partial of each key a level of its own, as another piano's soundboard would.
    """
    corners = np.array([0, *(hz for hz in (60, 150, 400, 1000, 2500, 5000) if hz < sr / 2), sr / 2])
    gains_db = np.cumsum(rng.normal(0, 2.0, len(corners)))
    gains_db[0] -= rng.uniform(0, 20)
    fine = np.concatenate([[0.0], np.geomspace(30, sr / 2, _PEAKS_AND_DIPS)])
    uneven_db = rng.normal(0, rng.uniform(0, _UNEVEN_DB), len(fine))
    gains_db = np.interp(fine, corners, gains_db - gains_db[4]) + uneven_db
    taps = scipy.signal.firwin2(_COLOUR_TAPS, fine / (sr / 2), 10 ** (gains_db / 20))
    return taps.astype(np.float32)  # type: ignore[no-any-return]


def _noise(rng: np.random.Generator, samples: int, sr: int, *, loudest: float) -> _Clip:
    """Draw hiss or rumble 15 to 60 dB below the level ``loudest``, sometimes with mains hum."""
    white = rng.standard_normal(samples).astype(np.float32)
    a = rng.choice([0.0, 0.7, 0.95, 0.99])
    noise = scipy.signal.lfilter([1.0], [1.0, -a], white).astype(np.float32) if a else white
    if rng.random() < 0.2:
        t = np.arange(samples, dtype=np.float32) / sr
        for k in range(1, 5):
            noise += np.float32(noise.std() * rng.uniform(0, 1)) * np.sin(2 * np.pi * 50 * k * t).astype(np.float32)
    level = loudest * 10 ** (-rng.uniform(15, 60) / 20)
    return noise * np.float32(level / (float(noise.std()) + 1e-9))
