"""Split a dataset so that what belongs together stays together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.datasets.store import Segments
from sori.errors import DatasetError, check_between, check_choice

Indices = npt.NDArray[np.intp]
KINDS = ("group", "fold", "given", "segment")
_GIVEN = {"train", "valid", "test"}  # names of folds that are the parts of a split


@dataclass(frozen=True)
class Split:
    """Indices of the segments for training, validation (which chooses the weights) and test.

    ``leaky``: a recording or group is in more than one part, so scores are too high. ``unit`` is what is kept together:
    ``recording`` if each is a group of its own, else ``group``.
    """

    kind: str
    train: Indices
    valid: Indices
    test: Indices
    leaky: bool
    seed: int
    fold: str = ""
    unit: str = "group"
    notes: tuple[str, ...] = field(default=())

    @property
    def description(self) -> str:
        """One line to show with every score."""
        if self.kind == "given":
            return f"{'LEAKY: ' if self.leaky else ''}the data's own split into training and test (seed {self.seed})"
        if self.kind == "fold":
            return f"fold {self.fold} held out; validation by group (seed {self.seed})"
        if self.kind == "group":
            return f"test {self.unit}s that were not in training (split by {self.unit}, seed {self.seed})"
        if self.leaky:
            return f"LEAKY: segments of one group are in both training and test (split by segment, seed {self.seed})"
        return f"split by segment; here each is a group of its own (seed {self.seed})"


def split(
    segments: Segments,
    *,
    kind: str | None = "group",
    test_size: float = 0.3,
    valid_size: float = 0.2,
    seed: int = 0,
    test_fold: str | None = None,
    classes: Sequence[str] = (),
) -> Split:
    """Split into training, validation and test.

    Parameters
    ----------
    kind
        ``group``: no group is in two parts. ``fold``: the fold ``test_fold`` (default: the last) is the test part, and
        validation is taken from the other folds by group. ``given``: the folds ``train``, ``valid`` and ``test``, of
        which one may be missing. ``segment``: at random, which leaks. None: ``given`` if the folds are that, else
        ``group``.
    test_size, valid_size
        Fraction of the data to test on (not with ``fold``), and fraction of the rest to validate on.
    seed
        Seed of the random choice of groups.
    classes
        Class names, for messages.

    Returns
    -------
    Split, stratified by class as far as groups allow, and checked to be disjoint.

    Raises
    ------
    DatasetError
        If the data has no groups or folds to split by, too few of them, or only one class.
    ParameterError
        If a size is not between 0 and 1, or ``kind`` is unknown.
    """
    if kind is None:
        kind = "given" if has_given_split(segments) else "group"
    check_choice("split", kind, KINDS)
    check_between("test_size", test_size, 0.01, 0.9)
    check_between("valid_size", valid_size, 0.01, 0.9)
    present = np.unique(segments.label)
    if len(present) < 2:
        only = classes[present[0]] if classes else str(present[0])
        raise DatasetError(f"there is only one class ({only}); a classifier needs recordings of two or more")
    everything = np.arange(len(segments))
    groups = everything.astype(object) if kind == "segment" else segments.group
    if kind != "segment" and not all(groups):
        raise DatasetError(
            "this dataset does not say which segments belong to one recording, so only a leaky split is possible; "
            "import it again with `group_size`, or accept the leak with `split='segment'`"
        )
    rng = np.random.default_rng(seed)
    fold = ""
    notes: list[str] = []
    valid = np.empty(0, dtype=np.intp)
    if kind == "given":
        rest, valid, test = _given(segments, valid_size, rng)
    elif kind == "fold":
        names = folds(segments)
        fold = names[-1] if test_fold is None else test_fold
        check_choice("test_fold", fold, names)
        rest, test = everything[segments.fold != fold], everything[segments.fold == fold]
    else:
        rest, test = _divide(everything, segments.label, groups, test_size, rng)
    train, valid = (rest, valid) if kind == "given" else _divide(rest, segments.label, groups, valid_size, rng)
    parts = {"training": train, "validation": valid, "test": test}
    leaky = kind == "segment" and (not all(segments.group) or _shared(segments.group, parts) is not None)
    if kind != "segment":
        shared = _shared(groups, parts)
        if shared is not None and kind == "given":
            leaky = True
            notes.append(f"group {shared[0]!r}, or a copy of one of its files, is in both {shared[1]} and {shared[2]}")
        elif shared is not None:
            raise DatasetError(
                f"group {shared[0]!r}, or a copy of one of its files, is in both {shared[1]} and {shared[2]}: put what "
                "belongs together into one fold"
            )
    homeless = int((segments.fold == "").sum()) if kind in ("fold", "given") else 0
    if homeless:
        notes.append(f"{homeless} segments have no fold: they are used in training only")
    unused = [name for i, name in enumerate(classes) if i not in present]
    if unused:
        notes.append(
            f"no usable recording of {', '.join(unused[:5])}: the network has an output that was never trained"
        )
    for name, indices in parts.items():
        absent = [i for i in present if i not in set(segments.label[indices])]
        if absent and name == "training":
            shown = classes[absent[0]] if classes else str(absent[0])
            if kind in ("given", "fold"):
                raise DatasetError(f"class {shown} has no recording in the part to train on; add some, or leave it out")
            raise DatasetError(
                f"class {shown} has no group left for training; it needs recordings of two groups or more"
            )
        if absent:
            shown = ", ".join(classes[i] if classes else str(i) for i in absent[:5])
            notes.append(f"the {name} part has no recording of {shown}: there are too few groups")
    own = len(set(segments.group)) == len(set(segments.recording))
    return Split(kind, train, valid, test, leaky, seed, fold, "recording" if own else "group", tuple(notes))


def fold_splits(segments: Segments, **arguments: Any) -> Iterator[Split]:
    """Yield a split for each of the dataset's own folds, with that fold as the test part."""
    for name in folds(segments):
        yield split(segments, kind="fold", test_fold=name, **arguments)


