"""The state of a training that is still going on, so that an interrupted one can go on."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from sori.errors import DatasetError, reason
from sori.folders import (
    as_json,
    building_folder,
    check_type,
    made_by,
    read_floats,
    read_json,
    remove,
    write_floats,
    write_json,
)

if TYPE_CHECKING:
    import keras

_MAKER, _FACTS, _STATE = "sori train", "training.json", "state.json"
# A state is not saved more often than this.
_EVERY_S = 5.0


def unfinished_folder(out: Path) -> Path:
    """Return the path of the folder in which the state of a training is kept until its run is written to ``out``."""
    return building_folder(out, ending="unfinished")


class _State(msgspec.Struct):
    """The type of `state.json`."""

    epochs: list[dict[str, float]]
    best_epoch: Annotated[int, msgspec.Meta(ge=0)]
    stopped: bool
    finished: bool
    weights: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+$")]
    best: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+$")]


class Unfinished:
    """The folder of a training that is going on.

    Parameters
    ----------
    path
        The folder; it is made when a state is first saved.
    made
        What the training is made of: another training cannot go on from its state.
    resume
        Go on with what is there, if anything is; otherwise it is removed.

    Raises
    ------
    DatasetError
        If what is there is of another training, or is none.
    """

    def __init__(self, path: Path, made: Mapping[str, Any], *, resume: bool) -> None:
        self.path = path
        self._made = {"made_by": _MAKER, **as_json(made)}
        there = made_by(path / _FACTS, _MAKER)
        if path.exists() and there is None and any(path.iterdir()):
            raise DatasetError(f"{path}: is in the way, and no interrupted training; move it, or choose another `out`")
        if resume and there not in (None, self._made):
            changed = [key for key in self._made if (there or {}).get(key) != self._made[key]]
            raise DatasetError(
                f"{path}: the interrupted training had other {' and '.join(changed)}; give the same, or leave out "
                "`resume=True` to begin anew"
            )
        if not resume:
            self.remove()

    def stage(self, name: str) -> Stage:
        """Return where the state of a network is kept, of which a training may have several, one after another."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not (self.path / _FACTS).is_file():
            write_json(self.path / _FACTS, self._made)
        return Stage(self.path / re.sub(r"\W+", "-", name.lower()))

    def remove(self) -> None:
        """Remove the folder."""
        if self.path.exists():
            remove(self.path)


class Stage:
    """The state of one network that is being trained; ``None`` in place of one means that none is kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saved = time.monotonic()

    def read(self) -> dict[str, Any] | None:
        """Return what was saved last: the epochs so far, the best of them, whether it is finished; None: nothing.

        Raises
        ------
        DatasetError
            If it is damaged.
        """
        try:
            values = read_json(self.path / _STATE)
            check_type(values, _State)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._damaged(error) from error
        return dict(values)

    def restore(self, network: keras.Model, state: Mapping[str, Any]) -> list[npt.NDArray[np.float32]]:
        """Give a compiled network its weights and the state of its optimiser, and return the best weights so far."""
        try:
            network.optimizer.build(network.trainable_variables)
            network.load_weights(self.path / state["weights"])
            return read_floats(self.path / state["best"])
        except Exception as error:  # of h5py, Keras and TensorFlow
            raise self._damaged(error) from error

    def save(
        self, network: keras.Model, best: list[npt.NDArray[np.float32]], state: Mapping[str, Any], *, now: bool = False
    ) -> None:
        """Save the state of a training after an epoch, if the last time is a while ago, or ``now``."""
        if not now and time.monotonic() - self._saved < _EVERY_S:
            return
        self.path.mkdir(exist_ok=True)
        # File names differ by epoch, so that all files match whenever the training is interrupted.
        epoch = len(state["epochs"])
        named = {"weights": f"epoch-{epoch}.weights.h5", "best": f"best-{epoch}.npz"}
        network.save_weights(self.path / named["weights"], overwrite=True)
        write_floats(self.path / named["best"], best)
        write_json(self.path / _STATE, {**state, **named})
        for old in self.path.iterdir():
            if old.name not in (*named.values(), _STATE):
                old.unlink()
        self._saved = time.monotonic()

    def _damaged(self, error: Exception) -> DatasetError:
        return DatasetError(
            f"{self.path}: the state of the interrupted training is damaged ({reason(error)}); leave out `resume=True` "
            "to begin anew"
        )
