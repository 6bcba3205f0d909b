"""Kill commands at random moments: nothing may be lost, doubled or left half-written.

    python benchmarks/kills.py --kills 100

Each command is run once to its end. Then it is killed (SIGKILL) at a random moment, finished as its message says, and
the result is compared with that of the run that was not killed. After every kill, each file that is in place must be
whole, and a file of somebody else's beside the result must be untouched.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from sori.datasets import Dataset
from sori.music import Note
from sori.music.midi import read_notes, write_midi

SORI = str(Path(sys.executable).with_name("sori"))


@dataclass
class Command:
    """A command to kill.

    Parameters
    ----------
    arguments
        Of `sori`, without its output.
    out
        Name of the output.
    finish
        Options that finish what was killed.
    whole
        Function of the output that raises an exception unless what is in place is whole.
    result
        Function of the finished output that returns what must be the same as without kills.
    share
        Share of all kills.
    """

    arguments: list[str]
    out: str
    finish: list[str]
    whole: Callable[[Path], object]
    result: Callable[[Path], object]
    share: float


def contents(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in without
    }


def absent_or(check: Callable[[Path], object]) -> Callable[[Path], object]:
    """Return a check that a missing output passes."""
    return lambda out: check(out) if out.exists() else None


def a_dataset(out: Path) -> object:
    """Check a dataset."""
    return Dataset.open(out).load()


def notes_of(out: Path) -> dict[str, list[Note]]:
    """Read every MIDI file in a folder."""
    return {path.name: read_notes(path, allow_empty=True) for path in sorted(out.glob("*.mid"))}


def a_run(out: Path) -> object:
    """Check the folder of a training."""
    from sori.inference import Classifier

    json.loads((out / "split.json").read_text())
    return Classifier(out).bundle.scores


def epochs_of(out: Path) -> list[object]:
    """Return the epochs of a piano training."""
    state = json.loads((out / "training.json").read_text())["state"]
    return [(row["epoch"], round(row["loss"], 4), round(row["score"], 6)) for row in state["history"]]


def runs_of(out: Path) -> list[object]:
    """Return the networks of an experiment."""
    return sorted((run["remedy"], run["seed"]) for run in json.loads((out / "overfitting.json").read_text())["runs"])


def material(root: Path) -> None:
    """Write recordings and performances."""
    rng = np.random.default_rng(0)
    for label, hz in (("high", 900), ("low", 300)):
        (root / "sounds" / label).mkdir(parents=True)
        for i in range(150):
            t = np.arange(4 * 22050) / 22050
            y = 0.3 * np.sin(2 * np.pi * (hz + i) * t) + 0.02 * rng.standard_normal(len(t))
            soundfile.write(root / "sounds" / label / f"{i}.wav", y, 22050)
    (root / "music").mkdir()
    for i in range(12):
        y = 0.3 * np.sin(2 * np.pi * 220 * 2 ** (i / 12) * np.arange(16000 * 6) / 16000)
        y *= np.exp(-3 * (np.arange(len(y)) / 16000 % 1))
        soundfile.write(root / "music" / f"{i}.flac", y, 16000)
    (root / "midi").mkdir()
    for i in range(4):
        notes = [Note(0.2 * k, 0.2 * k + 0.15, 50 + (7 * k + i) % 24, 60 + k % 40) for k in range(60)]
        write_midi(notes, root / "midi" / f"{'ab'[i % 2]}_{i}.mid")


def commands(root: Path) -> list[Command]:
    """Return the commands; what they read is made first."""
    small = ["--duration", "1", "--segments", "1"]
    run_sori("dataset", "build", root / "sounds", "--out", root / "data", "--feature", "mfcc", *small)
    run_sori("piano", "synth", "--midi", root / "midi", "--out", root / "piano", "--strings", "1", "--valid", "b")
    sounds = str(root / "sounds")
    return [
        Command(
            ["dataset", "build", sounds, "--feature", "spectrogram", "--duration", "4", "--segments", "2"], "out",
            ["--resume"], absent_or(a_dataset), contents, 30,
        ),
        Command(
            ["synth", "notes", "--engine", "additive", "--pitches", "40-100", "--velocities", "40,80,110"], "notes",
            ["--resume"], absent_or(contents), contents, 20,
        ),
        Command(
            ["transcribe", str(root / "music")], "midi", ["--overwrite"], absent_or(notes_of), notes_of, 20,
        ),
        Command(
            ["train", str(root / "data"), "--model", "mlp", "--epochs", "3"], "run", ["--overwrite"],
            absent_or(a_run), lambda out: sorted(contents(out)), 12,
        ),
        Command(
            ["experiment", "overfitting", str(root / "data"), "--model", "mlp", "--epochs", "1", "--seeds", "2",
             "--remedies", "dropout 0.3"], "experiment", ["--resume"],
            lambda out: runs_of(out) if (out / "overfitting.json").exists() else None, runs_of, 10,
        ),
        Command(
            ["piano", "train", str(root / "piano"), "--epochs", "3", "--steps", "2", "--batch-size", "2", "--clip", "2",
             "--width", "0.1"], "piano-run", [],
            lambda out: epochs_of(out) if (out / "training.json").exists() else None, epochs_of, 8,
        ),
    ]  # fmt: skip


def run_sori(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([SORI, *map(str, arguments)], capture_output=True, text=True, check=False)


def killed(arguments: list[str], after_s: float) -> bool:
    """Run a command and kill it after some seconds; return whether it was still running."""
    process = subprocess.Popen([SORI, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=after_s)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True


def try_command(command: Command, root: Path, kills: int, rng: random.Random) -> tuple[int, list[str]]:
    """Kill a command so many times, one to three times in a row; return the kills and what went wrong."""
    place = root / "kills"
    place.mkdir()
    out = place / command.out
    began = time.monotonic()
    done = run_sori(*command.arguments, "--out", out)
    took_s = time.monotonic() - began
    if done.returncode:
        return 0, [f"without kills: {done.stderr.strip()}"]
    expected = command.result(out)
    problems: list[str] = []
    hits = 0
    while hits < kills:
        shutil.rmtree(place)
        place.mkdir()
        (place / "thesis.txt").write_text("mine")
        arguments = [*command.arguments, "--out", str(out)]
        for _ in range(rng.randint(1, 3)):
            hits += killed(arguments, rng.uniform(0.2, 1.0) * took_s)
            try:
                command.whole(out)
            except Exception as error:
                problems.append(f"not whole after a kill: {type(error).__name__}: {error}")
            if out.exists() or any(place.glob("*.building")):
                arguments = [*command.arguments, "--out", str(out), *command.finish]
        done = run_sori(*arguments)
        if done.returncode:
            problems.append(f"not finished: {done.stderr.strip()}")
        elif command.result(out) != expected:
            problems.append("another result than without kills")
        names = {path.name for path in place.iterdir()} - {out.name, "thesis.txt"}
        if names or (place / "thesis.txt").read_text() != "mine":
            problems.append(f"left behind: {sorted(names)}")
    shutil.rmtree(place)
    return hits, problems


def main() -> int:
    """Kill, and print a line per command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="commands that hold this text")
    given = parser.parse_args()
    rng = random.Random(given.seed)
    total, wrong = 0, 0
    with tempfile.TemporaryDirectory(prefix="sori-kills-") as folder:
        root = Path(folder)
        material(root)
        every = [command for command in commands(root) if given.only in " ".join(command.arguments)]
        whole = sum(command.share for command in every)
        print(f"{'command':<22} {'kills':>5} {'problems':>8}")
        for command in every:
            hits, problems = try_command(command, root, max(1, round(given.kills * command.share / whole)), rng)
            words = command.arguments[: 1 if command.arguments[0] in ("train", "transcribe") else 2]
            print(f"{'sori ' + ' '.join(words):<22} {hits:>5} {len(problems):>8}", flush=True)
            for problem in problems:
                print(f"    {problem}")
            total, wrong = total + hits, wrong + len(problems)
    print(f"{'all':<22} {total:>5} {wrong:>8}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
