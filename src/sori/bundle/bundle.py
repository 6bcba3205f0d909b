"""The bundle: a trained model on disk, with all that is needed to use and evaluate it. One schema for every task."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

from sori.bundle.card import model_card
from sori.bundle.onnx import export_onnx
from sori.bundle.pretrained import PRETRAINED, bundle_folder
from sori.errors import BundleError, ParameterError, SoriError, check_choice, check_keys, reason
from sori.features import Preprocessor, Segmenting, front_end_from_dict
from sori.folders import check_type, read_floats, read_json

if TYPE_CHECKING:
    import keras

SCHEMA_VERSION = 2
# A spotter is a classifier for sliding windows; a cleaner removes sounds other than the piano from the spectrogram of a
# recording; an embedder turns segments into vectors; a tagger gives the kinds of sound in a recording over time.
TASKS = ("classifier", "spotter", "transcriber", "cleaner", "embedder", "tagger")
# Tasks of fixed-length segments; the others take recordings of any length.
_OF_SEGMENTS = ("classifier", "spotter", "embedder", "tagger")
_OF_CLASSES = ("classifier", "spotter", "tagger")
_PARTS = ("train", "valid", "test")
_FILE, _ONNX, _KERAS, _SPLIT, _CARD = "bundle.json", "model.onnx", "model.keras", "split.json", "README.md"
_WEIGHTS = "weights.npz"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The contents of `bundle.json`.

    Parameters
    ----------
    task
        One of :data:`TASKS`.
    front_end
        Turns a recording into the network's input. None for a network trained on imported features that do not say how
        they were made: it can be evaluated on such features, but not used on recordings.
    segmenting
        How recordings are cut; None if there is no front end, or the model takes recordings of any length.
    input_shape
        Shape of the network's input without the batch: ``(frames, bins)``, or ``(None, bins, windows)`` for any length.
    classes
        Class names in the order of the network's outputs; empty if the task has no classes.
    normalisation
        Mean and standard deviation per bin; both saved models already apply them.
    architecture
        Name, options, parameters and multiply-adds of the network.
    training
        Settings of the training.
    dataset
        What it was trained on: fingerprint and counts, or performances and pianos.
    scores
        Its scores, with the split that they were measured on.
    """

    task: str
    front_end: Any
    segmenting: Segmenting | None
    input_shape: tuple[int | None, ...]
    classes: tuple[str, ...] = ()
    normalisation: Mapping[str, Sequence[float]] = field(default_factory=dict)
    architecture: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    path: Path = field(default=Path(), compare=False)

    def __post_init__(self) -> None:
        check_choice("task", self.task, TASKS)
        if self.task in _OF_CLASSES and len(self.classes) < 2:
            raise ParameterError(f"a {self.task} needs two classes or more. Received {list(self.classes)}.")
        if self.task not in _OF_CLASSES and self.classes:
            raise ParameterError(f"a {self.task} has no classes. Received {list(self.classes)}.")
        if self.task not in _OF_SEGMENTS and self.segmenting is not None:
            raise ParameterError(f"a {self.task} takes recordings of any length, so it has no segmenting.")

    @property
    def threshold(self) -> float:
        """The probability below which an answer is better taken for none of the classes; 0: none was learned."""
        learned = self.training.get("threshold", 0.0)
        return float(learned) if isinstance(learned, int | float) and 0 <= learned <= 1 else 0.0

    @property
    def preprocessor(self) -> Preprocessor | None:
        """Front end and segmenting of a model that takes segments, else None."""
        if self.front_end is None or self.segmenting is None:
            return None
        return Preprocessor(self.front_end, self.segmenting)

    @classmethod
    def open(cls, path_or_name: str | Path) -> Self:
        """Read the description of a model, given its folder or the name of a shipped one; no network is loaded.

        Raises
        ------
        BundleError
            If there is none, a part is missing, or a value is unknown or wrong.
        """
        path = bundle_folder(path_or_name)
        file = path / _FILE
        if not file.is_file():
            raise BundleError(
                f"{path}: not a trained model (no {_FILE}); make one with `sori train`, or use one that ships with "
                f"Sori: {', '.join(PRETRAINED)}"
            )
        if not (path / _ONNX).is_file():
            raise BundleError(f"{path}: incomplete: {_ONNX} is missing; copy the whole folder, or train again")
        try:
            values = read_json(file, dict[str, Any])
            return cls(path=path, **_read(_upgraded(values, path)))
        except BundleError:
            raise
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, SoriError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else reason(error)
            raise BundleError(
                f"{file}: damaged or of another version ({what}); copy the run again, or train again"
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return the contents of `bundle.json`."""
        names = [name for name in self.__dataclass_fields__ if name != "path"]
        values: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **{name: getattr(self, name) for name in names}}
        values["front_end"] = None if self.front_end is None else self.front_end.to_dict()
        values["segmenting"] = None if self.segmenting is None else vars(self.segmenting)
        return values

    def keras_model(self) -> keras.Model:
        """Load `model.keras`, for example to train it further. It takes features and normalises them itself.

        Raises
        ------
        BundleError
            If it is missing (as in models that ship with Sori) or damaged, or would run code of its own (Keras' safe
            mode).
        """
        from sori.models.backend import keras as load_keras

        file = self.path / _KERAS
        if not file.is_file():
            raise BundleError(f"{self.path}: has no {_KERAS}, only {_ONNX}: it can be used but not trained")
        try:
            return load_keras().saving.load_model(file, safe_mode=True)
        except Exception as error:  # of zipfile, h5py, Keras and TensorFlow
            raise BundleError(f"{file}: refused or damaged ({reason(error)})") from error

    def parts(self) -> dict[str, list[str]]:
        """Return hashes of the recordings in each part of the split: train, valid and test."""
        try:
            values = read_json(self.path / _SPLIT, dict[str, list[str]])
            return {part: values[part] for part in _PARTS}
        except (OSError, ValueError, KeyError) as error:
            raise BundleError(f"{self.path / _SPLIT}: missing or damaged; train again") from error

    def learned_threshold(self) -> float:
        """Return the probability below which an answer is better taken for none of the classes.

        Raises
        ------
        BundleError
            If the training learned none.
        """
        if not self.threshold:
            raise BundleError(
                f"{self.path}: has no learned threshold: it had fewer than 30 right answers in validation, or is of an "
                "earlier version of Sori; train again with more recordings, or choose a `threshold` yourself"
            )
        return self.threshold

    def weights(self) -> list[npt.NDArray[np.float32]]:
        """Return the weights to train on from, in Keras' order, of a model that has them.

        Raises
        ------
        BundleError
            If it has none, or they are damaged.
        """
        try:
            return read_floats(self.path / _WEIGHTS, dtype=np.float16)
        except FileNotFoundError as error:
            raise BundleError(f"{self.path}: has no {_WEIGHTS}: it can be used but not trained on") from error
        except (OSError, ValueError) as error:
            raise BundleError(f"{self.path / _WEIGHTS}: damaged ({reason(error)})") from error

    @property
    def card(self) -> str:
        """The model card, in Markdown; empty if there is none."""
        file = self.path / _CARD
        return file.read_text(encoding="utf-8") if file.is_file() else ""


class _Schema(msgspec.Struct):
    """The type of `bundle.json`, without its version."""

    task: str
    front_end: dict[str, Any] | None
    segmenting: dict[str, Any] | None
    input_shape: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=2**28)] | None], msgspec.Meta(max_length=4)]
    classes: list[str]
    normalisation: dict[str, list[float]]
    architecture: dict[str, Any]
    training: dict[str, Any]
    dataset: dict[str, Any]
    scores: dict[str, Any]


def _read(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the JSON of the current version into fields."""
    names = [name for name in Bundle.__dataclass_fields__ if name != "path"]
    check_keys(_FILE, values, names)
    check_type(values, _Schema)
    front_end, segmenting = values["front_end"], values["segmenting"]
    if segmenting is not None:
        check_keys("segmenting", segmenting, Segmenting.__dataclass_fields__)
    return {
        **values,
        "front_end": None if front_end is None else front_end_from_dict(front_end),
        "segmenting": None if segmenting is None else Segmenting(**segmenting),
        "classes": tuple(str(name) for name in values["classes"]),
        "input_shape": tuple(None if size is None else int(size) for size in values["input_shape"]),
    }


def _upgraded(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """Upgrade the JSON of an earlier version to the current one, and remove its version."""
    version = values.pop("schema_version", None)
    if version == SCHEMA_VERSION:
        return values
    if version != 1:
        raise BundleError(f"{path}: has format {version}; this Sori reads 1 to {SCHEMA_VERSION}")
    task = values.pop("task", None)
    if task is None:  # in version 1, only transcribers stored their task
        return {**values, "task": "classifier"}
    front_end = {"kind": "log-frequency", **values["front_end"]}
    return {
        "task": {"piano": "transcriber", "piano spectrum": "cleaner"}.get(task, task),
        "front_end": front_end,
        "segmenting": None,
        "classes": (),
        "input_shape": (None, front_end["n_bins"], len(front_end["windows"])),
        "normalisation": {},
        "dataset": values.pop("data", {}),
        **{key: value for key, value in values.items() if key != "front_end"},
    }


def save_bundle(
    folder: Path,
    bundle: Bundle,
    model: keras.Model,
    *,
    name: str,
    notes: Sequence[str] = (),
    parts: Mapping[str, Sequence[str]] | None = None,
    keep_keras: bool = True,
    half: bool = False,
    weights: Sequence[npt.NDArray[np.float32]] | None = None,
) -> None:
    """Write a bundle, with its card, into an existing folder.

    Parameters
    ----------
    model
        Takes features as the front end makes them, and returns the task's output: probabilities, levels or vectors.
    name, notes
        Name of the model, and notes on its scores, for the card.
    parts
        Hashes of the recordings in each part of the split.
    keep_keras
        Write `model.keras` beside `model.onnx`.
    half
        Store the weights of `model.onnx` in half precision: half the size, and computed in float32 as before.
    weights
        Weights to train on from, in Keras' order; written as `weights.npz` in half precision.

    Raises
    ------
    BundleError
        If the outputs of the ONNX model differ from the Keras model's.
    """
    rng = np.random.default_rng(0)
    shape = [size or _PROBED_FRAMES for size in bundle.input_shape]
    if bundle.normalisation:
        mean, std = (np.asarray(bundle.normalisation[key], dtype=np.float32) for key in ("mean", "std"))
        probe = mean + std * rng.standard_normal((4, *shape)).astype(np.float32)
    else:
        probe = rng.random((1, *shape)).astype(np.float32)
    if keep_keras:
        model.save(folder / _KERAS)
    export_onnx(model, folder / _ONNX, probe=probe, half=half)
    if weights is not None:
        np.savez_compressed(folder / _WEIGHTS, *[array.astype(np.float16) for array in weights])
    described = {_FILE: json.dumps(bundle.to_dict(), ensure_ascii=False, indent=1)}
    if parts is not None:
        described[_SPLIT] = json.dumps({part: list(parts[part]) for part in _PARTS})
    for file, text in described.items():
        (folder / file).write_text(text + "\n", encoding="utf-8")
    (folder / _CARD).write_text(model_card(name, bundle, notes), encoding="utf-8")


# Number of frames on which the Keras and ONNX versions of a model for any length are compared.
_PROBED_FRAMES = 200
