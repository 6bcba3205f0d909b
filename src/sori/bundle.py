"""The bundle: a trained model on disk, with all that is needed to use it and to judge it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import onnxruntime

from sori.datasets import Segmenting
from sori.errors import BundleError, ParameterError, SoriError, check_choice, check_count, check_keys, reason
from sori.features import FrontEnd
from sori.models.backend import keras as load_keras

if TYPE_CHECKING:
    import keras

SCHEMA_VERSION = 1
PRETRAINED = ("keywords", "piano")
_WEIGHTS = Path(__file__).with_name("weights")
_PARTS = ("train", "valid", "test")
# Largest difference between what the Keras model and its ONNX twin answer.
_TOLERANCE = 1e-4
_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What `bundle.json` says.

    Parameters
    ----------
    front_end, segmenting
        How a recording becomes what the network sees. None for a network trained on imported features, whose making
        nobody stated: it can be evaluated on such features, and predict nothing from sound.
    classes
        Names in the order of the network's outputs.
    input_shape
        ``(frames, bins)``.
    normalisation
        Mean and standard deviation per bin; they are already inside both models.
    architecture
        Name, options, parameters and multiply-adds of the network.
    training
        Arguments of the training.
    dataset
        Fingerprint and counts of what it was trained on.
    scores
        What it scored, with the split it was measured on.
    """

    front_end: FrontEnd | None
    segmenting: Segmenting | None
    classes: tuple[str, ...]
    input_shape: tuple[int, int]
    normalisation: Mapping[str, Sequence[float]]
    architecture: Mapping[str, Any]
    training: Mapping[str, Any]
    dataset: Mapping[str, Any]
    scores: Mapping[str, Any]
    path: Path = field(default=Path(), compare=False)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Read a bundle folder's description; no model is loaded.

        Raises
        ------
        BundleError
            If there is none, a part is missing, or a value is unknown or wrong.
        """
        path = Path(path)
        if str(path) in PRETRAINED and not path.exists():
            path = pretrained(str(path))
        file = path / "bundle.json"
        if not file.is_file():
            raise BundleError(
                f"{path}: not a trained model (no bundle.json); make one with `sori train`, or use keywords, "
                "which ships with Sori"
            )
        if not (path / "model.onnx").is_file():
            raise BundleError(f"{path}: incomplete: model.onnx is missing; copy the whole folder, or train again")
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(values, dict):
                raise ParameterError("must be a table")
            version = values.pop("schema_version", None)
            if version != SCHEMA_VERSION:
                raise BundleError(f"{path}: has format {version}, this Sori reads {SCHEMA_VERSION}")
            if values.get("task") == "piano":
                raise BundleError(f"{path}: transcribes pianos and tells no classes apart; use it with sori transcribe")
            names = [name for name in cls.__dataclass_fields__ if name != "path"]
            check_keys("bundle.json", values, names)
            front_end, segmenting = values.pop("front_end"), values.pop("segmenting")
            if segmenting is not None:
                check_keys("segmenting", segmenting, Segmenting.__dataclass_fields__)
            return cls(
                front_end=None if front_end is None else FrontEnd.from_dict(front_end),
                segmenting=None if segmenting is None else Segmenting(**segmenting),
                classes=tuple(str(name) for name in values.pop("classes")),
                input_shape=(int(values["input_shape"][0]), int(values.pop("input_shape")[1])),
                path=path,
                **values,
            )
        except BundleError:
            raise
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, SoriError) as error:
            missing = isinstance(error, KeyError)
            what = f"{error} is missing" if missing else reason(error)
            raise BundleError(
                f"{file}: damaged or of another version ({what}); copy the run again, or train anew"
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return what `bundle.json` holds."""
        names = [name for name in self.__dataclass_fields__ if name != "path"]
        values: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **{name: getattr(self, name) for name in names}}
        values["front_end"] = None if self.front_end is None else self.front_end.to_dict()
        values["segmenting"] = None if self.segmenting is None else vars(self.segmenting)
        return values

    def keras_model(self) -> keras.Model:
        """Load `model.keras`, to train it further, say. It takes features and normalises them itself.

        Raises
        ------
        BundleError
            If there is none (as with models that ship with Sori), it is damaged, or it holds anything that would run
            code from it (Keras' safe mode).
        """
        if not (self.path / "model.keras").is_file():
            raise BundleError(f"{self.path}: has no model.keras, only model.onnx: it can be used but not trained")
        try:
            return load_keras().saving.load_model(self.path / "model.keras", safe_mode=True)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BundleError(f"{self.path / 'model.keras'}: refused or damaged ({reason(error)})") from error

    def parts(self) -> dict[str, list[str]]:
        """Hashes of the recordings that each part of the split held: train, valid and test."""
        try:
            values = json.loads((self.path / "split.json").read_text(encoding="utf-8"))
            return {part: [str(digest) for digest in values[part]] for part in _PARTS}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{self.path / 'split.json'}: missing or damaged; train again") from error


