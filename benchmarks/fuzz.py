"""Feed every reader damaged files: nothing but a SoriError may be raised, nothing may hang or fill the memory.

    python benchmarks/fuzz.py --inputs 100000 --jobs 2

Valid files of each format are damaged at random, by seed: bytes are changed, cut, repeated and moved, and values of
JSON and arrays are replaced by others of any type. An input is a failure if its reader raises something else than a
SoriError, takes more than ten seconds, needs more than a gigabyte, or ends the process. Failures are kept in OUT, each
with its traceback; the exit status is 1 if there are any.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sori.errors import SoriError

HANG_S, MOST_MB = 10, 1024
LISTENED_S = 60.0
EXTREME: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, -(10**9), 1e-9, 1e308, 0.5, "", "a", "../../a", "/etc/passwd",
    "*", "\u0000", "가" * 300, [], {}, [[]], [0] * 1000, {"a": 1}, [None], "inf", "nan",
)  # fmt: skip


class Hang(BaseException):
    """Raised by the alarm."""


# What the readers are given, and how each kind is damaged ------------------------------------------------------------


def damaged_bytes(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Change, cut, repeat, move or insert bytes, a few times."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        n = len(out)
        at = rng.randrange(n) if n else 0
        if rng.random() < 0.5 and n:  # headers matter most
            at = min(at, rng.randrange(min(n, 200)))
        length = rng.choice((1, 2, 4, 16, 256))
        how = rng.randrange(8)
        if how == 0 and n:
            out[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            out[at : at + length] = rng.randbytes(length)
        elif how == 2:
            del out[at:]
        elif how == 3:
            del out[at : at + length]
        elif how == 4:
            out[at:at] = out[at : at + length] * rng.choice((1, 2, 50))
        elif how == 5:
            size = rng.choice((2, 4, 8))
            value = rng.choice((0, 1, 2**31 - 1, 2**32 - 1, 2**16, 255, n))
            out[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, rng.choice(("little", "big")))
        elif how == 6 and others:
            other = rng.choice(others)
            begin = rng.randrange(len(other)) if other else 0
            out[at:at] = other[begin : begin + rng.choice((16, 256, 4096))]
        else:
            out[at : at + length] = rng.choice((b"\x00", b"\xff")) * length
    return bytes(out[: 4 * len(data) + 65536])


def damaged_json(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Remove, replace, add or nest values."""
    if rng.random() < 0.1:
        return damaged_bytes(data, rng, others)
    if rng.random() < 0.01:
        return b"[" * 200_000 + b"]" * 200_000
    value = json.loads(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        value = damaged_value(value, rng)
    return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def damaged_value(value: Any, rng: random.Random, depth: int = 0) -> Any:
    """Return a value from JSON in which one thing was changed."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        out = dict(value)
        how = rng.random()
        if how < 0.1:
            del out[key]
        elif how < 0.15:
            out[rng.choice(("", "x", key + "x"))] = rng.choice(EXTREME)
        else:
            out[key] = damaged_value(value[key], rng, depth + 1)
        return out
    if isinstance(value, list) and value and rng.random() < 0.85:
        i = rng.randrange(len(value))
        out_list = list(value)
        how = rng.random()
        if how < 0.1:
            del out_list[i]
        elif how < 0.2:
            out_list.insert(i, rng.choice((value[i], rng.choice(EXTREME))))
        else:
            out_list[i] = damaged_value(value[i], rng, depth + 1)
        return out_list
    if isinstance(value, int | float) and not isinstance(value, bool) and rng.random() < 0.5:
        return rng.choice((-value, value * 10**6, value + 1, value / 3, 1e-9 * value, 10**8))
    return rng.choice(EXTREME)


def damaged_zip(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Damage a file inside an archive, or the archive."""
    if rng.random() < 0.4:
        return damaged_bytes(data, rng, others)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        chosen = rng.choice(names)
        for name in names:
            content = source.read(name)
            if name == chosen:
                how = rng.random()
                if how < 0.1:
                    continue
                if how < 0.2:
                    name = rng.choice(("x.npy", name + "x", "../x"))
                elif how < 0.5 and name.endswith(".npy"):
                    content = other_array(rng)
                elif name.endswith(".json"):
                    content = damaged_json(content, rng, others)
                else:
                    content = damaged_bytes(content, rng, others)
            target.writestr(name, content)
    return out.getvalue()


def other_array(rng: random.Random) -> bytes:
    """Return an array of another type or shape, or the header of a huge one."""
    out = io.BytesIO()
    if rng.random() < 0.2:
        shape = rng.choice(((2**40,), (2**20, 2**20), (0,), (-1,), (2**31, 0)))
        np.lib.format.write_array_header_2_0(out, {"descr": "<f4", "fortran_order": False, "shape": shape})
        return out.getvalue() + bytes(100)
    kind = rng.choice(("<f4", "<f8", "<i2", "<i8", "<c8", "S3", "U2", "?", "<M8[s]", "O"))
    shape = rng.choice(((), (0,), (1,), (3,), (2, 3), (1, 1, 1), (0, 4)))
    array = np.zeros(shape, dtype=kind)
    if kind in ("<f4", "<f8"):
        array = array + rng.choice((0.0, 1.0, np.nan, np.inf))
    np.save(out, array.astype(kind), allow_pickle=True)
    return out.getvalue()


# The readers ---------------------------------------------------------------------------------------------------------


class Target:
    """A reader: valid files, how they are damaged, and what reads one from a folder.

    Parameters
    ----------
    files
        Valid files; the name of each is that which its reader expects.
    read
        Function of the path of a damaged file.
    around
        A folder whose other files a reader needs beside it.
    weight
        Share of all inputs.
    """

    def __init__(
        self,
        name: str,
        files: list[Path],
        read: Callable[[Path], Any],
        damage: Callable[..., bytes] = damaged_bytes,
        *,
        around: Path | None = None,
        weight: float = 1.0,
    ) -> None:
        self.name, self.read, self.damage, self.around, self.weight = name, read, damage, around, weight
        self.files = [(file.name, file.read_bytes()) for file in files]

    def write(self, folder: Path, rng: random.Random) -> Path:
        """Write a damaged file into a folder, and return it."""
        name, data = rng.choice(self.files)
        if self.around is not None and not (folder / "around").exists():
            shutil.copytree(self.around, folder / "around")
        place = folder / "around" if self.around is not None else folder
        path = place / name
        path.write_bytes(self.damage(data, rng, [data for _, data in self.files]))
        return path

    def read_valid(self, folder: Path) -> None:
        """Read the valid files, which must be possible; slow imports happen here."""
        for name, data in self.files:
            place = folder / "around" if self.around is not None else folder
            if self.around is not None and not place.exists():
                shutil.copytree(self.around, place)
            (place / name).write_bytes(data)
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.read(place / name)
            self.restore(place / name)

    def restore(self, path: Path) -> None:
        """Put back what the reader of another file needs."""
        if self.around is not None and (self.around / path.name).is_file():
            shutil.copy(self.around / path.name, path)
        else:
            path.unlink(missing_ok=True)


def read_audio(path: Path) -> None:
    """Read a recording in every way."""
    from sori import audio

    audio.info(path)
    audio.load(path, offset_s=0.01, duration_s=LISTENED_S)
    for n, _ in enumerate(audio.blocks(path, sr=16000)):
        if n > LISTENED_S:
            break


def seeds(folder: Path) -> None:
    """Write valid files of every format."""
    import soundfile

    from sori import audio
    from sori.datasets import build, export_json, read_catalog
    from sori.features import FrontEnd, Preprocessor, Segmenting
    from sori.music import Note
    from sori.music.midi import write_midi
    from sori.nn import MLP
    from sori.synth import NoteBank
    from sori.synth.notebank import VELOCITIES
    from sori.tasks.augment import augment
    from sori.tasks.train import train

    rng = np.random.default_rng(0)
    y = audio.tone(440, sr=16000, duration_s=1.0, amplitude=0.4) + 0.05 * rng.standard_normal(16000).astype(np.float32)
    (folder / "audio").mkdir()
    for name, options in {
        "a.wav": {}, "f.wav": {"subtype": "FLOAT"}, "u.wav": {"subtype": "ULAW"}, "i.wav": {"subtype": "IMA_ADPCM"},
        "a.flac": {}, "a.ogg": {}, "a.mp3": {}, "a.aiff": {}, "a.au": {}, "a.w64": {}, "a.caf": {},
        "b.ogg": {"format": "OGG", "subtype": "OPUS"},
    }.items():  # fmt: skip
        soundfile.write(folder / "audio" / name, y, 16000, **options)
    (folder / "audio" / "joined.flac").write_bytes((folder / "audio" / "a.flac").read_bytes() * 2)
    (folder / "audio" / "joined.mp3").write_bytes((folder / "audio" / "a.mp3").read_bytes() * 2)
    (folder / "sounds").mkdir()
    for label, hz in (("high", 900), ("low", 300)):
        (folder / "sounds" / label).mkdir()
        for i in range(6):
            tone = audio.tone(hz + 10 * i, sr=8000, duration_s=0.5, amplitude=0.4)
            soundfile.write(folder / "sounds" / label / f"{i}.wav", tone, 8000)
    front_end = FrontEnd(kind="mfcc", sr=8000, n_fft=256, hop_length=128, n_mels=20)
    dataset = build(
        read_catalog(folder / "sounds"),
        folder / "data",
        preprocessor=Preprocessor(front_end, Segmenting(duration_s=0.5, segments=1)),
    )
    export_json(dataset, folder / "classic.json")
    train(folder / "data", folder / "run", model="mlp", epochs=1, model_options={"width": 0.05})
    (folder / "data" / "labels.csv").write_text("file,label,group,fold\nlow/1.wav,low,a,1\nhigh/1.wav,high,b,2\n")
    shutil.move(folder / "data" / "labels.csv", folder / "labels.csv")
    np.savez(folder / "words.npz", wav_vals=np.stack([y[:4000]] * 4), label_vals=np.array([["a"], ["b"]] * 2))
    write_midi([Note(0.1 * i, 0.1 * i + 0.08, 40 + i, 60 + i) for i in range(40)], folder / "notes.mid")
    MLP(3, [4], 2, rng=np.random.default_rng(0)).save(folder / "network.npz")
    count = 88 * len(VELOCITIES)
    NoteBank(
        np.ones(4 * count, dtype=np.int16), 4 * np.arange(count + 1), np.ones(count, dtype=np.float32), 16000
    ).save(folder / "bank.npz")
    augment(folder / "audio" / "a.wav", folder / "augmented", recipe="environment", count=3)
    piano_seeds(folder / "piano")
    state = {
        "epoch": 1, "weights": "epoch-1.keras", "mean": "mean.npz", "best": 0.5, "best_epoch": 1,
        "best_weights": "mean.npz", "valid": {"light": {"f1": 0.5}}, "history": [{"epoch": 1, "loss": 2.0}],
    }  # fmt: skip
    (folder / "training").mkdir()
    (folder / "training" / "training.json").write_text(json.dumps({"made_by": "sori piano train", "state": state}))
    np.savez(folder / "training" / "mean.npz", *[np.ones((3, 4), dtype=np.float16)] * 3)


def piano_seeds(folder: Path) -> None:
    """Write the material of a piano training."""
    folder.mkdir()
    rows = np.array([[0.0, 0.5, 60, 64], [0.5, 1.0, 62, 70]])
    np.savez(folder / "performances.npz", **{"0/pedalled": rows, "0/keys": rows, "0/pedals": rows[:, :2]})
    np.savez(folder / "others.npz", samples=np.ones(1000, dtype=np.int16), starts=np.array([0, 500, 1000]))
    facts = {
        "made_by": "sori piano synth", "sr": 16000, "performances": {"train": ["a"], "valid": [], "test": []},
        "failed": {}, "pianos": {"sampled": [], "drawn": [], "valid": "x", "test": None}, "others": "o", "seed": 0,
    }  # fmt: skip
    (folder / "piano.json").write_text(json.dumps(facts))


def targets(folder: Path) -> list[Target]:
    """Return every reader with its valid files."""
    from sori import audio
    from sori.augment import named_augmentation
    from sori.augment.variants import make_variant
    from sori.bundle import Bundle
    from sori.datasets import Dataset, import_json, import_npz
    from sori.datasets.catalog import read_catalog
    from sori.datasets.piano import PianoData
    from sori.features import FrontEnd
    from sori.inference import Classifier
    from sori.music.midi import read_events, read_notes
    from sori.nn import MLP
    from sori.synth import NoteBank
    from sori.tasks.augment import _read_drawn
    from sori.training.piano_run import carry_on, read_weights

    data, run, piano = folder / "data", folder / "run", folder / "piano"
    y, sr = audio.load(folder / "audio" / "a.wav", duration_s=0.2)

    def read_dataset(path: Path) -> None:
        dataset = Dataset.open(path.parent)
        dataset.load()
        dataset.conflicts()

    def into(read: Callable[[Path, Path], Any]) -> Callable[[Path], Any]:
        def imported(path: Path) -> None:
            with tempfile.TemporaryDirectory() as out:
                read(path, Path(out) / "out")

        return imported

    def replay(path: Path) -> None:
        given, drawn = _read_drawn(path)
        wanted = named_augmentation(given["recipe"], None)
        for one in drawn[:3]:
            make_variant(y, wanted, sr=sr, rng=np.random.default_rng(0), drawn=one)

    def read_run(path: Path) -> None:
        bundle = Bundle.open(path.parent)
        bundle.parts()
        _ = bundle.card, bundle.preprocessor

    def read_piano(path: Path) -> None:
        material = PianoData.open(path.parent)
        material.performances()
        material.others()
        material.banks()

    def notes(path: Path) -> None:
        read_notes(path, pedal=True, allow_empty=True)
        read_events(path)

    waveform = FrontEnd(kind="waveform", sr=16000)
    sounds = sorted((folder / "audio").iterdir())
    return [
        Target("audio", sounds, read_audio, weight=30),
        Target("audio with ffmpeg", sounds, read_audio, weight=1),
        Target("MIDI", [folder / "notes.mid"], notes, weight=12),
        Target("table of labels", [folder / "labels.csv"], read_catalog, weight=4),
        Target("classic JSON", [folder / "classic.json"], into(import_json), damaged_json, weight=4),
        Target(
            "npz of clips",
            [folder / "words.npz"],
            into(lambda p, out: import_npz(p, out, front_end=waveform)),
            damaged_zip,
            weight=6,
        ),
        Target("_dataset.json", [data / "_dataset.json"], read_dataset, damaged_json, around=data, weight=8),
        Target("shards", sorted(data.glob("*.parquet")), read_dataset, around=data, weight=8),
        Target("bundle.json", [run / "bundle.json"], read_run, damaged_json, around=run, weight=8),
        Target("split.json", [run / "split.json"], read_run, damaged_json, around=run, weight=2),
        Target("model.onnx", [run / "model.onnx"], lambda p: Classifier(p.parent), around=run, weight=4),
        Target("drawn.json", [folder / "augmented" / "drawn.json"], replay, damaged_json, weight=4),
        Target("network npz", [folder / "network.npz"], MLP.load, damaged_zip, weight=4),
        Target("note bank npz", [folder / "bank.npz"], NoteBank.open, damaged_zip, weight=2),
        Target("piano.json", [piano / "piano.json"], read_piano, damaged_json, around=piano, weight=2),
        Target(
            "piano npz",
            [piano / "performances.npz", piano / "others.npz"],
            read_piano,
            damaged_zip,
            around=piano,
            weight=3,
        ),
        Target(
            "training.json",
            [folder / "training" / "training.json"],
            lambda p: carry_on(_Weights(), p.parent),
            damaged_json,
            around=folder / "training",
            weight=2,
        ),
        Target("weights npz", [folder / "training" / "mean.npz"], read_weights, damaged_zip, weight=4),
        Target(
            "model.keras",
            [run / "model.keras"],
            lambda p: Bundle.open(p.parent).keras_model(),
            damaged_zip,
            around=run,
            weight=0.3,
        ),
    ]


class _Weights:
    """Stands for a network whose weights have the shapes of the valid file."""

    weights = [np.ones((3, 4))] * 3

    def set_weights(self, weights: list[Any]) -> None:
        """Take weights."""


# Running -------------------------------------------------------------------------------------------------------------


def _alarm(*_: object) -> None:
    raise Hang


def try_one(target: Target, seed: int, number: int, folder: Path) -> str:
    """Read one damaged file; return what went wrong, or an empty string."""
    rng = random.Random(f"{target.name}/{seed}/{number}")
    path = target.write(folder, rng)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.monotonic()
    problem = ""
    signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, HANG_S)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(path)
    except SoriError as error:
        if "\n" in str(error):
            problem = f"message of several lines: {error}"
    except Hang:
        problem = f"took more than {HANG_S} s"
    except BaseException:
        problem = traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    took = time.monotonic() - began
    grown_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mb
    if not problem and took > HANG_S:
        problem = f"took {took:.1f} s"
    if not problem and grown_mb > MOST_MB:
        problem = f"needed {grown_mb:.0f} MB more"
    if problem:
        kept = folder.parent / "failures" / f"{target.name.replace(' ', '-')}-{number}"
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept / path.name)
        (kept / "problem.txt").write_text(problem, encoding="utf-8")
    target.restore(path)
    return problem


