"""Laying out a voice in a bar: values that can be printed, ties, rests, tuplets and beams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sori.music.score import Metre, ScoreNote

_NAMES = {
    Fraction(8): "breve", Fraction(4): "whole", Fraction(2): "half", Fraction(1): "quarter", Fraction(1, 2): "eighth",
    Fraction(1, 4): "16th", Fraction(1, 8): "32nd", Fraction(1, 16): "64th", Fraction(1, 32): "128th",
    Fraction(1, 64): "256th",
}  # fmt: skip
_BEAMS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4, "128th": 5, "256th": 6}
# Printed lengths in quarters, longest first: plain, with one dot, with two.
_PRINTED = sorted(
    ((length * (2 - Fraction(1, 2**dots)), name, dots) for length, name in _NAMES.items() for dots in (0, 1)),
    reverse=True,
)
_TUPLETS = {3: (3, 2), 5: (5, 4), 7: (7, 4)}


@dataclass
class Event:
    """A chord or a rest of a voice: where it is, how long, how it is printed, and what binds it to others.

    ``tuplet`` is how many are played in the time of how many; ``starts``, ``stops``: whether a tuplet begins or ends
    here; ``ties``: whether its notes are held from the event before and on to the next one; ``beams`` by level.
    """

    at: Fraction
    length: Fraction
    notes: tuple[ScoreNote, ...] = ()
    name: str = "quarter"
    dots: int = 0
    tuplet: tuple[int, int] | None = None
    starts: bool = False
    stops: bool = False
    tied_from: bool = False
    tied_on: bool = False
    is_bar_rest: bool = False
    beams: list[str] = field(default_factory=list)


def lay_out_bar(
    begin: Fraction, end: Fraction, metre: Metre, chords: Sequence[tuple[ScoreNote, ...]], *, hidden: bool = False
) -> list[Event]:
    """Return the events of one voice in one bar, which fill it.

    Parameters
    ----------
    begin, end
        Of the bar, in quarters.
    chords
        Notes with the same onset and length each, in order, that sound in the bar; what is outside it is cut off.
    hidden
        Return no rests: other voices show where the beats are.
    """
    pieces: list[Event] = []
    at = begin
    for chord in chords:
        first, last = max(begin, chord[0].onset), min(end, chord[0].end)
        if first > at and not hidden:
            pieces.append(Event(at, first - at))
        if last > first:
            tied_from, tied_on = chord[0].onset < first, chord[0].end > last
            pieces.append(Event(first, last - first, chord, tied_from=tied_from, tied_on=tied_on))
        at = max(at, last)
    if not pieces and not hidden:
        return [Event(begin, end - begin, name="whole", is_bar_rest=True)]
    if at < end and not hidden:
        pieces.append(Event(at, end - at))
    ternary = _tuplet_beats(begin, end, metre, pieces)
    events = [part for piece in pieces for part in _printable(piece, begin, end, metre, ternary)]
    _mark_tuplets(events, begin, metre)
    _mark_beams(events, begin, metre)
    return events


def _tuplet_beats(begin: Fraction, end: Fraction, metre: Metre, pieces: Iterable[Event]) -> dict[int, int]:
    """Return the number of parts, 3, 5 or 7, of each beat that has places which halving does not reach."""
    found: dict[int, int] = {}
    for piece in pieces:
        for edge in (piece.at, piece.at + piece.length):
            inside = (edge - begin) % metre.beat
            for parts in _TUPLETS:
                if inside.denominator % parts == 0:
                    found[int((edge - begin) // metre.beat)] = parts
    return found


def _printable(piece: Event, begin: Fraction, end: Fraction, metre: Metre, ternary: dict[int, int]) -> list[Event]:
    """Split an event where its length cannot be printed, or would hide the beats."""
    parts: list[Event] = []
    at, last = piece.at, piece.at + piece.length
    while at < last:
        until = last
        for beat, _ in sorted(ternary.items()):  # a tuplet is not left or entered within a note
            for edge in (begin + beat * metre.beat, begin + (beat + 1) * metre.beat):
                if at < edge < until:
                    until = edge
        tuplet = _TUPLETS.get(ternary.get(int((at - begin) // metre.beat), 0))
        scale = Fraction(*tuplet) if tuplet else Fraction(1)
        while True:
            printed = next(((n, d) for length, n, d in _PRINTED if length == (until - at) * scale), None)
            cut = _cut(at - begin, until - begin, metre, is_rest=not piece.notes, free=tuplet is not None)
            if printed is not None and cut is None:
                break
            until = (
                begin + cut
                if cut is not None
                else at + next(length / scale for length, _, _ in _PRINTED if length < (until - at) * scale)
            )
            if until - at < Fraction(1, 256):  # nothing finer is printed
                printed = ("256th", 0)
                break
        name, dots = printed
        parts.append(
            Event(at, until - at, piece.notes, name, dots, tuplet, tied_from=at > piece.at or piece.tied_from,
                  tied_on=until < last or piece.tied_on)
        )  # fmt: skip
        at = until
    return parts


def _cut(at: Fraction, until: Fraction, metre: Metre, *, is_rest: bool, free: bool) -> Fraction | None:
    """Return where a length is to be split so that the strongest place within it is seen; None if it may stay."""
    if free:
        return None
    levels = [metre.bar]
    if metre.beats == 4:
        levels.append(metre.bar / 2)
    levels.append(metre.beat)
    if not metre.is_compound:
        levels += [metre.beat / 2, metre.beat / 4]
    else:
        levels += [metre.beat / 3, metre.beat / 6]
    for i, level in enumerate(levels):
        inside = (at // level + 1) * level
        if inside >= until:
            continue
        whole = at % level == 0 and (until % level == 0 or (until - at) / level == Fraction(3, 2))
        if whole and not (is_rest and metre.beats == 3 and level == metre.beat and until - at == 2 * level):
            return None
        below = levels[i + 1] if i + 1 < len(levels) else level / 2
        if at % level == 0 and until - inside == 0:
            return None
        if not is_rest and i and until - inside == inside - at and inside - at >= below and level == metre.beat:
            return None  # a syncopation around one beat
        if not is_rest and at % level == 0 and until - inside == below and not metre.is_compound:
            return None  # dotted, from a strong place
        if not is_rest and until % level == 0 and inside - at == below and not metre.is_compound and i > 1:
            return None
        return inside
    return None


def _mark_tuplets(events: Sequence[Event], begin: Fraction, metre: Metre) -> None:
    """Mark where tuplets begin and end: each beat that has any is one."""
    for i, event in enumerate(events):
        if event.tuplet is None:
            continue
        beat = (event.at - begin) // metre.beat
        before, after = (events[k] if 0 <= k < len(events) else None for k in (i - 1, i + 1))
        event.starts = before is None or before.tuplet is None or (before.at - begin) // metre.beat != beat
        event.stops = after is None or after.tuplet is None or (after.at - begin) // metre.beat != beat


def _mark_beams(events: Sequence[Event], begin: Fraction, metre: Metre) -> None:
    """Join short notes of a beat by beams; eighths alone of a half bar of 4/4, and of a bar of 3/8."""
    span = metre.bar if metre == Metre(3, 8) else max(metre.beat, Fraction(1, 2))
    group: list[Event] = []
    for event in [*events, None]:
        goes_on = (
            event is not None
            and bool(event.notes)
            and event.name in _BEAMS
            and bool(group)
            and (event.at - begin) // span == (group[0].at - begin) // span
            and group[-1].at + group[-1].length == event.at
        )
        if not goes_on:
            _beam(group)
            group = []
        if event is not None and event.notes and event.name in _BEAMS:
            group.append(event)


def _beam(group: Sequence[Event]) -> None:
    if len(group) < 2:
        return
    depth = [_BEAMS[event.name] for event in group]
    for i, event in enumerate(group):
        before, after = depth[i - 1] if i else 0, depth[i + 1] if i + 1 < len(group) else 0
        for level in range(1, depth[i] + 1):
            joined = (before >= level, after >= level)
            hook = "backward hook" if i and (i + 1 == len(group) or before >= after) else "forward hook"
            event.beams.append({(0, 0): hook, (0, 1): "begin", (1, 1): "continue", (1, 0): "end"}[joined])