def pretrained(name: str) -> Path:
    """Return the folder of a trained model that ships with Sori, with its model card.

    Raises
    ------
    ParameterError
        If there is none of that name.

    >>> pretrained("keywords").name
    'keywords'
    """
    check_choice("pretrained", name, PRETRAINED)
    return _WEIGHTS / name


def save_bundle(
    folder: Path, bundle: Bundle, model: keras.Model, *, parts: Mapping[str, Sequence[str]], card: str
) -> None:
    """Write a bundle into an existing folder.

    Parameters
    ----------
    model
        Takes features ``(n, frames, bins)`` as the front end makes them, and gives probabilities.
    parts
        Hashes of the recordings in each part of the split.
    card
        The model card, in Markdown.

    Raises
    ------
    BundleError
        If the ONNX twin does not answer as the Keras model does.
    """
    mean, std = (np.asarray(bundle.normalisation[key], dtype=np.float32) for key in ("mean", "std"))
    probe = mean + std * np.random.default_rng(0).standard_normal((4, *bundle.input_shape)).astype(np.float32)
    model.save(folder / "model.keras")
    export_onnx(model, folder / "model.onnx", probe=probe)
    (folder / "bundle.json").write_text(
        json.dumps(bundle.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (folder / "split.json").write_text(
        json.dumps({part: list(parts[part]) for part in _PARTS}) + "\n", encoding="utf-8"
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def export_onnx(model: keras.Model, path: Path, *, probe: npt.NDArray[np.float32]) -> None:
    """Write a Keras model as ONNX, without the exporter's chatter, and ask both the same.

    Parameters
    ----------
    probe
        A batch of inputs.

    Raises
    ------
    BundleError
        If the two answer differently.
    """
    answer = np.asarray(model(probe))  # Keras exports only what has been called
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow", "absl")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")  # the exporter's, about its own dependencies
            model.export(path, format="onnx", verbose=False)
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    gap = float(np.abs(run(onnx_session(path), probe) - answer).max())
    if not gap <= _TOLERANCE:
        raise BundleError(f"the ONNX export answers differently from the Keras model, by {gap:.2g}; nothing was saved")


def onnx_session(path: Path, *, threads: int = 0) -> Any:
    """Open a model; ``threads`` 0 is one per core.

    Raises
    ------
    BundleError
        If the file is not a readable ONNX model.
    """
    check_count("threads", threads, at_least=0)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own errors share no base class of their own
        raise BundleError(f"{path}: not a readable model ({reason(error)})") from error


def run(session: Any, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Run a model over ``x`` batch by batch, so that memory stays flat."""
    name = session.get_inputs()[0].name
    parts = [session.run(None, {name: x[i : i + _BATCH]})[0] for i in range(0, len(x), _BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, session.get_outputs()[0].shape[-1]), dtype=np.float32)
