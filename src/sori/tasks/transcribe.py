"""Transcribe piano recordings to files of notes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sori import audio
from sori.errors import ParameterError, SoriError, check_choice, check_installed, printable, reason
from sori.inference import ENGINES, Engine, NoteDecoding, Transcriber, usual_gain
from sori.inference.tuning import HALFWAY_CENTS, STANDARD_HZ, TuningEstimator, check_tuning, in_cents
from sori.music import Note
from sori.music.midi import write_played
from sori.music.pedal import pedals_of, rung
from sori.music.tables import write_json, write_tsv
from sori.reporter import Reporter, usual
from sori.separation.separator import separator
from sori.units import note_name

FORMATS = ("mid", "tsv", "json", "png")
_BLOCK_S = 10.0
_LISTENED_S = 60.0


@dataclass(frozen=True)
class Transcribed:
    """The result for one recording: files written, and counts of notes; ``error`` if it could not be read."""

    file: Path
    written: tuple[Path, ...]
    notes: int
    lowest: int | None
    highest: int | None
    duration_s: float
    seconds: float
    error: str | None = None
    tuning_hz: float = STANDARD_HZ
    held_back: int = 0

    def summary(self) -> str:
        """Return one line to show."""
        if self.error is not None:
            return self.error
        reach = f", {note_name(self.lowest)} to {note_name(self.highest)}" if self.lowest and self.highest else ""
        times = self.duration_s / self.seconds if self.seconds else 0.0
        tuned = f", tuned to A = {self.tuning_hz:g} Hz" if self.tuning_hz != STANDARD_HZ else ""
        held = f"; {self.held_back} unsure held back (`doubt=False` keeps them)" if self.held_back else ""
        return (
            f"{self.file}: {self.notes} notes{reach}{tuned}, {self.duration_s:.1f} s in {self.seconds:.1f} s "
            f"({times:.0f} times real time){held}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, for JSON."""
        return {
            **asdict(self),
            "file": printable(self.file),
            "written": [printable(path) for path in self.written],
            "error": None if self.error is None else printable(self.error),
        }


