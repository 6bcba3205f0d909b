"""Comparing a score with the true one: notes, places, values, spelling, hands, voices, metre and key."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import AudioError
from sori.evaluation.mv2h import MV2H, Music, TimedNote, Tolerance, mv2h
from sori.music.score import Score, ScoreNote

_MS = 500  # a quarter on the time line of MV2H
_SKIP = 0.6  # cost of a chord without a partner; of two that share nothing it is 1
_ALIGNED = Tolerance(onset=0, duration=20, grouping=20)


@dataclass(frozen=True, kw_only=True)
class ScoreComparison:
    """How a score agrees with the truth; everything but the first three is a part of the notes that match.

    Parameters
    ----------
    precision, recall
        Of the notes: of the same pitch, in chords that correspond.
    place
        Their place in their bar is right.
    value
        Their printed length is right, as a part of a beat where the two scores count beats differently.
    spelling, hand, metre, key
        They have the right name, staff, time signature, key signature.
    mv2h
        The five numbers of MV2H: see :mod:`sori.evaluation.mv2h`.
    """

    precision: float
    recall: float
    place: float
    value: float
    spelling: float
    hand: float
    metre: float
    key: float
    mv2h: MV2H
    notes: int
    estimated: int

    @property
    def f1(self) -> float:
        """Return the F1 of the notes."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def parts(self) -> dict[str, float]:
        """Return the parts of the matched notes that are right, by what is compared."""
        return {
            "place in the bar": self.place,
            "note value": self.value,
            "spelling": self.spelling,
            "hand": self.hand,
            "metre": self.metre,
            "key": self.key,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain values."""
        return {**asdict(self), "f1": self.f1, "mv2h": {**self.mv2h._asdict(), "mean": self.mv2h.mean}}


def compare_scores(truth: Score, estimate: Score) -> ScoreComparison:
    """Compare two scores after aligning their chords; repeats of the truth are written out.

    Grace notes are left out of both.

    Raises
    ------
    AudioError
        If one of them has no notes but grace notes.
    """
    truth = truth.unfolded()
    known, found = _chords(truth), _chords(estimate)
    if not known or not found:
        raise AudioError("a score without notes cannot be compared")
    path = align([{n.pitch for n in chord} for chord in known], [{n.pitch for n in chord} for chord in found])
    pairs: list[tuple[ScoreNote, ScoreNote]] = []
    for i, j in path:
        by_pitch = {note.pitch: note for note in found[j]}
        pairs += [(note, by_pitch.pop(note.pitch)) for note in known[i] if note.pitch in by_pitch]
    count, estimated = sum(map(len, known)), sum(map(len, found))
    if not pairs:
        nothing = MV2H(0.0, 0.0, 0.0, 0.0, 0.0)
        return ScoreComparison(
            precision=0.0, recall=0.0, place=0.0, value=0.0, spelling=0.0, hand=0.0, metre=0.0, key=0.0, mv2h=nothing,
            notes=count, estimated=estimated,
        )  # fmt: skip

    def part(holds: list[bool]) -> float:
        return sum(holds) / len(holds)

    def place(score: Score, note: ScoreNote) -> Fraction:
        bar = score.bar_at(note.onset)
        begin, end = score.bars[bar], score.bars[bar + 1]
        missing = score.metre_at(begin).bar - (end - begin) if bar == 0 else Fraction(0)
        return note.onset - begin + max(Fraction(0), missing)

    return ScoreComparison(
        precision=len(pairs) / estimated,
        recall=len(pairs) / count,
        place=part([place(truth, a) == place(estimate, b) for a, b in pairs]),
        value=part([a.length == b.length for a, b in pairs]),
        spelling=part([a.fifths == b.fifths for a, b in pairs]),
        hand=part([a.staff == b.staff for a, b in pairs]),
        metre=part([truth.metre_at(a.onset) == estimate.metre_at(b.onset) for a, b in pairs]),
        key=part([truth.key_at(a.onset).fifths == estimate.key_at(b.onset).fifths for a, b in pairs]),
        mv2h=_mv2h(truth, estimate, [(known[i][0].onset, found[j][0].onset) for i, j in path]),
        notes=count,
        estimated=estimated,
    )


def _chords(score: Score) -> list[list[ScoreNote]]:
    chords: dict[Fraction, list[ScoreNote]] = defaultdict(list)
    for note in score.notes:
        if not note.is_grace:
            chords[note.onset].append(note)
    return [chords[at] for at in sorted(chords)]


def align(truth: list[set[int]], estimate: list[set[int]]) -> list[tuple[int, int]]:
    """Align two sequences of chords; return the pairs that share a pitch.

    The cost of a pair is 1 less the F1 of its pitches, and of a chord without a partner 0.6; the sum is the least
    possible, by dynamic programming in time and memory of the product of the lengths.

    >>> align([{60}, {62}, {64}], [{60}, {64, 67}])
    [(0, 0), (2, 1)]
    """
    a, b = (_members(chords) for chords in (truth, estimate))
    m = len(estimate)
    step = np.zeros((len(truth) + 1, m + 1), dtype=np.int8)  # 0: a pair, 1: only the truth, 2: only the estimate
    step[0] = 2
    row = np.arange(m + 1) * _SKIP
    size = b.sum(axis=1)
    index = np.arange(m + 1) * _SKIP
    for i in range(len(truth)):
        shared = b @ a[i]
        pair = row[:-1] + 1 - 2 * shared / (size + a[i].sum())
        alone = row + _SKIP
        best = alone.copy()
        best[1:] = np.minimum(pair, alone[1:])
        skipped = np.minimum.accumulate(best - index) + index  # by chords of the estimate alone
        step[i + 1, 1:] = np.where(pair <= alone[1:], 0, 1)
        step[i + 1, 0] = 1
        step[i + 1][skipped < best - 1e-9] = 2
        row = skipped
    i, j, pairs = len(truth), m, []
    while i and j:
        kind = step[i, j]
        if kind == 0:
            i, j = i - 1, j - 1
            if truth[i] & estimate[j]:
                pairs.append((i, j))
        elif kind == 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _members(chords: list[set[int]]) -> npt.NDArray[np.float32]:
    x = np.zeros((len(chords), 128), dtype=np.float32)
    for i, chord in enumerate(chords):
        x[i, list(chord)] = 1
    return x


def _mv2h(truth: Score, estimate: Score, path: list[tuple[Fraction, Fraction]]) -> MV2H:
    """Return MV2H with the estimate on the time line of the truth, through the chords that are paired."""
    known, found = (np.array([float(pair[k]) for pair in path]) for k in (0, 1))

    def on_truth(at: Fraction) -> int:
        place = float(at)
        if place <= found[0]:
            return round(_MS * float(known[0] + place - found[0]))
        if place >= found[-1]:
            return round(_MS * float(known[-1] + place - found[-1]))
        return round(_MS * float(np.interp(place, found, known)))

    def as_it_is(at: Fraction) -> int:
        return round(_MS * at)

    return mv2h(_music(truth, as_it_is), _music(estimate, on_truth), _ALIGNED)


def _music(score: Score, time: Any) -> Music:
    notes = [
        TimedNote(n.pitch, time(n.onset), time(n.onset), time(n.end), 100 * n.staff + n.voice)
        for n in score.notes
        if not n.is_grace
    ]
    groupings = [(time(a), time(b)) for a, b in zip(score.bars[:-1], score.bars[1:], strict=True)]
    beats = [at for at, _ in score.beats()]
    for begin, end in zip(beats, [*beats[1:], score.bars[-1]], strict=True):
        groupings.append((time(begin), time(end)))
        parts = 3 if score.metre_at(begin).is_compound else 2
        edges = [begin + k * (end - begin) / parts for k in range(parts + 1)]
        groupings += [(time(a), time(b)) for a, b in itertools.pairwise(edges)]
    keys = [(time(at), 7 * key.fifths % 12, True) for at, key in score.keys]
    return Music(notes=notes, groupings=groupings, keys=keys)
