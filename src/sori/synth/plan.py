"""Plans of labelled clips: which notes, chords and mixtures to render, and which of them form a group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np

from sori.audio.tones import Colour
from sori.errors import ParameterError, check_between, check_choice
from sori.music import HIGHEST, LOWEST, Note, chord_pitches
from sori.synth import instrument
from sori.synth.soundfont import Reverb
from sori.units import note_name

ENGINES = ("soundfont", "additive")
LABELS = ("instrument", "pitch", "kind")
NOISES: tuple[str, ...] = get_args(Colour)
COLUMNS = (
    "file", "label", "group", "instrument", "kind", "pitches", "velocities", "onset_s", "offset_s", "mixture", "snr_db",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """Settings for rendering notes as clips.

    Parameters
    ----------
    engine
        ``soundfont``: FluidSynth; ``additive``: sums of partials, which needs no other software.
    soundfont
        The bank; None is the first General MIDI one that is found.
    sr
        Samples per second.
    duration_s
        Length of a clip in seconds.
    held_s
        How long a key is held, in seconds; None is three quarters of the clip.
    tuning_hz
        Frequency of A4 in Hz.
    reverb
        Reverberation (``soundfont`` only).
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
            raise ParameterError("`reverb` and `soundfont` are for the engine soundfont")

    def note(self, pitch: int, velocity: int) -> Note:
        """Return a note that starts at 0 s and is held for ``held_s``."""
        return Note(0.0, 0.75 * self.duration_s if self.held_s is None else self.held_s, pitch, velocity)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file to render: notes of an instrument and, in a mixture, the added sound and how far it lies below them."""

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
        """Return its row of ``labels.csv``."""
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


def plan_notes(
    instruments: Sequence[str],
    *,
    rendering: Rendering,
    pitches: Sequence[int] | None = None,
    velocities: Sequence[int] = (40, 80, 110),
    label: str | None = None,
) -> list[Item]:
    """Plan single notes of each instrument: all ``pitches`` (None: its real range) at all velocities.

    Parameters
    ----------
    label
        The class of a clip: its ``instrument`` (default if there are several) or its ``pitch``. The group is the
        instrument and the octave, since banks derive neighbouring notes and all velocities from few recordings. If the
        label is the pitch, the group is the instrument; a single instrument has no independent groups, so it is the
        velocity.

    Raises
    ------
    ParameterError
        If an instrument, pitch, velocity or label is not known.
    """
    label = _label(label, default="instrument" if len(set(instruments)) > 1 else "pitch")
    items = []
    for name in instruments:
        who = instrument(name)
        keys = range(who.lowest, who.highest + 1) if pitches is None else pitches
        for pitch, velocity in product(keys, velocities):
            labels = {"instrument": who.name, "pitch": note_name(pitch), "kind": "note"}
            file = f"{_plain(who.name)}/{_plain(who.name)}_{_file_name(pitch)}_v{velocity}.flac"
            items.append(
                Item(
                    file=file,
                    label=labels[label],
                    group=_group(label, who.name, pitch, velocity, alone=len(set(instruments)) == 1),
                    instrument=who.name,
                    notes=(rendering.note(pitch, velocity),),
                )
            )
    return _once(items)


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
    """Plan chords of each kind on each root, without those that exceed the piano's keys.

    The label is the ``kind`` (default) or another; the group is the instrument and the octave of the root. Chords of
    the same notes are rendered once; if their labels differ, as an inverted sus2 is also a sus4, they are left out.
    """
    label = _label(label, default="kind")
    items: dict[tuple[Any, ...], Item] = {}
    ambiguous = set()
    for name, kind, root, velocity in product(instruments, kinds, roots, velocities):
        who = instrument(name)
        for inversion in range(len(chord_pitches(root, kind)) if inversions else 1):
            pitches = chord_pitches(root, kind, inversion=inversion)
            if pitches[0] < LOWEST or pitches[-1] > HIGHEST:
                continue
            labels = {"instrument": who.name, "pitch": note_name(root), "kind": kind}
            turned = f"_inv{inversion}" if inversion else ""
            item = Item(
                file=f"{kind}/{_plain(who.name)}_{_file_name(root)}_{kind}{turned}_v{velocity}.flac",
                label=labels[label],
                group=_octave(who.name, root) if label != "pitch" else f"{who.name} {kind}",
                instrument=who.name,
                kind=kind + (f" inversion {inversion}" if inversion else ""),
                notes=tuple(rendering.note(pitch, velocity) for pitch in pitches),
            )
            sound = (who.name, pitches, velocity)
            if items.setdefault(sound, item).label != item.label:
                ambiguous.add(sound)
    return [item for sound, item in items.items() if sound not in ambiguous]


def plan_mixtures(
    pair: str,
    *,
    rendering: Rendering,
    snrs_db: Sequence[float] = (0, 6, 12),
    pitches: Sequence[int] | None = None,
    velocities: Sequence[int] = (40, 80, 110),
    label: str | None = None,
    seed: int = 0,
) -> list[Item]:
    """Plan notes of one instrument, each mixed with a random note of another, or with noise, at a lower level.

    Parameters
    ----------
    pair
        ``piano:violin``, or ``piano:pink`` (``noise`` is white).
    snrs_db
        How far the second lies below the first, in dB, over the whole clip. A note keeps its second at all levels.
    seed
        Seed of the second's notes and of the noise.

    The label is the ``pitch`` (default) or another, the group as in :func:`plan_notes`.
    """
    label = _label(label, default="pitch")
    names = pair.split(":")
    if len(names) != 2:
        raise ParameterError(f"a mixture must be two instruments, or one and noise: piano:violin. Received {pair!r}.")
    who = instrument(names[0])
    colour = "white" if names[1].strip() == "noise" else names[1].strip()
    other = None if colour in NOISES else instrument(names[1])
    second = other.name if other else f"{colour} noise"
    keys = range(who.lowest, who.highest + 1) if pitches is None else pitches
    for snr in snrs_db:
        check_between("snr", snr, -60, 100, "dB")
    items: list[Item] = []
    for pitch, velocity in product(keys, velocities):
        rng = np.random.default_rng([seed, pitch, velocity])
        added = None
        if other:
            added = rendering.note(int(rng.integers(other.lowest, other.highest + 1)), velocity)
        noise_seed = int(rng.integers(2**31))
        for snr in snrs_db:
            labels = {"instrument": who.name, "pitch": note_name(pitch), "kind": second}
            items.append(
                Item(
                    file=f"{_plain(who.name)}+{_plain(second)}/"
                    f"{_plain(who.name)}_{_file_name(pitch)}_v{velocity}_snr{snr:g}.flac",
                    label=labels[label],
                    group=_group(label, who.name, pitch, velocity, alone=True),
                    instrument=who.name,
                    kind="mixture",
                    notes=(rendering.note(pitch, velocity),),
                    other=second,
                    other_note=added,
                    snr_db=float(snr),
                    seed=noise_seed,
                )
            )
    return _once(items)


def _group(label: str, who: str, pitch: int, velocity: int, *, alone: bool) -> str:
    """Return the group of clips that must stay in one part of a dataset."""
    if label != "pitch":
        return _octave(who, pitch)
    return f"velocity {velocity}" if alone else who


def _octave(who: str, pitch: int) -> str:
    return f"{who} octave {pitch // 12 - 1}"


def _once(items: Iterable[Item]) -> list[Item]:
    """Remove duplicate items: names and numbers may be given twice."""
    return list({item.file: item for item in items}.values())


def _label(label: str | None, *, default: str) -> str:
    check_choice("label", label or default, LABELS)
    return label or default


def _file_name(pitch: int) -> str:
    return note_name(pitch).replace("#", "s")


def _plain(name: str) -> str:
    """Return a name for use in a file name: no colon, which Windows refuses, and no space."""
    return name.replace(":", "").replace(" ", "-")
