"""An experiment: classification from spectrogram, mel bands and MFCCs, of the full band and of the piano's."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from sori import plots
from sori.analysis.inspection import BANDS
from sori.audio import load
from sori.errors import ParameterError, check_between, check_choice, check_count, require
from sori.features import FrontEnd
from sori.folders import building_folder, write_files
from sori.output import Maker, output_folder
from sori.reporter import SILENT, Reporter
from sori.reports.experiments import Figure, experiment_page
from sori.synth import instrument
from sori.synth.plan import Item, Rendering, plan_mixtures, plan_notes
from sori.synth.render import render, with_bank

INSTRUMENTS = ("piano", "guitar", "violin", "flute", "trumpet", "clarinet")
BACKGROUNDS = ("organ", "cello", "oboe", "marimba")
TARGETS = ("pitch", "instrument")
CONDITIONS = ("clean", "mixed")
KINDS = ("spectrogram", "mel", "mfcc")
_MAKER = "sori experiment features"
_FOLDER = Maker(_MAKER, "features.json", files=("report.html",))
_FOLDS = 3
_Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Cell:
    """Accuracy in each fold for one kind of features of one band; ``bins`` is the number of inputs."""

    target: str
    condition: str
    kind: str
    band: str
    bins: int
    folds: tuple[float, ...]
    chance: float

    @property
    def accuracy(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.folds))

    @property
    def spread(self) -> float:
        """Standard deviation over the folds."""
        return float(np.std(self.folds))


@dataclass(frozen=True)
class FeatureExperiment:
    """All cells, how many clips they were measured on, and conclusions in words."""

    cells: tuple[Cell, ...]
    clips: dict[str, int]
    settings: dict[str, Any]
    answer: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers."""
        cells = [{**asdict(cell), "accuracy": cell.accuracy, "spread": cell.spread} for cell in self.cells]
        return {"made_by": _MAKER, **asdict(self), "cells": cells}

    def cell(self, target: str, condition: str, kind: str, band: str) -> Cell:
        """Find a cell."""
        return next(c for c in self.cells if (c.target, c.condition, c.kind, c.band) == (target, condition, kind, band))


