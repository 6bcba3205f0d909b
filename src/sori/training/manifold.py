"""Manifold mixup: mix the examples of a batch at a layer inside the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sori.errors import ParameterError, check_choice, require

if TYPE_CHECKING:
    import keras


def mixing_inside(model: keras.Model, layer: str) -> keras.Model:
    """Return a network with ``model``'s own weights that mixes examples at the output of one of its layers.

    Parameters
    ----------
    model
        ``(n, frames, bins)`` to ``(n, classes)``.
    layer
        Name of a layer that every path through the network passes.

    Returns
    -------
    A network of ``(x, partner, share)``: each example is mixed from ``share`` (n,) of itself and the rest of
    example ``partner`` (n,) of the same batch. With a share of 1 its outputs are those of ``model``.

    Raises
    ------
    ParameterError
        If there is no such layer, or some connection bypasses it.

    Source: Verma et al., Manifold Mixup (2019).
    """
    keras = require("keras")
    names = [one.name for one in model.layers]
    check_choice("layer", layer, names)
    hidden = model.get_layer(layer).output
    try:
        front, back = keras.Model(model.inputs[0], hidden), keras.Model(hidden, model.outputs[0])
        back.compute_output_spec(hidden)  # fails if a later layer also depends on an earlier one
    except ValueError as error:
        raise ParameterError(
            f"cannot mix at layer {layer!r}: a connection bypasses it; choose one of the last, such as {names[-2]!r}"
        ) from error
    partner, share = keras.Input((), dtype="int64"), keras.Input(())
    x = front(model.inputs[0])
    mine = keras.ops.reshape(share, (-1,) + (1,) * (len(x.shape) - 1))
    mixed = mine * x + (1 - mine) * keras.ops.take(x, partner, axis=0)
    return keras.Model([*model.inputs, partner, share], back(mixed))
