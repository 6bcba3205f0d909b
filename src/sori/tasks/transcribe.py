"""Transcribe piano recordings to files of notes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sori import audio
from sori.errors import ParameterError, SoriError, check_choice, check_installed, printable, reason
from sori.folders import replacing_file
from sori.inference import ENGINES, Engine, NoteDecoding, Transcriber, usual_gain
from sori.music import HIGHEST, LOWEST, Note, parse_pitches
from sori.music.midi import write_midi
from sori.reporter import Reporter, usual
from sori.separation.separator import separator
from sori.units import note_name

FORMATS = ("mid", "tsv", "json", "png")
_BLOCK_S = 10.0


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

    def summary(self) -> str:
        """Return one line to show."""
        if self.error is not None:
            return self.error
        reach = f", {note_name(self.lowest)} to {note_name(self.highest)}" if self.lowest and self.highest else ""
        times = self.duration_s / self.seconds if self.seconds else 0.0
        return (
            f"{self.file}: {self.notes} notes{reach}, {self.duration_s:.1f} s in {self.seconds:.1f} s "
            f"({times:.0f} times real time)"
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
    out: str | Path | None = None,
    *,
    formats: Sequence[str] = ("mid",),
    model: str | Path = "piano",
    clean: Path | None = None,
    decoding: NoteDecoding | None = None,
    method: str | None = None,
    engine: str = "piano",
    threads: int = 0,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Iterator[Transcribed]:
    """Write the notes of each recording beside it, or into ``out``; yield the result of each.

    A recording that cannot be read is yielded with its error, and the others continue. Memory use grows only with the
    number of notes, unless the piano is separated first (``method``), or only ffmpeg can read the recording.

    Parameters
    ----------
    formats
        Of ``mid``, ``tsv`` (onset, offset, pitch, velocity), ``json`` and ``png`` (a piano roll).
    clean
        A model that removes other sounds from the spectrogram: see :class:`sori.inference.transcriber.Transcriber`.
    engine
        ``piano``, Sori's own network; or one of :data:`sori.inference.ENGINES` that a package adds, for which
        ``decoding`` has no effect.
    method
        How to separate the piano from a mixture first: see :func:`sori.separation.separator.separator`.

    Raises
    ------
    SoriError
        If a format, method or engine is unknown, two recordings would have the same name, or files exist already.
    """
    for name in formats:
        check_choice("format", name, FORMATS)
    out = None if out is None else Path(out)
    if out is not None and out.exists() and not out.is_dir():
        raise SoriError(f"{out}: is not a folder; give `out` a folder, or another name")
    if not formats:
        raise ParameterError(f"give one or more formats of {', '.join(FORMATS)}.")
    if "png" in formats:
        check_installed("matplotlib")
    reporter, decoding = usual(reporter), decoding or NoteDecoding()
    files = audio.recordings_of(files)
    targets = _targets(files, out, formats, overwrite=overwrite)
    transcriber = Transcriber(model, clean=clean, threads=threads)
    separate = None if method is None else separator(method, sr=transcriber.front_end.sr)
    other = None if engine == "piano" else ENGINES[engine]()
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SoriError(f"{out}: {reason(error)}") from error
    for file, paths in zip(files, targets, strict=True):
        try:
            yield _transcribe(file, paths, transcriber, decoding, separate, other, reporter)
        except (SoriError, OSError) as error:
            why = str(error) if isinstance(error, SoriError) else reason(error)
            why = why if str(file) in why else f"{file}: {why}"
            yield Transcribed(file, (), 0, None, None, 0.0, 0.0, why)


def _transcribe(
    file: Path,
    paths: Sequence[Path],
    transcriber: Transcriber,
    decoding: NoteDecoding,
    separate: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None,
    other: Engine | None,
    reporter: Reporter,
) -> Transcribed:
    began = time.monotonic()
    sr = transcriber.front_end.sr
    done = 0
    header = audio.info(file)

    def normalised() -> Iterator[npt.NDArray[np.float32]]:
        nonlocal done
        if separate is None:
            # A recording is read twice, since its peak is known only at the end.
            loudest = (float(np.abs(y).max(initial=0)) for y in audio.blocks(file))
            gain = usual_gain(max(loudest, default=0.0))
            pieces = audio.blocks(file, sr=sr, block_s=_BLOCK_S)
        else:
            y = separate(audio.load(file, sr=sr)[0])
            gain, pieces = usual_gain(float(np.abs(y).max(initial=0))), iter([y])
        for piece in pieces:
            done += len(piece)
            yield piece if gain == 1 else piece * np.float32(gain)

    total_s = round(header.duration_s or 0)
    notes: list[Note] = []

    def found() -> Iterator[Sequence[Note]]:
        if other is None:
            yield from (ended for ended, _ in transcriber.notes(normalised(), decoding=decoding))
        else:
            yield other(np.concatenate(list(normalised())), sr)

    for ended in found():
        notes += ended
        reporter.progress(f"Transcribing {file.name}", round(done / sr), max(round(done / sr), total_s))
    notes.sort()
    duration_s = done / sr
    written: list[Path] = []
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists()
            _write(notes, path, duration_s=duration_s)
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
    )


def _targets(
    files: Sequence[Path], out: Path | None, formats: Sequence[str], *, overwrite: bool
) -> list[tuple[Path, ...]]:
    targets = []
    taken: dict[Path, Path] = {}
    for file in files:
        folder = file.parent if out is None else out
        paths = tuple(folder / f"{file.stem}.{name}" for name in dict.fromkeys(formats))
        for path in paths:
            where = path.resolve()
            if where in taken:
                raise ParameterError(
                    f"{taken[where]} and {file} would both be written to {path}: give them one by one."
                )
            if path.exists() and not overwrite:
                raise SoriError(
                    f"{path}: is there already; give `overwrite=True` to replace it, or `out` another folder"
                )
            taken[where] = file
        targets.append(paths)
    return targets


def _write(notes: Sequence[Note], path: Path, *, duration_s: float) -> None:
    kind = path.suffix[1:]
    if kind == "mid":
        write_midi(notes, path)
    elif kind == "png":
        from sori import plots  # an extra

        plots.save(plots.piano_roll(notes, duration_s=duration_s), path)
    else:
        if kind == "tsv":
            lines = [f"{n.onset_s:.4f}\t{n.offset_s:.4f}\t{n.pitch}\t{n.velocity}" for n in notes]
            text = "\n".join(["onset_s\toffset_s\tpitch\tvelocity", *lines]) + "\n"
        else:
            rows = [asdict(note) for note in notes]
            rounded = [
                {**row, "onset_s": round(row["onset_s"], 4), "offset_s": round(row["offset_s"], 4)} for row in rows
            ]
            text = json.dumps({"duration_s": round(duration_s, 4), "notes": rounded}, indent=1) + "\n"
        with replacing_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def parse_band(text: str) -> tuple[int, int]:
    """Parse the range of keys: ``piano`` is all of them, otherwise lowest and highest as in ``C2-C6``.

    >>> parse_band("piano"), parse_band("C4-B4")
    ((21, 108), (60, 71))
    """
    if text == "piano":
        return LOWEST, HIGHEST
    if "," in text:
        raise ParameterError(f"a band is piano, or its lowest and highest key as in C2-C6. Received {text!r}.")
    pitches = parse_pitches(text)
    return min(pitches), max(pitches)
