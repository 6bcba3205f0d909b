"""An experiment: how well a model spots words that were not in training, in silence and in noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from sori import plots
from sori.audio import blocks, load, mix, noise, recordings_in
from sori.datasets import Dataset
from sori.errors import AudioError, BundleError, DatasetError, check_between, check_count, reason
from sori.evaluation import EventScores, score_events
from sori.folders import write_files
from sori.inference import Decoder, Spotter, SpotterSettings
from sori.output import Maker, output_folder
from sori.reporter import SILENT, Reporter
from sori.reports.experiments import Figure, experiment_page

_MAKER = "sori experiment listening"
_RESULTS, _PAGE = "listening.json", "report.html"
_FOLDER = Maker(_MAKER, _RESULTS, files=(_PAGE,))
CONDITIONS = ("silence", "noise")
WORDLESS = "wordless recordings"
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99)
_GAP_S = (0.5, 3.0)
_FLOOR_DB = -65.0  # the noise floor of a room
_Clip = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Point:
    """The scores of one threshold in one condition."""

    condition: str
    threshold: float
    scores: EventScores


@dataclass(frozen=True)
class ListeningExperiment:
    """Every point of the curves, and how they were measured."""

    settings: Mapping[str, Any]
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        rows = [
            {
                "condition": point.condition,
                "threshold": point.threshold,
                **asdict(point.scores),
                "hit_rate": point.scores.hit_rate,
                "false_alarms_per_hour": point.scores.false_alarms_per_hour,
            }
            for point in self.points
        ]
        return {"made_by": _MAKER, "settings": dict(self.settings), "points": rows}


@dataclass(frozen=True)
class _Material:
    """Recordings that were not used to train or validate the model, by kind."""

    words: tuple[tuple[Path, str], ...]
    others: tuple[tuple[Path, str], ...]
    backgrounds: tuple[Path, ...]


def compare_thresholds(
    run: Path,
    source: Path,
    out: Path,
    *,
    minutes: float = 30.0,
    snr_db: tuple[float, float] = (0.0, 20.0),
    settings: SpotterSettings | None = None,
    wordless: Path | None = None,
    seed: int = 0,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> ListeningExperiment:
    """Make a stream in silence and one in noise, spot words in both, and write ``listening.json`` and ``report.html``.

    The streams hold words that were not in training, and other speech if the dataset has any, with gaps of 0.5 to 3 s.
    In noise, the background is coloured noise, with recordings of silence that were not in training if there are any,
    ``snr_db`` below each word.

    Parameters
    ----------
    run
        A trained model (folder).
    source
        A dataset of recordings, some of which were not in training; the others are left out.
    minutes
        Length of each of the two streams.
    wordless
        A folder of recordings without any of the model's words, such as music, to process too: every event in them is
        a false alarm.

    Raises
    ------
    SoriError
        If anything is missing, does not match or exists already, or no word is left that was not in training.
    """
    check_between("minutes", minutes, 0.1, 100_000)
    check_between("snr_db", snr_db[0], -60, 120, "dB")
    check_between("snr_db", snr_db[1], snr_db[0], 120, "dB")
    check_count("seed", seed, at_least=0)
    with output_folder(out, _FOLDER, overwrite=overwrite) as output:
        settings = settings or SpotterSettings()
        spotter = Spotter(run, settings)
        dataset = Dataset.open(source)
        material = _unheard(spotter, dataset, settings)
        files = [] if wordless is None else recordings_in(wordless)
        if wordless is not None and not files:
            raise DatasetError(f"{wordless}: no recordings in this folder")
        points: list[Point] = []
        for condition in CONDITIONS:
            spotter = Spotter(run, settings)
            rng = np.random.default_rng((seed, CONDITIONS.index(condition)))
            truth: list[tuple[float, str]] = []
            windows: list[tuple[float, npt.NDArray[np.float32]]] = []
            samples, wanted = 0, round(60 * minutes * spotter.sr)
            for y, label, middle in _stream(material, condition, sr=spotter.sr, snr_db=snr_db, rng=rng):
                if label:
                    truth.append(((samples + middle) / spotter.sr, label))
                samples += len(y)
                windows += spotter.probabilities(y)
                reporter.progress(f"Listening in {condition}", min(samples, wanted), wanted)
                if samples >= wanted:
                    break
            windows += spotter.probabilities(np.zeros(spotter.window, dtype=np.float32))  # ends the last word
            hours = samples / spotter.sr / 3600
            for threshold in THRESHOLDS:
                estimated = _events(spotter, windows, threshold)
                points.append(Point(condition, threshold, score_events(estimated, truth, hours=hours)))
        failed: dict[str, str] = {}
        if wordless is not None:
            found_false, failed = _listen_to_wordless(run, wordless, files, settings, reporter)
            points += found_false
        measured = {
            "model": str(run),
            "dataset": dataset.path.resolve().name,
            "unheard words": len(material.words),
            "other unheard speech": len(material.others),
            "unheard backgrounds": len(material.backgrounds),
            "minutes each": minutes,
            "signal-to-noise ratio in noise": f"{snr_db[0]:g} to {snr_db[1]:g} dB",
            "hop_s": settings.hop_s,
            "smooth": settings.averaged,
            "tolerance": "0.75 s",
            WORDLESS: len(files) - len(failed),
            "unreadable": failed or "none",
            "seed": seed,
        }
        found = ListeningExperiment(measured, tuple(points))
        _write(found, output.path)
    return found


def _events(spotter: Spotter, windows: Sequence[tuple[float, _Clip]], threshold: float) -> list[tuple[float, str]]:
    decoder = Decoder(spotter.classifier.bundle.classes, replace(spotter.settings, threshold=threshold))
    events = [event for time_s, p in windows for event in decoder(time_s, p)] + decoder.finish()
    return [(event.time_s, event.label) for event in events]


def _listen_to_wordless(
    run: Path, folder: Path, files: Sequence[Path], settings: SpotterSettings, reporter: Reporter
) -> tuple[list[Point], dict[str, str]]:
    """Return a point for each threshold, and what could not be read, with the reason."""
    alarms, samples = dict.fromkeys(THRESHOLDS, 0), 0
    failed: dict[str, str] = {}
    for i, file in enumerate(files, 1):
        spotter = Spotter(run, settings)
        windows: list[tuple[float, _Clip]] = []
        try:
            for y in blocks(file, sr=spotter.sr):
                samples += len(y)
                windows += spotter.probabilities(y)
        except AudioError as error:  # the part before the error counts
            failed[file.relative_to(folder).as_posix()] = reason(error).removeprefix(f"{file}: ")
        windows += spotter.probabilities(np.zeros(spotter.window, dtype=np.float32))
        for threshold in THRESHOLDS:
            alarms[threshold] += len(_events(spotter, windows, threshold))
        reporter.progress("Listening to wordless recordings", i, len(files))
    if not samples:
        raise DatasetError(f"{folder}: none of the wordless recordings can be read")
    hours = samples / spotter.sr / 3600
    points = [Point(WORDLESS, threshold, EventScores(0, 0, count, hours)) for threshold, count in alarms.items()]
    return points, failed


def table(found: ListeningExperiment) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows: for each threshold, hits and false alarms in each condition."""
    heads = ["threshold"]
    for condition in CONDITIONS:
        heads += [f"hits in {condition}", "missed", "false alarms/h"]
    if any(p.condition == WORDLESS for p in found.points):
        heads.append("wordless: false alarms/h")
    rows = []
    for threshold in THRESHOLDS:
        row = [f"{threshold:g}"]
        for condition in CONDITIONS:
            point = next(p for p in found.points if (p.condition, p.threshold) == (condition, threshold))
            scores = point.scores
            row += [f"{scores.hit_rate:.1%}", str(scores.misses), f"{scores.false_alarms_per_hour:.1f}"]
        row += [
            f"{p.scores.false_alarms_per_hour:.1f}"
            for p in found.points
            if (p.condition, p.threshold) == (WORDLESS, threshold)
        ]
        rows.append(row)
    return heads, rows


