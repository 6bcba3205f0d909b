"""Augmentation by mixing the examples of a batch and their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Mixes each example with another one of its batch, and their labels in the same proportion.

    At most one of the first three parameters is above 0; it is the ``a`` of Beta(a, a), which gives the shares.
    The larger share is always the example's own. The labels follow the shares that were actually mixed.

    Parameters
    ----------
    mixup
        Add the two examples. Source: Zhang et al., mixup (2018).
    cutmix
        Paste a rectangle of time and bins from the other example. Source: Yun et al., CutMix (2019).
    manifold
        Add the two examples inside the network, at the output of ``layer``.
        Source: Verma et al., Manifold Mixup (2019).
    layer
        Name of a layer whose output is the only input of the layers after it; with ``manifold`` only.
    """

    mixup: float = 0.0
    cutmix: float = 0.0
    manifold: float = 0.0
    layer: str = ""

    def __post_init__(self) -> None:
        for name in ("mixup", "cutmix", "manifold"):
            check_between(name, getattr(self, name), 0, 100)
        if sum(value > 0 for value in (self.mixup, self.cutmix, self.manifold)) > 1:
            raise ParameterError("give one of mixup, cutmix and manifold, not several.")
        if bool(self.manifold) != bool(self.layer):
            raise ParameterError("manifold needs the name of a layer to mix at; mixup and cutmix take none.")

    def draw(self, rng: np.random.Generator, n: int) -> dict[str, npt.NDArray[Any]]:
        """Draw the partner, the example's own share, and the place of the rectangle, for ``n`` examples."""
        a = self.mixup or self.cutmix or self.manifold
        share = rng.beta(a, a, n) if a else np.ones(n)
        return {
            "partner": rng.permutation(n),
            "share": np.maximum(share, 1 - share).astype(np.float32),
            "at": rng.random((n, 2)),
        }

    def apply(self, x: FloatArray, y: FloatArray, drawn: dict[str, npt.NDArray[Any]]) -> tuple[FloatArray, FloatArray]:
        """Return the mixed batch and labels; the arguments are not changed.

        Parameters
        ----------
        x, y
            Features ``(n, frames, bins)`` and label probabilities ``(n, classes)``. For ``manifold`` the network
            mixes the features, and only the labels are mixed here.
        """
        share, partner = drawn["share"], drawn["partner"]
        if self.cutmix:
            x, share = _pasted(x, partner, share, drawn["at"])
        elif self.mixup:
            mine = share[:, np.newaxis, np.newaxis]
            x = mine * x + (1 - mine) * x[partner]
        return x, share[:, np.newaxis] * y + (1 - share[:, np.newaxis]) * y[partner]


def _pasted(
    x: FloatArray, partner: npt.NDArray[Any], share: FloatArray, at: npt.NDArray[np.float64]
) -> tuple[FloatArray, FloatArray]:
    """Paste a rectangle with the partner's share of the area into each example; also return the shares that remain."""
    frames, bins = x.shape[1:]
    whole = np.array([frames, bins])
    # A waveform has only one bin, so a stretch of time is pasted instead of a rectangle.
    part = np.stack([1 - share, np.ones_like(share)] if bins == 1 else 2 * [np.sqrt(1 - share)], axis=1)
    sides = np.floor(part * whole + 0.5).astype(np.int64)
    starts = np.floor(at * (whole - sides + 1)).astype(np.int64)
    out = x.copy()
    for i, ((t_width, b_width), (t, b)) in enumerate(zip(sides, starts, strict=True)):
        out[i, t : t + t_width, b : b + b_width] = x[partner[i], t : t + t_width, b : b + b_width]
    return out, (1 - sides.prod(axis=1) / whole.prod()).astype(np.float32)
