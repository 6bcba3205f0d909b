"""Transcribe piano recordings to files of notes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sori import audio
from sori.errors import ParameterError, SoriError, check_choice, check_installed, reason
from sori.folders import all_or_none, as_plain, targets_of
from sori.inference.hearing import Heard, PianoHearing
from sori.inference.transcriber import NoteDecoding
from sori.inference.tuning import STANDARD_HZ, check_tuning
from sori.music.midi import write_played
from sori.music.pedal import as_keys
from sori.music.score import Score
from sori.music.tables import write_json, write_tsv
from sori.notation.notate import NotationOptions, notate
from sori.reporter import Reporter, usual
from sori.reports.score import SCORE_FORMATS, check_engraver, write_score
from sori.units import note_name

FORMATS = ("mid", "tsv", "json", "png", *SCORE_FORMATS)


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
        return as_plain(self)


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
        Of ``mid``, ``tsv`` (onset, offset, pitch, velocity), ``json``, ``png`` (a piano roll), and those of sheet
        music, ``musicxml``, ``pdf``, ``svg`` and ``html``.
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
    check_engraver(formats)
    if tuning_hz is not None:
        check_tuning(tuning_hz)
    reporter, decoding = usual(reporter), decoding or NoteDecoding()
    found = [(file, given) for given in map(Path, files) for file in audio.recordings_of([given])]
    targets = targets_of(found, out, formats, overwrite=overwrite)
    hearing = PianoHearing(
        model, clean=clean, decoding=decoding, method=method, engine=engine, threads=threads, tuning_hz=tuning_hz,
        reporter=reporter,
    )  # fmt: skip
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SoriError(f"{out}: {reason(error)}") from error
    for file, paths in targets.items():
        try:
            yield _transcribe(file, paths, hearing, reporter, pedal=pedal)
        except (SoriError, OSError) as error:
            why = str(error) if isinstance(error, SoriError) else reason(error)
            why = why if str(file) in why else f"{file}: {why}"
            yield Transcribed(file, (), 0, None, None, 0.0, 0.0, why)


def _transcribe(
    file: Path, paths: Sequence[Path], hearing: PianoHearing, reporter: Reporter, *, pedal: bool
) -> Transcribed:
    began = time.monotonic()
    heard = hearing(file, reporter=reporter)
    score: Score | None = None
    with all_or_none(paths):
        for path in paths:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.suffix[1:] in SCORE_FORMATS:
                    title = NotationOptions(title=file.stem.replace("_", " "))
                    score = score or notate(as_keys(heard.notes, heard.pedals), heard.pedals, title)
                    write_score(score, path, heard.notes, recording=file)
                else:
                    _write(heard, path, as_played=pedal)
            except OSError as error:
                raise SoriError(f"{path}: {reason(error)}") from error
    pitches = [note.pitch for note in heard.notes]
    return Transcribed(
        file,
        tuple(paths),
        len(heard.notes),
        min(pitches, default=None),
        max(pitches, default=None),
        heard.duration_s,
        time.monotonic() - began,
        tuning_hz=heard.tuning_hz,
        held_back=heard.held_back,
    )


def _write(heard: Heard, path: Path, *, as_played: bool) -> None:
    kind = path.suffix[1:]
    if kind == "mid":
        write_played(heard.notes, heard.pedals if as_played else (), path)
    elif kind == "png":
        from sori import plots  # an extra

        plots.save(plots.piano_roll(heard.notes, duration_s=heard.duration_s), path)
    elif kind == "tsv":
        write_tsv(heard.notes, path)
    else:
        write_json(heard.notes, path, duration_s=heard.duration_s, pedals=heard.pedals)
