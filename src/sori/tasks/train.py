"""Train a classifier: from a dataset, or straight from a folder of recordings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import sori
from sori import models
from sori.atomic import foreign_file, replacing_folder
from sori.audio import encode_mp3, load
from sori.bundle import Bundle, save_bundle
from sori.datasets import Dataset, Segmenting, Segments, Split, build, fold_splits, read_catalog, split
from sori.datasets.store import building_folder
from sori.errors import AudioError, DatasetError, ParameterError, SoriError, check_between, check_choice, check_keys
from sori.evaluation import by_recording, score_classes
from sori.models.backend import keras as load_keras
from sori.progress import Progress, silent
from sori.tasks.card import model_card
from sori.tasks.choose import choose, speakers_in_names
from sori.tasks.trainer import Fitted, Trainer, Wishes
from sori.training import Diagnosis, Heard, diagnose, render_report

if TYPE_CHECKING:
    import keras

_WORST, _RIGHT = 24, 40  # recordings to listen to in the report
# The best weights of the network alone, for whoever goes on with it in Keras.
WEIGHTS = "best.weights.h5"
_FILES = ("bundle.json", "model.keras", "model.onnx", WEIGHTS, "history.csv", "split.json", "README.md", "report.html")
_HEARD_S = 10.0


@dataclass(frozen=True)
class TrainingResult:
    """Where a run is, what it scored and what qualifies the score."""

    out: Path
    scores: Mapping[str, Any]
    notes: tuple[str, ...]
    parameters: int
    best_epoch: int
    epochs: int
    diagnosis: Diagnosis


def train(
    source: Path,
    out: Path,
    *,
    model: str | None = None,
    options: Mapping[str, Any] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    patience: int | None = None,
    augment: str | None = None,
    background: Path | None = None,
    mixup: float | None = None,
    cutmix: float | None = None,
    mixup_layer: str | None = None,
    mask_fill: str | None = None,
    split_by: str = "group",
    test_fold: str | None = None,
    folds: bool = False,
    test_size: float = 0.3,
    valid_size: float = 0.2,
    seed: int = 0,
    group_by: str | None = None,
    fold_by: str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
    say: Callable[[str], None] = lambda line: None,
) -> TrainingResult:
    """Train a classifier and write its bundle and report to the folder ``out``.

    Parameters
    ----------
    source
        A dataset, or a folder of recordings (or CSV); then a dataset is built beside ``out`` first.
    model, options
        Name and options of the architecture; None: ``mlp`` for MFCCs, ``wave`` for waveforms, else ``cnn``.
    epochs, batch_size, lr, patience, augment, background, mixup, cutmix, mixup_layer, mask_fill
        As :class:`sori.tasks.trainer.Wishes`; None: the architecture's own recipe.
    split_by, test_fold, test_size, valid_size, seed
        As :func:`sori.datasets.split`.
    folds
        Hold out each of the dataset's own folds in turn, and report mean and spread; the bundle's network is then
        trained on all folds.
    group_by, fold_by
        Used when ``source`` is a folder of recordings.
    overwrite
        Replace ``out``, once the new run is complete.
    say
        Told what was chosen, a line at a time.

    Raises
    ------
    SoriError
        If anything is missing, does not fit or is there already; then nothing is written to ``out``.
    """
    if out.exists() and not overwrite:
        raise SoriError(f"{out}: is there already; give --overwrite to replace it, or another name")
    if out.exists() and not (out / "bundle.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise SoriError(f"{out}: is there already and is not a training run; choose another name")
    foreign = foreign_file(out, _FILES) if out.is_dir() else None
    if foreign is not None:
        raise SoriError(f"{foreign}: is no part of the run, and would be lost; move it first")
    check_between("seed", seed, 0, 2**32 - 1)
    if folds and (split_by != "group" or test_fold is not None):
        raise ParameterError("--folds tests on every fold in turn: leave out --split and --test-fold")
    if test_fold is not None and split_by == "segment":
        raise ParameterError("--test-fold belongs to --split fold, not to --split segment")
    if not source.exists() and not building_folder(source).is_dir():
        raise DatasetError(f"{source}: no such dataset, folder of recordings or CSV file")
    is_dataset = (source / "dataset.json").is_file() or building_folder(source).is_dir()
    if is_dataset and (group_by or fold_by):
        raise SoriError("--group-by and --fold-by are for a folder of recordings; a dataset has its groups already")
    if model is not None:
        _check_model(model, options or {})

    wishes = Wishes(
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        patience=patience,
        augment=augment,
        background=background,
        mixup=mixup,
        cutmix=cutmix,
        mixup_layer=mixup_layer,
        mask_fill=mask_fill,
        seed=seed,
    )
    wishes.settings(model or "cnn", None)  # whatever is wrong with them is said before a dataset is built
    if is_dataset:
        dataset = Dataset.open(source)
    else:
        dataset = _build_beside(
            source,
            out,
            model=model,
            group_by=group_by,
            fold_by=fold_by,
            overwrite=overwrite,
            progress=progress,
            say=say,
        )
    kind = dataset.front_end.kind if dataset.front_end else None
    if model is None:
        model = models.default_for(kind)
        say(f"model: {model} ({models.ARCHITECTURES[model].purpose})")
        _check_model(model, options or {})
    settings = wishes.settings(model, kind, sound=dataset.has_sound)
    segments = dataset.load()
    trainer = Trainer(model, options or {}, settings, dataset, progress, say)
    notes: list[str] = []
    if folds:
        fitted, final, scores, heard, notes = _cross_validate(trainer, segments, valid_size, seed, say, dataset)
    else:
        final = split(
            segments,
            kind=split_by,
            test_size=test_size,
            valid_size=valid_size,
            seed=seed,
            test_fold=test_fold,
            classes=dataset.classes,
        )
        if final.leaky:
            notes.append("This score is leaky: segments of one recording or group are in both training and test sets.")
        notes += final.notes
        for note in notes:
            say(note)
        fitted = trainer.fit(segments, final.train, final.valid, "Training")
        probabilities, result = trainer.score(fitted, segments, final.test)
        scores = {"split": final.description, "leaky": final.leaky, **result.to_dict()}
        heard = _to_hear(probabilities, segments, final.test, dataset)
    parameters = int(fitted.network.count_params())
    diagnosis = diagnose(fitted.history, augmented=settings.augment is not None)
    bundle = _bundle(trainer, fitted, dataset, scores, parameters)
    whole = _with_normalisation(fitted, bundle)
    digests = dataset.digests()
    parts = {
        name: sorted({digests[recording] for recording in segments.recording[getattr(final, name)]})
        for name in ("train", "valid", "test")
    }
    name = os.path.basename(os.path.abspath(out))
    page = render_report(
        title=f"{name}: {model} on {len(dataset.classes)} classes",
        scores=scores,
        classes=dataset.classes,
        history=fitted.history,
        mistakes=heard[0],
        right=heard[1],
        diagnosis=diagnosis,
        facts=_facts(bundle, dataset, final),
        notes=notes,
        augmented=settings.augment is not None,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing_folder(out) as folder:
        save_bundle(folder, bundle, whole, parts=parts, card=model_card(name, bundle, notes))
        fitted.network.save_weights(folder / WEIGHTS)
        fitted.history.write_csv(folder / "history.csv")
        (folder / "report.html").write_text(page, encoding="utf-8")
    return TrainingResult(
        out, scores, tuple(notes), parameters, fitted.history.best_epoch, len(fitted.history.epochs), diagnosis
    )


def _build_beside(
    source: Path,
    out: Path,
    *,
    model: str | None,
    group_by: str | None,
    fold_by: str | None,
    overwrite: bool,
    progress: Progress,
    say: Callable[[str], None],
) -> Dataset:
    """Build a dataset from recordings beside the run, or take the one that an earlier run built of the same."""
    catalog = read_catalog(source, group_by=group_by, fold_by=fold_by)
    if group_by is None and source.is_dir():
        group_by = speakers_in_names([recording.file for recording in catalog.recordings])
        if group_by is not None:
            catalog = read_catalog(source, group_by=group_by, fold_by=fold_by)
            say(f"file names tell the speaker, who is kept on one side (--group-by '{group_by}')")
    if len(catalog.classes) < 2:
        raise DatasetError(
            f"{source}: there is one class only ({catalog.classes[0]}); a classifier needs recordings of two or more"
        )
    choice = choose(catalog, model=model)
    for line in (*choice.reasons, *catalog.notes):
        say(line)
    if group_by is None and source.is_dir():
        say("each recording is a group of its own; if file names tell speaker, artist or take, give --group-by")
    beside = Path(os.path.abspath(out))
    path = beside.with_name(f"{beside.name}-dataset")
    dataset = build(
        catalog,
        path,
        front_end=choice.front_end,
        segmenting=choice.segmenting,
        resume=not overwrite,
        overwrite=overwrite,
        progress=progress,
    )
    counts = dataset.counts
    say(f"dataset: {os.path.relpath(path)}, {counts['segments']} segments of {counts['recordings']} recordings")
    for kind in ("failed", "dropped"):
        for entry in dataset.files[kind][:5]:
            say(f"{kind}: {entry['file']}: {entry['reason']}")
        if len(dataset.files[kind]) > 5:
            say(f"{kind}: {len(dataset.files[kind]) - 5} more, listed in {path / 'dataset.json'}")
    return dataset


def _with_normalisation(fitted: Fitted, bundle: Bundle) -> keras.Model:
    """Put the normalisation in front of the network, so that both models on disk take what the front end makes."""
    keras = load_keras()
    mean, std = fitted.normalisation.mean, fitted.normalisation.std
    inputs = keras.Input(bundle.input_shape)
    normalised = keras.layers.Rescaling(scale=(1 / std).tolist(), offset=(-mean / std).tolist())(inputs)
    probabilities = keras.layers.Softmax()(fitted.network(normalised))
    return keras.Model(inputs, probabilities, name=bundle.architecture["name"])


def _check_model(model: str, options: Mapping[str, Any]) -> None:
    check_choice("model", model, models.ARCHITECTURES)
    check_keys(f"the options of {model}", options, models.ARCHITECTURES[model].options)


def _cross_validate(
    trainer: Trainer,
    segments: Segments,
    valid_size: float,
    seed: int,
    say: Callable[[str], None],
    dataset: Dataset,
) -> tuple[Fitted, Split, dict[str, Any], tuple[list[Heard], list[Heard]], list[str]]:
    """Score every fold with a network that never heard it, then train one on all folds."""
    splits = list(fold_splits(segments, valid_size=valid_size, seed=seed, classes=dataset.classes))
    accuracies, per_fold, tested, answers = [], [], [], []
    notes = list(dict.fromkeys(note for part in splits for note in part.notes))
    for note in notes:
        say(note)
    for part in splits:
        fitted = trainer.fit(segments, part.train, part.valid, f"Fold {part.fold} of {len(splits)}")
        probabilities, result = trainer.score(fitted, segments, part.test)
        accuracies.append(result.accuracy)
        per_fold.append({"fold": part.fold, "accuracy": result.accuracy, "recordings": result.recordings})
        tested.append(part.test)
        answers.append(probabilities)
        say(f"fold {part.fold}: accuracy {result.accuracy:.1%} on {result.recordings} recordings")
    test, probabilities = np.concatenate(tested), np.concatenate(answers)
    pooled = score_classes(
        probabilities, segments.label[test], recordings=segments.recording[test], classes=dataset.classes
    ).to_dict()
    scores = {
        "split": f"each of {len(splits)} folds held out in turn; validation by group (seed {seed})",
        "leaky": False,
        **pooled,
        "accuracy": float(np.mean(accuracies)),
        "accuracy_std": float(np.std(accuracies)),
        "folds": per_fold,
    }
    # The network to keep hears every fold: a part of the groups chooses its weights, and nothing is left to test on.
    everything = split(
        segments, kind="group", test_size=valid_size, valid_size=valid_size, seed=seed, classes=dataset.classes
    )
    train = np.concatenate([everything.train, everything.valid])
    final = Split("group", train, everything.test, np.empty(0, dtype=np.intp), False, seed)
    fitted = trainer.fit(segments, final.train, final.valid, "All folds")
    return fitted, final, scores, _to_hear(probabilities, segments, test, dataset), notes


def _to_hear(
    probabilities: npt.NDArray[np.float32], segments: Segments, test: npt.NDArray[np.intp], dataset: Dataset
) -> tuple[list[Heard], list[Heard]]:
    """List recordings taken for another class, the surest first, and right ones: each class's surest and least sure."""
    names, means, first = by_recording(probabilities, segments.recording[test])
    truth, guess, sure = segments.label[test][first], means.argmax(axis=1), means.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    wrong = [i for i in order if truth[i] != guess[i]][:_WORST]
    right = []
    for label in range(len(dataset.classes)):
        of_class = [i for i in order if truth[i] == guess[i] == label]
        right += of_class[:1] + of_class[1:][-1:]
    longest_s = min(float(dataset.segmenting.get("duration_s", _HEARD_S)), _HEARD_S)

    def heard(i: np.intp) -> Heard:
        mp3 = None
        try:
            if dataset.has_recordings:
                y, sr = load(Path(dataset.source) / names[i], duration_s=longest_s)
                mp3 = encode_mp3(y, sr=sr)
            elif dataset.front_end is not None and dataset.front_end.kind == "waveform":
                mp3 = encode_mp3(segments.x[test[first[i]], :, 0], sr=dataset.front_end.sr)
        except AudioError:  # moved since the dataset was built: the report does without
            mp3 = None
        return Heard(names[i], dataset.classes[truth[i]], dataset.classes[guess[i]], float(sure[i]), mp3)

    return [heard(i) for i in wrong], [heard(i) for i in right[:_RIGHT]]


