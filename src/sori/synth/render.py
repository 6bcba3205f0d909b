"""Render plans of labelled clips to folders, and MIDI files to recordings."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt
from joblib import cpu_count

from sori.audio import check_saveable, mix, noise, save
from sori.audio.tones import Colour
from sori.errors import AudioError, DatasetError, ParameterError, SoriError, check_count, reason
from sori.folders import building_folder, check_type, remove, replacing_file
from sori.music import Note
from sori.output import Maker, Output, output_folder
from sori.reporter import SILENT, Reporter
from sori.synth import instrument
from sori.synth.additive import AdditiveSynth
from sori.synth.plan import COLUMNS, Item, Rendering
from sori.synth.soundfont import SoundFontSynth, default_soundfont

_MAKER = "sori synth"
_PLAN, _BEGUN, _REPLACING = "synth.json", "begun", "replacing"
_FOLDER = Maker(_MAKER, _PLAN, files=("labels.csv",), listed=lambda made: made["files"])
_SILENCE = 2e-4  # of full scale, seven steps of 16 bits; a note with a lower peak is silent
_Clip = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rendered:
    """The result of a rendering: files written, and ``(file, reason)`` of those that failed."""

    out: Path
    written: int
    failed: tuple[tuple[str, str], ...]


def render(
    items: Sequence[Item],
    out: Path,
    *,
    rendering: Rendering,
    jobs: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> Rendered:
    """Render items into the folder ``out``, with ``labels.csv``.

    The folder appears when it is complete; until then it is called ``out.building``. A clip that would exceed full
    scale is attenuated as a whole.

    Parameters
    ----------
    jobs
        Threads; None is one per core.
    resume
        Continue an interrupted run of the same items: existing files are kept.
    overwrite
        Replace the result of an earlier run.

    Raises
    ------
    DatasetError
        If ``out`` exists and may not be replaced, or holds files that were not made here, or nothing could be rendered.
    MissingDependencyError
        If FluidSynth or a SoundFont is missing.
    """
    if not items:
        raise ParameterError("there is nothing to render: no pitch of these instruments was requested")
    if jobs is not None:
        check_count("jobs", jobs)
    out = Path(os.path.abspath(out))
    rendering = with_bank(rendering)
    plan = hashlib.blake2b(repr((items, rendering)).encode(), digest_size=16).hexdigest()
    folder = building_folder(out)
    if resume and overwrite:
        raise ParameterError("give `resume=True`, to continue an interrupted run, or `overwrite=True`, not both.")
    with output_folder(out, _FOLDER, overwrite=True) as output:
        made = _read(output)
        if resume and made is not None and made["plan"] == plan and not folder.exists():
            return Rendered(out, made["written"], tuple((file, why) for file, why in made["failed"]))
        _make_room(output, folder, items, plan, resume=resume, overwrite=overwrite)
        rendered = _render(items, out, folder, rendering, plan, jobs=jobs, overwrite=overwrite, reporter=reporter)
        output.place(folder)
    return rendered


class _Made(msgspec.Struct):
    """The type of `synth.json`."""

    plan: str
    written: int
    failed: list[tuple[str, str]]
    files: list[str]


def _read(output: Output) -> dict[str, Any] | None:
    """Return what an earlier run wrote about itself, if there was one."""
    if output.made is None:
        return None
    try:
        check_type(output.made, _Made)
    except ValueError as error:
        raise DatasetError(f"{output.path / _PLAN}: damaged ({error}); move the folder, or choose another") from error
    return output.made


def _render(
    items: Sequence[Item],
    out: Path,
    folder: Path,
    rendering: Rendering,
    plan: str,
    *,
    jobs: int | None,
    overwrite: bool,
    reporter: Reporter,
) -> Rendered:
    """Render what is missing in the folder of the unfinished run, and complete it."""
    synths = _Synths(rendering)
    failed: list[tuple[str, str]] = []
    rows = []
    try:
        synths.check(sorted({item.instrument for item in items} | {item.other for item in items if item.other_note}))
        _begin(folder, plan, overwrite=overwrite)
        # Not joblib: its threads may still be rendering when a run is stopped, and a bank in use must not be closed.
        with ThreadPoolExecutor(jobs or cpu_count()) as pool:
            futures = [pool.submit(_make, item, folder, synths, rendering.sr) for item in items]
            try:
                for done, future in enumerate(futures, 1):
                    item, problem = future.result()
                    if problem:
                        failed.append((item.file, problem))
                    else:
                        rows.append(item.row())
                    reporter.progress("Rendering", done, len(items))
            finally:
                pool.shutdown(cancel_futures=True)
    finally:
        synths.close()
    if not rows:
        shutil.rmtree(folder)
        raise DatasetError(f"nothing could be rendered; the first of {len(failed)}: {failed[0][0]}: {failed[0][1]}")
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(rendering).items()}
    files = [row["file"] for row in rows]
    whole = {"made_by": _MAKER, "plan": plan, "rendering": settings, "written": len(rows), "failed": failed}
    (folder / _PLAN).write_text(json.dumps({**whole, "files": files}, indent=1), encoding="utf-8")
    (folder / _BEGUN).unlink()
    return Rendered(out, len(rows), tuple(failed))


def with_bank(rendering: Rendering) -> Rendering:
    """Return the rendering with its default bank filled in, if it needs one."""
    if rendering.engine == "soundfont" and rendering.soundfont is None:
        return replace(rendering, soundfont=default_soundfont())
    return rendering


def render_midi(
    file: Path, out: Path, *, rendering: Rendering, overwrite: bool = False, reporter: Reporter = SILENT
) -> tuple[float, float]:
    """Render a MIDI file to a recording, with its programs, pedals, bends and drums in the sounds of the SoundFont.

    Returns
    -------
    The length in seconds, and the gain in dB that was needed to avoid clipping (0 or below).

    Raises
    ------
    AudioError
        If the MIDI file cannot be used, or ``out`` exists or cannot be written.
    """
    from sori.music.midi import read_events

    if rendering.engine != "soundfont":
        raise ParameterError("a MIDI file needs the engine soundfont: additive has no programs, pedal or drums")
    check_saveable(out)
    if out.exists() and not overwrite:
        raise AudioError(f"{out}: is there already; give `overwrite=True` to replace it")
    events = read_events(file)
    rendering = with_bank(rendering)
    with _opened(rendering) as synth:
        y = synth.play(events, reporter=reporter)
    peak = float(np.abs(y).max())
    if peak < _SILENCE:
        raise AudioError(f"{file}: is silent with {rendering.soundfont}; use another SoundFont")
    gain = min(1.0, 0.99 / peak)
    save(out, y * np.float32(gain), sr=rendering.sr)
    return len(y) / rendering.sr, float(20 * np.log10(gain))


def render_midi_files(
    source: Path, out: Path, *, rendering: Rendering, overwrite: bool = False, reporter: Reporter = SILENT
) -> list[tuple[Path, Path, tuple[float, float] | SoriError]]:
    """Render each MIDI file in a folder as FLAC in the folder ``out``, in the same subfolders.

    Returns
    -------
    Each file, its recording, and what :func:`render_midi` returns, or the error.

    Raises
    ------
    AudioError
        If the folder has no MIDI files.
    """
    from sori.music.midi import midi_files_in

    names = midi_files_in(source)
    if not names:
        raise AudioError(f"{source}: no MIDI files in this folder")
    results: list[tuple[Path, Path, tuple[float, float] | SoriError]] = []
    for i, name in enumerate(names, 1):
        file, recording = source / name, (out / name).with_suffix(".flac")
        try:
            results.append((file, recording, render_midi(file, recording, rendering=rendering, overwrite=overwrite)))
        except SoriError as error:
            results.append((file, recording, error))
        reporter.progress("Rendering", i, len(names))
    return results


class _Synths:
    """A pool of synthesisers: each can play only one clip at a time, and a bank takes a second to load."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        self._free: list[SoundFontSynth] = []
        self._all: list[SoundFontSynth] = []

    def check(self, names: Iterable[str]) -> None:
        """Raise ParameterError unless every instrument can be played."""
        if self._rendering.engine == "additive":
            return
        with self._borrowed() as synth:
            for name in names:
                synth.check(instrument(name))

    def render(self, name: str, notes: Sequence[Note]) -> _Clip:
        """Render notes of the named instrument."""
        settings = self._rendering
        if settings.engine == "additive":
            additive = AdditiveSynth(instrument(name), sr=settings.sr, tuning_hz=settings.tuning_hz)
            return additive.render(notes, duration_s=settings.duration_s)
        with self._borrowed() as synth:
            return synth.render(instrument(name), notes, duration_s=settings.duration_s)

    def close(self) -> None:
        """Release the banks."""
        for synth in self._all:
            synth.close()

    @contextmanager
    def _borrowed(self) -> Iterator[SoundFontSynth]:
        try:
            synth = self._free.pop()
        except IndexError:
            synth = _opened(self._rendering)
            self._all.append(synth)
        # FluidSynth's reverb depends on what it played before: with one, every clip gets a new synthesiser, which opens
        # quickly while another holds the bank.
        fresh = _opened(self._rendering) if self._rendering.reverb else None
        try:
            yield fresh or synth
        finally:
            if fresh:
                fresh.close()
            self._free.append(synth)


