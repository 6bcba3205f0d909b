"""Beats and bars from the odds of each moment: dynamic programming over tempo, metre and place in the bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError
from sori.notation.frames import FRAME_S

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]

SHORTEST_S, LONGEST_S = 0.17, 2.6  # interval from beat to beat
_INTERVALS = 64
_AROUND = 10  # steps of the grid of intervals by which one may differ from the next
_CANDIDATE = -4.0  # least log odds of a beat where one is looked for
_GAP = 5  # frames between moments that are looked at where none is likely


@dataclass(frozen=True, kw_only=True)
class BeatTracking:
    """What is known or assumed of beats.

    Parameters
    ----------
    beats_in_bar
        Numbers of beats that a bar may have.
    tempo
        Lowest and highest number of beats a minute.
    change
        Cost of a change of the interval between beats by a factor of e; lower is freer.
    metre_change
        Cost of another number of beats in a bar.
    odd
        Cost of a bar of five or seven beats, or of more.
    usual_s, unusual
        Usual interval between beats, and the cost of a beat of half or double that; it grows with the square.
    bar_weight
        How much the odds of bars count beside those of beats.
    """

    beats_in_bar: tuple[int, ...] = (2, 3, 4, 5)
    tempo: tuple[float, float] = (60 / LONGEST_S, 60 / SHORTEST_S)
    change: float = 25.0
    metre_change: float = 14.0
    odd: float = 3.0
    usual_s: float = 0.6
    unusual: float = 0.2
    bar_weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.beats_in_bar or not all(1 <= n <= 16 for n in self.beats_in_bar):
            raise ParameterError(f"a bar has 1 to 16 beats. Received {self.beats_in_bar}.", "beats_in_bar")
        low, high = self.tempo
        if not 10 <= low < high <= 600:
            raise ParameterError(
                f"a tempo is two numbers of 10 to 600, the lower first. Received {self.tempo}.", "tempo"
            )


@dataclass(frozen=True, eq=False)
class Beats:
    """Beats of a performance.

    Parameters
    ----------
    seconds
        When each is, increasing, shape ``(n,)``.
    places
        Its place in its bar; 0 is where the bar begins.
    counts
        Number of beats in its bar.
    """

    seconds: _Floats
    places: _Ints
    counts: _Ints

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def downbeats(self) -> _Floats:
        """When bars begin."""
        return np.asarray(self.seconds[self.places == 0])


def track_beats(beat: _Floats, bar: _Floats, tracking: BeatTracking | None = None) -> tuple[_Ints, _Ints, _Ints]:
    """Return the frames of beats, their places in the bar, and the numbers of beats in their bars.

    Parameters
    ----------
    beat
        Log odds of a beat in each frame, shape ``(frames,)``.
    bar
        Log odds that a bar begins with a beat that is in this frame.
    """
    tracking = tracking or BeatTracking()
    shortest, longest = (round(60 / tempo / FRAME_S) for tempo in reversed(tracking.tempo))
    shortest, longest = max(2, shortest), max(longest, shortest + 1)
    times = _candidates(beat, longest)
    if len(times) < 2:
        return (np.zeros(0, dtype=np.int64),) * 3
    return _Search(tracking, shortest, longest)(times, beat, bar)


def _candidates(beat: _Floats, longest: int) -> _Ints:
    """Return the frames where a beat may be: the likely ones, and some where none is likely for long."""
    likely = beat > _CANDIDATE
    times = np.flatnonzero(likely)
    if not len(times):
        return np.zeros(0, dtype=np.int64)
    near = np.convolve(likely, np.ones(2 * _GAP + 1), "same") > 0.5
    inside = np.arange(times[0], times[-1] + 1)
    return np.asarray(inside[likely[inside] | (~near[inside] & (inside % _GAP == 0))])


class _Search:
    """Viterbi's algorithm over beats: a state is a beat's place in a bar and the interval from the beat before."""

    def __init__(self, tracking: BeatTracking, shortest: int, longest: int) -> None:
        self.tracking, self.shortest, self.longest = tracking, shortest, longest
        self.places = [(count, place) for count in tracking.beats_in_bar for place in range(count)]
        self.step = np.log(longest / shortest) / (_INTERVALS - 1)
        row = {place: i for i, place in enumerate(self.places)}
        self.begins = np.array([place == 0 for _, place in self.places])
        self.before = np.array([row[count, (place - 1) % count] for count, place in self.places])
        self.first_rows = np.flatnonzero(self.begins)
        self.last_rows = self.before[self.begins]
        self.switch = tracking.metre_change * (1.0 - np.eye(len(self.last_rows)))
        self.cost = tracking.change * np.abs(np.arange(-_AROUND, _AROUND + 1)) * self.step

    def __call__(self, times: _Ints, beat: _Floats, bar: _Floats) -> tuple[_Ints, _Ints, _Ints]:
        """Return the frames of beats, their places in the bar, and the numbers of beats in their bars."""
        n, rows = len(times), len(self.places)
        weight = self.tracking.bar_weight
        odd = np.array([self.tracking.odd * (place == 0 and count not in (2, 3, 4, 6)) for count, place in self.places])
        interval_s = self.shortest * FRAME_S * np.exp(self.step * np.arange(_INTERVALS))
        usual = -self.tracking.unusual * np.log2(interval_s / self.tracking.usual_s) ** 2 - odd[:, None]
        yes, no = -weight * np.logaddexp(0, -bar), -weight * np.logaddexp(0, bar)
        # By beat and place: the best score with each next interval, the interval before, the beat before, its row.
        best = np.full((n, rows, _INTERVALS), -np.inf)
        came = np.zeros((n, rows, _INTERVALS), dtype=np.int16)
        source = np.full((n, rows, _INTERVALS), -1, dtype=np.int32)
        row_before = np.zeros((n, rows, _INTERVALS), dtype=np.int16)
        total, interval = np.full((n, rows), -np.inf), np.zeros((n, rows), dtype=np.int16)
        for i, t in enumerate(times):
            state = np.full((rows, _INTERVALS), -np.inf)
            if t - times[0] <= self.longest:  # the first beat of all, after any interval
                state[:] = 0
            low, high = np.searchsorted(times, [t - self.longest, t - self.shortest + 1])
            if high > low:
                earlier = np.arange(low, high)
                gaps = np.log((t - times[earlier]) / self.shortest) / self.step
                self._arrive(state, source[i], row_before[i], best, earlier, np.round(gaps).astype(np.int64))
            state += usual + beat[t] + np.where(self.begins, yes[t], no[t])[:, None]
            total[i], interval[i] = state.max(axis=1), state.argmax(axis=1)
            padded = np.pad(state, ((0, 0), (_AROUND, _AROUND)), constant_values=-np.inf)
            windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1, axis=1) - self.cost
            choice = windows.argmax(axis=2)
            best[i] = np.take_along_axis(windows, choice[:, :, None], axis=2)[:, :, 0]
            came[i] = np.clip(np.arange(_INTERVALS) + choice - _AROUND, 0, _INTERVALS - 1)
        within = np.flatnonzero(times >= times[-1] - self.longest)  # the last beat of all is one of these
        final = total[within]
        k, row = divmod(int(final.argmax()), rows)
        i, j, found = int(within[k]), int(interval[within[k], row]), []
        while True:
            found.append((int(times[i]), self.places[row][1], self.places[row][0]))
            if source[i, row, j] < 0:
                break
            i, row = int(source[i, row, j]), int(row_before[i, row, j])
            j = int(came[i, row, j])
        frames, places, counts = np.array(found[::-1], dtype=np.int64).T
        return frames, places, counts

    def _arrive(
        self,
        state: _Floats,
        source: npt.NDArray[np.int32],
        row_before: npt.NDArray[np.int16],
        best: _Floats,
        earlier: _Ints,
        gaps: _Ints,
    ) -> None:
        """Fill the states of a beat that follows any of the earlier ones, which are in order, their gaps falling."""
        ready = best[earlier, :, gaps]
        arrived = ready[:, self.before]
        rows = np.broadcast_to(self.before, arrived.shape).copy()
        ends = ready[:, None, self.last_rows] - self.switch  # a bar ends, and one of this or another metre begins
        which = ends.argmax(axis=2)
        arrived[:, self.first_rows] = np.take_along_axis(ends, which[:, :, None], axis=2)[:, :, 0]
        rows[:, self.first_rows] = self.last_rows[which]
        starts = np.concatenate([[0], np.flatnonzero(np.diff(gaps)) + 1])  # several beats may be the same gap before
        most = np.maximum.reduceat(arrived, starts, axis=0)
        repeated = np.repeat(most, np.diff(np.append(starts, len(gaps))), axis=0)
        index = np.where(arrived == repeated, np.arange(len(gaps))[:, None], -1)
        winner = np.maximum.reduceat(index, starts, axis=0)
        columns = gaps[starts]
        better = (most > state[:, columns].T).T
        state[:, columns] = np.where(better, most.T, state[:, columns])
        source[:, columns] = np.where(better, earlier[winner].T, source[:, columns])
        row_before[:, columns] = np.where(better, np.take_along_axis(rows, winner, axis=0).T, row_before[:, columns])
