"""The training step that the lessons work out by hand: a 2-2-1 network with given activations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sori.nn.trace import StepTrace, trace_on_paper

_INPUTS, _HIDDEN, _OUTPUT = [1.0, 2.0], [0.6, 0.7], [0.68]
_OUTPUT_LAYER = 1


def hand_worked() -> dict[str, StepTrace]:
    """Trace the example three times.

    ``exact``; ``rounded``, with the output's slope and delta rounded to two decimals, as on paper; and ``quarter``,
    rounded too, with the hidden slope set to 0.25, the maximum slope of a sigmoid.

    >>> hand_worked()["rounded"].layers[1].delta
    array([0.07])
    """

    def rounded(layer: int, name: str, value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return value.round(2) if layer == _OUTPUT_LAYER else value

    def quarter(layer: int, name: str, value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        if layer != _OUTPUT_LAYER and name == "slope":
            return np.full_like(value, 0.25)
        return rounded(layer, name, value)

    activations, weights = [_INPUTS, _HIDDEN, _OUTPUT], [None, [[0.5], [0.5]]]
    return {
        name: trace_on_paper(activations, weights, [1.0], rounding=rounding)
        for name, rounding in (("exact", None), ("rounded", rounded), ("quarter", quarter))
    }
