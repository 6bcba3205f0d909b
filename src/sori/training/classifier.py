"""Train a classifier on a dataset: split, fit, score, diagnose."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sori import models
from sori.augment import Augmentation
from sori.datasets import (
    Dataset,
    LiveFeatures,
    Segments,
    Source,
    Split,
    StoredFeatures,
    fold_splits,
    read_clips,
    split,
)
from sori.errors import check_keys
from sori.evaluation import ClassScores, score_classes
from sori.evaluation.answers import Answer, answers_of
from sori.evaluation.calibration import learn_temperature, learn_threshold
from sori.evaluation.intervals import FEW_GROUPS
from sori.models.backend import keras as load_keras
from sori.reporter import SILENT, Reporter
from sori.training.backgrounds import without_unusable
from sori.training.carry_over import carry_over, known_recordings
from sori.training.diagnosis import Diagnosis, diagnose
from sori.training.fit import History, Settings, fit
from sori.training.interrupted import Unfinished
from sori.training.linear import fit_head
from sori.training.normalise import Normalisation
from sori.training.options import TrainingOptions
from sori.training.own_word import found

if TYPE_CHECKING:
    import keras


# Rare classes weigh more where the largest has this many times the segments of the smallest.
_UNEVEN = 3
_ONE_UNIT = ("mel", "spectrogram", "waveform", "embedding")


@dataclass(frozen=True)
class Fitted:
    """A network with the weights of the lowest validation loss, its input normalisation and its history.

    Its logits are divided by ``temperature``, which was learned from the validation part, as ``threshold`` was: an
    answer with a lower probability is better taken for none of the classes.
    """

    network: keras.Model
    normalisation: Normalisation
    history: History
    temperature: float = 1.0
    threshold: float = 0.0

    def probabilities(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the probabilities of segments ``(n, frames, bins)``, shape ``(n, classes)``."""
        logits = np.asarray(self.network.predict(self.normalisation(x), batch_size=64, verbose=0))
        return _softmax((logits / self.temperature).astype(np.float32))


