from fractions import Fraction

import pytest

from sori.music import Note
from sori.music.score import Key, Metre, Score, ScoreNote

# A melody in D major in 3/4 over a waltz' bass, as (quarters, length, pitch).
_TUNE = (
    (62, 1),
    (66, 1),
    (69, 1),
    (74, 2),
    (73, Fraction(1, 2)),
    (71, Fraction(1, 2)),
    (69, 3),
    (66, 1),
    (64, 1),
    (62, 1),
)
_BASS = ((38, 54), (43, 55), (45, 57), (38, 50))


@pytest.fixture
def waltz():
    """A score of eight bars, with what is played: even, at 120 beats a minute, from the first second on."""
    notes, at = [], Fraction(0)
    for pitch, length in _TUNE * 2:
        notes.append((at, Fraction(length), pitch, 1))
        at += length
    for bar in range(8):
        low, high = _BASS[bar % 4]
        notes.append((Fraction(3 * bar), Fraction(1), low, 2))
        notes += [(Fraction(3 * bar + beat), Fraction(1), high, 2) for beat in (1, 2)]
    printed = tuple(
        sorted(
            ScoreNote(
                onset=onset, length=length, pitch=pitch, fifths=(7 * pitch + 3) % 12 - 3, staff=staff,
                onset_s=1 + float(onset) / 2, offset_s=1 + float(onset + length) / 2 - 0.05, velocity=90 - 10 * staff,
            )
            for onset, length, pitch, staff in notes
        )
    )  # fmt: skip
    places = tuple(Fraction(n) for n in range(25))
    return Score(
        notes=printed, bars=places[::3], metres=((Fraction(0), Metre(3, 4)),), keys=((Fraction(0), Key(2)),),
        places=places, seconds=tuple(1 + float(place) / 2 for place in places), title="Waltz", composer="Nobody",
    )  # fmt: skip


@pytest.fixture
def played(waltz):
    return [Note(n.onset_s, n.offset_s, n.pitch, n.velocity) for n in waltz.notes]
