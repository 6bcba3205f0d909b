"""Render the recordings in `examples/instruments`: single notes of six General MIDI instruments.

Needs FluidSynth and a General MIDI SoundFont (Debian: `apt-get install fluidsynth fluid-soundfont-gm`) and
`pip install 'sori[synth]'`. The files that ship were made with Debian's FluidR3 bank, which is under the MIT licence.

    python examples/render_instruments.py [OUT] [--soundfont FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import fluidsynth
import numpy as np
import soundfile

SR = 22050
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
NOTES, VELOCITIES = 30, (45, 70, 95, 120)
HELD_S, LENGTH_S = 0.8, 1.0
# Name: General MIDI program (from 0), and the lowest and highest note that the instrument plays.
INSTRUMENTS = {
    "piano": (0, 21, 108),
    "guitar": (24, 40, 83),
    "violin": (40, 55, 100),
    "flute": (73, 60, 96),
    "trumpet": (56, 54, 84),
    "clarinet": (71, 50, 91),
}
NAMES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")


def render(synth: fluidsynth.Synth, pitch: int, velocity: int) -> np.ndarray:
    """One note as int16 mono, with a fade of a few milliseconds at the end to avoid a click."""
    synth.noteon(0, pitch, velocity)
    held = synth.get_samples(int(HELD_S * SR))
    synth.noteoff(0, pitch)
    released = synth.get_samples(int(LENGTH_S * SR) - int(HELD_S * SR))
    synth.system_reset()
    mono = np.concatenate([held, released]).reshape(-1, 2).astype(np.float64).mean(axis=1)
    mono[-256:] *= np.linspace(1, 0, 256)
    return np.round(mono).astype(np.int16)


def main() -> None:
    """Render every note of every instrument."""
    parser = argparse.ArgumentParser(description="Render the example recordings.")
    parser.add_argument("out", type=Path, nargs="?", default=Path(__file__).parent / "instruments")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    arguments = parser.parse_args()
    for name, (program, low, high) in INSTRUMENTS.items():
        folder = arguments.out / name
        folder.mkdir(parents=True, exist_ok=True)
        synth = fluidsynth.Synth(gain=0.6, samplerate=float(SR))
        synth.setting("synth.reverb.active", 0)
        synth.setting("synth.chorus.active", 0)
        bank = synth.sfload(str(arguments.soundfont))
        for i, pitch in enumerate(np.linspace(low, high, NOTES).round().astype(int)):
            synth.program_select(0, bank, 0, program)
            velocity = VELOCITIES[i % len(VELOCITIES)]
            file = folder / f"{name}_{NAMES[pitch % 12]}{pitch // 12 - 1}_v{velocity}.flac"
            soundfile.write(file, render(synth, int(pitch), velocity), SR, subtype="PCM_16")
        synth.delete()


if __name__ == "__main__":
    main()
