"""The state of a training that is still going on, so that an interrupted one can go on."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

import sori
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


def has_state(path: Path) -> bool:
    """Return whether the state of a training was saved in such a folder."""
    return any(path.glob(f"*/{_STATE}"))


class _State(msgspec.Struct):
    """The type of `state.json`."""

    epochs: list[dict[str, float]]
    best_epoch: Annotated[int, msgspec.Meta(ge=0)]
    stopped: bool
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
        Go on with what is there, if anything is.
    overwrite
        Remove what is there.

    Raises
    ------
    DatasetError
        If what is there is of another training, is none, or may be neither gone on with nor removed.
    """

    def __init__(self, path: Path, made: Mapping[str, Any], *, resume: bool = False, overwrite: bool = False) -> None:
        self.path = path
        self._made: dict[str, Any] = {"made_by": _MAKER, "version": sori.__version__}
        self._before = made_by(path / _FACTS, _MAKER)
        if path.exists() and self._before is None and any(path.iterdir()):
            raise DatasetError(f"{path}: is in the way, and no interrupted training; move it, or choose another `out`")
        saved = has_state(path)
        self.resumed = resume and saved
        if saved and not resume and not overwrite:
            raise DatasetError(
                f"{path}: is a training that was interrupted; give `resume=True` to go on with it, or `overwrite=True` "
                "to begin anew"
            )
        if not self.resumed:
            self.remove()
        self.made_of(**made)

    def made_of(self, **made: Any) -> None:
        """Add what the training is made of.

        Raises
        ------
        DatasetError
            If the training that is gone on with was made of something else.
        """
        self._made |= as_json(made)
        changed = list(_differences(self._before or {}, self._made)) if self.resumed else []
        if changed:
            raise DatasetError(
                f"{self.path}: the interrupted training had {'; '.join(changed)}; give the same, or `overwrite=True` "
                "without `resume=True` to begin anew"
            )

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
        """Return what was saved last: the epochs so far, the best, whether patience ended them; None: nothing.

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
        network.save_weights(self.path / named["weights"])
        write_floats(self.path / named["best"], best)
        write_json(self.path / _STATE, {**state, **named})
        for old in self.path.iterdir():
            if old.name not in (*named.values(), _STATE):
                old.unlink()
        self._saved = time.monotonic()

    def _damaged(self, error: Exception) -> DatasetError:
        return DatasetError(
            f"{self.path}: the state of the interrupted training is damaged ({reason(error)}); give `overwrite=True` "
            "without `resume=True` to begin anew"
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs, of what is made now."""
    for name, value in now.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            yield from _differences(old, {**dict.fromkeys(old), **value})
        elif old != value:
            known = all(part is None or isinstance(part, int | float | str) for part in (old, value))
            yield f"{name} {_word(old)}, not {_word(value)}" if known else f"other {name}"


def _word(value: Any) -> str:
    return "as usual" if value is None else str(value)