def work(folder: Path, name: str, seed: int, numbers: range, at: Any) -> None:
    """Try some damaged files of a reader in this process; ``at`` holds the number of the one that is being read."""
    from sori.audio import ffmpeg

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libraries write about damage
    if name != "audio with ffmpeg":
        ffmpeg.program = lambda: None  # a process for every damaged file would take most of the time
    target = next(one for one in targets(folder / "seeds") if one.name == name)
    place = Path(tempfile.mkdtemp(dir=folder))
    target.read_valid(place)
    for number in numbers:
        at.value = number
        try_one(target, seed, number, place)
    at.value = -1


def run_batches(folder: Path, inputs: int, jobs: int, seed: int, only: str) -> Iterator[tuple[str, int, int]]:
    """Run all inputs, a thousand per process; yield each batch's reader, its size and how often its process ended."""
    context = multiprocessing.get_context("spawn")
    names = {one.name: one.weight for one in targets(folder / "seeds") if only in one.name}
    whole = sum(names.values())
    batches = []
    for name, weight in names.items():
        count = max(1, round(inputs * weight / whole))
        batches += [(name, range(first, min(count, first + 1000))) for first in range(0, count, 1000)]
    random.Random(seed).shuffle(batches)
    running: list[tuple[Any, Any, str, range, list[float]]] = []
    while batches or running:
        while batches and len(running) < jobs:
            name, numbers = batches.pop()
            at = context.Value("q", -2)
            process = context.Process(target=work, args=(folder, name, seed, numbers, at))
            process.start()
            running.append((process, at, name, numbers, [time.monotonic(), -2.0]))
        time.sleep(0.05)
        for one in list(running):
            process, at, name, numbers, seen = one
            if at.value != seen[1]:
                seen[:] = [time.monotonic(), at.value]
            stuck = time.monotonic() - seen[0] > (60 if at.value == -2 else 3 * HANG_S)
            if process.is_alive() and not stuck:
                continue
            process.kill() if stuck else None
            process.join()
            running.remove(one)
            number = int(at.value)
            died = number >= 0
            if died:
                kept = folder / "failures" / f"{name.replace(' ', '-')}-{number}"
                kept.mkdir(parents=True, exist_ok=True)
                how = "did not return" if stuck else f"ended the process ({process.exitcode})"
                (kept / "problem.txt").write_text(f"{how}: seed {seed}, number {number}", encoding="utf-8")
                if number + 1 < numbers.stop:
                    batches.append((name, range(number + 1, numbers.stop)))
                numbers = range(numbers.start, number + 1)
            elif number == -2:
                raise RuntimeError(f"the reader of {name} did not start")
            yield name, len(numbers), int(died)


def main() -> int:
    """Run, and print a line per reader."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="readers whose name holds this text")
    parser.add_argument("--out", type=Path, default=None, help="folder for failures (default: a temporary one)")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sori-fuzz-")) if given.out is None else given.out
    (folder / "seeds").mkdir(parents=True)
    seeds(folder / "seeds")
    began, done = time.monotonic(), Counter[str]()
    for name, count, _ in run_batches(folder, given.inputs, given.jobs, given.seed, given.only):
        done[name] += count
        so_far = f"{sum(done.values()):,} inputs, {time.monotonic() - began:.0f} s"
        print(f"\r{so_far}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    failures = Counter(kept.name.rpartition("-")[0] for kept in (folder / "failures").glob("*"))
    print(f"{'reader':<20} {'inputs':>8} {'failures':>8}")
    for name, count in sorted(done.items()):
        print(f"{name:<20} {count:>8,} {failures[name.replace(' ', '-')]:>8}")
    print(f"{'all':<20} {sum(done.values()):>8,} {sum(failures.values()):>8}   {time.monotonic() - began:.0f} s")
    if failures:
        print(f"failures: {folder / 'failures'}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
