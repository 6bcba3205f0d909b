"""Write out J. S. Bach's Prelude in C major, BWV 846 (1722), play it slightly unevenly, and render it.

python examples/render_prelude.py SOUNDFONT

Writes prelude.mid, the true notes, and prelude.flac beside this script. The shipped recording was rendered from
Debian's FluidR3_GM.sf2 (MIT), a piano that the shipped transcriber was not trained on.
"""

import sys
from pathlib import Path

import numpy as np

from sori import audio
from sori.music import Note
from sori.music.midi import read_notes, write_midi
from sori.synth import instrument
from sori.synth.soundfont import Reverb, SoundFontSynth
from sori.units import note_to_midi

SR, QUARTER_S = 16000, 60 / 69
HERE = Path(__file__).parent

# A bar: two notes of the left hand, which are held, and three of the right, which go up twice; all of it twice.
BARS = """
C4 E4 G4 C5 E5|C4 D4 A4 D5 F5|B3 D4 G4 D5 F5|C4 E4 G4 C5 E5|C4 E4 A4 E5 A5|C4 D4 F#4 A4 D5|B3 D4 G4 D5 G5
B3 C4 E4 G4 C5|A3 C4 E4 G4 C5|D3 A3 D4 F#4 C5|G3 B3 D4 G4 B4|G3 Bb3 E4 G4 C#5|F3 A3 D4 A4 D5|F3 Ab3 D4 F4 B4
E3 G3 C4 G4 C5|E3 F3 A3 C4 F4|D3 F3 A3 C4 F4|G2 D3 G3 B3 F4|C3 E3 G3 C4 E4|C3 G3 Bb3 C4 E4|F2 F3 A3 C4 E4
F#2 C3 A3 C4 Eb4|Ab2 F3 B3 C4 D4|G2 F3 G3 B3 D4|G2 E3 G3 C4 E4|G2 D3 G3 C4 F4|G2 D3 G3 B3 F4|G2 Eb3 A3 C4 F#4
G2 E3 G3 C4 G4|G2 D3 G3 C4 F4|G2 D3 G3 B3 F4|C2 C3 G3 Bb3 E4
"""
LAST_RUNS = (
    ("C2", "C3", "F3 A3 C4 F4 C4 A3 C4 A3 F3 A3 F3 D3 F3 D3"),
    ("C2", "B2", "G4 B4 D5 F5 D5 B4 D5 B4 G4 B4 D4 F4 E4 D4"),
)
LAST_CHORD = "C2 C3 E4 G4 C5"


def played() -> list[tuple[float, float, str, float]]:
    """Return onset and length in sixteenths, name and stress of every note, in the order of the score."""
    notes: list[tuple[float, float, str, float]] = []
    bars = [bar.split() for line in BARS.split("\n") for bar in line.split("|") if bar.strip()]
    for b, bar in enumerate(bars):
        for half in (0, 8):
            at = 16 * b + half
            notes += [(at, 8, bar[0], 1.0), (at + 1, 7, bar[1], 0.8)]
            notes += [(at + 2 + i, 1, bar[2 + i % 3], 0.7 + 0.1 * (i % 3)) for i in range(6)]
    at = 16 * len(bars)
    for low, next_low, run in LAST_RUNS:
        notes += [(at, 16, low, 1.0), (at + 1, 15, next_low, 0.8)]
        notes += [(at + 2 + i, 1, name, 0.8) for i, name in enumerate(run.split())]
        at += 16
    return [*notes, *((at, 16, name, 0.9) for name in LAST_CHORD.split())]


def main(soundfont: Path) -> None:
    """Write the notes and the recording."""
    rng = np.random.default_rng(846)
    sixteenth_s = QUARTER_S / 4
    rows = []
    for at, length, name, stress in played():
        swell = 1 + 0.25 * np.sin(2 * np.pi * at / (16 * 16))
        onset_s = 0.2 + at * sixteenth_s + rng.normal(0, 0.008)
        end_s = 0.2 + (at + length) * sixteenth_s - 0.01 + rng.normal(0, 0.008)
        rows.append(
            (max(0.0, onset_s), end_s, note_to_midi(name), int(np.clip(62 * stress * swell + rng.normal(0, 4), 1, 127)))
        )
    write_midi([Note(*row) for row in sorted(rows)], HERE / "prelude.mid")
    notes = read_notes(HERE / "prelude.mid")  # as the file holds them, to a tick
    with SoundFontSynth(soundfont, sr=SR, reverb=Reverb(0.3, 0.4, 10, 0.2)) as synth:
        y = synth.render(instrument("piano"), notes, duration_s=notes[-1].offset_s + 1.5)
    audio.save(HERE / "prelude.flac", y * np.float32(0.5 / np.abs(y).max()), sr=SR)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