def _bundle(trainer: Trainer, fitted: Fitted, dataset: Dataset, scores: Mapping[str, Any], parameters: int) -> Bundle:
    settings = trainer.settings
    return Bundle(
        front_end=dataset.front_end,
        segmenting=Segmenting(**dataset.segmenting) if dataset.segmenting else None,
        classes=dataset.classes,
        input_shape=dataset.shape,
        normalisation={
            "mean": [float(value) for value in fitted.normalisation.mean],
            "std": [float(value) for value in fitted.normalisation.std],
        },
        architecture={
            "name": trainer.model,
            "options": {**models.ARCHITECTURES[trainer.model].options, **trainer.options},
            "parameters": parameters,
            "multiply_adds": models.multiply_adds(fitted.network),
        },
        training={
            **{name: value for name, value in vars(settings).items() if name != "augment"},
            "augment": settings.augment.to_dict() if settings.augment else None,
            "best_epoch": fitted.history.best_epoch,
            "sori_version": sori.__version__,
        },
        dataset={
            "fingerprint": dataset.fingerprint,
            "name": dataset.path.resolve().name,
            "source": Path(dataset.source).name,
            "recordings": dataset.counts["recordings"],
            "segments": dataset.counts["segments"],
        },
        scores=scores,
    )


def _facts(bundle: Bundle, dataset: Dataset, final: Split) -> dict[str, dict[str, Any]]:
    """Tables for the end of the report."""
    front_end = bundle.front_end.to_dict() if bundle.front_end else {"kind": "imported, not stated"}
    segment = f"{bundle.input_shape[0]} frames x {bundle.input_shape[1]}"
    counts = {name: f"{len(getattr(final, name)):,} segments" for name in ("train", "valid", "test")}
    return {
        "Front end": {**front_end, "segment": segment},
        "Split": {
            "kind": bundle.scores["split"],
            "training": counts["train"],
            "validation": counts["valid"],
            **({} if bundle.scores.get("folds") else {"test": counts["test"]}),
        },
        "Network and training": {
            "architecture": bundle.architecture["name"],
            "options": json.dumps(bundle.architecture["options"]),
            "parameters": f"{bundle.architecture['parameters']:,}",
            "multiply-adds per segment": f"{bundle.architecture['multiply_adds']:,}",
            **{key: value for key, value in bundle.training.items() if key != "augment"},
            "augmentation": json.dumps(bundle.training["augment"]) if bundle.training["augment"] else "none",
        },
        "Dataset": {
            "source": dataset.source or "imported",
            "recordings": f"{dataset.counts['recordings']:,} in {dataset.counts['groups']:,} groups",
            "segments": f"{dataset.counts['segments']:,} ({dataset.counts['segments_dropped']:,} cut short, dropped)",
            "unusable": f"{len(dataset.files['failed'])} failed, {len(dataset.files['dropped'])} dropped",
        },
    }
