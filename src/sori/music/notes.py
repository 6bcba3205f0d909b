"""Notes, their names, and chords."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_choice, check_count
from sori.units import note_to_midi

LOWEST, HIGHEST = 21, 108  # A0 and C8
KEYS = HIGHEST - LOWEST + 1  # of a piano

# Semitones above the root.
CHORDS = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "augmented": (0, 4, 8),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "major7": (0, 4, 7, 11),
    "minor7": (0, 3, 7, 10),
    "dominant7": (0, 4, 7, 10),
    "diminished7": (0, 3, 6, 9),
    "half-diminished7": (0, 3, 6, 10),
    "fifth": (0, 7),
}


@dataclass(frozen=True, order=True)
class Note:
    """A note: onset and offset in seconds, MIDI pitch (60 is C4) and velocity (1 to 127).

    Raises
    ------
    ParameterError
        If the offset is not after the onset, or a number is out of range.

    >>> Note(0.5, 1.5, 60, 80).pitch
    60
    """

    onset_s: float
    offset_s: float
    pitch: int
    velocity: int

    def __post_init__(self) -> None:
        check_between("onset_s", self.onset_s, 0, 1e7, "s")
        if not self.onset_s < self.offset_s < 1e7:
            raise ParameterError(
                f"a note must end after it begins. Received onset_s={self.onset_s:g}, offset_s={self.offset_s:g}."
            )
        for name, value, low in (("pitch", self.pitch, 0), ("velocity", self.velocity, 1)):
            check_count(name, value, at_least=low)
            check_between(name, value, low, 127)


def chord_pitches(root: int, kind: str, *, inversion: int = 0) -> tuple[int, ...]:
    """Return the MIDI pitches of a chord, lowest first, with its ``inversion`` lowest notes moved up an octave.

    Raises
    ------
    ParameterError
        If the kind is unknown, or ``inversion`` is not below the number of notes.

    >>> chord_pitches(60, "major"), chord_pitches(60, "major", inversion=1)
    ((60, 64, 67), (64, 67, 72))
    """
    check_choice("kind", kind, CHORDS)
    steps = CHORDS[kind]
    check_count("inversion", inversion, at_least=0)
    if inversion >= len(steps):
        raise ParameterError(f"a {kind} chord has inversions 0 to {len(steps) - 1}. Received inversion={inversion}.")
    return tuple(sorted(root + step + (12 if i < inversion else 0) for i, step in enumerate(steps)))


def parse_pitches(text: str) -> tuple[int, ...]:
    """Parse pitches: MIDI numbers, note names or ranges of them, separated by commas.

    Raises
    ------
    ParameterError
        If a part is none of these, or a pitch is not 0 to 127.

    >>> parse_pitches("21-23,C4,E4-F4")
    (21, 22, 23, 60, 64, 65)
    """
    pitches: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([A-Ga-g][#b]*-?\d+|\d+)(?:\s*-\s*([A-Ga-g][#b]*-?\d+|\d+))?\s*", part)
        if match is None:
            raise ParameterError(
                f"pitches must be MIDI numbers, note names or ranges, as in 21-108 or C4,E4,G4. Received {part!r}."
            )
        low, high = (int(name) if name.isdecimal() else note_to_midi(name) for name in (match[1], match[2] or match[1]))
        if not 0 <= low <= high <= 127:
            raise ParameterError(f"pitches must be 0 to 127, the lower first. Received {part!r}.")
        pitches += range(low, high + 1)
    return tuple(dict.fromkeys(pitches))


def parse_band(text: str) -> tuple[int, int]:
    """Parse the range of keys: ``piano`` is all of them, otherwise lowest and highest as in ``C2-C6``.

    >>> parse_band("piano"), parse_band("C4-B4")
    ((21, 108), (60, 71))
    """
    if text == "piano":
        return LOWEST, HIGHEST
    if "," in text:
        raise ParameterError(f"a band is piano, or its lowest and highest key as in C2-C6. Received {text!r}.")
    pitches = parse_pitches(text)
    return min(pitches), max(pitches)


def notes_array(notes: Sequence[Note] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return rows of onset and offset in seconds, pitch and velocity, shape ``(notes, 4)``.

    >>> notes_array([Note(0.5, 1.0, 60, 80)])
    array([[ 0.5,  1. , 60. , 80. ]])
    """
    if isinstance(notes, np.ndarray):
        return notes
    return np.array([(n.onset_s, n.offset_s, n.pitch, n.velocity) for n in notes], dtype=np.float64).reshape(-1, 4)
