"""Write played notes, from MIDI files or recordings, as scores."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sori import audio
from sori.errors import AudioError, ParameterError, SoriError, check_choice, reason
from sori.folders import all_or_none, as_plain, targets_of
from sori.inference.hearing import PianoHearing
from sori.music import Note
from sori.music.midi import MIDI_ENDINGS, midi_files_in, read_notes, read_pedals
from sori.music.pedal import as_keys
from sori.notation.midi import write_performed, write_quantised
from sori.notation.notate import NotationOptions, notate
from sori.reporter import Reporter, usual
from sori.reports.score import SCORE_FORMATS, check_engraver, write_score

FORMATS = (*SCORE_FORMATS, "mid")


@dataclass(frozen=True)
class Notated:
    """The result for one file: what was written, and what the score is like; ``error`` if there is none."""

    file: Path
    written: tuple[Path, ...] = ()
    notes: int = 0
    bars: int = 0
    metre: str = ""
    key: str = ""
    tempo: float = 0.0
    seconds: float = 0.0
    warning: str = ""
    error: str | None = None

    def summary(self) -> str:
        """Return one line to show."""
        if self.error is not None:
            return self.error
        said = f"{self.file}: {self.notes} notes, {self.bars} bars of {self.metre}, {self.key}, {self.tempo:.0f} beats"
        return f"{said} a minute, in {self.seconds:.1f} s{f'; {self.warning}' if self.warning else ''}"

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, for JSON."""
        return as_plain(self)


def notate_files(
    files: Sequence[str | Path],
    out: str | Path = "scores",
    *,
    formats: Sequence[str] = ("musicxml",),
    options: NotationOptions | None = None,
    instruments: Sequence[int] = (),
    quantised: bool = False,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Iterator[Notated]:
    """Write each MIDI file or recording as a score into the folder ``out``; yield the result of each.

    A file that cannot be read is yielded with its error, and the others continue.

    Parameters
    ----------
    formats
        Of ``musicxml``, ``pdf``, ``svg``, ``html`` and ``mid``.
    instruments
        Numbers of the instruments of a MIDI file to write; none: all.
    quantised
        Write MIDI on the grid of the score, instead of as it was played.

    Raises
    ------
    SoriError
        If a format is unknown, two files would have the same name, or files exist already.
    """
    for name in formats:
        check_choice("format", name, FORMATS)
    if not formats:
        raise ParameterError(f"give one or more formats of {', '.join(FORMATS)}.")
    check_engraver(formats)
    out, reporter, options = Path(out), usual(reporter), options or NotationOptions()
    targets = targets_of(_files(files), out, formats, overwrite=overwrite)
    hearing: PianoHearing | None = None
    for file, paths in targets.items():
        try:
            if file.suffix.lower() not in MIDI_ENDINGS:
                hearing = hearing or PianoHearing(reporter=reporter)
            yield _notate(file, paths, options, hearing, instruments, quantised=quantised, reporter=reporter)
        except (SoriError, OSError) as error:
            why = str(error) if isinstance(error, SoriError) else reason(error)
            yield Notated(file, error=why if str(file) in why else f"{file}: {why}")


def _files(given: Sequence[str | Path]) -> list[tuple[Path, Path]]:
    """Return each file, and the file or folder as it was given: MIDI files and recordings."""
    found: list[tuple[Path, Path]] = []
    for path in map(Path, given):
        if path.is_dir():
            names = [path / name for name in midi_files_in(path)] + audio.recordings_in(path)
            if not names:
                raise AudioError(f"{path}: no MIDI files and no recordings in this folder")
            found += [(file, path) for file in names]
        else:
            found.append((path, path))
    return found


def _notate(
    file: Path,
    paths: Sequence[Path],
    options: NotationOptions,
    hearing: PianoHearing | None,
    instruments: Sequence[int],
    *,
    quantised: bool,
    reporter: Reporter,
) -> Notated:
    began = time.monotonic()
    sounding: list[Note]
    if file.suffix.lower() in MIDI_ENDINGS:
        notes, pedals = read_notes(file, instruments=instruments), read_pedals(file)
        recording, sounding = None, notes
    elif hearing is not None:
        heard = hearing(file, reporter=reporter)
        if not heard.notes:
            raise AudioError(f"{file}: no piano notes were found in it")
        notes, pedals = as_keys(heard.notes, heard.pedals), np.asarray(heard.pedals)
        recording, sounding = file, heard.notes
    score = notate(notes, pedals, replace(options, title=options.title or _title(file)))
    with all_or_none(paths):
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix != ".mid":
                write_score(score, path, sounding, recording=recording)
            elif quantised:
                write_quantised(score, path)
            else:
                write_performed(score, notes, pedals, path)
    beats = np.diff(score.seconds)
    tempo = 60 / float(np.median(beats)) if len(beats) else 0.0
    warning = "the beats are very uneven; if the music is free, ask for no metre" if score.is_uneven else ""
    metres = ", ".join(dict.fromkeys(str(metre) for _, metre in score.metres))
    return Notated(
        file, tuple(paths), len(score.notes), len(score.bars) - 1, metres, str(score.keys[0][1]), tempo,
        time.monotonic() - began, warning,
    )  # fmt: skip


def _title(file: Path) -> str:
    return file.stem.replace("_", " ")
