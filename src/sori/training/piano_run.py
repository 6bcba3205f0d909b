"""The files of a piano training: its state, its weights, and the networks that it is continued with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from sori.bundle import Bundle, bundle_folder
from sori.errors import BundleError, DatasetError, ParameterError, reason
from sori.folders import check_type, made_by, read_floats, replacing_file
from sori.models.backend import keras as load_keras
from sori.models.piano import PEDAL
from sori.output import Maker, Output
from sori.training.note_batches import spectrum_loss, transcription_loss

if TYPE_CHECKING:
    import keras

MAKER = "sori piano train"
STATE, HISTORY = "training.json", "history.csv"
FOLDER = Maker(
    MAKER,
    STATE,
    files=(HISTORY, "bundle.json", "model.onnx", "weights.npz", "README.md", "report.html"),
    patterns=("epoch-*.keras", "mean-*.npz"),
)
LOSSES: Mapping[str, Callable[..., Any]] = {"notes": transcription_loss, "spectrum": spectrum_loss}


def carry_on(network: keras.Model, path_or_name: str | Path) -> None:
    """Give a network the weights of a model, or the best ones of a training.

    Raises
    ------
    BundleError
        If there are none.
    ParameterError
        If they belong to a network of another size.
    """
    folder = bundle_folder(path_or_name)
    if (folder / STATE).is_file():
        _, state = read_training(folder)
        before = read_weights(folder / state["best_weights"])
    else:
        before = Bundle.open(folder).weights()
    is_new = [len(before) < len(network.weights) and weights.path.startswith(PEDAL) for weights in network.weights]
    known = [weights for weights, new in zip(network.weights, is_new, strict=True) if not new]
    if [w.shape for w in before] != [tuple(w.shape) for w in known]:
        raise ParameterError(f"{folder}: its network has another size; start from one with the same options.")
    # A network without an ear for the pedal learns to hear it from the beginning.
    values = iter(before)
    network.set_weights(
        [np.asarray(w) if new else next(values) for w, new in zip(network.weights, is_new, strict=True)]
    )


_FileName = Annotated[str, msgspec.Meta(pattern=r"^([\w.-]+)?$")]  # no folder


class _State(msgspec.Struct):
    """The type of the state in `training.json`."""

    epoch: Annotated[int, msgspec.Meta(ge=0)]
    weights: _FileName
    mean: _FileName
    best: float
    best_epoch: int
    best_weights: _FileName
    valid: dict[str, dict[str, Any]]
    history: list[dict[str, float]]


def checked_state(folder: Path, made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a training that was read from its folder."""
    try:
        check_type(made.get("state"), _State)
    except ValueError as error:
        raise BundleError(f"{folder / STATE}: damaged ({error}); give `overwrite=True` to begin anew") from error
    return dict(made["state"])


def read_training(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a training wrote about itself, and its state, if it has finished an epoch.

    Raises
    ------
    BundleError
        If it is not a training, is damaged, or has no finished epoch.
    """
    made = made_by(folder / STATE, MAKER)
    if made is None or not (state := checked_state(folder, made))["best_weights"]:
        raise BundleError(f"{folder}: not a piano training, or one without a finished epoch")
    return made, state


def read_weights(path: Path) -> list[npt.NDArray[np.float32]]:
    """Read weights, in Keras' order."""
    try:
        return read_floats(path)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: missing or damaged ({reason(error)})") from error


def load_network(path: Path) -> keras.Model:
    """Load a network with the state of its optimiser."""
    losses = {loss.__name__: loss for loss in LOSSES.values()}
    try:
        return load_keras().saving.load_model(path, custom_objects=losses)
    except Exception as error:  # of zipfile, h5py, Keras and TensorFlow
        raise BundleError(f"{path}: missing or damaged ({reason(error)})") from error


def save_network(network: keras.Model, path: Path) -> None:
    """Save a network with the state of its optimiser."""
    with replacing_file(path) as temporary:
        named = temporary.with_suffix(".keras")  # Keras chooses the format by the file extension
        try:
            network.save(named)
            os.replace(named, temporary)
        finally:
            named.unlink(missing_ok=True)


def state_of(output: Output, wanted: Mapping[str, Any], *, usual: Mapping[str, Any], overwrite: bool) -> dict[str, Any]:
    """Return the state of an interrupted training with the settings ``wanted``, or that of a new one.

    Settings that a training of an earlier version did not know are taken to be the ``usual`` ones.

    Raises
    ------
    DatasetError
        If the folder holds a training with other settings that may not be replaced.
    """
    fresh: dict[str, Any] = {
        "epoch": 0,
        "weights": "",
        "mean": "",
        "best": -1000.0,
        "best_epoch": 0,
        "best_weights": "",
        "valid": {},
        "history": [],
    }
    made, out = output.made, output.path
    if made is None or overwrite:
        return fresh
    if isinstance(made.get("settings"), dict):
        made = {**made, "settings": {**usual, **made["settings"]}}
    if {key: made.get(key) for key in wanted} != wanted:
        raise DatasetError(f"{out}: is a training with other data or settings; give `overwrite=True`, or another name")
    return checked_state(out, made)