def transcribe_files(
    files: Sequence[str | Path],
    out: str | Path = "notes",
    *,
    formats: Sequence[str] = ("mid",),
    model: str | Path = "piano",
    clean: Path | None = None,
    decoding: NoteDecoding | None = None,
    method: str | None = None,
    engine: str = "piano",
    threads: int = 0,
    tuning_hz: float | None = None,
    pedal: bool = True,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Iterator[Transcribed]:
    """Write the notes of each recording into the folder ``out``; yield the result of each.

    A recording that cannot be read is yielded with its error, and the others continue. Memory use grows only with the
    number of notes, unless the piano is separated first (``method``), or only ffmpeg can read the recording.

    Parameters
    ----------
    files
        Recordings, or folders of them, whose subfolders are made in ``out`` too.
    formats
        Of ``mid``, ``tsv`` (onset, offset, pitch, velocity), ``json`` and ``png`` (a piano roll).
    clean
        A model that removes other sounds from the spectrogram: see :class:`sori.inference.transcriber.Transcriber`.
    engine
        ``piano``, Sori's own network; or one of :data:`sori.inference.ENGINES` of another package, which hears each
        recording as a whole. Its notes are limited to the range and the shortest length of ``decoding``; ``model``,
        ``clean``, ``tuning_hz`` and the rest of ``decoding`` have no effect on it.
    tuning_hz
        Frequency of A4; None: estimated for each recording.
    pedal
        Write keys and sustain pedal to MIDI files as they were played; otherwise, notes as long as they sound. Tables
        and JSON have notes as long as they sound.
    method
        How to separate the piano from a mixture first: see :func:`sori.separation.separator.separator`.

    Raises
    ------
    SoriError
        If a format, method or engine is unknown, two recordings would have the same name, or files exist already.
    """
    for name in formats:
        check_choice("format", name, FORMATS)
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise SoriError(f"{out}: is not a folder; give `out` a folder, or another name")
    if not formats:
        raise ParameterError(f"give one or more formats of {', '.join(FORMATS)}.")
    if "png" in formats:
        check_installed("matplotlib")
    if tuning_hz is not None:
        check_tuning(tuning_hz)
    reporter, decoding = usual(reporter), decoding or NoteDecoding()
    targets = _targets(files, out, formats, overwrite=overwrite)
    heard_by = Transcriber(model, clean=clean, threads=threads) if engine == "piano" else ENGINES[engine]()
    separate = None if method is None else separator(method, sr=heard_by.sr, reporter=reporter)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SoriError(f"{out}: {reason(error)}") from error
    for file, paths in targets.items():
        try:
            yield _transcribe(file, paths, heard_by, decoding, separate, tuning_hz, reporter, pedal=pedal)
        except (SoriError, OSError) as error:
            why = str(error) if isinstance(error, SoriError) else reason(error)
            why = why if str(file) in why else f"{file}: {why}"
            yield Transcribed(file, (), 0, None, None, 0.0, 0.0, why)


def _transcribe(
    file: Path,
    paths: Sequence[Path],
    heard_by: Transcriber | Engine,
    decoding: NoteDecoding,
    separate: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None,
    tuning_hz: float | None,
    reporter: Reporter,
    *,
    pedal: bool,
) -> Transcribed:
    began = time.monotonic()
    sr, done, held_back = heard_by.sr, 0, 0
    header = audio.info(file)
    total_s = round(header.duration_s or header.announced_s or 0)
    separated = None if separate is None else separate(audio.load(file, sr=sr)[0])
    # A recording is read twice, since its peak and its tuning are known only at the end.
    gain, estimated_hz = _measured(audio.blocks(file), header.sr) if separated is None else _measured([separated], sr)
    if not isinstance(heard_by, Transcriber):
        tuning_hz = STANDARD_HZ
    elif tuning_hz is None:
        tuning_hz = estimated_hz
        if abs(in_cents(estimated_hz)) >= HALFWAY_CENTS:
            y = audio.load(file, sr=sr, duration_s=_LISTENED_S)[0] if separated is None else separated
            tuning_hz = heard_by.likelier_tuning(estimated_hz, y * np.float32(gain))
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
        if not isinstance(heard_by, Transcriber):
            yield decoding.limit(heard_by(np.concatenate(list(normalised()))))
            return
        for chunk in heard_by.notes(normalised(), decoding=decoding, tuning_hz=tuning_hz):
            held_back = chunk.held_back
            pressed.append(chunk.pedal)
            yield chunk.notes

    for ended in found():
        notes += ended
        reporter.progress(f"Transcribing {file.name}", round(done / sr), max(round(done / sr), total_s))
    notes.sort()
    duration_s = done / sr
    pedals: tuple[tuple[float, float], ...] = ()
    if isinstance(heard_by, Transcriber):
        pedals = pedals_of(np.concatenate(pressed), frame_s=heard_by.front_end.frame_s)
        notes = rung(notes, pedals)
    written: list[Path] = []
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists()
            _write(notes, pedals, path, duration_s=duration_s, as_played=pedal)
            written += [path] if is_new else []
    except OSError as error:
        for made in written:  # all of a recording's files or none
            made.unlink(missing_ok=True)
        raise SoriError(f"{path}: {reason(error)}") from error
    pitches = [note.pitch for note in notes]
    return Transcribed(
        file,
        tuple(paths),
        len(notes),
        min(pitches, default=None),
        max(pitches, default=None),
        duration_s,
        time.monotonic() - began,
        tuning_hz=tuning_hz,
        held_back=held_back,
    )


def _measured(pieces: Iterable[npt.NDArray[np.float32]], sr: int) -> tuple[float, float]:
    """Return the gain that brings a recording to the usual level, and its tuning in Hz."""
    peak, estimator = 0.0, TuningEstimator(sr)
    for y in pieces:
        peak = max(peak, float(np.abs(y).max(initial=0)))
        estimator(y)
    return usual_gain(peak), estimator.tuning_hz


def _targets(
    files: Sequence[str | Path], out: Path, formats: Sequence[str], *, overwrite: bool
) -> dict[Path, tuple[Path, ...]]:
    """Return the files to write for each recording; what is in a folder keeps its place below it."""
    targets: dict[Path, tuple[Path, ...]] = {}
    taken: dict[Path, Path] = {}
    for given in map(Path, files):
        for file in audio.recordings_of([given]):
            folder = out / file.parent.relative_to(given) if given.is_dir() else out
            paths = tuple(folder / f"{file.stem}.{name}" for name in dict.fromkeys(formats))
            if file in targets:
                continue
            for path in paths:
                where = Path(os.path.realpath(path))
                if where in taken:
                    raise ParameterError(
                        f"{taken[where]} and {file} would both be written to {path}: give them one by one."
                    )
                if path.exists() and not overwrite:
                    raise SoriError(
                        f"{path}: is there already; give `overwrite=True` to replace it, or `out` another folder"
                    )
                taken[where] = file
            targets[file] = paths
    return targets


def _write(
    notes: Sequence[Note], pedals: Sequence[tuple[float, float]], path: Path, *, duration_s: float, as_played: bool
) -> None:
    kind = path.suffix[1:]
    if kind == "mid":
        write_played(notes, pedals if as_played else (), path)
    elif kind == "png":
        from sori import plots  # an extra

        plots.save(plots.piano_roll(notes, duration_s=duration_s), path)
    elif kind == "tsv":
        write_tsv(notes, path)
    else:
        write_json(notes, path, duration_s=duration_s, pedals=pedals)