def folds(segments: Segments) -> list[str]:
    """Names of the dataset's own folds.

    Raises
    ------
    DatasetError
        If it has fewer than two.
    """
    names = sorted(set(segments.fold) - {""})
    if has_given_split(segments):
        raise DatasetError("this dataset is divided into training and test, not into folds; leave out the folds")
    if len(names) < 2:
        raise DatasetError("this dataset has no folds of its own; build it with `fold_by`, or a CSV with a fold column")
    return names


def has_given_split(segments: Segments) -> bool:
    """Return whether the folds of a dataset are the parts of a split."""
    names = set(segments.fold) - {""}
    return len(names) > 1 and names <= _GIVEN


def _given(segments: Segments, valid_size: float, rng: np.random.Generator) -> tuple[Indices, Indices, Indices]:
    """Return training, validation and test as a dataset gives them; a missing one is taken from another."""
    if not has_given_split(segments):
        raise DatasetError("this dataset does not say which recordings are for training and which for the test")
    train, valid, test = (np.flatnonzero(segments.fold == name) for name in ("train", "valid", "test"))
    train = np.union1d(train, np.flatnonzero(segments.fold == ""))
    if not len(train):
        raise DatasetError("this dataset has no recordings for training, only for validation and test")
    if not len(test):
        valid, test = test, valid
    if not len(valid):
        train, valid = _divide(train, segments.label, segments.group, valid_size, rng)
    return train, valid, test


def _divide(
    among: Indices,
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[np.object_],
    part: float,
    rng: np.random.Generator,
) -> tuple[Indices, Indices]:
    """Divide the segments ``among`` group by group, about ``part`` of them to the second side.

    The largest groups are placed first, each on the side that has least of its classes, compared with what is wanted.
    """
    names, group = np.unique(groups[among].astype(str), return_inverse=True)
    classes, label = np.unique(labels[among], return_inverse=True)
    if len(names) < 2:
        raise DatasetError(
            f"there are too few groups to divide (left: {names[0] if len(names) else 'none'}); training, validation "
            "and test need a group each"
        )
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (group, label), 1)
    wanted = np.outer([1 - part, part], counts.sum(axis=0))
    filled = np.zeros_like(wanted)
    side = np.zeros(len(names), dtype=np.intp)
    order = rng.permutation(len(names))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    for g in order:
        crowding = ((filled + counts[g] / 2 - wanted) / wanted) @ counts[g]
        side[g] = int(crowding.argmin())
        filled[side[g]] += counts[g]
    for empty in (0, 1):
        if not (side == empty).any():  # two groups, and a small part: the smaller goes there
            side[order[-1]] = empty
    return among[side[group] == 0], among[side[group] == 1]


def _shared(groups: npt.NDArray[np.object_], parts: dict[str, Indices]) -> tuple[str, str, str] | None:
    """Find a group that is in two parts."""
    seen: dict[str, str] = {}
    for name, indices in parts.items():
        for group in set(groups[indices]):
            if group and group in seen:
                return group, seen[group], name
            seen[group] = name
    return None
