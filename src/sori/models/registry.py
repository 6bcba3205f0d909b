"""The names of the architectures, what each is for, and how each is best trained."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sori.augment import SpectrogramAugment
from sori.errors import ParameterError, check_choice, check_count, check_keys
from sori.models.cnn import cnn
from sori.models.mlp import mlp

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained unless the user says otherwise.

    ``jit`` compiles whole steps with XLA: faster for dense layers, slower for convolutions on a CPU. ``schedule`` is
    ``constant`` or ``cosine`` (up to ``lr`` in the first twentieth of the steps, then down to nothing).
    """

    epochs: int = 50
    batch_size: int = 32
    lr: float = 1e-4
    schedule: str = "constant"
    augment: SpectrogramAugment | None = None
    jit: bool = False


@dataclass(frozen=True)
class Architecture:
    """A network that Sori knows: ``build(input_shape, n_classes, **options)``."""

    name: str
    purpose: str
    build: Callable[..., keras.Model]
    recipe: Recipe = field(default_factory=Recipe)

    def recipe_for(self, kind: str | None) -> Recipe:
        """Return the recipe for features of a kind: only on a mel axis is a shift of bins a change of pitch."""
        augment = self.recipe.augment
        if augment is None or kind == "mel":
            return self.recipe
        return replace(self.recipe, augment=replace(augment, shift_bins=0))

    @property
    def options(self) -> dict[str, Any]:
        """Options and their defaults."""
        parameters = inspect.signature(self.build).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture(
            "mlp",
            "three dense layers over a flattened MFCC segment: the classic first network",
            mlp,
            Recipe(jit=True),
        ),
        Architecture(
            "cnn",
            "compact 2-D convolutions over a mel spectrogram: the one to use",
            cnn,
            Recipe(
                epochs=100,
                lr=2e-3,
                schedule="cosine",
                augment=SpectrogramAugment(
                    roll=True, stretch=0.3, shift_bins=3, level=0.3, masks=2, time_mask=0.18, bin_mask=0.16, mixup=0.3
                ),
            ),
        ),
    )
}


def build(name: str, *, input_shape: tuple[int, int], n_classes: int, **options: Any) -> keras.Model:
    """Build an untrained network.

    Parameters
    ----------
    name
        One of :data:`ARCHITECTURES`.
    input_shape
        ``(frames, bins)`` of a segment.
    n_classes
        Outputs, as probabilities.
    options
        The architecture's own, such as ``dropout`` and ``l2``.

    Raises
    ------
    ParameterError
        If the name or an option is unknown, or a number is out of range.
    MissingDependencyError
        If Keras is not installed.
    """
    check_choice("model", name, ARCHITECTURES)
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
            positions = 1
            for size in layer.output.shape[1:-1]:
                positions *= size
            size = 1
            for length in kernel.shape:
                size *= length
            total += positions * size
    return total