@dataclass(frozen=True)
class Trainer:
    """Settings that all networks of one training share."""

    model: str
    options: Mapping[str, Any]
    settings: Settings
    dataset: Dataset
    reporter: Reporter = SILENT
    start_from: Path | None = None
    class_weights: str | None = None
    unfinished: Unfinished | None = None
    after_epoch: Callable[[Mapping[str, float]], None] | None = None

    def fit(self, segments: Segments, train: npt.NDArray[np.intp], valid: npt.NDArray[np.intp], stage: str) -> Fitted:
        """Build a network and fit it to some of the segments."""
        kind = self.dataset.front_end.kind if self.dataset.front_end else None
        keras = load_keras()
        keras.utils.clear_session()
        keras.utils.set_random_seed(self.settings.seed)
        network = models.build(
            self.model, input_shape=segments.x.shape[1:], n_classes=len(self.dataset.classes), **self.options
        )
        if self.start_from is None:
            # Bins in dB, and numbers of an embedding, share one unit; MFCCs and imported features do not.
            normalisation = Normalisation.learn(segments.x, train, one_scale=kind in _ONE_UNIT)
        else:
            normalisation, lines = carry_over(network, self.start_from, self.dataset, model=self.model)
            for line in lines:
                self.reporter.say(line)
        settings = self.settings
        if models.ARCHITECTURES[self.model].solved:
            # Its penalty is chosen by cross-validation, so the validation part may be fitted to as well.
            both = np.concatenate([train, valid])
            history, logits = fit_head(
                network,
                normalisation(segments.x[both]),
                segments.label[both],
                segments.group[both],
                weights=self._class_weights(segments.label[both]),
                seed=settings.seed,
                reporter=self.reporter,
                stage=stage,
            )
            known = ~np.isnan(logits[:, 0])
            probabilities = _softmax(logits[known].astype(np.float32))
            return Fitted(
                network, normalisation, history, threshold=self._threshold(probabilities, segments, both[known])
            )
        if settings.augment is not None:
            digests = self.dataset.digests()
            held_out = set(digests.values()) - {digests[recording] for recording in segments.recording[train]}
            augment = without_unusable(settings.augment, held_out=held_out, reporter=self.reporter)
            settings = replace(settings, augment=augment)
        with self._source(segments, train, normalisation, settings.augment) as source:
            history = fit(
                network,
                (source, segments.label[train]),
                (normalisation(segments.x[valid]), segments.label[valid]),
                settings=settings,
                weights=self._class_weights(segments.label[train]),
                kept=self.unfinished.stage(stage) if self.unfinished else None,
                after_epoch=self.after_epoch,
                reporter=self.reporter,
                stage=stage,
            )
        logits = network.predict(normalisation(segments.x[valid]), batch_size=64, verbose=0)
        fitted = Fitted(network, normalisation, history, learn_temperature(logits, segments.label[valid]))
        probabilities = _softmax((logits / fitted.temperature).astype(np.float32))
        return replace(fitted, threshold=self._threshold(probabilities, segments, valid))

    def _class_weights(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64] | None:
        """Return a weight for each class so that all weigh the same together, if they are to; mean over segments 1."""
        counts = np.bincount(labels, minlength=len(self.dataset.classes))
        there = counts[counts > 0]
        uneven = len(there) > 1 and there.max() >= _UNEVEN * there.min()
        if self.class_weights == "none" or (self.class_weights is None and not uneven):
            return None
        if self.class_weights is None:
            self.reporter.say(
                f"classes have {there.min():,} to {there.max():,} segments: those of rare ones weigh more in training "
                "(`class_weights='none'`: all the same)"
            )
        return np.asarray(len(labels) / (len(there) * np.maximum(counts, 1)))

    def _threshold(
        self, probabilities: npt.NDArray[np.float32], segments: Segments, which: npt.NDArray[np.intp]
    ) -> float:
        """Return the probability that most right answers to some of the recordings reach."""
        answers = _answers(probabilities, segments, which, self.dataset)
        return learn_threshold([one.probability for one in answers], [one.right for one in answers])

    @contextmanager
    def _source(
        self,
        segments: Segments,
        train: npt.NDArray[np.intp],
        normalisation: Normalisation,
        augment: Augmentation | None,
    ) -> Iterator[Source]:
        """Yield the training part: stored features or, if waveforms are augmented, features of those."""
        front_end = self.dataset.front_end
        if augment is None or augment.waveform is None or front_end is None:
            yield StoredFeatures(normalisation(segments.x[train]))
            return
        if front_end.kind == "waveform":  # then the dataset holds them itself
            yield LiveFeatures(segments.x[train, :, 0], front_end, normalisation, augment.waveform)
            return
        with tempfile.TemporaryDirectory(prefix="sori-") as folder:
            file = Path(folder) / "clips.npy"
            clips = read_clips(self.dataset, segments, train, file, reporter=self.reporter)
            if os.name != "nt":  # the mapped data stay readable, and a killed training leaves no file behind
                file.unlink()
            yield LiveFeatures(clips, front_end, normalisation, augment.waveform)
            del clips  # before the file is deleted, since some systems refuse that while it is mapped

    def score(
        self, fitted: Fitted, segments: Segments, test: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.float32], ClassScores]:
        """Return probabilities for some of the segments, and their scores."""
        probabilities = fitted.probabilities(segments.x[test])
        return probabilities, _scored(probabilities, segments, test, self.dataset)


@dataclass(frozen=True)
class Answers:
    """Predictions for the test part: indices of its segments, and probabilities ``(n, classes)``."""

    test: npt.NDArray[np.intp]
    probabilities: npt.NDArray[np.float32]


