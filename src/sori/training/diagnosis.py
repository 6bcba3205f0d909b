"""Diagnose a training history: fitted, underfitted or overfitted, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sori.training.fit import History, Settings

# Rules of thumb: largest lead of training accuracy over validation, relative rise of the validation loss over its
# minimum, and accuracy in training and validation below which a network has not learned.
_GAP, _RISE, _LEARNED = 0.1, 0.15, 0.8
# Training accuracy below which a gap means nothing, since hardly anything has been learned yet.
_LEARNED_SOME = 0.5
# Smallest absolute rise that counts, however small the loss.
_LEAST_RISE = 0.02
# Training counts as too short if the last fifth of the epochs lowered the validation loss by more than this fraction,
# and accuracy is below the second value, above which there is hardly anything left to learn.
_STILL_FALLING, _LEARNED_WHOLE = 0.05, 0.98


@dataclass(frozen=True)
class Diagnosis:
    """How well a network fits, according to its curves.

    Parameters
    ----------
    verdict
        ``fitted``, ``underfitted`` or ``overfitted``.
    gap
        Training accuracy minus validation accuracy, at the epoch that was kept.
    turned
        The epoch, from 1, after which the validation loss rose for good, by 15 % or more; None if it did not.
    why
        One sentence.
    advice
        What to try next, the most promising first.
    """

    verdict: str
    gap: float
    turned: int | None
    why: str
    advice: tuple[str, ...]


def diagnose(
    history: History, *, settings: Settings | None = None, kind: str | None = None, options: Mapping[str, Any] = {}
) -> Diagnosis:
    """Diagnose a training by its curves.

    Overfitted: the validation loss ended 15 % above its lowest while the training loss fell; or training accuracy, 50 %
    or more, is over ten points ahead of validation at the epoch that was kept. Underfitted: neither, and accuracy is
    below 80 % in training and validation, or below 98 % with a validation loss that was still falling when the epochs
    ended. Otherwise: fitted.

    Parameters
    ----------
    settings, kind, options
        Settings of the training, kind of its features and options of the architecture, to choose the advice. With
        augmentation, training values are of changed, mixed examples, which are harder than those of validation.
    """
    if history.step != "epoch":
        return _of_solution(history)
    augmented = settings is not None and settings.augment is not None
    kept = history.best_epoch - 1
    accuracy, valid_accuracy = history.column("accuracy")[kept], history.column("val_accuracy")[kept]
    loss, valid_loss = history.column("loss"), history.column("val_loss")
    gap = accuracy - valid_accuracy
    last = max(1, len(loss) // 10)
    ended = float(np.median(valid_loss[-last:]))
    lowest = valid_loss[kept]
    rose = ended > lowest + max(_RISE * lowest, _LEAST_RISE)
    # If the training loss did not fall as well, nothing was memorised: the steps are too large.
    memorised = loss[-1] < loss[kept]
    turned = history.best_epoch if history.best_epoch < len(loss) and rose and memorised else None
    why = f"accuracy is {accuracy:.1%} in training and {valid_accuracy:.1%} in validation"
    if turned is not None:
        why = (
            f"validation loss was lowest at epoch {turned} ({lowest:.3f}) and ended at {ended:.3f}, while training "
            f"loss ended at {loss[-1]:.3f}; accuracy {accuracy:.1%} in training, {valid_accuracy:.1%} in validation"
        )
    if turned is not None or (gap > _GAP and accuracy >= _LEARNED_SOME):
        return Diagnosis("overfitted", gap, turned, why, _against_overfitting(settings, options, augmented))
    # Dropout and augmentation lower training accuracy, so the better of the two counts.
    learned = max(accuracy, valid_accuracy)
    fifth = max(1, len(loss) // 5)
    before = min(valid_loss[:-fifth], default=float("inf"))
    best_last = not history.stopped and history.best_epoch > len(loss) - fifth
    falling = best_last and len(loss) > 1 and lowest < (1 - _STILL_FALLING) * before and learned < _LEARNED_WHOLE
    if learned < _LEARNED or falling:
        if falling:
            why += f"; validation loss was still falling when the {len(loss)} epochs ended"
        too_large = not best_last and not memorised and rose
        penalised = float(options.get("l2") or 0) > 0 or float(options.get("dropout") or 0) > 0
        advice = (
            *([f"`epochs={2 * len(loss)}`: the last epochs were the best"] if best_last else []),
            "`lr`, three times lower: the loss rose in training too"
            if too_large
            else "`lr`, three times higher or lower",
            "`width=2` or `depth=1`: a larger network",
            *(["`augment='none'`, or a milder one: its examples may be too hard"] if augmented else []),
            *(["less `l2` and `dropout`"] if penalised else []),
            *(["other features (`feature='mel'`)"] if kind not in ("mel", None) else []),
            "listening to the recordings: can a person tell the classes apart?",
        )
        return Diagnosis("underfitted", gap, None, why, advice)
    why += ", without signs of overfitting"
    return Diagnosis("fitted", gap, None, why, ("more recordings, if you need a better score",))


def _of_solution(history: History) -> Diagnosis:
    """Diagnose a head that was fitted in one step; training accuracy may be ahead as long as validation is good."""
    row = history.epochs[history.best_epoch - 1]
    accuracy, valid_accuracy = row["accuracy"], row["val_accuracy"]
    gap = accuracy - valid_accuracy
    why = f"accuracy is {accuracy:.1%} in training and {valid_accuracy:.1%} in cross-validation"
    more = "more recordings, of more speakers, places or instruments: this helps most"
    if valid_accuracy >= _LEARNED and gap <= 2 * _GAP:
        return Diagnosis("fitted", gap, None, why, ("more recordings, if you need a better score",))
    other = "`embedding='speech'`, if they are words, or `model='cnn'`: these embeddings may not tell the classes apart"
    if accuracy >= _LEARNED:
        return Diagnosis("overfitted", gap, None, why, (other, more) if valid_accuracy < _LEARNED else (more, other))
    advice = (
        other,
        "listening to the recordings: can a person tell the classes apart?",
    )
    return Diagnosis("underfitted", gap, None, why, advice)


def _against_overfitting(settings: Settings | None, options: Mapping[str, Any], augmented: bool) -> tuple[str, ...]:
    """List the remedies that this training has not used yet, the most promising first."""
    regularised = float(options.get("l2") or 0) > 0
    return (
        "more recordings, of more speakers, places or instruments: this helps most",
        "stronger augmentation, such as (other) background recordings (`background`)"
        if augmented
        else "`augment`: sounds that never repeat cannot be memorised",
        "more `l2` and `dropout`: large weights and single units count for less"
        if regularised
        else "`l2=0.001` and `dropout=0.3`: large weights and single units count for less",
        "`width=0.5` or `depth=-1`: a smaller network memorises less",
        *(
            []
            if settings is not None and settings.patience is not None
            else ["`patience=10`: stop when validation no longer improves (its best weights are kept in any case)"]
        ),
    )
