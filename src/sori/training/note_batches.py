"""The losses of a transcriber, and the batches that it is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.features import LogFrequency
from sori.features.log_frequency import DB
from sori.models.backend import keras as load_keras
from sori.models.piano import SPECTRUM_BINS
from sori.music import KEYS, LOWEST, targets
from sori.music.rolls import PEAK_S, pedal_roll
from sori.synth import Clip, NoteBank, Performance, Playing, draw_clip

# Weights of onsets, velocities and the pedal, and extra weights of onsets that are easily missed: of a string struck
# while it rings, of a low key, of a note much softer than others struck with it.
_ONSET, _VELOCITY, _PEDAL = 2.0, 2.0, 0.01
_AGAIN, _LOW, _SOFT = 1.5, 0.75, 0.75
_LOW_BELOW, _SOFTER_BY, _TOGETHER_S, _RINGS_S = 48, 25, 0.3, 0.06


def transcription_loss(y_true: Any, y_pred: Any) -> Any:
    """Cross-entropy of onset, sounding, offset and pedal, and squared error of the velocity where there is an onset.

    Half of the velocity's error is absolute, half is relative to the clip's mean: absolute velocities depend on the
    recording's level, which can hardly be known, but differences between notes do not.

    Parameters
    ----------
    y_true
        ``(n, frames, 88, 6)``: the targets of :func:`sori.music.targets`, the weights of :func:`onset_weights`, and
        the pedal, the same for all keys: 1 down, 0 up, below 0 where it is not known.
    y_pred
        Logits ``(n, frames, 88, 5)``.

    Returns
    -------
    A scalar: the sum over the keys, averaged over frames and clips.
    """
    ops = load_keras().ops
    target, logits = y_true[..., :3], y_pred[..., :3]
    entropy = _entropy(target, logits)
    struck = y_true[..., 0]
    onset = ops.mean(entropy[..., 0] * (1.0 + struck * (y_true[..., 4] - 1.0)))
    error = ops.sigmoid(y_pred[..., 3]) - y_true[..., 3]
    strokes = ops.sum(struck, axis=(1, 2)) + 1.0
    mean = ops.sum(error * struck, axis=(1, 2)) / strokes
    relative = ops.square(error - mean[:, None, None])
    velocity = ops.mean(ops.sum((ops.square(error) + relative) * struck, axis=(1, 2)) / strokes) / 2
    pedal = y_true[:, :, 0, 5]
    known = ops.cast(pedal >= 0, "float32")
    pedals = ops.sum(_entropy(pedal, y_pred[:, :, 0, 4]) * known) / (ops.sum(known) + 1.0)
    keys = y_true.shape[2]
    return keys * (
        _ONSET * onset + ops.mean(entropy[..., 1]) + ops.mean(entropy[..., 2]) + _VELOCITY * velocity + _PEDAL * pedals
    )


def _entropy(target: Any, logits: Any) -> Any:
    """Return the cross-entropy of each logit."""
    ops = load_keras().ops
    return ops.maximum(logits, 0) - logits * target + ops.log1p(ops.exp(-ops.abs(logits)))


def onset_weights(notes: npt.NDArray[np.float64], *, frames: int, frame_s: float) -> npt.NDArray[np.float32]:
    """Return the weight of each onset, within 50 ms of it; shape ``(frames, 88)``, 1 elsewhere.

    >>> rows = np.array([[0.1, 0.5, 60, 80], [0.5, 0.9, 60, 80]])
    >>> onset_weights(rows, frames=40, frame_s=0.02)[[5, 25, 35], 39]
    array([2. , 3.5, 1. ], dtype=float32)
    """
    out = np.ones((frames, KEYS), dtype=np.float32)
    if not len(notes):
        return out
    onsets = notes[:, 0]
    order = np.lexsort((onsets, notes[:, 2]))
    weights = np.full(len(notes), _ONSET)
    before, after = order[:-1], order[1:]
    again = (notes[before, 2] == notes[after, 2]) & (notes[before, 1] > onsets[after] - _RINGS_S)
    weights[after[again]] += _AGAIN
    weights[notes[:, 2] < _LOW_BELOW] += _LOW
    in_time = np.sort(onsets)
    by_time = notes[np.argsort(onsets, kind="stable"), 3]
    first = np.searchsorted(in_time, onsets - _TOGETHER_S)
    last = np.searchsorted(in_time, onsets + _TOGETHER_S, side="right")
    loudest = np.array([by_time[i:j].max() for i, j in zip(first, last, strict=True)])
    weights[loudest - notes[:, 3] >= _SOFTER_BY] += _SOFT
    reach = int(np.ceil(PEAK_S / frame_s))
    for onset_s, pitch, weight in zip(onsets, notes[:, 2], weights, strict=True):
        middle = round(onset_s / frame_s)
        near = slice(max(0, middle - reach), max(0, middle + reach + 1))
        out[near, int(pitch) - LOWEST] = np.maximum(out[near, int(pitch) - LOWEST], weight)
    return out


def spectrum_loss(y_true: Any, y_pred: Any) -> Any:
    """Return the mean absolute difference in dB of two spectrograms of :class:`sori.features.LogFrequency`."""
    ops = load_keras().ops
    return DB * ops.mean(ops.abs(y_pred - y_true))


@dataclass(frozen=True, eq=False)
class MusicBatches:
    """Batches ``(features, targets)`` of newly drawn clips; ``target`` is ``notes`` or ``spectrum``.

    A batch depends only on the seed and its number, so an interrupted training continues with the same batches.
    """

    performances: Sequence[Performance]
    banks: Sequence[NoteBank]
    others: Sequence[npt.NDArray[np.int16]]
    front_end: LogFrequency
    batch_size: int
    clip_s: float
    playing: Playing
    target: str
    seed: int

    def __call__(self, step: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return batch number ``step``."""
        rng = np.random.default_rng((self.seed, step))
        samples = round(self.clip_s * self.front_end.sr)
        drawn = [
            draw_clip(self.performances, self.banks, rng, samples=samples, playing=self.playing, others=self.others)
            for _ in range(self.batch_size)
        ]
        x = self.front_end(np.stack([clip.y for clip in drawn]))
        if self.target == "spectrum":
            return x, self.front_end(np.stack([clip.piano for clip in drawn]))[:, :, :SPECTRUM_BINS]
        size = {"frames": x.shape[1], "frame_s": self.front_end.frame_s}
        return x, np.stack([_wanted(clip, **size) for clip in drawn])


def _wanted(clip: Clip, *, frames: int, frame_s: float) -> npt.NDArray[np.float32]:
    """Return what :func:`transcription_loss` takes of a clip, ``(frames, 88, 6)``."""
    weights = onset_weights(clip.notes, frames=frames, frame_s=frame_s)
    pedal = np.full(frames, -1.0) if clip.pedals is None else pedal_roll(clip.pedals, frames=frames, frame_s=frame_s)
    return np.concatenate(
        [
            targets(clip.notes, frames=frames, frame_s=frame_s),
            weights[..., np.newaxis],
            np.broadcast_to(pedal[:, np.newaxis, np.newaxis], (frames, KEYS, 1)),
        ],
        axis=-1,
        dtype=np.float32,
    )
