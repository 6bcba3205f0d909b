"""The options of a training, checked once and saved in the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from sori import models
from sori.augment import RECIPES, Augmentation, Mix
from sori.errors import ParameterError, check_between, check_choice, check_count, check_keys
from sori.features.embedding import EMBEDDINGS
from sori.training.fit import Settings

# A network that has learned already is changed in smaller steps.
_SLOWER = 0.3
SPLITS = ("group", "fold", "given", "segment")
CLASS_WEIGHTS = ("balanced", "none")


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How a classifier is trained and tested. None: as in the recipe of the architecture.

    Parameters
    ----------
    model
        The architecture; None: ``embedding`` for embeddings, ``mlp`` for MFCCs, ``wave`` for waveforms, else ``cnn``.
        For a folder with fewer than 100 recordings a class, it is ``embedding``, unless options of another are given.
    model_options
        Options of the architecture, such as ``dropout``, ``l2``, ``width`` and ``depth``.
    start_from
        A run whose weights to begin with, of the same architecture, options and features; its classes may be others.
        The learning rate of the recipe is then multiplied by 0.3.
    epochs
        Passes over the training part.
    batch_size
        Segments per step.
    lr
        Learning rate.
    patience
        Stop after this many epochs without a better validation loss; None: never.
    augment
        One of :data:`sori.augment.RECIPES`, or ``none``.
    background
        Folder of background recordings to mix into half of the clips.
    mixup, cutmix
        As :class:`sori.augment.Mix`, in place of the recipe's mixing; 0: none.
    mixup_layer
        Mix at the output of this layer, inside the network, instead of at its input.
    mask_fill
        Fill value of the recipe's masks: ``zero``, ``mean`` or ``fade``.
    split
        ``group``; ``fold``, one of the dataset's own folds; ``given``, the dataset's own split; or ``segment``, which
        leaks. None: ``given`` if there is such a split, else ``group``.
    test_fold
        The fold to test on; None: the last.
    folds
        Test on each of the dataset's folds in turn and report mean and spread; the network that is kept is then trained
        on all folds.
    test_size, valid_size
        Fraction of the groups to test on, and fraction of the rest to validate on.
    seed
        Seed of the split, the initial weights and all random draws.
    class_weights
        ``balanced``: segments of rare classes weigh more, so that all classes weigh the same; ``none``. None:
        ``balanced`` if the largest class has three times the segments of the smallest.
    embedding
        For a folder of recordings and the model ``embedding``: which embeddings, ``sounds`` or ``speech``; see
        :class:`sori.features.Embedding`. None: ``sounds``.
    own_word
        For a folder of recordings: the classes are words of one's own, each recorded 10 to 30 times by the voices that
        are to be heard, and what ships with Sori is the class ``unknown``. Needs the speech embedding.
    group_by, fold_by
        For a folder of recordings: regular expressions on file names, as :func:`sori.datasets.read_catalog` takes them.
    columns
        For a table of labels: what it calls its columns, as :func:`sori.datasets.table.read_table` takes it.

    Raises
    ------
    ParameterError
        If a value is out of range, or two of them exclude each other.
    """

    model: str | None = None
    model_options: Mapping[str, Any] = field(default_factory=dict)
    start_from: str | Path | None = None
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    patience: int | None = None
    augment: str | None = None
    background: str | Path | None = None
    mixup: float | None = None
    cutmix: float | None = None
    mixup_layer: str | None = None
    mask_fill: str | None = None
    split: str | None = None
    test_fold: str | None = None
    folds: bool = False
    test_size: float = 0.3
    valid_size: float = 0.2
    seed: int = 0
    class_weights: str | None = None
    embedding: str | None = None
    own_word: bool = False
    group_by: str | None = None
    fold_by: str | None = None
    columns: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if self.model is not None:
            check_keys(f"the options of {self.model}", self.model_options, models.ARCHITECTURES[self.model].options)
        if self.split is not None:
            check_choice("split", self.split, SPLITS)
        if self.class_weights is not None:
            check_choice("class_weights", self.class_weights, CLASS_WEIGHTS)
        if self.embedding is not None:
            check_choice("embedding", self.embedding, EMBEDDINGS)
        others = (self.fold_by, self.test_fold, self.folds, self.start_from, self.split in ("fold", "given"))
        if self.own_word and (self.model not in (None, "embedding") or self.embedding == "sounds" or any(others)):
            raise ParameterError(
                "`own_word` is heard by its speech embedding: leave out `model`, `embedding`, `start_from` and what is "
                "of folds",
                "own_word",
            )
        check_between("seed", self.seed, 0, 2**32 - 1)
        for name in ("epochs", "batch_size", "patience"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))
        if self.folds and (self.split not in (None, "group") or self.test_fold is not None):
            raise ParameterError("`folds=True` tests on every fold in turn: leave out `split` and `test_fold`")
        if self.test_fold is not None and self.split in ("segment", "given"):
            raise ParameterError(f"`test_fold` belongs to `split='fold'`, not to `split='{self.split}'`")
        if self.test_fold is not None and self.split in (None, "group"):
            object.__setattr__(self, "split", "fold")
        # Errors are reported before a dataset is built.
        self.settings("embedding" if self.own_word else self.model or "cnn", None)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild options from :meth:`to_dict`.

        Raises
        ------
        ParameterError
            If a key is unknown, or a value is wrong.
        """
        check_keys("TrainingOptions", values, [one.name for one in fields(cls)])
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the options as plain values, for JSON."""
        return {
            **asdict(self),
            "model_options": dict(self.model_options),
            "background": None if self.background is None else str(self.background),
            "start_from": None if self.start_from is None else str(self.start_from),
        }

    def settings(self, model: str, kind: str | None, *, has_sound: bool = True) -> Settings:
        """Fill in the recipe of ``model``, for features of a kind.

        Parameters
        ----------
        has_sound
            Whether the dataset has its waveforms. If not, a recipe's waveform augmentation is left out.

        Raises
        ------
        ParameterError
            If a value is out of range, two of them exclude each other, or waveforms are to be augmented that
            the dataset does not have.
        """
        recipe = models.ARCHITECTURES[model].recipe
        if models.ARCHITECTURES[model].solved:
            self._check_solved(model)
        return Settings(
            epochs=recipe.epochs if self.epochs is None else self.epochs,
            batch_size=recipe.batch_size if self.batch_size is None else self.batch_size,
            lr=recipe.lr * (1.0 if self.start_from is None else _SLOWER) if self.lr is None else self.lr,
            schedule=recipe.schedule,
            augment=self._augmentation(recipe.augment if self.augment is None else self.augment, kind, has_sound),
            jit=recipe.jit,
            patience=self.patience,
            seed=self.seed,
        )

    @property
    def of_epochs(self) -> list[str]:
        """Names of the given options that only a network has which is trained in epochs."""
        names = ("start_from", "epochs", "batch_size", "lr", "patience", "augment", "background", "mixup", "cutmix")
        return [name for name in names if getattr(self, name) is not None] + list(self.model_options)

    def _check_solved(self, model: str) -> None:
        """Raise ParameterError for the first option that a model without epochs does not have."""
        for name in self.of_epochs:
            raise ParameterError(f"`{name}` is not for the model {model}, which is fitted in one step", name)

    def _augmentation(self, name: str, kind: str | None, has_sound: bool) -> Augmentation | None:
        if name not in ("", "none"):
            check_choice("augment", name, ("none", *RECIPES))
        wanted = RECIPES[name].for_features(kind) if name in RECIPES else Augmentation()
        if self.background is not None:
            wanted = wanted.with_background(Path(self.background))
        if wanted.waveform is not None and not has_sound:
            if self.augment is not None or self.background is not None:
                raise ParameterError(
                    "this dataset was imported without its waveforms: augment its features (`augment='spectrogram'`), "
                    "or build it from recordings."
                )
            wanted = replace(wanted, waveform=None)
        if self.mask_fill is not None:
            if wanted.spectrogram is None or not wanted.spectrogram.masks:
                raise ParameterError("`mask_fill` needs an `augment` recipe with masks, such as spectrogram.")
            wanted = replace(wanted, spectrogram=replace(wanted.spectrogram, fill=self.mask_fill))
        if self.mixup_layer is not None and not self.mixup:
            raise ParameterError("`mixup_layer` needs `mixup`, the amount of mixing.")
        if self.mixup is not None or self.cutmix is not None:
            given = {"mixup": self.mixup or 0.0, "cutmix": self.cutmix or 0.0}
            if self.mixup_layer is not None:
                given |= {"mixup": 0.0, "manifold": given["mixup"]}
            wanted = replace(wanted, mix=Mix(**given, layer=self.mixup_layer or "") if any(given.values()) else None)
        return None if wanted == Augmentation() else wanted
