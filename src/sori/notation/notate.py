"""From played notes to a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sori.errors import AudioError, ParameterError, check_choice
from sori.music.notes import Note, notes_array
from sori.music.score import Key, Metre, Score, ScoreNote, changes
from sori.notation.bars import Bars, bars_of
from sori.notation.beats import Beats, BeatTracking
from sori.notation.marks import dynamics, pedal_marks, tempo_marks
from sori.notation.quantise import Placed, Quantising, in_beats, place_chords
from sori.notation.reading import sight_read
from sori.notation.rhythm import even_beats, find_beats
from sori.notation.values import note_values
from sori.notation.voices import separate_voices

_FREE = 0.35  # mean change of the interval from beat to beat, as a part of it, that is no metre


@dataclass(frozen=True, kw_only=True)
class NotationOptions:
    """What is known of the music, and how much of the performance is written.

    Parameters
    ----------
    metre
        The metre of the whole piece.
    is_free
        The music has no metre: notes are written in proportion to time, a quarter for half a second.
    tempo
        Lowest and highest number of beats a minute.
    key
        The key signature of the whole piece in sharps; flats are negative.
    detail
        ``simple``: one voice a hand, and at most four parts of a beat; ``usual``; ``faithful``: any division.
    beats
        Beats that a person has marked, instead of found ones.
    title, composer
        Printed above the score.
    """

    metre: Metre | None = None
    is_free: bool = False
    tempo: tuple[float, float] | None = None
    key: int | None = None
    detail: str = "usual"
    beats: Beats | None = field(default=None, repr=False)
    title: str = ""
    composer: str = ""

    def __post_init__(self) -> None:
        check_choice("detail", self.detail, ("simple", "usual", "faithful"))
        if self.key is not None and not -7 <= self.key <= 7:
            raise ParameterError(f"a key has at most 7 sharps or flats. Received key={self.key}.", "key")
        self.tracking()

    def tracking(self) -> BeatTracking:
        """Return what is known of the beats."""
        tracking = BeatTracking()
        if self.metre is not None:
            tracking = replace(tracking, beats_in_bar=(self.metre.beats,))
        return replace(tracking, tempo=self.tempo) if self.tempo is not None else tracking


def notate(notes: Sequence[Note], pedals: npt.ArrayLike = (), options: NotationOptions | None = None) -> Score:
    """Write played notes as a score for piano.

    Parameters
    ----------
    notes
        Keys as they were held, not as long as they sound under the pedal.
    pedals
        When the sustain pedal goes down and up, in seconds, shape ``(n, 2)``.

    Raises
    ------
    AudioError
        If there are no notes.
    """
    options = options or NotationOptions()
    rows = notes_array(notes)
    if not len(rows):
        raise AudioError("there are no notes to write")
    rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))]
    beats = options.beats or (even_beats(rows) if options.is_free else find_beats(rows, options.tracking()))
    pitch = rows[:, 2].astype(np.int64)
    placed = place_chords(
        rows[:, 0], pitch, beats, Quantising(detail="proportional" if options.is_free else options.detail)
    )
    last = Fraction(float(in_beats([rows[:, 1].max()], beats)[0])).limit_denominator(64)
    bars = bars_of(beats, placed, metre=options.metre, until=min(last, max(placed.place) + 8))
    printed, keys = _printed(rows, pitch, placed, beats, bars, options)
    seconds = _seconds(bars, beats)
    score = Score(
        notes=tuple(printed),
        bars=tuple(bars.lines),
        metres=tuple(bars.metres),
        keys=tuple(keys),
        places=tuple(bars.beats),
        seconds=tuple(float(s) for s in seconds),
        title=options.title,
        composer=options.composer,
        is_free=options.is_free,
        is_uneven=not options.is_free and is_uneven(beats),
    )

    def quarters(at_s: float) -> Fraction:
        return Fraction(float(np.interp(at_s, seconds, [float(b) for b in bars.beats]))).limit_denominator(96)

    pressed = [(float(a), float(b)) for a, b in np.asarray(pedals, dtype=np.float64).reshape(-1, 2)]
    marks = dynamics(printed, bars.lines)
    marks += [] if options.is_free else tempo_marks(bars.beats, seconds, score.metre_at, bars.lines)
    marks += pedal_marks(pressed, quarters, end=bars.lines[-1])
    return replace(score, marks=tuple(sorted(marks, key=lambda mark: mark.at)))


def is_uneven(beats: Beats) -> bool:
    """Whether beats are so uneven that the music has no regular metre."""
    interval = np.diff(beats.seconds)
    return len(interval) > 3 and float(np.abs(np.diff(np.log(interval))).mean()) > _FREE


def _seconds(bars: Bars, beats: Beats) -> npt.NDArray[np.float64]:
    """Return when each beat of the bars is played, as far before and after the found beats as there are bars."""
    number = np.arange(len(bars.beats)) + bars.first
    seconds = np.interp(number, np.arange(len(beats)), beats.seconds)
    first, last = beats.seconds[1] - beats.seconds[0], beats.seconds[-1] - beats.seconds[-2]
    seconds = np.where(number < 0, beats.seconds[0] + number * first, seconds)
    return np.where(number >= len(beats), beats.seconds[-1] + (number - len(beats) + 1) * last, seconds)


def _printed(
    rows: npt.NDArray[np.float64],
    pitch: npt.NDArray[np.int64],
    placed: Placed,
    beats: Beats,
    bars: Bars,
    options: NotationOptions,
) -> tuple[list[ScoreNote], list[tuple[Fraction, Key]]]:
    """Return the notes with place, length, hand, voice and name, and the keys."""
    onset = [bars.quarters(placed.place[c]) for c in placed.chord]
    per_beat = [bars.beat_length(at) for at in onset]
    held = (in_beats(rows[:, 1], beats) - in_beats(rows[:, 0], beats)) * np.array([float(b) for b in per_beat])
    at = np.array([float(o) for o in onset])
    order = np.lexsort((pitch, at))
    bar = np.clip(np.searchsorted([float(b) for b in bars.lines], at[order], side="right") - 1, 0, len(bars.lines) - 2)
    read = sight_read(at[order], held[order], pitch[order], bar, key=options.key)
    names = dict(zip(order.tolist(), read.fifths.tolist(), strict=True))
    printed: list[ScoreNote] = []

    def note(i: int, hand: int, length: Fraction, **how: bool) -> ScoreNote:
        return ScoreNote(
            onset=onset[i], length=length, pitch=int(pitch[i]), fifths=names[i], staff=hand, onset_s=float(rows[i, 0]),
            offset_s=float(rows[i, 1]), velocity=int(rows[i, 3]), **how,
        )  # fmt: skip

    for hand in (1, 2):
        own = order[read.hand == hand]
        graces = _graces(own, onset, placed)
        main = [i for i in own if i not in graces]
        values = note_values(
            [onset[i] for i in main], held[main], [per_beat[i] for i in main], sustain=options.detail != "simple"
        )
        found = [
            note(
                i,
                hand,
                value.length,
                is_staccato=value.is_staccato,
                is_spread=bool(placed.is_spread[placed.chord[i]]),
            )
            for i, value in zip(main, values, strict=True)
        ]
        again: dict[int, Fraction] = {}  # where a key is struck next, where its note ends at the latest
        for k in reversed(range(len(found))):
            end = min(found[k].end, again.get(found[k].pitch, bars.lines[-1]), bars.lines[-1])
            again[found[k].pitch] = found[k].onset
            found[k] = replace(found[k], length=end - found[k].onset)
        found += [note(i, hand, Fraction(0), is_grace=True) for i in graces]
        printed += separate_voices(found, most=1 if options.detail == "simple" else 2)
    keys = changes([(bars.lines[i], Key(int(key))) for i, key in enumerate(read.keys)])
    return sorted(printed), list(keys)


def _graces(own: npt.NDArray[np.int64], onset: Sequence[Fraction], placed: Placed) -> set[int]:
    """Return the notes of a hand that share a place with a later chord: they are played just before it."""
    last: dict[Fraction, int] = {}
    for i in own:
        last[onset[i]] = max(last.get(onset[i], -1), int(placed.chord[i]))
    return {int(i) for i in own if placed.chord[i] < last[onset[i]]}
