"""Training data of a piano transcriber: performances, pianos to play them on, and held-out recordings."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from sori import audio
from sori.errors import (
    AudioError,
    DatasetError,
    ParameterError,
    SoriError,
    check_between,
    check_count,
    printable,
    reason,
)
from sori.folders import read_json, read_npz
from sori.music import HIGHEST, LOWEST, Note, notes_array
from sori.music.events import Event
from sori.music.midi import PEDAL, read_events, read_notes, read_pedals, write_midi
from sori.output import Maker, output_folder
from sori.reporter import SILENT, Reporter
from sori.synth import NoteBank, Performance, Playing, draw_clip, in_a_room
from sori.synth.notebank import bank_of_soundfont
from sori.synth.soundfont import Reverb, SoundFontSynth
from sori.synth.strings import StruckStrings

SR = 16000
_MAKER = "sori piano synth"
_DRAWN = "strings-"
_FACTS, _PERFORMANCES, _OTHERS, _BANKS = "piano.json", "performances.npz", "others.npz", "banks"
_FOLDER = Maker(
    _MAKER,
    _FACTS,
    files=(_PERFORMANCES, _OTHERS),
    patterns=(
        f"{_BANKS}/*.npz",
        *(f"{part}/*.{kind}" for part in ("valid", "test", "heard") for kind in ("flac", "mid")),
    ),
)
_EXCERPT_S, _HEARD_S, _OTHERS_S = {"valid": 30.0, "test": 40.0}, 60.0, 2 * 3600.0
# Conditions of held-out recordings. Light: a small room, in tune. Heavy: a large room, slightly out of tune, with noise
# 30 dB below. SoundFonts are played in FluidSynth's room; that of a drawn piano has a decay in seconds, a level in dB.
CONDITIONS = ("light", "heavy")
_ROOMS = {"light": Reverb(0.2, 0.4, 10, 0.15), "heavy": Reverb(0.8, 0.2, 10, 0.55)}
_WALLS = {"light": (0.4, -12.0), "heavy": (1.8, -2.0)}
_NOISE_DB, _OFF_TUNE_HZ = 30.0, (437.0, 443.0)


class _Parts(msgspec.Struct):
    train: list[str]
    valid: list[str]
    test: list[str]


class _Pianos(msgspec.Struct):
    sampled: list[str]
    drawn: list[str]
    valid: str
    test: str | None


class _Facts(msgspec.Struct):
    """The type of `piano.json`."""

    made_by: Literal["sori piano synth"]
    sr: int
    performances: _Parts
    failed: dict[str, str]
    pianos: _Pianos
    others: str | None
    seed: int


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A held-out recording: its name, its condition, its samples at 16 kHz, and its notes, as long as they sound.

    ``pedals`` are the times in seconds at which its sustain pedal goes down and up, shape ``(n, 2)``.
    """

    name: str
    condition: str
    y: npt.NDArray[np.float32]
    notes: npt.NDArray[np.float64]
    pedals: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PianoData:
    """A folder that `sori piano synth` made."""

    path: Path
    facts: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> PianoData:
        """Open the folder.

        Raises
        ------
        DatasetError
            If it is not such a folder.
        """
        try:
            return cls(path, read_json(path / _FACTS, _Facts))
        except FileNotFoundError as error:
            raise DatasetError(
                f"{path}: not data for a piano transcriber (no {_FACTS}); make some with sori piano synth"
            ) from error
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path / _FACTS}: damaged ({reason(error)}); make it again") from error

    def performances(self) -> list[Performance]:
        """Return every performance to train on."""
        try:
            arrays = read_npz(self.path / _PERFORMANCES)
            return [
                Performance(
                    title,
                    pedalled=_rows(arrays[f"{i}/pedalled"], 4),
                    keys=_rows(arrays[f"{i}/keys"], 4),
                    pedals=_rows(arrays[f"{i}/pedals"], 2),
                )
                for i, title in enumerate(self.facts["performances"]["train"])
            ]
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(f"{self.path / _PERFORMANCES}: damaged ({reason(error)}); make it again") from error

    def banks(self) -> list[NoteBank]:
        """Return the pianos to train on, sampled ones as often as drawn ones."""
        sampled, drawn = (
            [NoteBank.open(self.path / _BANKS / f"{name}.npz") for name in self.facts["pianos"][kind]]
            for kind in ("sampled", "drawn")
        )
        if sampled and drawn:
            most = max(len(sampled), len(drawn))
            sampled, drawn = (banks * max(1, round(most / len(banks))) for banks in (sampled, drawn))
        return sampled + drawn

    def others(self) -> list[npt.NDArray[np.int16]]:
        """Return the recordings of other sounds, if any."""
        if not (self.path / _OTHERS).is_file():
            return []
        try:
            arrays = read_npz(self.path / _OTHERS)
            samples, starts = arrays["samples"], arrays["starts"]
            if samples.ndim != 1 or samples.dtype != np.int16 or starts.ndim != 1 or starts.dtype.kind not in "iu":
                raise ValueError("samples must be 16-bit numbers, and starts whole numbers")
            return np.split(samples, starts[1:-1])
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(f"{self.path / _OTHERS}: damaged ({reason(error)}); make it again") from error

    def held_out(self, part: str) -> list[HeldOut]:
        """Return the recordings of a part, ``valid`` or ``test``."""
        found = []
        for file in sorted((self.path / part).glob("*.flac")):
            y, _ = audio.load(file, sr=SR)
            played = file.with_suffix(".mid")
            notes = notes_array(read_notes(played, allow_empty=True))
            name, _, condition = file.stem.rpartition("__")
            found.append(HeldOut(name, condition, y, notes, read_pedals(played)))
        return found