def compare_features(
    out: Path,
    *,
    rendering: Rendering,
    instruments: Sequence[str] = INSTRUMENTS,
    backgrounds: Sequence[str] = BACKGROUNDS,
    pitches: Sequence[int] = tuple(range(60, 84)),
    velocities: Sequence[int] = (50, 80, 110),
    snr_db: float = 6.0,
    hold_out: str = "thirds",
    seed: int = 0,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> FeatureExperiment:
    """Render notes, alone and mixed with a softer note of a background instrument, and classify them.

    The classifier is the same everywhere: one hidden layer of 64 units on the mean over time of each bin, in dB. Test
    data differ from training data, in three folds: pitch is tested on instruments that were not in training, and
    instruments on the low, middle or high third of the pitches, which was not in training.

    Parameters
    ----------
    backgrounds
        Instruments that are not classified; one, drawn at random, is mixed with each note.
    out
        Folder for the recordings, ``features.json`` and ``report.html``.
    snr_db
        Signal-to-noise ratio of the mixtures: how far the other note is below.
    hold_out
        ``thirds``, as above; or ``single``, which leaks: instruments are tested on scattered single pitches. Banks use
        one recording for a few neighbouring notes, so test notes resemble training notes.
    seed
        Seed of the other notes, the folds and the classifier.

    Raises
    ------
    ParameterError
        If there are fewer than three instruments or pitches, or an instrument cannot be played.
    DatasetError
        If ``out`` holds other notes or other files; the same notes are reused.
    """
    require("sklearn")
    names = [instrument(name).name for name in instruments]
    if len(set(names)) < _FOLDS or len(set(pitches)) < _FOLDS:
        raise ParameterError(
            f"the experiment holds out thirds: give {_FOLDS} instruments and {_FOLDS} pitches or more."
        )
    check_between("snr", snr_db, -60, 100, "dB")
    check_choice("hold-out", hold_out, ("thirds", "single"))
    check_count("seed", seed, at_least=0)
    check_between("seed", seed, 0, 2**32 - 1)
    rendering = with_bank(rendering)
    notes = plan_notes(names, rendering=rendering, pitches=pitches, velocities=velocities)
    behind = [instrument(name).name for name in backgrounds]
    if not behind or set(behind) & set(names):
        raise ParameterError("backgrounds must be one or more instruments that are not classified.")
    mixed = _mixtures(names, behind, rendering, pitches, velocities, snr_db, seed)
    rendered_to = tuple(f"{name}{state}/*" for name in ("clean", "mixed") for state in ("", ".building"))
    with output_folder(out, _FOLDER, overwrite=True, always=rendered_to) as output:
        failed: list[tuple[str, str]] = []
        clips: dict[str, tuple[list[Item], _Array]] = {}
        for condition, items in (("clean", notes), ("mixed", mixed)):
            folder = output.path / condition
            # Reuse the same notes.
            again = not overwrite and (folder.exists() or building_folder(folder).exists())
            rendered = render(items, folder, rendering=rendering, resume=again, overwrite=overwrite, reporter=reporter)
            failed += rendered.failed
            silent_ones = {file for file, _ in rendered.failed}
            kept = [item for item in items if item.file not in silent_ones]
            clips[condition] = kept, np.stack([load(folder / item.file)[0] for item in kept])
        cells = _cells(clips, rendering.sr, hold_out=hold_out, seed=seed, reporter=reporter)
        found = FeatureExperiment(
            cells=tuple(cells),
            clips={condition: len(items) for condition, (items, _) in clips.items()},
            settings={
                "engine": rendering.engine,
                "soundfont": rendering.soundfont.name if rendering.soundfont else None,
                "sr": rendering.sr,
                "duration_s": rendering.duration_s,
                "instruments": names,
                "pitches": list(pitches),
                "velocities": list(velocities),
                "snr_db": snr_db,
                "backgrounds": behind,
                "hold_out": hold_out,
                "left_out": [f"{file}: {why}" for file, why in failed],
                "classifier": "64 hidden units, Adam, 300 rounds, on the mean over time of each bin in dB",
                "seed": seed,
            },
            answer=(),
        )
        leak = ("LEAKY: instruments were tested on pitches whose neighbours were in training.",)
        found = replace(found, answer=(leak if hold_out == "single" else ()) + _answer(found))
        _write(found, out)
    return found


def _mixtures(
    names: Sequence[str],
    behind: Sequence[str],
    rendering: Rendering,
    pitches: Sequence[int],
    velocities: Sequence[int],
    snr_db: float,
    seed: int,
) -> list[Item]:
    """Plan every note mixed with a random, softer note of a background instrument."""
    rng = np.random.default_rng(seed)
    mixed: list[Item] = []
    for name in names:
        plans = [
            plan_mixtures(
                f"{name}:{other}",
                rendering=rendering,
                snrs_db=[snr_db],
                pitches=pitches,
                velocities=velocities,
                label="instrument",
                seed=seed,
            )
            for other in behind
        ]
        mixed += [choices[rng.integers(len(choices))] for choices in zip(*plans, strict=True)]
    return mixed


def _cells(
    clips: Mapping[str, tuple[list[Item], _Array]], sr: int, *, hold_out: str, seed: int, reporter: Reporter
) -> list[Cell]:
    """Classify the clips of each condition by each kind of features, of each band, for each target."""
    cells: list[Cell] = []
    total = len(CONDITIONS) * len(KINDS) * 2
    for condition, (items, y) in clips.items():
        for kind in KINDS:
            for band in ("full", "piano"):
                reporter.progress("Learning", len(cells) // len(TARGETS), total)
                front_end = FrontEnd(kind=kind, sr=sr)
                if band == "piano":
                    low, high = BANDS["piano"]
                    front_end = replace(front_end, fmin=low, fmax=min(high, sr / 2))
                x = front_end(y).mean(axis=1)
                for target in TARGETS:
                    labels, groups = _question(items, target, hold_out=hold_out)
                    scores = tuple(_scores(x, labels, groups, seed=seed))
                    chance = 1 / len(set(labels.tolist()))
                    cells.append(Cell(target, condition, kind, band, x.shape[1], scores, chance))
    reporter.progress("Learning", total, total)
    return cells


def table(found: FeatureExperiment) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of the table: a row per kind of features, a column per target and condition."""
    heads = ["features", "band", "numbers"] + [
        f"{target}, {condition}" for target in TARGETS for condition in CONDITIONS
    ]
    rows = []
    for kind in KINDS:
        for band in ("full", "piano"):
            cells = [found.cell(target, condition, kind, band) for target in TARGETS for condition in CONDITIONS]
            numbers = [f"{cell.accuracy:.0%} ± {cell.spread:.0%}" for cell in cells]
            rows.append([kind, band, f"{cells[0].bins}", *numbers])
    chances = [found.cell(target, condition, "mel", "full").chance for target in TARGETS for condition in CONDITIONS]
    rows.append(["chance", "", "", *(f"{chance:.0%}" for chance in chances)])
    return heads, rows


def _question(items: Sequence[Item], target: str, *, hold_out: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the label of each clip, and the group that it is held out with."""
    pitch = np.array([item.notes[0].pitch for item in items])
    who = np.array([item.instrument for item in items])
    if target == "pitch":
        return pitch, who
    rank = np.searchsorted(np.unique(pitch), pitch)
    return who, rank * _FOLDS // (rank.max() + 1) if hold_out == "thirds" else pitch


def _scores(x: _Array, labels: npt.NDArray[Any], groups: npt.NDArray[Any], *, seed: int) -> list[float]:
    """Train and test the network on each fold; return its accuracies."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import GroupKFold
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scores = []
    for train, test in GroupKFold(_FOLDS, shuffle=True, random_state=seed).split(x, labels, groups):
        network = make_pipeline(StandardScaler(), MLPClassifier((64,), alpha=0.01, max_iter=300, random_state=seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # each network gets 300 iterations
            network.fit(x[train], labels[train])
        scores.append(float(network.score(x[test], labels[test])))
    return scores


def _answer(found: FeatureExperiment) -> tuple[str, ...]:
    """Put the results in sentences, and state of each difference whether it is within the spread of the folds."""
    lines = []
    for target in TARGETS:
        for condition in CONDITIONS:
            cells = sorted(
                (c for c in found.cells if (c.target, c.condition) == (target, condition)), key=lambda c: -c.accuracy
            )
            best = cells[0]
            near = [c for c in cells[1:] if not _clear(best, c)]
            also = f", with {_list([_named(c) for c in near])} within the spread" if near else ", ahead of all others"
            lines.append(
                f"{target.capitalize()} of {condition} notes: best from {_named(best)} ({best.accuracy:.0%}){also}."
            )
    for kind in KINDS:
        changes = []
        for target in TARGETS:
            full, piano = (found.cell(target, "clean", kind, band) for band in ("full", "piano"))
            within = "" if _clear(full, piano) else ", within the spread"
            changes.append(f"{target} {100 * (piano.accuracy - full.accuracy):+.0f} points{within}")
        packed = "" if kind == "spectrogram" else " (as many bands, closer together)"
        lines.append(f"Keeping the {kind} to the piano's band{packed}, on clean notes: {'; '.join(changes)}.")
    return tuple(lines)


def _clear(one: Cell, other: Cell) -> bool:
    """Return whether the difference of two, fold by fold, is larger than its standard deviation."""
    differences = np.subtract(one.folds, other.folds)
    return bool(abs(differences.mean()) > differences.std(ddof=1))


def _named(cell: Cell) -> str:
    return f"{cell.kind} ({cell.band} band)"


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _write(found: FeatureExperiment, out: Path) -> None:
    clips = ", ".join(f"{number} {condition}" for condition, number in found.clips.items())
    bars = {
        f"{target}, {condition}": [
            (f"{cell.kind}\n{cell.band}", cell.accuracy, cell.spread)
            for cell in found.cells
            if (cell.target, cell.condition) == (target, condition)
        ]
        for target in TARGETS
        for condition in CONDITIONS
    }
    chances = {
        f"{target}, {condition}": found.cell(target, condition, "mel", "full").chance
        for target in TARGETS
        for condition in CONDITIONS
    }
    text = experiment_page(
        "Features compared",
        heading="What a classifier can learn from which features",
        answer=found.answer,
        table=table(found),
        note=f"{clips} notes. Accuracy, mean and standard deviation over three folds: pitch is tested on instruments, "
        "and instruments on pitches, that were not in training.",
        figures=[Figure("Side by side", "The line is chance.", plots.accuracy_bars(bars, chances=chances))],
        settings=found.settings,
    )
    content = {
        "features.json": orjson.dumps(found.to_dict(), option=orjson.OPT_INDENT_2),
        "report.html": text.encode(),
    }
    write_files(out, content)
