"""Scores of detected events: hits, misses and false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class EventScores:
    """Counts over a stream of ``hours``."""

    hits: int
    misses: int
    false_alarms: int
    hours: float

    @property
    def hit_rate(self) -> float:
        """Fraction of the true events that were found; 0 if there were none."""
        return self.hits / max(1, self.hits + self.misses)

    @property
    def false_alarms_per_hour(self) -> float:
        """False alarms per hour of the stream."""
        return self.false_alarms / self.hours


def score_events(
    estimated: Sequence[tuple[float, str]],
    truth: Sequence[tuple[float, str]],
    *,
    hours: float,
    tolerance_s: float = 0.75,
) -> EventScores:
    """Match events ``(time_s, label)`` to true ones of the same label, each at most once, the nearest first.

    An event with the wrong label is a false alarm, and the true event counts as missed.

    >>> score_events([(1.1, "yes"), (5.0, "no")], [(1.0, "yes"), (5.0, "go")], hours=0.5)
    EventScores(hits=1, misses=1, false_alarms=1, hours=0.5)
    """
    pairs = sorted(
        (abs(t - u), i, j)
        for i, (t, label) in enumerate(estimated)
        for j, (u, true) in enumerate(truth)
        if label == true and abs(t - u) <= tolerance_s
    )
    found: set[int] = set()
    used: set[int] = set()
    for _, i, j in pairs:
        if i not in used and j not in found:
            used.add(i)
            found.add(j)
    return EventScores(len(found), len(truth) - len(found), len(estimated) - len(used), hours)
