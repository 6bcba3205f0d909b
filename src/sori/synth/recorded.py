"""A note bank of recorded notes: one file a note, named by its key and its layer of loudness."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sori import audio
from sori.errors import AudioError
from sori.music import HIGHEST, LOWEST, Note
from sori.reporter import SILENT, Reporter
from sori.synth.notebank import VELOCITIES, NoteBank
from sori.units import note_to_midi

_NAME = re.compile(r"(?P<note>[A-Ga-g][#b]?-?\d)(?:[ _-]?v(?P<layer>\d+))?", re.ASCII)
# How far below full scale the softest layer is, since recorded layers are often normalised to one level; the level of
# the highest key relative to the lowest; what precedes an attack, and the part of the peak that begins it.
_RANGE_DB, _HIGHEST_KEY, _BEFORE_S, _BEGINS = 32.0, 0.7, 0.003, 0.05
_PEAK = 0.25


def bank_of_recordings(folder: Path, *, sr: int = 16000, reporter: Reporter = SILENT) -> NoteBank:
    """Make a note bank of the recorded notes in a folder, also in its subfolders.

    Parameters
    ----------
    folder
        Files named by note and layer, the softest layer first: ``A0v1.wav``, ``C1v1.wav``, ``C1v2.wav``, ``D#1.flac``.
        Without a layer, a note is layer 1. Missing keys are resampled from the nearest recorded key, and missing layers
        of a key are those nearest in loudness. Other recordings in the folder are ignored.
    sr
        Samples per second of the bank.

    Raises
    ------
    AudioError
        If the folder has no such files, or one cannot be read or is silent.
    """
    found: dict[int, dict[int, Path]] = {}
    for path in audio.recordings_in(folder):
        match = _NAME.fullmatch(path.stem)
        if match:
            pitch = note_to_midi(match["note"])
            if LOWEST <= pitch <= HIGHEST:
                found.setdefault(pitch, {})[int(match["layer"] or 1)] = path
    if not found:
        raise AudioError(f"{folder}: holds no recordings named like A0v1.wav: a note, and its layer of loudness")
    layers = sorted({layer for of_key in found.values() for layer in of_key})
    chosen = [layers[round(i)] for i in np.linspace(0, len(layers) - 1, len(VELOCITIES))]

    def play(note: Note, duration_s: float) -> np.ndarray:
        near = min(found, key=lambda pitch: abs(pitch - note.pitch))
        wanted = chosen[VELOCITIES.index(note.velocity)]
        path = found[near][min(found[near], key=lambda layer: abs(layer - wanted))]
        y, _ = audio.load(path, sr=round(sr * 2 ** ((near - note.pitch) / 12)))
        loudest = float(np.abs(y).max(initial=0))
        if not loudest > 0:
            raise AudioError(f"{path}: is silent; record the note again, or remove the file")
        struck = int(np.flatnonzero(np.abs(y) > _BEGINS * loudest)[0])
        y = y[max(0, struck - round(_BEFORE_S * sr)) :][: round(duration_s * sr)]
        level = np.interp(note.pitch, [LOWEST, HIGHEST], [1.0, _HIGHEST_KEY])
        level *= _PEAK * 10 ** (_RANGE_DB * (note.velocity / 127 - 1) / 20)
        return (y * np.float32(level / loudest)).astype(np.float32)

    return NoteBank.record(play, sr=sr, reporter=reporter, name=folder.name)