@dataclass(frozen=True)
class TrainedClassifier:
    """A trained and tested network, with its settings, data and scores.

    Parameters
    ----------
    model, settings
        Architecture and settings, with the defaults of the recipe filled in.
    fitted
        The network with the weights of the lowest validation loss.
    segments, parts, answers
        The dataset in memory, its split, and the predictions for the test part (of every fold, if there are folds).
    scores
        As :meth:`sori.evaluation.ClassScores.to_dict`, with ``split``, ``leaky`` and, for folds, ``folds``.
    notes
        Notes on the scores.
    diagnosis
        Whether the network is fitted, underfitted or overfitted.
    """

    model: str
    options: TrainingOptions
    settings: Settings
    dataset: Dataset
    fitted: Fitted
    segments: Segments
    parts: Split
    answers: Answers
    scores: Mapping[str, Any]
    notes: tuple[str, ...]
    diagnosis: Diagnosis

    @property
    def parameters(self) -> int:
        """Number of weights of the network."""
        return int(self.fitted.network.count_params())

    def deployed(self) -> keras.Model:
        """Return the network with its normalisation in front and a softmax behind: features in, probabilities out."""
        keras = load_keras()
        mean, std = self.fitted.normalisation.mean, self.fitted.normalisation.std
        inputs = keras.Input(self.dataset.shape)
        normalised = keras.layers.Rescaling(scale=(1 / std).tolist(), offset=(-mean / std).tolist())(inputs)
        logits = self.fitted.network(normalised)
        probabilities = keras.layers.Softmax()(keras.layers.Rescaling(1 / self.fitted.temperature)(logits))
        return keras.Model(inputs, probabilities, name=self.model)

    def answered(self) -> list[Answer]:
        """Return the answer for each test recording."""
        return _answers(self.answers.probabilities, self.segments, self.answers.test, self.dataset)

    def digests(self) -> dict[str, list[str]]:
        """Hashes of the recordings in each part of the split.

        What the run that this one began from had learned from, and what that one began from, is in the training part,
        too: the weights have heard it.
        """
        of, start_from = self.dataset.digests(), self.options.start_from
        parts = {
            name: {of[recording] for recording in self.segments.recording[getattr(self.parts, name)]}
            for name in ("train", "valid", "test")
        }
        if start_from is not None:
            parts["train"] |= known_recordings(Path(start_from)) - parts["valid"]
        return {name: sorted(hashes) for name, hashes in parts.items()}


def train_classifier(
    dataset: Dataset,
    options: TrainingOptions,
    *,
    unfinished: Unfinished | None = None,
    reporter: Reporter = SILENT,
) -> TrainedClassifier:
    """Train a network on a dataset and test it on recordings that it was not trained on.

    ``unfinished`` is where its state is kept, and taken from if it was interrupted; None: nowhere.

    Raises
    ------
    SoriError
        If the options do not suit the dataset, or the loss is no longer a number.
    """
    kind = dataset.front_end.kind if dataset.front_end else None
    model = options.model
    if model is None:
        model = models.default_for(kind)
        reporter.say(f"model: {model} ({models.ARCHITECTURES[model].purpose})")
        check_keys(f"the options of {model}", options.model_options, models.ARCHITECTURES[model].options)
    settings = options.settings(model, kind, has_sound=dataset.has_sound)
    segments = dataset.load()
    start_from = None if options.start_from is None else Path(options.start_from)
    trainer = Trainer(
        model, options.model_options, settings, dataset, reporter, start_from, options.class_weights, unfinished
    )
    notes: list[str] = []
    if options.folds:
        fitted, parts, scores, answers, notes = _cross_validate(trainer, segments, options)
    else:
        parts = split(
            segments,
            kind=options.split,
            test_size=options.test_size,
            valid_size=options.valid_size,
            seed=options.seed,
            test_fold=options.test_fold,
            classes=dataset.classes,
        )
        leaky = parts.leaky
        if leaky:
            notes.append("This score is leaky: segments of one recording or group are in both training and test sets.")
        seen = _seen_before(trainer, segments, parts.test)
        leaky = leaky or bool(seen)
        notes += seen
        notes += parts.notes
        for note in notes:
            reporter.say(note)
        fitted = trainer.fit(segments, parts.train, parts.valid, "Training")
        probabilities, result = trainer.score(fitted, segments, parts.test)
        notes += _few_groups(result, reporter)
        scores = {"split": f"LEAKY: {seen[0]}" if seen else parts.description, "leaky": leaky, **result.to_dict()}
        answers = Answers(parts.test, probabilities)
    diagnosis = diagnose(fitted.history, settings=settings, kind=kind, options=options.model_options)
    if options.own_word:
        for note in found(_answers(answers.probabilities, segments, answers.test, dataset)):
            reporter.say(note)
            notes.append(note)
    return TrainedClassifier(
        model, options, settings, dataset, fitted, segments, parts, answers, scores, tuple(notes), diagnosis
    )


