"""Recordings of every piano key at several velocities; music is a sum of copies, fast enough to render on the fly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori.errors import AudioError, ParameterError, reason
from sori.folders import read_npz, replacing_file
from sori.music.notes import HIGHEST, KEYS, LOWEST, Note, notes_array
from sori.reporter import SILENT, Reporter

VELOCITIES = (20, 45, 65, 85, 105, 124)
# Longest recordings, of the lowest and of the highest key, and the fade at the end; a note is cut where it is this far
# below its peak.
_LONGEST_S, _FADE_S = (12.0, 3.0), 0.1
_INAUDIBLE = 10 ** (-66 / 20)
_HIGHEST_DAMPED = 88


@dataclass(frozen=True, eq=False)
class NoteBank:
    """Recordings of single notes.

    Parameters
    ----------
    samples
        All notes one after another, int16, shape ``(samples,)``.
    starts
        First sample of each note and end of the last, shape ``(keys * velocities + 1,)``, by key, then by velocity.
    peaks
        Amplitude that 32767 represents in each note, shape ``(keys * velocities,)``.
    sr
        Samples per second.
    """

    samples: npt.NDArray[np.int16]
    starts: npt.NDArray[np.int64]
    peaks: npt.NDArray[np.float32]
    sr: int

    @classmethod
    def record(
        cls,
        play: Callable[[Note, float], npt.NDArray[np.float32]],
        *,
        sr: int,
        reporter: Reporter = SILENT,
        name: str = "bank",
    ) -> NoteBank:
        """Record every key at every velocity.

        Parameters
        ----------
        play
            Function of a note and a duration in seconds that returns samples ``(samples,)``.
        """
        parts: list[npt.NDArray[np.int16]] = []
        starts, peaks = [0], []
        for key in range(KEYS):
            longest_s = float(np.interp(key, [0, KEYS - 1], _LONGEST_S))
            for velocity in VELOCITIES:
                y = play(Note(0.0, longest_s, LOWEST + key, velocity), longest_s)
                peak = float(np.abs(y).max())
                if not peak > 1e-6:
                    raise AudioError(f"{name}: key {LOWEST + key} makes no sound at velocity {velocity}")
                loud = np.flatnonzero(np.abs(y) > peak * _INAUDIBLE)
                y = y[: loud[-1] + 1].copy()
                fade = min(len(y), round(_FADE_S * sr))
                y[len(y) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
                parts.append(np.round(y * (32767 / peak)).astype(np.int16))
                starts.append(starts[-1] + len(y))
                peaks.append(peak)
            reporter.progress(f"Recording {name}", key + 1, KEYS)
        return cls(np.concatenate(parts), np.array(starts), np.array(peaks, dtype=np.float32), sr)

    def save(self, path: Path) -> None:
        """Write the bank to an npz file."""
        with replacing_file(path) as temporary, temporary.open("wb") as file:
            np.savez(file, samples=self.samples, starts=self.starts, peaks=self.peaks, sr=np.array(self.sr))

    @classmethod
    def open(cls, path: Path) -> NoteBank:
        """Read what :meth:`save` wrote.

        Raises
        ------
        AudioError
            If the file is not a note bank, or was recorded with other keys or velocities.
        """
        try:
            arrays = read_npz(path)
            bank = cls(arrays["samples"], arrays["starts"], arrays["peaks"], int(arrays["sr"]))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise AudioError(f"{path}: not a note bank ({reason(error)})") from error
        count = KEYS * len(VELOCITIES)
        is_whole = (
            bank.samples.dtype == np.int16
            and bank.samples.ndim == 1
            and bank.starts.shape == (count + 1,)
            and bank.starts.dtype.kind in "iu"
            and bank.starts[0] == 0
            and bank.starts[-1] == len(bank.samples)
            and bool((np.diff(bank.starts) > 0).all())
            and bank.peaks.shape == (count,)
            and bank.peaks.dtype.kind == "f"
            and bool((np.isfinite(bank.peaks) & (bank.peaks > 0)).all())
        )
        if not is_whole:
            raise AudioError(f"{path}: a note bank with other keys or velocities, or damaged: record it again")
        return bank

    def render(
        self,
        notes: Sequence[Note] | npt.NDArray[np.float64],
        *,
        samples: int,
        gains: npt.NDArray[np.float32] | None = None,
        release_s: float = 0.12,
        harder: float = 0.0,
    ) -> npt.NDArray[np.float32]:
        """Render notes into a clip.

        Parameters
        ----------
        notes
            Notes, or rows of onset and offset in seconds, pitch and velocity. A note with a negative onset began
            before the clip and still sounds in it.
        samples
            Length of the clip.
        gains
            Gain of each note, shape ``(notes,)``; None: 1.
        release_s
            Time in which a note decays by a factor e after its offset, half of it at the top of the keyboard and twice
            at the bottom. The highest keys have no dampers and ring on.
        harder
            Velocities by which strokes sound harder (softer if below 0), without a change of level.

        Returns
        -------
        float32, shape ``(samples,)``.
        """
        rows = notes_array(notes)
        if rows.size and not ((rows[:, 2] >= LOWEST) & (rows[:, 2] <= HIGHEST)).all():
            raise ParameterError(f"pitches must be piano keys, {LOWEST} to {HIGHEST}.")
        out = np.zeros(samples, dtype=np.float32)
        for i, (onset_s, offset_s, pitch, velocity) in enumerate(rows):
            begin = round(onset_s * self.sr)
            which, level = self._layer(int(pitch), velocity, harder)
            low, high = self.starts[which], self.starts[which + 1]
            low, begin = (low - begin, 0) if begin < 0 else (low, begin)
            damped = pitch <= _HIGHEST_DAMPED
            fade_s = release_s * 2 ** ((64 - pitch) / 44)
            end = round((offset_s + 7 * fade_s) * self.sr) if damped else samples
            n = min(high - low, samples - begin, end - begin)
            if n <= 0:
                continue
            y = self.samples[low : low + n] * np.float32(level if gains is None else level * gains[i])
            held = round(offset_s * self.sr) - begin
            if damped and held < n:
                after = np.arange(max(0, -held), n - held, dtype=np.float32)
                y[max(0, held) :] *= np.exp(after * np.float32(-1 / (fade_s * self.sr)))
            out[begin : begin + n] += y
        return out

    def _layer(self, pitch: int, velocity: float, harder: float) -> tuple[int, float]:
        """Return the recording nearest in velocity, and the factor that brings it to the interpolated level."""
        first = (pitch - LOWEST) * len(VELOCITIES)
        peaks = self.peaks[first : first + len(VELOCITIES)]
        nearest = int(np.abs(np.array(VELOCITIES) - velocity - harder).argmin())
        # The level in dB is interpolated linearly between two velocities, and extrapolated beyond the outermost two.
        low = int(np.clip(np.searchsorted(VELOCITIES, velocity), 1, len(VELOCITIES) - 1)) - 1
        share = (velocity - VELOCITIES[low]) / (VELOCITIES[low + 1] - VELOCITIES[low])
        wanted = peaks[low] ** (1 - share) * peaks[low + 1] ** share
        return first + nearest, float(wanted) / 32767


def bank_of_soundfont(path: Path, program: int = 0, *, sr: int = 16000, reporter: Reporter = SILENT) -> NoteBank:
    """Record a note bank from a program of a SoundFont.

    Raises
    ------
    AudioError
        If the SoundFont cannot be read, or a key makes no sound.
    ParameterError
        If the SoundFont has no such program.
    MissingDependencyError
        If FluidSynth is not installed.
    """
    from sori.synth.instruments import Instrument
    from sori.synth.soundfont import SoundFontSynth

    with SoundFontSynth(path, sr=sr) as synth:
        instrument = Instrument(f"program {program}", program)
        return NoteBank.record(
            lambda note, duration_s: synth.render(instrument, [note], duration_s=duration_s),
            sr=sr,
            reporter=reporter,
            name=path.stem,
        )
