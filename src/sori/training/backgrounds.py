"""Select the usable recordings of background folders."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from functools import cache
from pathlib import Path

from sori import audio
from sori.augment import Augmentation, Background, Chain
from sori.datasets.build import hash_of
from sori.errors import SoriError
from sori.reporter import Reporter

_NAMED = 5


def without_unusable(
    augment: Augmentation,
    *,
    held_out: Set[str] = frozenset(),
    reporter: Reporter,
) -> Augmentation:
    """Leave out of background folders what cannot be read, and what is used for validation or test.

    Parameters
    ----------
    held_out
        Digests of the recordings that must not be used in training.
    reporter
        Receives what is left out and why: the first few, and how many more.

    Raises
    ------
    ParameterError
        If no recording is left in a folder.
    """
    if augment.waveform is None:
        return augment
    checked = []
    for transform in augment.waveform.transforms:
        if isinstance(transform, Background):
            without = {}
            for i, file in enumerate(transform.files, 1):
                digest, why = _digest_and_fault(file)
                if digest in held_out:
                    why = "it is used for validation or test"
                if why:
                    without[file.relative_to(transform.folder).as_posix()] = why
                reporter.progress("Reading backgrounds", i, len(transform.files))
            for name, why in list(without.items())[:_NAMED]:
                reporter.say(f"background {name} is left out: {why}")
            if len(without) > _NAMED:
                reporter.say(f"{len(without) - _NAMED} more backgrounds are left out, of {len(transform.files)}")
            transform = replace(transform, without=tuple(without))
        checked.append(transform)
    return replace(augment, waveform=Chain(tuple(checked)))


@cache
def _digest_and_fault(file: Path) -> tuple[str, str]:
    """Return the hash of a recording, and why it cannot be read, empty if it can; cached for the folds."""
    digest = ""
    try:
        with file.open("rb") as opened:
            digest = hash_of(opened)
        for _ in audio.blocks(file):
            pass
    except (SoriError, OSError) as error:
        return digest, str(error)
    return digest, ""