def _cross_validate(
    trainer: Trainer, segments: Segments, options: TrainingOptions
) -> tuple[Fitted, Split, dict[str, Any], Answers, list[str]]:
    """Score every fold with a network trained on the others, then train one on all folds."""
    dataset, seed, valid_size = trainer.dataset, options.seed, options.valid_size
    splits = list(fold_splits(segments, valid_size=valid_size, seed=seed, classes=dataset.classes))
    accuracies, per_fold, tested, answers = [], [], [], []
    notes = list(dict.fromkeys(note for part in splits for note in part.notes))
    for note in notes:
        trainer.reporter.say(note)
    for part in splits:
        fitted = trainer.fit(segments, part.train, part.valid, f"Fold {part.fold} of {len(splits)}")
        probabilities, result = trainer.score(fitted, segments, part.test)
        accuracies.append(result.accuracy)
        per_fold.append({"fold": part.fold, "accuracy": result.accuracy, "recordings": result.recordings})
        tested.append(part.test)
        answers.append(probabilities)
        trainer.reporter.say(f"fold {part.fold}: accuracy {result.accuracy:.1%} on {result.recordings} recordings")
    test, probabilities = np.concatenate(tested), np.concatenate(answers)
    pooled = _scored(probabilities, segments, test, dataset)
    notes += _few_groups(pooled, trainer.reporter)
    seen = _seen_before(trainer, segments, test)
    for note in seen:
        trainer.reporter.say(note)
    notes += seen
    scores = {
        "split": f"each of {len(splits)} folds held out in turn; validation by group (seed {seed})",
        "leaky": bool(seen),
        **pooled.to_dict(),
        "accuracy": float(np.mean(accuracies)),
        "accuracy_std": float(np.std(accuracies)),
        "folds": per_fold,
    }
    # The final network is trained on every fold: some groups validate it, and none are left for a test.
    everything = split(
        segments, kind="group", test_size=valid_size, valid_size=valid_size, seed=seed, classes=dataset.classes
    )
    train = np.concatenate([everything.train, everything.valid])
    final = Split("group", train, everything.test, np.empty(0, dtype=np.intp), False, seed)
    fitted = trainer.fit(segments, final.train, final.valid, "All folds")
    return fitted, final, scores, Answers(test, probabilities), notes


def _answers(
    probabilities: npt.NDArray[np.float32], segments: Segments, which: npt.NDArray[np.intp], dataset: Dataset
) -> list[Answer]:
    return answers_of(
        probabilities,
        segments.label[which],
        recordings=segments.recording[which],
        groups=segments.group[which],
        classes=dataset.classes,
        digests=dataset.digests(),
    )


def _scored(
    probabilities: npt.NDArray[np.float32], segments: Segments, test: npt.NDArray[np.intp], dataset: Dataset
) -> ClassScores:
    return score_classes(
        probabilities,
        segments.label[test],
        recordings=segments.recording[test],
        groups=segments.group[test],
        classes=dataset.classes,
    )


def _seen_before(trainer: Trainer, segments: Segments, test: npt.NDArray[np.intp]) -> list[str]:
    """Return the note that some test recordings were in the training of the run that this one began from, if so."""
    if trainer.start_from is None:
        return []
    digests, known = trainer.dataset.digests(), known_recordings(trainer.start_from)
    seen = sum(digests[recording] in known for recording in set(segments.recording[test]))
    return [f"This score is leaky: {seen} test recordings were in the training of {trainer.start_from}."] * bool(seen)


def _few_groups(scores: ClassScores, reporter: Reporter) -> list[str]:
    """Return, and tell, the note that a score rests on few groups, if it does."""
    if scores.groups >= FEW_GROUPS:
        return []
    note = f"The test holds only {scores.groups} groups: others may give quite another score, as the interval shows."
    reporter.say(note)
    return [note]


def _softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
