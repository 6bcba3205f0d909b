"""A score: printed notes with their places in bars, hands, voices and spelling; times are exact, in quarter notes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple, TypeVar

from sori.errors import ParameterError

_Named = TypeVar("_Named")
_STEPS = "FCGDAEB"  # along the line of fifths
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {-3: "bbb", -2: "bb", -1: "b", 0: "", 1: "#", 2: "##", 3: "###"}
_MAJOR = {k: name for k, name in enumerate("Cb Gb Db Ab Eb Bb F C G D A E B F# C#".split(), start=-7)}
_MINOR = {k: name for k, name in enumerate("Ab Eb Bb F C G D A E B F# C# G# D# A#".split(), start=-7)}


class Spelling(NamedTuple):
    """The name of a pitch as it is printed: step (A to G), alteration in semitones, and octave (C4 is middle C)."""

    step: str
    alter: int
    octave: int

    def __str__(self) -> str:
        return f"{self.step}{_ACCIDENTALS[self.alter]}{self.octave}"

    @property
    def line(self) -> int:
        """Place on the staff in steps above C0, so that neighbours on line and space differ by one."""
        return 7 * self.octave + "CDEFGAB".index(self.step)


def spelling(pitch: int, fifths: int) -> Spelling:
    """Return the printed name of a MIDI pitch whose place on the line of fifths is ``fifths`` (C 0, G 1, F -1).

    Raises
    ------
    ParameterError
        If the place is of another pitch class, or needs more than three accidentals.

    >>> str(spelling(61, 7)), str(spelling(61, -5)), str(spelling(59, -7))
    ('C#4', 'Db4', 'Cb4')
    """
    step, alter = _STEPS[(fifths + 1) % 7], (fifths + 1) // 7
    octave, remainder = divmod(pitch - alter - SEMITONES[step], 12)
    if remainder or alter not in _ACCIDENTALS:
        raise ParameterError(f"pitch {pitch} has no spelling at {fifths} fifths.")
    return Spelling(step, alter, octave - 1)


def fifths_of(step: str, alter: int) -> int:
    """Return the place on the line of fifths of a printed name.

    >>> fifths_of("C", 0), fifths_of("F", 1), fifths_of("B", -1)
    (0, 6, -2)
    """
    return _STEPS.index(step) - 1 + 7 * alter


@dataclass(frozen=True, order=True)
class Metre:
    """A time signature.

    >>> str(Metre(6, 8)), Metre(6, 8).beat, Metre(6, 8).beats, Metre(3, 8).beats, Metre(2, 2).beat
    ('6/8', Fraction(3, 2), 2, 3, Fraction(2, 1))
    """

    count: int
    unit: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 64 or self.unit not in (1, 2, 4, 8, 16, 32, 64):
            raise ParameterError(f"a metre has 1 to 64 beats of 1, 2, 4, 8, 16, 32 or 64, as in 3/4. Received {self}.")

    def __str__(self) -> str:
        return f"{self.count}/{self.unit}"

    @classmethod
    def parse(cls, text: str) -> Metre:
        """Parse a metre as it is written.

        >>> Metre.parse("12/8")
        Metre(count=12, unit=8)
        """
        count, slash, unit = text.strip().partition("/")
        if not slash or not count.isdecimal() or not unit.isdecimal():
            raise ParameterError(f"a metre is written as in 3/4 or 6/8. Received {text!r}.")
        return cls(int(count), int(unit))

    @property
    def is_compound(self) -> bool:
        """Whether its beats have three parts: 6/8, 9/8, 12/8 and their like."""
        return self.count > 3 and self.count % 3 == 0

    @property
    def bar(self) -> Fraction:
        """Length of a bar in quarters."""
        return Fraction(4 * self.count, self.unit)

    @property
    def beat(self) -> Fraction:
        """Length of a beat in quarters."""
        return Fraction(4 * (3 if self.is_compound else 1), self.unit)

    @property
    def beats(self) -> int:
        """Beats in a bar."""
        return self.count // 3 if self.is_compound else self.count


class Key(NamedTuple):
    """A key signature: sharps (flats below 0), and whether it is minor; None where that is unknown."""

    fifths: int
    minor: bool | None = None

    def alter(self, step: str) -> int:
        """Return what the signature does to a step, in semitones.

        >>> Key(2).alter("C"), Key(-1).alter("B"), Key(2).alter("G")
        (1, -1, 0)
        """
        return (self.fifths - _STEPS.index(step) + 6) // 7

    def __str__(self) -> str:
        if self.minor is None:
            return f"{abs(self.fifths)} {'flats' if self.fifths < 0 else 'sharps'}"
        return f"{(_MINOR if self.minor else _MAJOR)[self.fifths]} {'minor' if self.minor else 'major'}"


@dataclass(frozen=True, order=True, kw_only=True)
class ScoreNote:
    """A printed note; one that is tied is one note.

    Parameters
    ----------
    onset, length
        In quarters; a grace note has the onset of the note it leads to, and length 0.
    fifths
        Its spelling, as a place on the line of fifths: see :func:`spelling`.
    staff
        1 is the right hand's, 2 the left hand's.
    voice
        Number of the voice in its staff, from 1.
    onset_s, offset_s, velocity
        How it was played, where that is known.
    """

    onset: Fraction
    length: Fraction
    pitch: int
    fifths: int
    staff: int = 1
    voice: int = 1
    is_grace: bool = False
    is_staccato: bool = False
    is_spread: bool = False
    onset_s: float = 0.0
    offset_s: float = 0.0
    velocity: int = 0

    @property
    def end(self) -> Fraction:
        """Its end in quarters."""
        return self.onset + self.length

    @property
    def spelling(self) -> Spelling:
        """Its printed name."""
        return spelling(self.pitch, self.fifths)


class Mark(NamedTuple):
    """What is written above or below the staves: a dynamic, a hairpin, a pedal mark, a tempo."""

    at: Fraction
    kind: str
    text: str
    until: Fraction | None = None


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score for piano.

    Parameters
    ----------
    notes
        In the order of their onsets.
    bars
        Onset of each bar and the end of the last one, in quarters, increasing.
    metres, keys
        Where each begins, and what it is; at least one, the first at the first bar.
    tempo
        Printed tempo in quarters a minute, if any.
    marks
        Dynamics, hairpins, pedal marks and words.
    repeats
        Numbers of the bars in the order they are played, if that is not once from the first to the last.
    places, seconds
        Beats in quarters, and when each was played, if the score is of a performance.
    is_free
        Whether it has no metre: its bars only break lines, and its quarters are equal times.
    is_uneven
        Whether the beats found are so uneven that the metre may be none.
    """

    notes: tuple[ScoreNote, ...]
    bars: tuple[Fraction, ...]
    metres: tuple[tuple[Fraction, Metre], ...]
    keys: tuple[tuple[Fraction, Key], ...]
    tempo: float | None = None
    marks: tuple[Mark, ...] = ()
    repeats: tuple[int, ...] = ()
    places: tuple[Fraction, ...] = field(default=(), repr=False)
    seconds: tuple[float, ...] = field(default=(), repr=False)
    title: str = ""
    composer: str = ""
    is_free: bool = False
    is_uneven: bool = False

    def metre_at(self, at: Fraction) -> Metre:
        """Return the metre that holds at a place."""
        return _last(self.metres, at)

    def key_at(self, at: Fraction) -> Key:
        """Return the key that holds at a place."""
        return _last(self.keys, at)

    def bar_at(self, at: Fraction) -> int:
        """Return the number of the bar, from 0, that a place is in."""
        return max(0, min(len(self.bars) - 2, bisect_right(self.bars, at) - 1))

    def beats(self) -> list[tuple[Fraction, bool]]:
        """Return the place of each beat, and whether a bar begins there; a short first bar has its last beats."""
        found: list[tuple[Fraction, bool]] = []
        for i, (begin, end) in enumerate(zip(self.bars[:-1], self.bars[1:], strict=True)):
            beat = self.metre_at(begin).beat
            places, at = [], begin
            if i == 0 and end - begin < self.metre_at(begin).bar:  # its beats count from the bar line that follows
                at = end - ((end - begin) // beat) * beat
                places = [(at + k * beat, False) for k in range(int((end - at) / beat))]
            else:
                while at < end:
                    places.append((at, at == begin))
                    at += beat
            found += places
        return found

    def unfolded(self) -> Score:
        """Return the score with its repeats written out."""
        if not self.repeats:
            return self
        notes: list[ScoreNote] = []
        bars, metres, keys = [Fraction(0)], [], []
        by_bar: dict[int, list[ScoreNote]] = {}
        for note in self.notes:
            by_bar.setdefault(self.bar_at(note.onset), []).append(note)
        for i in self.repeats:
            shift = bars[-1] - self.bars[i]
            notes += [replace(note, onset=note.onset + shift) for note in by_bar.get(i, ())]
            metres.append((bars[-1], self.metre_at(self.bars[i])))
            keys.append((bars[-1], self.key_at(self.bars[i])))
            bars.append(self.bars[i + 1] + shift)
        return replace(
            self, notes=tuple(sorted(notes)), bars=tuple(bars), metres=changes(metres), keys=changes(keys),
            marks=(), repeats=(),
        )  # fmt: skip


def _last(changes: Sequence[tuple[Fraction, _Named]], at: Fraction) -> _Named:
    places = [place for place, _ in changes]
    return changes[max(0, bisect_right(places, at) - 1)][1]


def changes(values: Sequence[tuple[Fraction, _Named]]) -> tuple[tuple[Fraction, _Named], ...]:
    """Keep of values at places what differs from the one before it."""
    return tuple(one for i, one in enumerate(values) if i == 0 or one[1] != values[i - 1][1])
