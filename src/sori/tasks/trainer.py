"""Fit networks to parts of a dataset and score them: what every command that trains has in common."""

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
from scipy.special import softmax

from sori import models
from sori.augment import RECIPES, Augmentation, Mix
from sori.datasets import Dataset, LiveFeatures, Segments, Source, StoredFeatures, read_clips
from sori.errors import ParameterError, check_choice
from sori.evaluation import ClassScores, score_classes
from sori.models.backend import keras as load_keras
from sori.progress import Progress
from sori.tasks.backgrounds import without_unusable
from sori.training import History, Normalisation, Settings, fit

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person wants of a training; None leaves it to the architecture's own recipe.

    Parameters
    ----------
    epochs, batch_size, lr, patience, seed
        As :class:`sori.training.Settings`.
    augment
        One of :data:`sori.augment.RECIPES`, or ``none``.
    background
        Folder of recordings to lay behind half of the clips.
    mixup, cutmix
        As :class:`sori.augment.Mix`, in place of the recipe's mixing; 0 is none.
    mixup_layer
        Mix there, inside the network, instead of at its input.
    mask_fill
        What the blanks of a recipe hold, as :class:`sori.augment.SpectrogramAugment`'s ``fill``.
    """

    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    patience: int | None = None
    augment: str | None = None
    background: Path | None = None
    mixup: float | None = None
    cutmix: float | None = None
    mixup_layer: str | None = None
    mask_fill: str | None = None
    seed: int = 0

    def settings(self, model: str, kind: str | None, *, sound: bool = True) -> Settings:
        """Fill in what the recipe of ``model`` says, for features of a kind.

        Parameters
        ----------
        sound
            Whether the dataset has the sound of its features. If not, what a recipe does to waveforms is left out.

        Raises
        ------
        ParameterError
            If a value is out of range, two of them exclude each other, or waveforms that are not there are to be
            changed.
        """
        recipe = models.ARCHITECTURES[model].recipe
        return Settings(
            epochs=recipe.epochs if self.epochs is None else self.epochs,
            batch_size=recipe.batch_size if self.batch_size is None else self.batch_size,
            lr=recipe.lr if self.lr is None else self.lr,
            schedule=recipe.schedule,
            augment=self._augmentation(recipe.augment if self.augment is None else self.augment, kind, sound=sound),
            jit=recipe.jit,
            patience=self.patience,
            seed=self.seed,
        )

    def _augmentation(self, name: str, kind: str | None, *, sound: bool) -> Augmentation | None:
        if name not in ("", "none"):
            check_choice("augment", name, ("none", *RECIPES))
        wanted = RECIPES[name].for_features(kind) if name in RECIPES else Augmentation()
        if self.background is not None:
            wanted = wanted.with_background(self.background)
        if wanted.waveform is not None and not sound:
            if self.augment is not None or self.background is not None:
                raise ParameterError(
                    "this dataset was imported without its sound: augment its features (--augment spectrogram), or "
                    "build it from recordings."
                )
            wanted = replace(wanted, waveform=None)
        if self.mask_fill is not None:
            if wanted.spectrogram is None or not wanted.spectrogram.masks:
                raise ParameterError("--mask-fill needs an --augment recipe with masks, such as spectrogram.")
            wanted = replace(wanted, spectrogram=replace(wanted.spectrogram, fill=self.mask_fill))
        if self.mixup_layer is not None and not self.mixup:
            raise ParameterError("--mixup-layer needs --mixup A: how much is mixed there.")
        if self.mixup is not None or self.cutmix is not None:
            given = {"mixup": self.mixup or 0.0, "cutmix": self.cutmix or 0.0}
            if self.mixup_layer is not None:
                given |= {"mixup": 0.0, "manifold": given["mixup"]}
            wanted = replace(wanted, mix=Mix(**given, layer=self.mixup_layer or "") if any(given.values()) else None)
        return None if wanted == Augmentation() else wanted


@dataclass(frozen=True)
class Fitted:
    """A network with the weights that validated best, what its input is normalised by, and how it came about."""

    network: keras.Model
    normalisation: Normalisation
    history: History


@dataclass(frozen=True)
class Trainer:
    """What every network of one command has in common."""

    model: str
    options: Mapping[str, Any]
    settings: Settings
    dataset: Dataset
    progress: Progress
    say: Callable[[str], None] = lambda line: None

    def fit(self, segments: Segments, train: npt.NDArray[np.intp], valid: npt.NDArray[np.intp], stage: str) -> Fitted:
        """Build a network and fit it to some of the segments."""
        kind = self.dataset.front_end.kind if self.dataset.front_end else None
        keras = load_keras()
        keras.utils.clear_session()
        keras.utils.set_random_seed(self.settings.seed)
        network = models.build(
            self.model, input_shape=segments.x.shape[1:], n_classes=len(self.dataset.classes), **self.options
        )
        # Decibels are one unit for every bin; MFCCs, and what is imported, have none in common.
        normalisation = Normalisation.learn(segments.x, train, one_scale=kind in ("mel", "spectrogram", "waveform"))
        settings = self.settings
        if settings.augment is not None:
            digests = self.dataset.digests()
            held_out = set(digests.values()) - {digests[recording] for recording in segments.recording[train]}
            augment = without_unusable(settings.augment, held_out=held_out, say=self.say, progress=self.progress)
            settings = replace(settings, augment=augment)
        with self._source(segments, train, normalisation, settings.augment) as source:
            history = fit(
                network,
                (source, segments.label[train]),
                (normalisation(segments.x[valid]), segments.label[valid]),
                settings=settings,
                progress=self.progress,
                stage=stage,
            )
        return Fitted(network, normalisation, history)

    @contextmanager
    def _source(
        self,
        segments: Segments,
        train: npt.NDArray[np.intp],
        normalisation: Normalisation,
        augment: Augmentation | None,
    ) -> Iterator[Source]:
        """Yield the training part: as stored, or, where waveforms are to be changed, made of them anew."""
        front_end = self.dataset.front_end
        if augment is None or augment.waveform is None or front_end is None:
            yield StoredFeatures(normalisation(segments.x[train]))
            return
        if front_end.kind == "waveform":  # then the dataset has them, wherever they came from
            yield LiveFeatures(segments.x[train, :, 0], front_end, normalisation, augment.waveform)
            return
        with tempfile.TemporaryDirectory(prefix="sori-") as folder:
            file = Path(folder) / "clips.npy"
            clips = read_clips(self.dataset, segments, train, file, progress=self.progress)
            if os.name != "nt":  # what is mapped stays readable, and a training that is killed leaves nothing behind
                file.unlink()
            yield LiveFeatures(clips, front_end, normalisation, augment.waveform)
            del clips  # before the file is, which not every system allows while it is mapped

    def score(
        self, fitted: Fitted, segments: Segments, test: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.float32], ClassScores]:
        """Probabilities for some of the segments, and their scores."""
        x = fitted.normalisation(segments.x[test])
        probabilities = softmax(np.asarray(fitted.network.predict(x, batch_size=64, verbose=0)), axis=1)
        scores = score_classes(
            probabilities, segments.label[test], recordings=segments.recording[test], classes=self.dataset.classes
        )
        return probabilities, scores
