"""The losses of a transcriber, and the endless stream that it learns from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sori.datasets import Performance, Playing, draw_clip
from sori.features import LogFrequency
from sori.features.log_frequency import DB
from sori.models.backend import keras as load_keras
from sori.models.piano import SPECTRUM_BINS
from sori.music import NoteBank, targets

if TYPE_CHECKING:
    import keras

# Onsets make the notes, so they count twice. The error of velocities, averaged over onsets, is a small number squared,
# which with this weight makes some hundredths of the whole. With four times as much, velocities were told no better.
_ONSET, _VELOCITY = 2.0, 1.0


def transcription_loss(y_true: Any, y_pred: Any) -> Any:
    """Cross-entropy of onset, sounding and offset, and squared error of the velocity where there is an onset.

    Parameters
    ----------
    y_true
        ``(n, frames, 88, 4)``, as :func:`sori.music.targets` makes them.
    y_pred
        Logits of the same shape.

    Returns
    -------
    A number: the sum over the keys, averaged over frames and clips.
    """
    ops = load_keras().ops
    told, logits = y_true[..., :3], y_pred[..., :3]
    entropy = ops.maximum(logits, 0) - logits * told + ops.log1p(ops.exp(-ops.abs(logits)))
    weights = ops.convert_to_tensor([_ONSET, 1.0, 1.0], dtype=y_pred.dtype)
    struck = y_true[..., 0]
    velocity = ops.sum(ops.square(ops.sigmoid(y_pred[..., 3]) - y_true[..., 3]) * struck) / (ops.sum(struck) + 1.0)
    keys = y_true.shape[2]
    return keys * (ops.sum(ops.mean(entropy, axis=(0, 1, 2)) * weights) + _VELOCITY * velocity)


def spectrum_loss(y_true: Any, y_pred: Any) -> Any:
    """Mean absolute difference of two pictures in dB, of levels as :class:`sori.features.LogFrequency` makes them."""
    ops = load_keras().ops
    return DB * ops.mean(ops.abs(y_pred - y_true))


def music_batches(
    performances: Sequence[Performance],
    banks: Sequence[NoteBank],
    others: Sequence[npt.NDArray[np.int16]],
    *,
    front_end: LogFrequency,
    steps: int,
    batch_size: int,
    clip_s: float,
    playing: Playing,
    target: str,
    seed: int,
    epoch: int,
) -> keras.utils.PyDataset:
    """Batches ``(features, targets)`` of clips that are each played anew; ``target`` is ``notes`` or ``spectrum``.

    A batch is drawn from seed, epoch and place alone: a training that was cut goes on as if it had not been.
    """
    keras = load_keras()
    samples = round(clip_s * front_end.sr)

    class MusicBatches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(workers=1, max_queue_size=6)

        def __len__(self) -> int:
            return steps

        def __getitem__(self, index: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
            rng = np.random.default_rng((seed, epoch, index))
            drawn = [
                draw_clip(performances, banks, rng, samples=samples, playing=playing, others=others)
                for _ in range(batch_size)
            ]
            x = front_end(np.stack([clip.y for clip in drawn]))
            if target == "spectrum":
                return x, front_end(np.stack([clip.piano for clip in drawn]))[:, :, :SPECTRUM_BINS]
            y = [targets(clip.notes, frames=x.shape[1], frame_s=front_end.frame_s) for clip in drawn]
            return x, np.stack(y)

    return MusicBatches()
