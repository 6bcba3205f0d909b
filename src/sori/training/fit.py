"""Fit a network, keep the weights of the lowest validation loss, and record every epoch."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sori.augment import Augmentation
from sori.datasets import Source, augmented_batches
from sori.errors import SoriError, check_between, check_choice, check_count, require
from sori.reporter import SILENT, Reporter
from sori.training.interrupted import Stage
from sori.training.manifold import mixing_inside
from sori.training.reseed import reseed

if TYPE_CHECKING:
    import keras

COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy")
# Batches of a compiled network between two updates of the progress bar; an update costs as much as a batch or two.
_BATCHES_AT_ONCE = 128
_ALONE = "cross_entropy"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a fit: see :class:`sori.models.Recipe`.

    ``patience``: stop after this many epochs without a better validation loss; None: never.
    """

    epochs: int
    batch_size: int
    lr: float
    schedule: str = "constant"
    augment: Augmentation | None = None
    jit: bool = False
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_count("epochs", self.epochs)
        check_count("batch_size", self.batch_size)
        check_between("lr", self.lr, 1e-8, 10)
        check_choice("schedule", self.schedule, ("constant", "cosine"))
        if self.patience is not None:
            check_count("patience", self.patience)


@dataclass(frozen=True)
class History:
    """Loss and accuracy of every epoch, and which one (from 1) had the lowest validation loss.

    ``stopped``: patience ended the training early. The loss is the cross-entropy, without the penalty on weights.
    ``step``: what a row is, ``epoch`` or, of a head that is fitted in one step, ``penalty``, from strong to weak.
    """

    epochs: tuple[Mapping[str, float], ...]
    best_epoch: int
    stopped: bool = False
    step: str = "epoch"

    def column(self, name: str) -> list[float]:
        """Return loss, accuracy, val_loss or val_accuracy of every epoch."""
        return [epoch[name] for epoch in self.epochs]

    def write_csv(self, path: Path) -> None:
        """Write a row per epoch."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, (self.step, *COLUMNS))
            writer.writeheader()
            for i, epoch in enumerate(self.epochs, 1):
                writer.writerow({self.step: i, **{name: f"{epoch[name]:.6g}" for name in COLUMNS}})


def fit(
    model: keras.Model,
    train: tuple[Source, npt.NDArray[np.int64]],
    valid: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]],
    *,
    settings: Settings,
    weights: npt.NDArray[np.float64] | None = None,
    kept: Stage | None = None,
    after_epoch: Callable[[Mapping[str, float]], None] | None = None,
    reporter: Reporter = SILENT,
    stage: str = "Training",
) -> History:
    """Fit ``model`` with Adam on cross-entropy and leave it with the weights of the lowest validation loss.

    Parameters
    ----------
    model
        A network that outputs logits.
    train
        Normalised features, stored or computed when needed, and class ids ``(n,)``. Only they are augmented.
    valid
        Normalised features ``(n, frames, bins)`` and class ids ``(n,)``.
    settings
        Epochs, batch size, learning rate and the rest.
    weights
        Of each class in the loss, ``(classes,)``; None: 1.
    kept
        Where the state is kept, and taken from if it is there: the training then goes on after its last epoch.
    after_epoch
        Called with loss and accuracy of every epoch; what it raises ends the training.
    reporter
        Receives progress every few batches and every epoch, with loss and accuracy so far.

    Raises
    ------
    SoriError
        If the loss is no longer a number.
    ParameterError
        If manifold mixup cannot mix at its layer.
    """
    keras = require("keras")
    source, labels = train
    n_classes = model.output_shape[-1]
    augment = settings.augment or Augmentation()
    one_hot = np.eye(n_classes, dtype=np.float32)  # labels that can be mixed
    batches = augmented_batches(
        source, one_hot[labels], batch_size=settings.batch_size, augment=augment, seed=settings.seed, weights=weights
    )
    steps = len(batches)
    valid_weights = np.ones(len(valid[1])) if weights is None else weights[valid[1]]
    trained = model
    valid_x: Any = valid[0]
    if augment.mix is not None and augment.mix.manifold:
        trained = mixing_inside(model, augment.mix.layer)
        n = len(valid[0])
        valid_x = (valid[0], np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.float32))
    rate: Any = settings.lr
    if settings.schedule == "cosine":
        total = steps * settings.epochs
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, total - total // 20), alpha=0.0, warmup_target=settings.lr, warmup_steps=total // 20
        )
    # Keras' loss includes any penalty on the weights; the history and the best epoch use the cross-entropy alone.
    alone = [keras.metrics.CategoricalCrossentropy(from_logits=True, name=_ALONE)] if trained.losses else []
    trained.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        weighted_metrics=alone or None,
        jit_compile=settings.jit,
        steps_per_execution=min(steps, _BATCHES_AT_ONCE) if settings.jit else 1,
    )
    watch = _watch(keras, model, settings, steps, kept, after_epoch, reporter, stage)
    before = kept.read() if kept else None
    if kept and before:
        watch.restore(before, kept.restore(trained, before))
        reporter.say(f"{stage}: goes on after epoch {len(watch.epochs)}")
        batches.go_to(len(watch.epochs))
    if not watch.finished:
        trained.fit(
            batches,
            shuffle=False,  # they are, by our own seed
            validation_data=(valid_x, one_hot[valid[1]], (valid_weights / valid_weights.mean()).astype(np.float32)),
            validation_batch_size=max(settings.batch_size, 64),
            initial_epoch=len(watch.epochs),
            epochs=settings.epochs,
            verbose=0,
            callbacks=[watch],
        )
    model.set_weights(watch.best_weights)
    return History(tuple(watch.epochs), watch.best_epoch, stopped=watch.stopped)


def _named(logs: Mapping[str, float]) -> dict[str, float]:
    """Name Keras' values as in a history: ``loss`` without the penalty on the weights."""
    values = {name: float(value) for name, value in logs.items()}
    for part in ("", "val_"):
        if f"{part}{_ALONE}" in values:
            values[f"{part}loss"] = values.pop(f"{part}{_ALONE}")
    return values