def _opened(rendering: Rendering) -> SoundFontSynth:
    return SoundFontSynth(
        rendering.soundfont or default_soundfont(),
        sr=rendering.sr,
        tuning_hz=rendering.tuning_hz,
        reverb=rendering.reverb,
    )


def _make(item: Item, out: Path, synths: _Synths, sr: int) -> tuple[Item, str]:
    """Render and write an item, unless its file exists; return the item as rendered, and its problem or no text."""
    path = out / item.file
    added, second = None, item.other_note
    while second is not None:
        added = synths.render(item.other, [second])
        if np.abs(added).max() >= _SILENCE:
            break
        # Banks have gaps in which an instrument is silent; it then plays the next lower note.
        second = replace(second, pitch=second.pitch - 1) if second.pitch > 0 else None
    item = replace(item, other_note=second)
    if path.is_file():
        return item, ""
    y = synths.render(item.instrument, item.notes)
    if np.abs(y).max() < _SILENCE:
        return item, f"{item.instrument} is almost silent at this pitch and velocity"
    if item.snr_db is not None:
        if added is None:
            colour = cast(Colour, item.other.removesuffix(" noise"))
            added = noise(sr=sr, duration_s=len(y) / sr, rng=np.random.default_rng(item.seed), colour=colour)
        y = mix(y, added, snr_db=item.snr_db)
    try:
        save(path, y / np.float32(max(1.0, np.abs(y).max() / 0.99)), sr=sr)
    except AudioError as error:
        if isinstance(error.__cause__, OSError):  # a full disk, say, which is no fault of this clip
            raise
        return item, reason(error)
    return item, ""


