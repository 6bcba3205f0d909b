"""Dropout that does not depend on whether a training was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


def reseed(network: keras.Model, seed: int, epoch: int) -> None:
    """Seed the layers of a network that draw random numbers, for one epoch.

    Saved weights do not include the state of these layers.
    """
    for i, layer in enumerate(_layers(network)):
        if hasattr(layer, "seed_generator"):
            state = np.random.default_rng((seed, epoch, i)).integers(2**32, size=2, dtype=np.uint32)
            layer.seed_generator.state.assign(state)


def _layers(network: Any) -> Iterator[Any]:
    """Yield the layers of a network, and those of networks inside it."""
    for layer in network.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)
