"""Marks beside the notes: dynamics and hairpins from velocities, pedal marks, tempo words."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sori.music.score import Mark, Metre, ScoreNote

_Floats = npt.NDArray[np.float64]

# Lowest velocity of each dynamic, as notation programs play them.
_DYNAMICS = (("pp", 0), ("p", 41), ("mp", 57), ("mf", 71), ("f", 87), ("ff", 103))
_HOLDS = 4  # velocities beyond a limit before a dynamic changes
_LASTS = 2  # bars that a dynamic lasts
_HAIRPIN = 14  # velocities over which a gradual change gets a hairpin
# Lowest tempo of each word, in beats a minute: usual ranges of metronomes.
_WORDS = ((0, "Largo"), (54, "Adagio"), (73, "Andante"), (96, "Moderato"), (112, "Allegro"), (160, "Presto"))
_NEW_TEMPO, _NEW_TEMPO_BARS = 0.22, 6  # a tempo that differs by this part for so many bars is printed


def dynamics(notes: Sequence[ScoreNote], bars: Sequence[Fraction]) -> list[Mark]:
    """Return dynamics where they change, and hairpins where that is gradual.

    The loudness of a bar is the mean of the louder half of its notes.
    """
    loud = _by_bar(notes, bars)
    if loud is None:
        return []
    smooth = np.convolve(np.pad(loud, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    marks: list[Mark] = []
    current, since = -1, 0
    for i, level in enumerate(smooth):
        new = _dynamic(float(level), current)
        stays = all(_dynamic(float(v), current) == new for v in smooth[i : i + _LASTS])
        if new != current and (i == 0 or stays):
            begin = _gradual(smooth, since, i) if i else i
            if begin < i and current >= 0:
                kind = "crescendo" if new > current else "diminuendo"
                marks.append(Mark(bars[begin], "hairpin", kind, bars[i]))
            marks.append(Mark(bars[i], "dynamic", _DYNAMICS[new][0]))
            current, since = new, i
    return marks


def _by_bar(notes: Sequence[ScoreNote], bars: Sequence[Fraction]) -> _Floats | None:
    found: list[list[int]] = [[] for _ in bars[:-1]]
    edges = [float(bar) for bar in bars]
    for note in notes:
        if note.velocity:
            found[min(len(found) - 1, int(np.searchsorted(edges, float(note.onset), side="right")) - 1)].append(
                note.velocity
            )
    if not any(found):
        return None
    means = np.array([np.mean(sorted(bar)[len(bar) // 2 :]) if bar else np.nan for bar in found], dtype=np.float64)
    there = np.flatnonzero(~np.isnan(means))
    return np.asarray(np.interp(np.arange(len(means)), there, means[there]), dtype=np.float64)


def _dynamic(level: float, current: int) -> int:
    """Return the number of the dynamic of a loudness, which is the current one while it is near its limits."""
    if current >= 0:
        low = _DYNAMICS[current][1] - _HOLDS
        high = _DYNAMICS[current + 1][1] + _HOLDS if current + 1 < len(_DYNAMICS) else 999
        if low <= level < high:
            return current
    return max(i for i, (_, lowest) in enumerate(_DYNAMICS) if level >= lowest)


def _gradual(level: _Floats, since: int, i: int) -> int:
    """Return the bar from which the loudness has been going the same way, if that was far enough; ``i`` if not."""
    sign = np.sign(level[i] - level[i - 1])
    begin = i
    while begin - 1 > since and sign * (level[begin] - level[begin - 1]) > 0.5 and i - begin < 4:
        begin -= 1
    return begin if i - begin >= 2 and abs(level[i] - level[begin]) >= _HAIRPIN else i


def pedal_marks(
    pedals: Sequence[tuple[float, float]], quarters: Callable[[float], Fraction], *, end: Fraction
) -> list[Mark]:
    """Return where the pedal goes down and up, at eighths."""
    marks: list[Mark] = []
    for down_s, up_s in pedals:
        begin, until = (Fraction(round(2 * quarters(at_s)), 2) for at_s in (down_s, up_s))
        begin = max(begin, Fraction(0), marks[-1].until or Fraction(0) if marks else Fraction(0))
        until = min(until, end)
        if until > begin:
            marks.append(Mark(begin, "pedal", "", until))
    return marks


def tempo_marks(
    beat_places: Sequence[Fraction], seconds: _Floats, metre_at: Callable[[Fraction], Metre], bars: Sequence[Fraction]
) -> list[Mark]:
    """Return the tempo at the beginning, and where another one holds for several bars.

    Parameters
    ----------
    beat_places, seconds
        Where each beat is in quarters, and when it is played.
    """
    interval = np.diff(seconds)
    if not len(interval):
        return []
    places = np.array([float(place) for place in beat_places[:-1]])
    tempo = []
    for begin, end in itertools.pairwise(bars):
        inside = (places >= float(begin)) & (places < float(end))
        tempo.append(60 / float(np.median(interval[inside])) if inside.any() else np.nan)
    marks: list[Mark] = []
    held: float | None = None
    for i, begin in enumerate(bars[:-1]):
        ahead = np.array(tempo[i : i + _NEW_TEMPO_BARS])
        ahead = ahead[~np.isnan(ahead)]
        if not len(ahead):
            continue
        now = float(np.median(ahead))
        steady = len(ahead) >= _NEW_TEMPO_BARS and bool((np.abs(np.log(ahead / now)) < _NEW_TEMPO / 2).all())
        changed = held is not None and abs(np.log(now / held)) > _NEW_TEMPO and steady
        metre_changed = i > 0 and metre_at(begin).beat != metre_at(bars[i - 1]).beat
        if held is None or changed or metre_changed:
            beat = metre_at(begin).beat
            word = next(word for lowest, word in reversed(_WORDS) if now * float(min(beat, Fraction(3, 2))) >= lowest)
            marks.append(Mark(begin, "tempo", f"{word if held is None or changed else ''}|{beat}|{round(now)}"))
            held = now
    return marks
