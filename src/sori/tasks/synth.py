"""Make labelled sound whose answer is known: single notes, chords, mixtures, and MIDI files as recordings."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed

from sori.atomic import replacing_file
from sori.audio import mix, noise, save
from sori.audio.tones import Colour
from sori.errors import AudioError, DatasetError, ParameterError, check_between, check_choice, check_count, reason
from sori.music import Note, chord_pitches, instrument
from sori.music.additive import AdditiveSynth
from sori.music.soundfont import Reverb, SoundFontSynth, default_soundfont
from sori.progress import Progress, silent
from sori.units import note_name

ENGINES = ("soundfont", "additive")
LABELS = ("instrument", "pitch", "kind")
NOISES = ("white", "pink", "brown", "blue", "violet")
COLUMNS = (
    "file", "label", "group", "instrument", "kind", "pitches", "velocities", "onset_s", "offset_s", "mixture", "snr_db",
)  # fmt: skip
_PLAN = "synth.json"
_SILENCE = 1e-5  # of a clip's peak: such an instrument has no such note
_Clip = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """How notes become clips.

    Parameters
    ----------
    engine
        ``soundfont``: FluidSynth; ``additive``: sums of partials, which needs nothing installed.
    soundfont
        The bank; None is the first General MIDI one that is found.
    sr
        Samples per second.
    duration_s
        Length of a clip.
    held_s
        How long a key is held; None is three quarters of the clip.
    tuning_hz
        Frequency of A4.
    reverb
        A room to play in (``soundfont`` only).
    """

    engine: str = "soundfont"
    soundfont: Path | None = None
    sr: int = 22050
    duration_s: float = 2.0
    held_s: float | None = None
    tuning_hz: float = 440.0
    reverb: Reverb | None = None

    def __post_init__(self) -> None:
        check_choice("engine", self.engine, ENGINES)
        check_between("duration", self.duration_s, 0.01, 600, "s")
        if self.held_s is not None:
            check_between("hold", self.held_s, 0.001, self.duration_s, "s (the clip's length)")
        if self.engine == "additive" and (self.reverb or self.soundfont):
            raise ParameterError("--reverb and --soundfont are for the engine soundfont")

    def note(self, pitch: int, velocity: int) -> Note:
        """Return a note struck at once and held as long as the rest of this says."""
        return Note(0.0, 0.75 * self.duration_s if self.held_s is None else self.held_s, pitch, velocity)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file to make: notes of an instrument and, in a mixture, what is added to them and how far below."""

    file: str
    label: str
    group: str
    instrument: str
    notes: tuple[Note, ...]
    kind: str = "note"
    other: str = ""
    other_note: Note | None = None
    snr_db: float | None = None
    seed: int = 0

    def row(self) -> dict[str, Any]:
        """Return its line of ``labels.csv``."""
        other = f"{self.other}:{self.other_note.pitch}" if self.other_note else self.other
        return {
            "file": self.file,
            "label": self.label,
            "group": self.group,
            "instrument": self.instrument,
            "kind": self.kind,
            "pitches": " ".join(str(note.pitch) for note in self.notes),
            "velocities": " ".join(str(note.velocity) for note in self.notes),
            "onset_s": f"{self.notes[0].onset_s:g}",
            "offset_s": f"{self.notes[0].offset_s:g}",
            "mixture": other,
            "snr_db": "" if self.snr_db is None else f"{self.snr_db:g}",
        }


@dataclass(frozen=True)
class Rendered:
    """What became of the items: files written, and ``(file, reason)`` of those that could not be."""

    out: Path
    written: int
    failed: tuple[tuple[str, str], ...]


