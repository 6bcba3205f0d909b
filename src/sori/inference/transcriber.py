"""A transcriber: from a piano recording to notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sori.audio import resample
from sori.bundle import Bundle
from sori.errors import BundleError, ParameterError, check_between
from sori.features import LogFrequency
from sori.inference.clip import checked_clip
from sori.inference.note_decoder import NoteDecoder
from sori.inference.tuning import HALFWAY_CENTS, STANDARD_HZ, TuningEstimator, check_tuning, in_cents, in_hz
from sori.music import HIGHEST, LOWEST, Note
from sori.music.pedal import pedals_of, rung
from sori.sessions import onnx_session, run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Frames that go through a network together, and frames of context on either side: more than the 82 that the output
# depends on, so that chunk boundaries do not change the result.
_CHUNK, _AROUND = 700, 90
# Peaks: below the first, a recording is silent; from the second up to full scale, it is used as it is; any other is
# scaled to the third.
_NOTHING, _QUIET, _USUAL = 1e-4, 0.1, 0.5
_SILENT_FRAMES = 10  # put before a recording
_LISTENED_S, _BLACK = 60.0, (1, 3, 6, 8, 10)


@dataclass(frozen=True, kw_only=True)
class NoteDecoding:
    """How probabilities become notes.

    Parameters
    ----------
    threshold
        Threshold of a note's onset: a lower one finds more notes, and more false ones.
    min_note_s
        Shorter notes are left out.
    lowest, highest
        Range of MIDI pitches to find.
    doubt
        Leave out unsure notes where most notes are unsure, as in speech or the noise of a saw.
    """

    threshold: float = 0.4
    min_note_s: float = 0.03
    lowest: int = LOWEST
    highest: int = HIGHEST
    doubt: bool = True

    def __post_init__(self) -> None:
        check_between("threshold", self.threshold, 0.01, 0.99)
        check_between("min_note", self.min_note_s, 0, 10, "s")
        if not LOWEST <= self.lowest <= self.highest <= HIGHEST:
            raise ParameterError(
                f"the band must be keys {LOWEST} to {HIGHEST}, the lower first. "
                f"Received {self.lowest} to {self.highest}."
            )

    def limit(self, notes: Iterable[Note]) -> list[Note]:
        """Return the notes in the range of pitches that are no shorter than ``min_note_s``."""
        return [
            note
            for note in notes
            if self.lowest <= note.pitch <= self.highest and note.offset_s - note.onset_s >= self.min_note_s
        ]


@dataclass(frozen=True, eq=False)
class Transcription:
    """The notes of a recording.

    Parameters
    ----------
    notes
        In the order of their onsets.
    duration_s
        Length of the recording.
    posteriors
        Onset, sounding, offset, velocity and pedal of each frame and key, float16 ``(frames, 88, 5)``, if requested;
        4, without the pedal, of a model that does not hear it.
    frame_s
        Seconds per frame of the posteriors.
    tuning_hz
        Frequency of A4 that was assumed.
    held_back
        Number of unsure notes that were left out where most notes are unsure: see :class:`NoteDecoding`.
    pedals
        Times in seconds at which the sustain pedal goes down and up.
    """

    notes: tuple[Note, ...]
    duration_s: float
    posteriors: npt.NDArray[np.float16] | None
    frame_s: float
    tuning_hz: float = STANDARD_HZ
    held_back: int = 0
    pedals: tuple[tuple[float, float], ...] = ()

    def __repr__(self) -> str:
        return f"Transcription({len(self.notes)} notes in {self.duration_s:.1f} s)"

    def _repr_html_(self) -> str:
        from sori.reports.notebook import of_transcription

        return of_transcription(self)

    def play(self, *, sr: int = 22050) -> npt.NDArray[np.float32]:
        """Render the notes as sums of partials, float32 ``(samples,)``; :mod:`sori.synth` has better pianos."""
        from sori.synth.additive import AdditiveSynth
        from sori.synth.instruments import instrument

        y = AdditiveSynth(instrument("piano"), sr=sr).render(self.notes, duration_s=self.duration_s)
        return y / np.float32(max(1.0, float(np.abs(y).max())))

    def to_midi(self, path: str | Path, *, pedal: bool = True) -> None:
        """Write a MIDI file: keys and pedal as they were played; without ``pedal``, notes as long as they sound."""
        from sori.music.midi import write_played

        write_played(self.notes, self.pedals if pedal else (), Path(path))

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw a piano roll."""
        from sori import plots

        return plots.piano_roll(self.notes, duration_s=self.duration_s, ax=ax)


@dataclass(frozen=True, eq=False)
class Chunk:
    """A part of a transcription: notes that have ended, probabilities, and the number of notes held back so far."""

    notes: list[Note]
    posteriors: npt.NDArray[np.float32]
    held_back: int

    @property
    def pedal(self) -> npt.NDArray[np.float32]:
        """The probability that the pedal is down, ``(frames,)``; 0 from a model that does not hear it."""
        return self.posteriors[:, 0, 4] if self.posteriors.shape[2] > 4 else np.zeros(len(self.posteriors), np.float32)


