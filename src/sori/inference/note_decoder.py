"""The note decoder: from a transcriber's probabilities to notes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sori.inference.doubt import AROUND_S, beside, doubted_below, is_peak
from sori.music.notes import KEYS, LOWEST, Note, notes_array


class NoteDecoder:
    """Read notes from a transcriber's output, block by block: the inverse of :func:`targets`.

    A note begins at an onset peak, whose exact time is interpolated from the values beside it. It ends where it no
    longer sounds, at an offset peak after which the sound soon ends, where its key is struck again, or after a minute.
    Only frames that open notes may still need are kept of a stream.

    Parameters
    ----------
    frame_s
        Seconds from one frame to the next.
    threshold
        Minimum height of an onset's peak.
    sounding
        A note has ended where its sounding probability is below this.
    min_note_s
        Shorter notes are left out.
    doubt
        Raise the threshold where most onsets are uncertain, as in recordings of other sounds than a piano: see
        :func:`sori.inference.doubt.doubted_below`.

    >>> decoder = NoteDecoder(frame_s=0.02)
    >>> from sori.music import targets
    >>> roll = targets(np.array([[0.25, 0.5, 60, 64]]), frames=50, frame_s=0.02)
    >>> decoder(roll) + decoder.finish()
    [Note(onset_s=0.25, offset_s=0.5, pitch=60, velocity=64)]
    """

    def __init__(
        self,
        *,
        frame_s: float,
        threshold: float = 0.4,
        sounding: float = 0.15,
        min_note_s: float = 0.03,
        doubt: bool = True,
    ) -> None:
        self.frame_s, self.threshold, self.sounding, self.min_note_s = frame_s, threshold, sounding, min_note_s
        # Frames that must follow a frame before its threshold is known; the waiting frames, with as many before them.
        self._around = round(AROUND_S / frame_s) + 1 if doubt else 0
        self._heard = np.zeros((0, KEYS, 4), dtype=np.float32)
        self._judged = 0  # frames at the start of `_heard` whose threshold is known
        self._kept = np.zeros((0, KEYS, 4), dtype=np.float32)
        self._limits = np.zeros(0)  # threshold of an onset's peak, for each frame that is kept
        self._begin = 0  # number of the first frame that is kept
        self.held_back = 0  # onsets that reach the threshold, but not the doubted one
        self._told = 0  # notes struck before this frame have been returned, later ones not

    def __call__(self, posteriors: npt.NDArray[np.floating]) -> list[Note]:
        """Take the next frames ``(frames, 88, 4 or more)``; return the notes that are complete, by onset."""
        self._heard = np.concatenate([self._heard, np.asarray(posteriors[..., :4], dtype=np.float32)])
        self._judge(len(self._heard) - self._around)
        return self._read(known=max(0, len(self._kept) - _AHEAD))

    def finish(self) -> list[Note]:
        """End the stream; return the remaining notes."""
        self._judge(len(self._heard))
        return self._read(known=None)

    def _judge(self, until: int) -> None:
        """Compute the onset thresholds of the frames before ``until``, and move these frames to the kept ones."""
        if until <= self._judged:
            return
        new = slice(self._judged, until)
        limits = np.full(until - self._judged, self.threshold)
        if self._around:
            onset = self._heard[..., 0]
            limits = np.maximum(limits, doubted_below(onset, frame_s=self.frame_s)[new])
            peaks = is_peak(onset, at_least=self.threshold)[new]
            self.held_back += int((peaks & (onset[new] < limits[:, np.newaxis])).sum())
        self._kept = np.concatenate([self._kept, self._heard[new]])
        self._limits = np.concatenate([self._limits, limits])
        before = max(0, until - self._around)
        self._heard, self._judged = self._heard[before:], until - before

    def _read(self, *, known: int | None) -> list[Note]:
        """Return the notes up to the first incomplete one, and drop the frames before it."""
        frames = len(self._kept)
        found = self._notes()
        limit = frames + 1 if known is None else known
        longest = round(_LONGEST_S / self.frame_s)
        found = [(t, begin, min(end, begin + longest), key, velocity) for t, begin, end, key, velocity in found]
        # Only notes that begin before the first open one: they stay in order, and the frames before it can be dropped.
        until = min([limit, *(struck for struck, _, end, _, _ in found if end >= limit)])
        notes = []
        for struck, begin, end, key, velocity in found:
            onset_s, offset_s = (self._begin + begin) * self.frame_s, (self._begin + end) * self.frame_s
            is_new = self._told <= self._begin + struck and struck < until
            if is_new and offset_s - onset_s >= self.min_note_s:
                notes.append(Note(max(0.0, onset_s), offset_s, LOWEST + key, velocity))
        self._told = max(self._told, self._begin + until)
        keep = max(0, until - _BEFORE)
        self._kept, self._limits, self._begin = self._kept[keep:], self._limits[keep:], self._begin + keep
        return sorted(notes)

    def _notes(self) -> list[tuple[int, float, float, int, int]]:
        """Return each note in the kept frames: the frame of its peak, its start and end in frames, key and velocity."""
        onset = self._kept[..., 0]
        frames = len(onset)
        if not frames:
            return []
        before, after = beside(onset)
        struck = is_peak(onset, at_least=self._limits[:, np.newaxis])
        found = []
        for key in np.flatnonzero(struck.any(axis=0)):
            peaks = np.flatnonzero(struck[:, key]).tolist()
            silent = np.append(np.flatnonzero(self._kept[:, key, 1] < self.sounding), frames)
            let_go = np.append(np.flatnonzero(is_peak(self._kept[:, key, 2], at_least=_OFFSET)), frames)
            begins = [_between(before[t, key], onset[t, key], after[t, key]) + t for t in peaks]
            for t, begin, following in zip(peaks, begins, [*begins[1:], frames], strict=True):
                end = silent[np.searchsorted(silent, min(t + 2, frames))]
                last = int(np.searchsorted(let_go, end, side="right")) - 1
                if last >= 0 and t + 2 <= let_go[last] and end <= let_go[last] + _DIES_AWAY:  # it ends soon after it
                    end = let_go[last]
                velocity = int(np.clip(np.round(127 * self._kept[t, key, 3]), 1, 127))
                found.append((t, begin, float(min(end, following)), int(key), velocity))
        return found


# Minimum height of an offset's peak; frames in which a sound dies away after it; and frames needed after a note's end
# and before its beginning to find them.
_OFFSET, _DIES_AWAY = 0.3, 5
_LONGEST_S = 60.0
_AHEAD, _BEFORE = _DIES_AWAY + 3, 3


def _between(a: float, b: float, c: float) -> float:
    """Return how far the top of a symmetrical peak lies from the middle of three values, in frames."""
    return float((c - a) / (2 * max(b - min(a, c), 1e-6)))


def notes_from(posteriors: npt.NDArray[np.floating], *, frame_s: float, **reading: Any) -> npt.NDArray[np.float64]:
    """Read all notes at once: rows of onset and offset in seconds, pitch and velocity, shape ``(notes, 4)``.

    ``reading`` holds keyword arguments of :class:`NoteDecoder`.
    """
    decoder = NoteDecoder(frame_s=frame_s, **reading)
    return notes_array([*decoder(posteriors), *decoder.finish()])