def plan_notes(
    instruments: Sequence[str],
    *,
    rendering: Rendering,
    pitches: Sequence[int] | None = None,
    velocities: Sequence[int] = (40, 80, 110),
    label: str | None = None,
) -> list[Item]:
    """Plan single notes of each instrument: all ``pitches`` (None: those that it really plays) at all velocities.

    Parameters
    ----------
    label
        The class of a clip: its ``instrument`` (default if there are several) or its ``pitch``. The group is what
        differs only in velocity; or, if the label is the pitch, the instrument, or of a single one the velocity.

    Raises
    ------
    ParameterError
        If an instrument, pitch, velocity or label is not known.
    """
    label = _label(label, default="instrument" if len(instruments) > 1 else "pitch")
    items = []
    for name in instruments:
        who = instrument(name)
        keys = range(who.lowest, who.highest + 1) if pitches is None else pitches
        for pitch, velocity in product(keys, velocities):
            key = _file_name(pitch)
            labels = {"instrument": who.name, "pitch": note_name(pitch), "kind": "note"}
            alone = {
                "instrument": f"{who.name} {note_name(pitch)}",
                "pitch": who.name if len(instruments) > 1 else f"velocity {velocity}",
                "kind": f"{who.name} {note_name(pitch)}",
            }
            items.append(
                Item(
                    file=f"{_plain(who.name)}/{_plain(who.name)}_{key}_v{velocity}.flac",
                    label=labels[label],
                    group=alone[label],
                    instrument=who.name,
                    notes=(rendering.note(pitch, velocity),),
                )
            )
    return items


def plan_chords(
    kinds: Sequence[str],
    *,
    rendering: Rendering,
    instruments: Sequence[str] = ("piano",),
    roots: Sequence[int] = tuple(range(21, 109)),
    velocities: Sequence[int] = (80,),
    inversions: bool = False,
    label: str | None = None,
) -> list[Item]:
    """Plan chords of each kind on each root, those with a note above the piano's highest left out.

    The label is the ``kind`` (default) or another; the group is the instrument and the root.
    """
    label = _label(label, default="kind")
    items = []
    for name, kind, root, velocity in product(instruments, kinds, roots, velocities):
        who = instrument(name)
        for inversion in range(len(chord_pitches(root, kind)) if inversions else 1):
            pitches = chord_pitches(root, kind, inversion=inversion)
            if pitches[-1] > 108:
                continue
            labels = {"instrument": who.name, "pitch": note_name(root), "kind": kind}
            turned = f"_inv{inversion}" if inversion else ""
            items.append(
                Item(
                    file=f"{kind}/{_plain(who.name)}_{_file_name(root)}_{kind}{turned}_v{velocity}.flac",
                    label=labels[label],
                    group=f"{who.name} {note_name(root)}" if label != "pitch" else f"{who.name} {kind}",
                    instrument=who.name,
                    kind=kind + (f" inversion {inversion}" if inversion else ""),
                    notes=tuple(rendering.note(pitch, velocity) for pitch in pitches),
                )
            )
    return items


def plan_mixtures(
    pair: str,
    *,
    rendering: Rendering,
    snrs_db: Sequence[float] = (0, 6, 12),
    pitches: Sequence[int] | None = None,
    velocities: Sequence[int] = (80,),
    label: str | None = None,
    seed: int = 0,
) -> list[Item]:
    """Plan notes of one instrument, each with a random note of another, or noise, below it.

    Parameters
    ----------
    pair
        ``piano:violin``, or ``piano:pink`` (``noise`` is white).
    snrs_db
        How far the second lies below the first, in dB.
    seed
        Of the second's notes and of the noise. The same note with other levels of what is added is of one group.
    """
    label = _label(label, default="pitch")
    names = pair.split(":")
    if len(names) != 2:
        raise ParameterError(
            f"what is mixed is two instruments, or one and noise, as in piano:violin. Received {pair!r}."
        )
    who = instrument(names[0])
    colour = "white" if names[1].strip() == "noise" else names[1].strip()
    other = None if colour in NOISES else instrument(names[1])
    second = other.name if other else f"{colour} noise"
    keys = range(who.lowest, who.highest + 1) if pitches is None else pitches
    for snr in snrs_db:
        check_between("snr", snr, -60, 100, "dB")
    items: list[Item] = []
    for pitch, velocity in product(keys, velocities):
        for snr in snrs_db:
            rng = np.random.default_rng([seed, len(items)])
            added = None
            if other:
                added = rendering.note(int(rng.integers(other.lowest, other.highest + 1)), velocity)
            labels = {"instrument": who.name, "pitch": note_name(pitch), "kind": second}
            items.append(
                Item(
                    file=f"{_plain(who.name)}+{_plain(second)}/"
                    f"{_plain(who.name)}_{_file_name(pitch)}_v{velocity}_snr{snr:g}.flac",
                    label=labels[label],
                    group=f"{who.name} {note_name(pitch)}" if label != "pitch" else f"velocity {velocity}",
                    instrument=who.name,
                    kind="mixture",
                    notes=(rendering.note(pitch, velocity),),
                    other=second,
                    other_note=added,
                    snr_db=float(snr),
                    seed=int(rng.integers(2**31)),
                )
            )
    return items