class Transcriber:
    """A trained piano network, loaded once.

    Parameters
    ----------
    path
        A model's folder, or the name of one that ships with Sori.
    clean
        The folder of a cleaner to apply to the spectrogram first.
    threads
        Threads of the network; 0: one per core.

    Raises
    ------
    BundleError
        If a folder does not hold such a model.
    """

    def __init__(self, path: str | Path = "piano", *, clean: Path | None = None, threads: int = 0) -> None:
        self.bundle, self._session = _open(path, "transcriber", threads)
        self.front_end: LogFrequency = self.bundle.front_end
        self.sr = self.front_end.sr
        self._cleaner = None if clean is None else Cleaner(clean, threads=threads)
        if self._cleaner is not None and self._cleaner.bundle.front_end != self.front_end:
            raise BundleError(f"{clean}: has another front end than {path}; give a cleaner with the same one")
        self._around = _AROUND * (1 if clean is None else 2)

    def __repr__(self) -> str:
        return f"Transcriber({str(self.bundle.path)!r})"

    def posteriors(
        self, pieces: Iterable[npt.NDArray[np.float32]], *, tuning_hz: float = STANDARD_HZ
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Yield probabilities ``(frames, 88, 5)`` of a recording in pieces ``(samples,)`` at the model's rate.

        They do not depend on how it is cut: each chunk is processed with its context.

        Parameters
        ----------
        tuning_hz
            Frequency of A4; the bins of the spectrogram are moved with it.
        """
        check_tuning(tuning_hz)
        front_end = replace(self.front_end, fmin=self.front_end.fmin * tuning_hz / STANDARD_HZ)
        hop, margin = self.front_end.hop_length, max(self.front_end.windows) // 2
        around = self._around * hop
        # Samples that are kept, the first of them at `begin`; frames up to `done` have been yielded.
        kept, begin, done, total = np.zeros(0, dtype=np.float32), 0, 0, 0
        for piece, is_last in _with_last(pieces):
            kept = np.concatenate([kept, np.asarray(piece, dtype=np.float32)])
            total += len(piece)
            while True:
                ready = self.front_end.frames(total) if is_last else max(0, (total - margin - around) // hop)
                until = min(done + _CHUNK, ready if total else 0)
                if until <= done or (until - done < _CHUNK and not is_last):
                    break
                first = max(0, done - self._around)
                last = min(until + self._around, self.front_end.frames(total))
                low = max(0, first * hop - margin)
                high = min(total, (last - 1) * hop + margin + 1)
                # So that frame `first` stays centred on sample `first * hop`.
                low -= low % hop
                x = front_end(kept[low - begin : high - begin])[first - low // hop :][: last - first]
                if self._cleaner is not None:
                    x = self._cleaner(x)
                p = run(self._session, x[np.newaxis])[0]
                yield p[done - first : until - first]
                done = until
                keep = max(begin, (max(0, done - self._around) * hop - margin) // hop * hop)
                kept, begin = kept[keep - begin :], keep

    def notes(
        self,
        pieces: Iterable[npt.NDArray[np.float32]],
        *,
        decoding: NoteDecoding | None = None,
        tuning_hz: float = STANDARD_HZ,
    ) -> Iterator[Chunk]:
        """Yield the notes that have ended, chunk by chunk.

        A little silence is put before the recording, since the network finds a note only if it hears the step from
        what was before: a recording may begin inside an attack.
        """
        decoding = decoding or NoteDecoding()
        hop, early = self.front_end.hop_length, _SILENT_FRAMES
        reader = NoteDecoder(
            frame_s=self.front_end.frame_s,
            threshold=decoding.threshold,
            min_note_s=decoding.min_note_s,
            doubt=decoding.doubt,
        )
        padded = chain([np.zeros(early * hop, dtype=np.float32)], pieces)
        late_s = early * self.front_end.frame_s
        for p in self.posteriors(padded, tuning_hz=tuning_hz):
            yield Chunk(_within(reader(p), decoding, late_s), p[early:], reader.held_back)
            early = max(0, early - len(p))
        yield Chunk(_within(reader.finish(), decoding, late_s), p[:0], reader.held_back)

    def __call__(
        self,
        y: npt.NDArray[np.float32],
        *,
        sr: int,
        decoding: NoteDecoding | None = None,
        posteriors: bool = True,
        tuning_hz: float | None = None,
    ) -> Transcription:
        """Transcribe a clip ``(samples,)`` at any rate.

        Parameters
        ----------
        tuning_hz
            Frequency of A4; None: estimated.

        Raises
        ------
        ParameterError
            If it is not one-dimensional, not floating-point, or not finite.
        """
        y = checked_clip(y)
        resampled = resample(y, from_sr=sr, to_sr=self.front_end.sr)
        resampled = resampled * np.float32(usual_gain(float(np.abs(resampled).max(initial=0))))
        if tuning_hz is None:
            estimator = TuningEstimator(self.front_end.sr)
            estimator(resampled)
            tuning_hz = self.likelier_tuning(estimator.tuning_hz, resampled)
        found: list[Note] = []
        parts: list[npt.NDArray[np.float16]] = []
        pedal: list[npt.NDArray[np.float32]] = []
        held_back = 0
        for chunk in self.notes([resampled], decoding=decoding, tuning_hz=tuning_hz):
            found += chunk.notes
            held_back = chunk.held_back
            pedal.append(chunk.pedal)
            if posteriors:
                parts.append(chunk.posteriors.astype(np.float16))
        frame_s = self.front_end.frame_s
        pedals = pedals_of(np.concatenate(pedal), frame_s=frame_s)
        return Transcription(
            tuple(rung(found, pedals)),
            len(y) / sr,
            np.concatenate(parts) if posteriors else None,
            frame_s,
            tuning_hz,
            held_back=held_back,
            pedals=pedals,
        )

    def likelier_tuning(self, tuning_hz: float, y: npt.NDArray[np.float32]) -> float:
        """Return the likelier of two tunings a semitone apart, if the one given is halfway between keys.

        A piano half a semitone too low sounds like one half a semitone too high whose player plays all in the key
        below. Music uses white keys more than black ones, so the tuning with more of them is returned.

        Parameters
        ----------
        y
            Samples at the model's rate, of which the first minute is used.
        """
        cents = in_cents(tuning_hz)
        if abs(cents) < HALFWAY_CENTS:
            return tuning_hz
        some = y[: round(_LISTENED_S * self.front_end.sr)]
        white: dict[float, float] = {}
        for one in (cents, cents - np.copysign(100, cents)):
            hz = round(in_hz(float(one)), 1)
            notes = [note for chunk in self.notes([some], tuning_hz=hz) for note in chunk.notes]
            white[hz] = sum(note.pitch % 12 not in _BLACK for note in notes) / max(1, len(notes))
        return max(white, key=lambda hz: white[hz])


class Cleaner:
    """A network that removes sounds other than the piano from the spectrogram of a recording.

    Parameters
    ----------
    path
        The folder of a model that was trained with the target ``spectrum``.
    threads
        Threads of the network; 0: one per core.

    Raises
    ------
    BundleError
        If the folder does not hold such a model.
    """

    def __init__(self, path: str | Path, *, threads: int = 0) -> None:
        self.bundle, self._session = _open(path, "cleaner", threads)

    def __repr__(self) -> str:
        return f"Cleaner({str(self.bundle.path)!r})"

    def __call__(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Clean a spectrogram ``(frames, bins, windows)`` of the front end; the bins above the keys stay unchanged."""
        cleaned = run(self._session, x[np.newaxis])[0]
        return np.concatenate([cleaned, x[:, cleaned.shape[1] :]], axis=1)


def usual_gain(peak: float) -> float:
    """Return the gain that brings a very soft recording, or one beyond full scale, to the usual level.

    >>> usual_gain(0.01), usual_gain(0.4), usual_gain(0.0)
    (50.0, 1.0, 1.0)
    """
    return 1.0 if peak < _NOTHING or _QUIET <= peak <= 1 else _USUAL / peak


def transcribe(y: npt.NDArray[np.float32], *, sr: int, model: str | Path = "piano") -> Transcription:
    """Transcribe the notes of a piano in a clip.

    Parameters
    ----------
    y
        Samples, float, shape ``(samples,)``.
    sr
        Their rate in Hz.
    model
        The name of a model that ships with Sori, or the folder of a model.

    Raises
    ------
    ParameterError
        If ``y`` is not such a clip.
    BundleError
        If there is no such model.

    >>> transcribe(np.zeros(16000, dtype=np.float32), sr=16000).notes
    ()
    """
    return Transcriber(model)(y, sr=sr)


def _within(notes: list[Note], decoding: NoteDecoding, late_s: float) -> list[Note]:
    """Return the notes in the band, ``late_s`` earlier; those that would begin before the recording begin with it."""
    return [
        replace(note, onset_s=max(0.0, note.onset_s - late_s), offset_s=note.offset_s - late_s)
        for note in notes
        if decoding.lowest <= note.pitch <= decoding.highest and note.offset_s - late_s > decoding.min_note_s
    ]


def _with_last(pieces: Iterable[npt.NDArray[np.float32]]) -> Iterator[tuple[npt.NDArray[np.float32], bool]]:
    """Yield each piece, and whether it is the last."""
    before: npt.NDArray[np.float32] | None = None
    for piece in pieces:
        if before is not None:
            yield before, False
        before = piece
    if before is not None:
        yield before, True


def _open(path: str | Path, task: str, threads: int) -> tuple[Bundle, Any]:
    """Open a model of a task that takes spectrograms of any length."""
    bundle = Bundle.open(path)
    if bundle.task != task:
        raise BundleError(f"{bundle.path}: is a {bundle.task}, not a {task}")
    session = onnx_session(bundle.path / "model.onnx", threads=threads)
    shape = session.get_inputs()[0].shape[2:]
    if list(shape) != [bundle.front_end.n_bins, len(bundle.front_end.windows)]:
        raise BundleError(f"{bundle.path}: model.onnx takes {shape}, which does not match the front end in bundle.json")
    return bundle, session
