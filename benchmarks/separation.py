"""Notes of a piano in mixtures, with and without separation first: F1 at several levels of the other sound.

python benchmarks/separation.py DATA OTHER...

DATA is a folder of `sori piano synth` with test recordings; OTHER are recordings without a piano, such as speech.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from sori import audio
from sori.audio import mix
from sori.cli.console import reporting
from sori.datasets.piano import SR, PianoData
from sori.evaluation.notes import score_notes
from sori.inference import Transcriber
from sori.music import notes_array
from sori.separation import separator

LEVELS_DB = (0, 6, 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("others", type=Path, nargs="+")
    parser.add_argument("--methods", default="hpss,spleeter")
    parser.add_argument("--every", type=int, default=5, help="of the performances, take every nth")
    given = parser.parse_args()
    held = [one for one in PianoData.open(given.data).held_out("test") if one.condition == "light"][:: given.every]
    transcriber = Transcriber("piano")
    separate = {"as it is": lambda y: y} | {name: separator(name, sr=SR) for name in given.methods.split(",")}
    spent = dict.fromkeys(separate, 0.0)
    print(f"{len(held)} recordings of {len(held[0].y) / SR:.0f} s\n")
    print(f"| other sound | dB below the piano | {' | '.join(separate)} |\n|---|---:|{'---:|' * len(separate)}")
    with reporting() as reporter:
        for path in [None, *given.others]:
            other = None if path is None else audio.load(path, sr=SR)[0]
            for level_db in LEVELS_DB if path else (np.inf,):
                f1 = {name: [] for name in separate}
                for i, one in enumerate(held):
                    y = one.y if other is None else mix(one.y, np.resize(other, len(one.y)), snr_db=level_db)
                    for name, method in separate.items():
                        began = time.monotonic()
                        piano = method(y.astype(np.float32))
                        spent[name] += time.monotonic() - began
                        found = notes_array(transcriber(piano, sr=SR, posteriors=False).notes)
                        f1[name].append(score_notes(one.notes, found).f1)
                    reporter.progress(path.stem if path else "alone", i + 1, len(held))
                shown = " | ".join(f"{np.mean(values):.3f}" for values in f1.values())
                print(f"| {path.stem if path else 'nothing'} | {level_db:g} | {shown} |", flush=True)
    total_s = len(held) * len(held[0].y) / SR * (1 + len(LEVELS_DB) * len(given.others))
    print({name: f"{total_s / seconds:.0f} times real time" for name, seconds in spent.items() if name != "as it is"})


if __name__ == "__main__":
    main()