def _unheard(spotter: Spotter, dataset: Dataset, settings: SpotterSettings) -> _Material:
    bundle = spotter.classifier.bundle
    if not dataset.has_recordings:
        raise DatasetError(f"{dataset.path}: was imported and has no recordings to make a stream of")
    parts = bundle.parts()
    known = {*parts["train"], *parts["valid"]}
    words, others, backgrounds = [], [], []
    for entry in dataset.files["used"]:
        if entry["digest"] in known:
            continue
        path, label = Path(dataset.source) / entry["file"], entry["label"]
        if label in bundle.classes and label not in settings.ignore:
            words.append((path, label))
        elif "silence" in label or "background" in label:
            backgrounds.append(path)
        else:
            others.append((path, ""))
    if not words:
        raise BundleError(
            f"{dataset.path}: {bundle.path} was trained on every word in it, so a score would mean nothing; train with "
            "a test part, or give recordings that were not in training"
        )
    return _Material(tuple(words), tuple(others), tuple(backgrounds))


def _stream(
    material: _Material, condition: str, *, sr: int, snr_db: tuple[float, float], rng: np.random.Generator
) -> Iterator[tuple[_Clip, str, int]]:
    """Yield an endless stream: a gap and a recording each, with its label and the sample of its middle."""
    spoken = [*material.words, *material.others]
    while True:
        for i in rng.permutation(len(spoken)):
            path, label = spoken[i]
            try:
                word, _ = load(path, sr=sr)
            except AudioError as error:
                raise DatasetError(f"{error}; the dataset's recordings must be where they were") from error
            gap = round(rng.uniform(*_GAP_S) * sr)
            y = np.concatenate([np.zeros(gap, dtype=np.float32), word])
            if condition == "noise" and word.any():
                background = _background(material, len(y), sr=sr, rng=rng)
                # The ratio refers to the word, without the gap.
                level = float(np.sqrt(np.mean(np.square(word, dtype=np.float64)) / np.mean(np.square(background))))
                y = y + background * np.float32(level * 10 ** (-rng.uniform(*snr_db) / 20))
            y = y + noise(sr=sr, duration_s=len(y) / sr, rng=rng, level_db=_FLOOR_DB, colour="pink")[: len(y)]
            yield y.astype(np.float32), label, gap + len(word) // 2