def render(
    items: Sequence[Item],
    out: Path,
    *,
    rendering: Rendering,
    jobs: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Rendered:
    """Render items into the folder ``out``, and write ``labels.csv`` when the last is done.

    Parameters
    ----------
    jobs
        Threads; None is one per core.
    resume
        Go on with an interrupted run of the same items: files that are there stay.
    overwrite
        Replace what an earlier run has left in ``out``.

    Raises
    ------
    DatasetError
        If ``out`` is there already, or holds another plan, or nothing could be rendered.
    MissingDependencyError
        If FluidSynth or a SoundFont is missing.
    """
    if not items:
        raise ParameterError("there is nothing to render: no pitch of these instruments was asked for")
    if jobs is not None:
        check_count("jobs", jobs)
    if rendering.engine == "soundfont" and rendering.soundfont is None:
        rendering = replace(rendering, soundfont=default_soundfont())
    synths = _Synths(rendering)
    failed: list[tuple[str, str]] = []
    rows = []
    try:
        synths.check(sorted({item.instrument for item in items} | {item.other for item in items if item.other_note}))
        _make_room(out, items, rendering, resume=resume, overwrite=overwrite)
        with Parallel(n_jobs=jobs or cpu_count(), prefer="threads", return_as="generator") as parallel:
            results = parallel(delayed(_make)(item, out, synths, rendering.sr) for item in items)
            for done, (item, problem) in enumerate(results, 1):
                if problem:
                    failed.append((item.file, problem))
                else:
                    rows.append(item.row())
                progress("Rendering", done, len(items))
    finally:
        synths.close()
    if not rows:
        shutil.rmtree(out)
        raise DatasetError(f"nothing could be rendered; the first of {len(failed)}: {failed[0][0]}: {failed[0][1]}")
    with replacing_file(out / "labels.csv") as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return Rendered(out, len(rows), tuple(failed))


def render_midi(
    file: Path, out: Path, *, rendering: Rendering, overwrite: bool = False, progress: Progress = silent
) -> tuple[float, float]:
    """Render a MIDI file as a recording; its programs, pedals, bends and drums sound as the SoundFont has them.

    Returns
    -------
    Its length in seconds, and the gain in dB by which it had to be turned down so as not to clip (0 or below).

    Raises
    ------
    AudioError
        If the MIDI file cannot be used, or ``out`` exists or cannot be written.
    """
    from sori.music.midi import read_events

    if rendering.engine != "soundfont":
        raise ParameterError(
            "a MIDI file needs the engine soundfont: sums of partials have no programs, pedal or drums"
        )
    if out.exists() and not overwrite:
        raise AudioError(f"{out}: is there already; give --overwrite to replace it")
    events = read_events(file)
    bank = rendering.soundfont or default_soundfont()
    with SoundFontSynth(bank, sr=rendering.sr, tuning_hz=rendering.tuning_hz, reverb=rendering.reverb) as synth:
        y = synth.play(events, progress=progress)
    peak = float(np.abs(y).max())
    if peak < _SILENCE:
        raise AudioError(f"{file}: sounds of nothing with {bank}")
    gain = min(1.0, 0.99 / peak)
    save(out, y * np.float32(gain), sr=rendering.sr)
    return len(y) / rendering.sr, float(20 * np.log10(gain))


class _Synths:
    """Synthesisers to borrow: each can play only one clip at a time, and a bank takes a second to load."""

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
        """Render notes of the instrument of that name."""
        settings = self._rendering
        if settings.engine == "additive":
            additive = AdditiveSynth(instrument(name), sr=settings.sr, tuning_hz=settings.tuning_hz)
            return additive.render(notes, duration_s=settings.duration_s)
        with self._borrowed() as synth:
            return synth.render(instrument(name), notes, duration_s=settings.duration_s)

    def close(self) -> None:
        """Let go of the banks."""
        for synth in self._all:
            synth.close()

    @contextmanager
    def _borrowed(self) -> Iterator[SoundFontSynth]:
        try:
            synth = self._free.pop()
        except IndexError:
            settings = self._rendering
            synth = SoundFontSynth(
                settings.soundfont or default_soundfont(),
                sr=settings.sr,
                tuning_hz=settings.tuning_hz,
                reverb=settings.reverb,
            )
            self._all.append(synth)
        try:
            yield synth
        finally:
            self._free.append(synth)


def _make(item: Item, out: Path, synths: _Synths, sr: int) -> tuple[Item, str]:
    """Render and write an item, unless it is there; return it as it became, and what is wrong with it, if anything."""
    path = out / item.file
    added, second = None, item.other_note
    while second is not None:
        added = synths.render(item.other, [second])
        if np.abs(added).max() >= _SILENCE:
            break
        # Banks have gaps, in which an instrument is silent: then it plays the next note below.
        second = replace(second, pitch=second.pitch - 1) if second.pitch > 0 else None
    item = replace(item, other_note=second)
    if path.is_file():
        return item, ""
    y = synths.render(item.instrument, item.notes)
    if np.abs(y).max() < _SILENCE:
        return item, f"{item.instrument} is silent at this pitch"
    if item.snr_db is not None:
        if added is None:
            colour = cast(Colour, item.other.removesuffix(" noise"))
            added = noise(sr=sr, duration_s=len(y) / sr, rng=np.random.default_rng(item.seed), colour=colour)
        y = mix(y, added, snr_db=item.snr_db)
    try:
        save(path, y / np.float32(max(1.0, np.abs(y).max() / 0.99)), sr=sr)
    except AudioError as error:
        return item, reason(error)
    return item, ""


def _make_room(out: Path, items: Sequence[Item], rendering: Rendering, *, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise ParameterError("give --resume, to keep what an interrupted run has done, or --overwrite, not both.")
    digest = hashlib.blake2b(repr((items, rendering)).encode(), digest_size=16).hexdigest()
    plan = out / _PLAN
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        if not plan.is_file():
            raise DatasetError(f"{out}: is there already, and was not made by sori synth; choose another name")
        if resume:
            if json.loads(plan.read_text(encoding="utf-8")).get("plan") != digest:
                raise DatasetError(f"{out}: was begun with other notes or settings; give --overwrite to replace it")
            for unfinished in out.rglob(".*.tmp"):
                unfinished.unlink()
            return
        if not overwrite:
            raise DatasetError(f"{out}: is there already; give --resume to finish it, or --overwrite to replace it")
        shutil.rmtree(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        settings = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(rendering).items()}
        with replacing_file(plan) as temporary:
            temporary.write_text(json.dumps({"plan": digest, "rendering": settings}, indent=2), encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{out}: cannot be written ({reason(error)})") from error


def _label(label: str | None, *, default: str) -> str:
    check_choice("label", label or default, LABELS)
    return label or default


def _file_name(pitch: int) -> str:
    return note_name(pitch).replace("#", "s")


def _plain(name: str) -> str:
    """Return a name as part of a file's: no colon, which Windows refuses, and no space."""
    return name.replace(":", "").replace(" ", "-")