def make_piano_data(
    out: Path,
    *,
    midi: Path,
    soundfonts: Sequence[Path] = (),
    strings: int = 10,
    others: Path | None = None,
    hours: float = 0.0,
    valid: Sequence[str] = (),
    test: Sequence[str] = (),
    valid_soundfont: Path | None = None,
    test_soundfont: Path | None = None,
    seed: int = 0,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> PianoData:
    """Gather performances and pianos, and render held-out recordings of other pieces on other pianos.

    Parameters
    ----------
    midi
        A folder of performances. A ``manifest.csv`` in it gives their composers, in columns ``file`` and ``composer``;
        otherwise the composer is the file name up to the first ``_``.
    soundfonts
        Pianos to train on (program 0 of each), or note banks (``.npz``) that
        :meth:`sori.synth.NoteBank.save` wrote.
    strings
        Number of pianos to train on that are synthesised from randomly drawn strings.
    others
        A folder of recordings without a piano (speech, instruments, noise), which the network learns to ignore.
    hours
        Hours of training clips to render to files (``heard/``), to listen to. A training draws its own clips.
    valid, test
        Composers whose pieces are held out. Without ``valid``, every sixteenth piece is, in all its performances (a
        piece is a file name up to ``__``).
    valid_soundfont, test_soundfont
        Pianos for the held-out pieces (program 0 of each), not used in training. Without ``valid_soundfont``, it is one
        more drawn piano; without ``test_soundfont``, the test pieces are held out but not rendered.

    Raises
    ------
    SoriError
        If anything is missing, cannot be read or exists already, or a composer has no piece.
    """
    check_count("strings", strings, at_least=0)
    check_between("hours", hours, 0, 1000, "h")
    check_count("seed", seed, at_least=0)
    if not soundfonts and not strings:
        raise ParameterError("give `soundfonts`, or `strings` above 0: there is no piano to play on.")
    _check_pianos(soundfonts, valid_soundfont, test_soundfont)
    if test_soundfont is not None and not test:
        raise ParameterError("`test_soundfont` needs `test`, the composers whose pieces it plays.")
    parts = _divided(_by_composer(midi), valid=valid, test=test)
    facts: dict[str, Any] = {}

    def fill(folder: Path) -> None:
        pieces, failed = _read_pieces(parts, reporter)
        arrays = {
            f"{i}/{kind}": rows
            for i, piece in enumerate(pieces["train"])
            for kind, rows in {**piece.kinds, "pedals": piece.pedals}.items()
        }
        np.savez(folder / _PERFORMANCES, allow_pickle=False, **arrays)
        if others is not None:
            failed |= _read_others(others, folder / _OTHERS, reporter)
        (folder / _BANKS).mkdir()
        names: dict[str, list[str]] = {"sampled": [], "drawn": []}
        for path in soundfonts:
            bank = NoteBank.open(path) if path.suffix == ".npz" else bank_of_soundfont(path, sr=SR, reporter=reporter)
            if bank.sr != SR:
                raise DatasetError(f"{path}: is a note bank at {bank.sr} Hz; {SR} is needed")
            bank.save(folder / _BANKS / f"{path.stem}.npz")
            names["sampled"].append(path.stem)
        for i in range(strings):
            name = f"{_DRAWN}{seed + i}"
            StruckStrings(seed + i, SR).bank(reporter=reporter).save(folder / _BANKS / f"{name}.npz")
            names["drawn"].append(name)
        _hold_out(folder / "valid", pieces["valid"], valid_soundfont, seed + 1000, reporter)
        if test_soundfont is not None:
            _hold_out(folder / "test", pieces["test"], test_soundfont, seed + 2000, reporter)
        facts.update(
            {
                "made_by": _MAKER,
                "sr": SR,
                "performances": {part: [printable(piece.name) for piece in some] for part, some in pieces.items()},
                "failed": {printable(name): printable(why) for name, why in failed.items()},
                "pianos": {
                    **names,
                    "valid": valid_soundfont.stem if valid_soundfont else f"{_DRAWN}{seed + 1000}",
                    "test": test_soundfont.stem if test_soundfont else None,
                },
                "others": others.name if others else None,
                "seed": seed,
            }
        )
        (folder / _FACTS).write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        data = PianoData(folder, facts)
        if hours:
            _render_heard(data, hours, seed, reporter)

    with output_folder(out, _FOLDER, overwrite=overwrite) as output:
        output.write(fill)
    return PianoData(out, facts)


def _rows(rows: npt.NDArray[Any], columns: int) -> npt.NDArray[np.float64]:
    """Return rows of finite numbers, if that is what they are."""
    if rows.ndim != 2 or rows.shape[1] != columns or rows.dtype != np.float64 or not np.isfinite(rows).all():
        raise ValueError(f"holds something else than rows of {columns} numbers")
    return rows


def _by_composer(midi: Path) -> list[tuple[Path, str]]:
    files = sorted(path for path in midi.glob("*") if path.suffix.lower() in (".mid", ".midi"))
    if not files:
        raise DatasetError(f"{midi}: holds no MIDI files")
    composers: dict[str, str] = {}
    if (midi / "manifest.csv").is_file():
        manifest = midi / "manifest.csv"
        try:
            with manifest.open(newline="", encoding="utf-8-sig") as table:
                composers = {row["file"]: row["composer"] for row in csv.DictReader(table)}
        except (OSError, UnicodeError, csv.Error, KeyError) as error:
            raise DatasetError(f"{manifest}: must be a UTF-8 table with columns file and composer") from error
    return [(path, (composers.get(path.name) or path.stem.split("_")[0]).lower()) for path in files]


def _divided(files: Sequence[tuple[Path, str]], *, valid: Sequence[str], test: Sequence[str]) -> dict[str, list[Path]]:
    there = {composer for _, composer in files}
    for name in (*valid, *test):
        if name.lower() not in there:
            raise ParameterError(f"no piece by {name!r}; the composers are {', '.join(sorted(there))}.")
    both = {name.lower() for name in valid} & {name.lower() for name in test}
    if both:
        raise ParameterError(f"{', '.join(sorted(both))}: validation and test must not share a composer.")
    parts: dict[str, list[Path]] = {"train": [], "valid": [], "test": []}
    rest = []
    for path, composer in files:
        if composer in {name.lower() for name in test}:
            parts["test"].append(path)
        elif composer in {name.lower() for name in valid}:
            parts["valid"].append(path)
        else:
            rest.append(path)
    if not valid:
        pieces = set(sorted({path.stem.split("__")[0] for path in rest})[::16])
        parts["valid"] = [path for path in rest if path.stem.split("__")[0] in pieces]
    parts["train"] = [path for path in rest if path not in parts["valid"]]
    if not parts["train"]:
        raise ParameterError("no piece is left to train on: hold out fewer.")
    return parts


@dataclass(frozen=True, eq=False)
class _Piece:
    """A performance: rows of its notes, with offsets by the pedal (``pedalled``) and by the keys alone (``keys``).

    ``pedals`` are the times at which the pedal goes down and up; ``events`` are its key and pedal events, for a
    synthesiser.
    """

    name: str
    kinds: dict[str, npt.NDArray[np.float64]]
    pedals: npt.NDArray[np.float64]
    events: list[Event]

    @classmethod
    def read(cls, path: Path) -> _Piece:
        kinds = {}
        for kind in ("pedalled", "keys"):
            rows = notes_array(read_notes(path, pedal=kind == "pedalled"))
            kinds[kind] = rows[(rows[:, 2] >= LOWEST) & (rows[:, 2] <= HIGHEST)]
            if not len(kinds[kind]):
                raise AudioError(f"{path}: has no note in the range of a piano")
        events = [
            replace(event, channel=0)
            for event in read_events(path)
            if event.kind.startswith("note_") or (event.kind == "control" and event.a == PEDAL)
        ]
        return cls(path.stem, kinds, read_pedals(path), events)


def _read_pieces(
    parts: Mapping[str, Sequence[Path]], reporter: Reporter
) -> tuple[dict[str, list[_Piece]], dict[str, str]]:
    """Read every performance of every part; also return those that cannot be read, with the reason."""
    pieces: dict[str, list[_Piece]] = {part: [] for part in parts}
    failed: dict[str, str] = {}
    files = [(part, path) for part, paths in parts.items() for path in paths]
    for i, (part, path) in enumerate(files, 1):
        try:
            pieces[part].append(_Piece.read(path))
        except SoriError as error:
            failed[path.name] = str(error)
        reporter.progress("Reading performances", i, len(files))
    for part, paths in parts.items():
        if paths and not pieces[part]:
            why = next(failed[path.name] for path in paths)
            raise DatasetError(f"none of the {len(paths)} MIDI files of the {part} part can be read; the first: {why}")
    return pieces, failed


def _check_pianos(soundfonts: Sequence[Path], valid: Path | None, test: Path | None) -> None:
    """Raise ParameterError if two pianos are the same, or would have the same name."""
    names = [path.stem for path in soundfonts]
    for name in names:
        if names.count(name) > 1 or name.startswith(_DRAWN):
            raise ParameterError(f"two pianos would be called {name}: rename the SoundFont.")
    kept = {"validation": valid, "test": test}
    for part, piano in kept.items():
        if piano is not None and piano.resolve() in [path.resolve() for path in soundfonts]:
            raise ParameterError(f"{piano} cannot be both a training piano and the {part} piano.")
    if valid is not None and test is not None and valid.resolve() == test.resolve():
        raise ParameterError(f"{valid} cannot be both the validation and the test piano.")


def _read_others(source: Path, path: Path, reporter: Reporter) -> dict[str, str]:
    """Join a folder's recordings in one file, two hours at most; return the reasons of those that cannot be read."""
    files = audio.recordings_in(source)
    if not files:
        raise DatasetError(f"{source}: holds no recordings")
    failed: dict[str, str] = {}
    parts: list[npt.NDArray[np.int16]] = []
    rng = np.random.default_rng(0)
    for i, j in enumerate(rng.permutation(len(files)), 1):
        try:
            y, _ = audio.load(files[j], sr=SR)
        except SoriError as error:
            failed[str(files[j].relative_to(source))] = str(error)
            continue
        parts.append(np.round(np.clip(y, -1, 1) * 32767).astype(np.int16))
        reporter.progress("Reading other sounds", i, len(files))
        if sum(map(len, parts)) > _OTHERS_S * SR:
            break
    if not parts:
        raise DatasetError(f"{source}: none of {len(files)} recordings can be read")
    starts = np.cumsum([0, *map(len, parts)])
    np.savez(path, samples=np.concatenate(parts), starts=starts)
    return failed


def _hold_out(folder: Path, pieces: Sequence[_Piece], soundfont: Path | None, seed: int, reporter: Reporter) -> None:
    """Render an excerpt of each piece in both conditions, and write its notes."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    duration_s = _EXCERPT_S[folder.name]
    bank = None if soundfont is not None else StruckStrings(seed, SR).bank(reporter=reporter)
    for i, piece in enumerate(pieces):
        notes = piece.kinds["pedalled"]
        begin_s = rng.uniform(0.1, 0.6) * max(0.0, notes[-1, 0] - duration_s)
        for condition in CONDITIONS:
            tuning_hz = 440.0 if condition == "light" else _OFF_TUNE_HZ[i % 2]
            if bank is not None:
                y = bank.render(notes - [begin_s, begin_s, 0, 0], samples=round(duration_s * SR))
                y = audio.resample(y, from_sr=round(SR * tuning_hz / 440), to_sr=SR)
                decay_s, wet_db = _WALLS[condition]
                y, factor = in_a_room(y, rng, sr=SR, decay_s=decay_s, wet_db=wet_db), tuning_hz / 440
            elif soundfont is not None:
                with SoundFontSynth(soundfont, sr=SR, tuning_hz=tuning_hz, reverb=_ROOMS[condition]) as synth:
                    y = synth.play(piece.events, at_most_s=begin_s + duration_s)
                y, factor = y[round(begin_s * SR) :], 1.0
            y = y * np.float32(0.5 / max(1e-6, float(np.abs(y).max())))
            if condition == "heavy":
                level = float(np.sqrt(np.mean(y**2))) * 10 ** (-_NOISE_DB / 20)
                y = y + (level * rng.standard_normal(len(y))).astype(np.float32)
            rendered_s = len(y) / SR
            inside = [
                Note((on - begin_s) / factor, min((off - begin_s) / factor, rendered_s), int(pitch), int(velocity))
                for on, off, pitch, velocity in notes
                if 0 <= (on - begin_s) / factor < rendered_s - 0.01
            ]
            stem = f"{piece.name}__{condition}"
            audio.save(folder / f"{stem}.flac", y.astype(np.float32), sr=SR)
            pedals = np.clip((piece.pedals - begin_s) / factor, 0.0, rendered_s)
            write_midi(inside, folder / f"{stem}.mid", pedals=pedals[pedals[:, 1] > pedals[:, 0]])
        reporter.progress(f"Rendering {folder.name}", i + 1, len(pieces))


def _render_heard(data: PianoData, hours: float, seed: int, reporter: Reporter) -> None:
    folder = data.path / "heard"
    folder.mkdir()
    performances, banks, others = data.performances(), data.banks(), data.others()
    count = max(1, round(hours * 3600 / _HEARD_S))
    for i in range(count):
        rng = np.random.default_rng((seed, i))
        clip = draw_clip(performances, banks, rng, samples=round(_HEARD_S * SR), playing=Playing(), others=others)
        audio.save(folder / f"{i:05d}.flac", np.clip(clip.y, -1, 1), sr=SR)
        write_midi(
            (Note(max(0.0, on), off, int(p), max(1, round(v))) for on, off, p, v in clip.notes if off > max(0.0, on)),
            folder / f"{i:05d}.mid",
            pedals=() if clip.pedals is None else np.maximum(clip.pedals, 0.0),
        )
        reporter.progress("Rendering training clips", i + 1, count)
