"""Errors that state what was wrong, with which file or argument, and what to do; and the checks that raise them."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any


class SoriError(Exception):
    """Base class of Sori's errors; the text is one line that can be shown to users."""


class ParameterError(SoriError, ValueError):
    """An argument that is not allowed; ``parameter`` is its name, if a single argument is the cause.

    Messages show arguments as in Python, in backticks: `` `overwrite=True` ``. The command line shows them as options.
    """

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class AudioError(SoriError):
    """A recording that cannot be read or used."""


class UnreachableError(AudioError):
    """A recording that the system does not let be read now: it is missing, or there is no permission, or a disk fails.

    Unlike damage to the recording itself, this may pass.
    """


class DatasetError(SoriError):
    """A dataset, or a folder meant to become one, that cannot be used."""


class BundleError(SoriError):
    """A trained model on disk that is missing, damaged or unsuitable for its use."""


class MissingDependencyError(SoriError, ImportError):
    """A required optional library that is not installed."""


def check_between(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Raise ParameterError unless ``low <= value <= high`` (so NaN is refused too)."""
    if not low <= value <= high:
        allowed = f"{low:g} to {high:g}" if high != float("inf") else f"at least {low:g}"
        raise ParameterError(f"{name} must be {allowed}{' ' + unit if unit else ''}. Received {name}={value!r}.", name)


def check_count(name: str, value: int, *, at_least: int = 1) -> None:
    """Raise ParameterError unless ``value`` is a whole number of at least ``at_least``."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < at_least:
        raise ParameterError(f"{name} must be a whole number, at least {at_least}. Received {name}={value!r}.", name)


def check_choice(name: str, value: object, allowed: Iterable[str]) -> None:
    """Raise ParameterError, with the nearest allowed name, unless ``value`` is one of ``allowed``."""
    choices = list(allowed)
    if value not in choices:
        raise ParameterError(
            f"{name} must be one of {', '.join(choices)}. Received {name}={value!r}"
            f"{_did_you_mean(str(value), choices)}",
            name,
        )


def check_keys(where: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise ParameterError naming the first key of ``given`` that ``where`` does not have."""
    known = list(allowed)
    for key in given:
        if key not in known:
            nearest = _did_you_mean(str(key), known) or f"; known: {', '.join(known)}."
            raise ParameterError(f"unknown key {key!r} in {where}{nearest}")


def require(module: str) -> ModuleType:
    """Import an optional library, or raise an error with the install command; what it prints is discarded.

    Raises
    ------
    MissingDependencyError
        If ``module`` cannot be found; the text contains the ``pip install`` line.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise missing(module) from error


# The extra that installs each library, by module name.
_EXTRAS = {
    **dict.fromkeys(("joblib", "keras", "onnx", "pyarrow", "sklearn", "tensorflow", "tf2onnx"), "train"),
    "optuna": "search",
    **dict.fromkeys(("audiomentations", "pyroomacoustics"), "augment"),
    **dict.fromkeys(("fluidsynth", "pretty_midi"), "synth"),
    "librosa": "beats",
    "matplotlib": "plots",
    "mir_eval": "piano",
    **dict.fromkeys(("cairosvg", "pypdf", "verovio"), "notation"),
    "sounddevice": "microphone",
}


def check_installed(*modules: str) -> None:
    """Raise MissingDependencyError for the first of these libraries that is not installed, without importing them."""
    for module in modules:
        if module not in sys.modules and importlib.util.find_spec(module) is None:
            raise missing(module)


def package_folder(module: str, *, name: str, how: str) -> Path:
    """Return the folder of an installed package, of which only files are used, without importing it.

    Raises
    ------
    MissingDependencyError
        If it is not installed; the text holds ``name`` and ``how`` to install it.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(f"{name} is not installed: {how}")
    return Path(spec.submodule_search_locations[0])


def missing(module: str) -> MissingDependencyError:
    """Return an error that says how to install a library."""
    name = module.partition(".")[0]
    how = install_line(_EXTRAS[name]) if name in _EXTRAS else f"pip install {name}"
    return MissingDependencyError(f"this needs {name}, which is not installed: {how}")


def install_line(extra: str) -> str:
    """Return the line that says how to install an extra, from PyPI or from a clone.

    >>> install_line("train")
    "pip install 'sori[train]' (in a clone: pip install '.[train]')"
    """
    return f"pip install 'sori[{extra}]' (in a clone: pip install '.[{extra}]')"


def reason(error: BaseException) -> str:
    """Return one line of an exception to show to users: the system's reason, the first line or the name."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def printable(name: object) -> str:
    """Return a file name as valid text; bytes that are not UTF-8 are replaced."""
    return os.fsencode(str(name)).decode("utf-8", "replace")


def _did_you_mean(word: str, known: list[Any]) -> str:
    close = difflib.get_close_matches(word, [str(k) for k in known], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