def _watch(
    keras: Any,
    model: Any,
    settings: Settings,
    steps: int,
    kept: Stage | None,
    after_epoch: Callable[[Mapping[str, float]], None] | None,
    reporter: Reporter,
    stage: str,
) -> Any:
    """Make the callback that reports progress, records epochs and the best weights, and stops early."""
    total = steps * settings.epochs

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[dict[str, float]] = []
            self.best_loss = float("inf")
            self.best_epoch = 0
            self.best_weights: list[Any] = []
            self.stopped = False

        @property
        def finished(self) -> bool:
            return self.stopped or len(self.epochs) == settings.epochs

        def state(self) -> dict[str, Any]:
            return {"epochs": self.epochs, "best_epoch": self.best_epoch, "stopped": self.stopped}

        def restore(self, state: Mapping[str, Any], best_weights: list[Any]) -> None:
            self.epochs, self.best_epoch, self.stopped = state["epochs"], state["best_epoch"], state["stopped"]
            self.best_loss = self.epochs[self.best_epoch - 1]["val_loss"]
            self.best_weights = best_weights

        def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            reseed(self.model, settings.seed, epoch)

        def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
            now = _named(logs or {})
            seen = {"epoch": len(self.epochs) + 1.0, **(self.epochs[-1] if self.epochs else {}), **now}
            reporter.progress(stage, len(self.epochs) * steps + min(batch + 1, steps), total, seen)

        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            now = _named(logs or {})
            values = {name: now[name] for name in COLUMNS}
            if not all(np.isfinite(list(values.values()))):
                raise SoriError(
                    f"the loss is no longer a number in epoch {epoch + 1}: train with a lower `lr` than {settings.lr:g}"
                )
            self.epochs.append(values)
            if values["val_loss"] < self.best_loss:
                self.best_loss, self.best_epoch = values["val_loss"], epoch + 1
                self.best_weights = model.get_weights()
            elif settings.patience is not None and epoch + 1 - self.best_epoch >= settings.patience:
                self.model.stop_training = self.stopped = True
            if after_epoch:
                after_epoch(values)
            if kept:
                kept.save(self.model, self.best_weights, self.state(), now=self.finished)
            reporter.progress(stage, len(self.epochs) * steps, total, {"epoch": len(self.epochs), **values})

    return Watch()