def _make_room(
    output: Output, folder: Path, items: Sequence[Item], plan: str, *, resume: bool, overwrite: bool
) -> None:
    """Raise DatasetError if something is in the way; delete an unfinished run that may be replaced."""
    out, begun = output.path, folder / _BEGUN
    if folder.exists():
        rendered = {"labels.csv", _PLAN, *(item.file for item in items)}
        always = (_BEGUN, *(() if resume else ("*.flac",)))
        unfinished = Maker(_MAKER, _PLAN, listed=lambda made: rendered)
        foreign = unfinished.foreign(folder, always=always) if folder.is_dir() else Path(folder)
        if not begun.is_file() or (foreign is not None and not resume):
            raise DatasetError(
                f"{folder}: is in the way, and is not a run of sori synth; move it, or choose another name"
            )
    interrupted = begun.read_text(encoding="utf-8").split() if folder.exists() else []
    if output.made is not None and not (overwrite or (resume and interrupted == [plan, _REPLACING])):
        what = "was made with other notes or settings" if resume else "is there already"
        raise DatasetError(f"{out}: {what}; give `overwrite=True` to replace it, or another name")
    if not interrupted:
        return
    if resume:
        if interrupted[0] != plan:
            raise DatasetError(f"{out}: was started with other notes or settings; give `overwrite=True` to replace it")
        for unfinished_file in folder.rglob(".*.tmp"):
            remove(unfinished_file)
    elif overwrite:
        remove(folder)
    else:
        raise DatasetError(
            f"{out}: an interrupted run is in {folder.name}; give `resume=True` to finish it, or `overwrite=True`"
        )


def _begin(folder: Path, plan: str, *, overwrite: bool) -> None:
    if (folder / _BEGUN).is_file():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing_file(folder / _BEGUN) as temporary:
            temporary.write_text(f"{plan} {_REPLACING}" if overwrite else plan, encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be written ({reason(error)})") from error
