"""The registry of architectures: their names, purposes and training recipes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sori.errors import ParameterError, check_count, check_keys
from sori.models.bcresnet import bcresnet
from sori.models.cnn import cnn
from sori.models.densenet import densenet
from sori.models.embedding import embedding
from sori.models.mlp import mlp
from sori.models.piano import piano
from sori.models.stages import spectrogram_cnn, spectrogram_skip, wave, wave_skip
from sori.registry import Registry

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Default settings for training a network.

    ``jit`` compiles whole steps with XLA: faster for dense layers, slower for convolutions on a CPU. ``schedule`` is
    ``constant`` or ``cosine`` (up to ``lr`` in the first twentieth of the steps, then down to 0). ``augment`` is
    the name of one of :data:`sori.augment.RECIPES`; empty: no augmentation.
    """

    epochs: int = 50
    batch_size: int = 32
    lr: float = 1e-4
    schedule: str = "constant"
    augment: str = ""
    jit: bool = False


@dataclass(frozen=True)
class Architecture:
    """A registered network: ``build(input_shape, n_classes, **options)``; ``features`` is the kind it takes.

    ``solved``: it is not trained in epochs, but its last layer is fitted in one step, as a logistic regression.
    """

    name: str
    purpose: str
    build: Callable[..., keras.Model]
    recipe: Recipe = field(default_factory=Recipe)
    features: str = "mel"
    solved: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Options and their defaults."""
        parameters = inspect.signature(self.build).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


_STAGES = Recipe(epochs=40, lr=1e-3, schedule="cosine")

ARCHITECTURES: Registry[Architecture] = Registry(
    "model",
    "sori.architectures",
    {
        architecture.name: architecture
        for architecture in (
            Architecture(
                "mlp",
                "three dense layers over a flattened MFCC segment: a simple baseline",
                mlp,
                Recipe(jit=True),
                "mfcc",
            ),
            Architecture(
                "cnn",
                "compact 2-D convolutions over a mel spectrogram: for many recordings",
                cnn,
                Recipe(epochs=100, lr=2e-3, schedule="cosine", augment="spectrogram"),
            ),
            Architecture(
                "bcresnet",
                "broadcasted residual learning: for spoken words, small enough to run all the time",
                bcresnet,
                Recipe(epochs=100, batch_size=64, lr=6e-3, schedule="cosine", augment="speech"),
            ),
            Architecture(
                "embedding",
                "logistic regression on embeddings: for few recordings",
                embedding,
                features="embedding",
                solved=True,
            ),
            Architecture("wave", "1-D convolutions over waveforms", wave, _STAGES, "waveform"),
            Architecture("wave-skip", "wave with each stage's input added as channels", wave_skip, _STAGES, "waveform"),
            Architecture(
                "spectrogram-cnn",
                "wave's four stages as 2-D convolutions over a spectrogram",
                spectrogram_cnn,
                _STAGES,
                "spectrogram",
            ),
            Architecture(
                "spectrogram-skip",
                "spectrogram-cnn with each stage's input added as channels",
                spectrogram_skip,
                _STAGES,
                "spectrogram",
            ),
        )
    },
)


# Networks that transcribe; they take spectrograms of any length: ``build(input_shape, target=..., **options)``.
TRANSCRIBERS: Mapping[str, Callable[..., Any]] = {"piano": piano, "densenet": densenet}


def default_for(kind: str | None) -> str:
    """Return the default architecture for a kind of features; None: imported features of unknown kind."""
    defaults = {"mel": "cnn", "spectrogram": "cnn", "waveform": "wave", "embedding": "embedding"}
    return defaults.get(kind or "", "mlp")


def build(name: str, *, input_shape: tuple[int, int], n_classes: int, **options: Any) -> keras.Model:
    """Build an untrained network.

    Parameters
    ----------
    name
        One of :data:`ARCHITECTURES`.
    input_shape
        ``(frames, bins)`` of a segment.
    n_classes
        Number of outputs (logits): a softmax turns them into probabilities.
    options
        Options of the architecture; all have ``dropout``, ``l2``, ``width`` and ``depth``.

    Raises
    ------
    ParameterError
        If the name or an option is unknown, or a number is out of range.
    MissingDependencyError
        If Keras is not installed.
    """
    architecture = ARCHITECTURES[name]
    check_keys(f"the options of {name}", options, architecture.options)
    check_count("n_classes", n_classes, at_least=2)
    if len(input_shape) != 2:
        raise ParameterError(f"input_shape must be (frames, bins). Received {input_shape!r}.")
    for size in input_shape:
        check_count("input_shape", size)
    return architecture.build(tuple(input_shape), n_classes, **options)


def multiply_adds(model: keras.Model) -> int:
    """Multiply-adds of one forward pass of one example, counted over dense layers and convolutions."""
    total = 0
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if hasattr(layer, "layers"):
            total += multiply_adds(layer)
        elif kernel is not None:
            # A kernel, depthwise or not, is applied in full at every position of the output.
            total += math.prod(layer.output.shape[1:-1]) * math.prod(kernel.shape)
    return total