def _background(material: _Material, samples: int, *, sr: int, rng: np.random.Generator) -> _Clip:
    colour = ("white", "pink", "brown")[int(rng.integers(3))]
    coloured = noise(sr=sr, duration_s=samples / sr, rng=rng, colour=colour)[:samples]  # type: ignore[arg-type]
    if not material.backgrounds:
        return coloured
    y, _ = load(material.backgrounds[int(rng.integers(len(material.backgrounds)))], sr=sr)
    return mix(np.resize(y, samples), coloured, snr_db=10.0) if y.any() else coloured


def _write(found: ListeningExperiment, out: Path) -> None:
    curves: dict[str, Sequence[tuple[float, float, float]]] = {
        condition: [
            (p.scores.false_alarms_per_hour, p.scores.hit_rate, p.threshold)
            for p in found.points
            if p.condition == condition
        ]
        for condition in CONDITIONS
    }
    hours = found.points[0].scores.hours
    text = experiment_page(
        "Listening",
        heading="Listening: words found, and false alarms",
        answer=[],
        table=table(found),
        note="Words that were not in training, in silence and in noise; each point is a threshold. A word "
        "counts as found within 0.75 s of its middle; anything else reported is a false alarm; a single one comes to "
        f"{1 / hours:.2g} an hour here.",
        figures=[Figure("", "", plots.detection_curve(curves))],
        settings=found.settings,
    )
    content = {
        _RESULTS: orjson.dumps(found.to_dict(), option=orjson.OPT_INDENT_2),
        _PAGE: text.encode(),
    }
    write_files(out, content)
