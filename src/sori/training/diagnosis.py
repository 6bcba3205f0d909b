"""What a history says: fitted, underfitted or overfitted, and what to try next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sori.training.fit import History

# Accuracy that training may be ahead by, rise of the validation loss over its lowest, and accuracy in training and
# validation below which a network has not learned: rules of thumb, stated so that anyone may read the curves otherwise.
_GAP, _RISE, _LEARNED = 0.1, 0.15, 0.8
# A rise that is smaller than this in itself is none, however small the loss.
_LEAST_RISE = 0.02
# Part of the lowest validation loss that the last fifth of the epochs still took off, for training to count as cut off,
# and accuracy on the training part from which there is hardly anything left to learn from it.
_STILL_FALLING, _LEARNED_WHOLE = 0.05, 0.98


@dataclass(frozen=True)
class Diagnosis:
    """How well a network fits, as far as its curves tell.

    Parameters
    ----------
    verdict
        ``fitted``, ``underfitted`` or ``overfitted``.
    gap
        Accuracy in training less that in validation, at the epoch that was kept.
    turned
        The epoch, from 1, after which the validation loss rose for good, by 15 % or more; None if it did not.
    why
        One sentence.
    advice
        What to try next, the likeliest first.
    """

    verdict: str
    gap: float
    turned: int | None
    why: str
    advice: tuple[str, ...]


def diagnose(history: History, *, augmented: bool = False) -> Diagnosis:
    """Read the curves of a training.

    Overfitted: training accuracy is more than ten points ahead of validation at the epoch that was kept, or the
    validation loss ended 15 % above its lowest while the training loss fell. Underfitted: neither, and accuracy is
    below 80 % in training and validation, or below 98 % with a validation loss that was still falling when the epochs
    ended. Else fitted.

    Parameters
    ----------
    augmented
        The training values are of changed, mixed sounds, harder than those of validation.
    """
    kept = history.best_epoch - 1
    accuracy, valid_accuracy = history.column("accuracy")[kept], history.column("val_accuracy")[kept]
    loss, valid_loss = history.column("loss"), history.column("val_loss")
    gap = accuracy - valid_accuracy
    last = max(1, len(loss) // 10)
    ended = float(np.median(valid_loss[-last:]))
    lowest = valid_loss[kept]
    rose = ended > lowest + max(_RISE * lowest, _LEAST_RISE)
    # Where the training loss did not fall meanwhile, nothing was learned by heart: the steps are too large.
    by_heart = loss[-1] < loss[kept]
    turned = history.best_epoch if history.best_epoch < len(loss) and rose and by_heart else None
    if gap > _GAP or turned is not None:
        if turned is not None:
            why = (
                f"validation loss turned at epoch {turned} ({lowest:.3f}) and ended at {ended:.3f}, while training "
                f"loss ended at {loss[-1]:.3f}; accuracy {accuracy:.1%} in training, {valid_accuracy:.1%} in validation"
            )
        else:
            why = f"accuracy is {accuracy:.1%} in training and {valid_accuracy:.1%} in validation"
        more = (
            "stronger augmentation, such as (other) recordings behind it (--background DIR)"
            if augmented
            else "--augment NAME"
        )
        advice: tuple[str, ...] = (
            "more recordings, of more speakers, places or instruments: nothing helps as much",
            f"{more}: sounds that are never twice the same cannot be learned by heart",
            "--l2 0.001 --dropout 0.3: large weights and single units count for less",
            "--width 0.5 or --depth -1: a network with less room to remember in",
            "--patience 10: stop when validation no longer improves (its best weights are kept in any case)",
        )
        return Diagnosis("overfitted", gap, turned, why, advice)
    # In training, dropout silences units and augmentation makes sounds harder: the better of the two tells.
    learned = max(accuracy, valid_accuracy)
    fifth = max(1, len(loss) // 5)
    before = min(valid_loss[:-fifth], default=float("inf"))
    best_last = not history.stopped and history.best_epoch > len(loss) - fifth
    falling = best_last and len(loss) > 1 and lowest < (1 - _STILL_FALLING) * before and learned < _LEARNED_WHOLE
    if learned < _LEARNED or falling:
        why = f"accuracy is {accuracy:.1%} in training and {valid_accuracy:.1%} in validation"
        if falling:
            why += f"; validation loss was still falling when the {len(loss)} epochs ended"
        advice = (
            *(["--epochs, twice as many: it was best where they ended"] if best_last else []),
            "--lr, three times lower: the loss rose in training too"
            if not best_last and not by_heart and rose
            else "--lr, three times higher or lower",
            "--width 2 or --depth 1: a larger network",
            *(["--augment none, or a milder one: what it is given may be too hard"] if augmented else []),
            "less --l2 and --dropout",
            "other features (--feature mel), or listen whether the labels can be told from the sound at all",
        )
        return Diagnosis("underfitted", gap, None, why, advice)
    why = f"accuracy is {accuracy:.1%} in training and {valid_accuracy:.1%} in validation, and neither loss turned"
    return Diagnosis("fitted", gap, None, why, ("more recordings, if the score is not yet what is needed",))
