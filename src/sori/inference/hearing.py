"""Hearing the notes of a piano recording, with all that surrounds the network: level, tuning, separation, pedal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori import audio
from sori.inference.engines import ENGINES
from sori.inference.transcriber import NoteDecoding, Transcriber, usual_gain
from sori.inference.tuning import HALFWAY_CENTS, STANDARD_HZ, TuningEstimator, check_tuning, in_cents
from sori.music import Note
from sori.music.pedal import pedals_of, rung
from sori.reporter import Reporter, usual
from sori.separation.separator import separator

_BLOCK_S = 10.0
_LISTENED_S = 60.0


@dataclass(frozen=True)
class Heard:
    """What was heard in a recording: notes as long as they sound, the pedal, and how it was heard."""

    notes: list[Note]
    pedals: tuple[tuple[float, float], ...]
    duration_s: float
    tuning_hz: float = STANDARD_HZ
    held_back: int = 0


class PianoHearing:
    """A transcriber of files.

    Parameters are those of :func:`sori.tasks.transcribe.transcribe_files`.
    """

    def __init__(
        self,
        model: str | Path = "piano",
        *,
        clean: Path | None = None,
        decoding: NoteDecoding | None = None,
        method: str | None = None,
        engine: str = "piano",
        threads: int = 0,
        tuning_hz: float | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        if tuning_hz is not None:
            check_tuning(tuning_hz)
        self.decoding, self.tuning_hz = decoding or NoteDecoding(), tuning_hz
        self.heard_by = Transcriber(model, clean=clean, threads=threads) if engine == "piano" else ENGINES[engine]()
        self.separate = None if method is None else separator(method, sr=self.heard_by.sr, reporter=usual(reporter))

    def __call__(self, file: Path, *, reporter: Reporter | None = None) -> Heard:
        """Hear a recording of any length.

        Raises
        ------
        SoriError
            If it cannot be read.
        """
        reporter, tuning_hz = usual(reporter), self.tuning_hz
        sr, done, held_back = self.heard_by.sr, 0, 0
        header = audio.info(file)
        total_s = round(header.duration_s or header.announced_s or 0)
        separated = None if self.separate is None else self.separate(audio.load(file, sr=sr)[0])
        # A recording is read twice, since its peak and its tuning are known only at the end.
        gain, estimated_hz = (
            _measured(audio.blocks(file), header.sr) if separated is None else _measured([separated], sr)
        )
        if not isinstance(self.heard_by, Transcriber):
            tuning_hz = STANDARD_HZ
        elif tuning_hz is None:
            tuning_hz = estimated_hz
            if abs(in_cents(estimated_hz)) >= HALFWAY_CENTS:
                y = audio.load(file, sr=sr, duration_s=_LISTENED_S)[0] if separated is None else separated
                tuning_hz = self.heard_by.likelier_tuning(estimated_hz, y * np.float32(gain))
                reporter.say(
                    f"{file}: the tuning is halfway between keys; if A = {tuning_hz:g} Hz is wrong, give `tuning_hz`"
                )

        def normalised() -> Iterator[npt.NDArray[np.float32]]:
            nonlocal done
            for piece in audio.blocks(file, sr=sr, block_s=_BLOCK_S) if separated is None else [separated]:
                done += len(piece)
                yield piece if gain == 1 else piece * np.float32(gain)

        notes: list[Note] = []
        pressed: list[npt.NDArray[np.float32]] = []

        def found() -> Iterator[Sequence[Note]]:
            nonlocal held_back
            if not isinstance(self.heard_by, Transcriber):
                yield self.decoding.limit(self.heard_by(np.concatenate(list(normalised()))))
                return
            for chunk in self.heard_by.notes(normalised(), decoding=self.decoding, tuning_hz=tuning_hz):
                held_back = chunk.held_back
                pressed.append(chunk.pedal)
                yield chunk.notes

        for ended in found():
            notes += ended
            reporter.progress(f"Transcribing {file.name}", round(done / sr), max(round(done / sr), total_s))
        notes.sort()
        duration_s = done / sr
        pedals: tuple[tuple[float, float], ...] = ()
        if isinstance(self.heard_by, Transcriber):
            pedals = pedals_of(np.concatenate(pressed), frame_s=self.heard_by.front_end.frame_s)
            notes = rung(notes, pedals)
        return Heard(notes, pedals, duration_s, tuning_hz, held_back)


def _measured(pieces: Iterable[npt.NDArray[np.float32]], sr: int) -> tuple[float, float]:
    """Return the gain that brings a recording to the usual level, and its tuning in Hz."""
    peak, estimator = 0.0, TuningEstimator(sr)
    for y in pieces:
        peak = max(peak, float(np.abs(y).max(initial=0)))
        estimator(y)
    return usual_gain(peak), estimator.tuning_hz
