"""Build a dataset from a catalog: recordings in, Parquet shards out, every failure recorded."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed

from sori.datasets.catalog import Catalog, Recording
from sori.datasets.store import (
    FACTS,
    MAKER,
    PLAN,
    SHARDS,
    Dataset,
    Rows,
    has_dataset,
    read_outcome,
    rows_per_shard,
    shard_name,
    write_description,
    write_shard,
)
from sori.errors import (
    DatasetError,
    ParameterError,
    SoriError,
    UnreachableError,
    check_between,
    check_count,
    reason,
    require,
)
from sori.features import SILENCE, Preprocessor, Unusable
from sori.folders import building_folder, read_json, remove, replacing_file
from sori.output import Maker, Output, output_folder
from sori.reporter import SILENT, Reporter

_BUILDING = Maker(
    MAKER.name, PLAN, files=(FACTS, *MAKER.files), patterns=MAKER.patterns, keys=("front_end", "segmenting")
)
# What identifies the content of a recording without reading it: label, file, group, fold, size and date.
_State = tuple[str, str, str, str, int, int]


@dataclass
class _Outcome:
    """The result for one recording."""

    recording: Recording
    x: npt.NDArray[np.float32] | None = None
    start_s: list[float] = field(default_factory=list)
    digest: str = ""
    missing_segments: int = 0
    dropped: str = ""
    failed: str = ""
    unreachable: bool = False


def build(
    catalog: Catalog,
    out: Path,
    *,
    preprocessor: Preprocessor,
    jobs: int | None = None,
    max_bad: float = 1.0,
    resume: bool = False,
    overwrite: bool = False,
    maker: str = MAKER.name,
    reporter: Reporter = SILENT,
) -> Dataset:
    """Build the dataset ``out``. It appears there only when complete; until then it is in ``out.building``.

    Parameters
    ----------
    jobs
        Threads (decoding, FFT and matrix products release the interpreter's lock); None is one per core.
    max_bad
        Largest fraction of the files that may be unusable.
    resume
        Continue an interrupted build with the same settings, or bring a finished dataset up to date: what is new or has
        changed is built, recordings that could not be reached are tried again, the rest is kept.
    overwrite
        Replace an existing dataset or interrupted build.
    maker
        What the description of the dataset says that it was made by.

    Raises
    ------
    DatasetError
        If ``out`` exists already, the build to resume has other settings, the source disappears, no segment is left, or
        more than ``max_bad`` of the files are unusable. In the last two cases the build is deleted.
    """
    check_between("max_bad", max_bad, 0, 1)
    if jobs is not None:
        check_count("jobs", jobs)
    out = Path(os.path.abspath(out))  # a relative path would break if the current folder is replaced
    if preprocessor.segmenting.by == "beats":
        require("librosa")  # check once, not for every file
    if resume and overwrite:
        raise ParameterError("give `resume=True`, to keep the finished part of a build, or `overwrite=True`, not both.")
    if has_dataset(out) and not (resume or overwrite):
        raise DatasetError(
            f"{out}: is there already; give `resume=True` to add what is new, `overwrite=True` to replace it, or "
            "another name"
        )
    with output_folder(out, MAKER, overwrite=True) as output:
        states = {_state(catalog.root, recording): recording for recording in catalog.recordings}
        folder = building_folder(output.path)
        if resume and has_dataset(output.path) and not folder.exists():
            dataset = Dataset.open(output.path)
            if dataset.preprocessor != preprocessor:
                raise DatasetError(f"{out}: was built with other settings; give `overwrite=True` to replace it")
            if dataset.plan == _plan_of(states) and not any(one.get("unreachable") for one in dataset.files["failed"]):
                return dataset
            _reopen(dataset, folder, preprocessor)
        _make_room(output, out, folder, preprocessor, resume=resume, overwrite=overwrite)
        outcomes = _shards(catalog, states, folder, preprocessor, jobs, reporter)
        _describe(catalog, states, folder, preprocessor, outcomes, max_bad=max_bad, maker=maker)
        output.place(folder)
        (output.path / PLAN).unlink()
    dataset = Dataset.open(out)
    for line in dataset.conflicts():
        reporter.say(line)
    return dataset


def _shards(
    catalog: Catalog,
    states: Mapping[_State, Recording],
    folder: Path,
    preprocessor: Preprocessor,
    jobs: int | None,
    reporter: Reporter,
) -> dict[str, dict[str, Any]]:
    """Build the shards that are missing; return the outcome of each shard by its file name, in order."""
    outcomes = _kept(folder, states)
    done_before = {tuple(state) for outcome in outcomes.values() for state in outcome["recordings"]}
    left = [(state, recording) for state, recording in states.items() if state not in done_before]
    done, total = len(states) - len(left), len(states)
    if 0 < done < total:
        reporter.say(f"{done} of {total} recordings were built before; {len(left)} are new or have changed")
    reporter.progress("Building", done, total)
    per_shard = max(1, rows_per_shard(preprocessor.shape) // preprocessor.most_segments)
    free = (name for name in map(shard_name, range(len(states) + len(outcomes) + 1)) if name not in outcomes)
    made: dict[str, dict[str, Any]] = {}
    with Parallel(n_jobs=jobs or cpu_count(), prefer="threads", return_as="generator") as pool:
        for first in range(0, len(left), per_shard):
            part = left[first : first + per_shard]
            rows, outcome = Rows(), _empty_outcome()
            for result in pool(delayed(_process)(catalog.root, recording, preprocessor) for _, recording in part):
                _add(result, rows, outcome)
                done += 1
                reporter.progress("Building", done, total)
            if any(one.get("unreachable") for one in outcome["failed"]) and not catalog.root.is_dir():
                raise DatasetError(
                    f"{catalog.root}: is no longer there; the finished part is kept: put the folder back and give "
                    "`resume=True`"
                )
            outcome["recordings"] = [list(state) for state, _ in part]
            name = next(free)
            try:
                write_shard(folder / name, rows, shape=preprocessor.shape, outcome=outcome)
            except OSError as error:
                raise DatasetError(
                    f"{folder / name}: cannot be written ({reason(error)}); the rest is kept: give `resume=True`"
                ) from error
            made[name] = outcome
    return dict(sorted({**outcomes, **made}.items()))


def _kept(folder: Path, states: Mapping[_State, Recording]) -> dict[str, dict[str, Any]]:
    """Return the outcomes of the shards whose recordings are all unchanged; delete the other shards."""
    kept: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob(SHARDS)):
        try:
            outcome = read_outcome(path)
            recordings = [tuple(state) for state in outcome["recordings"]]
        except (DatasetError, KeyError, TypeError):
            recordings = []
        unreachable = recordings and any(one.get("unreachable") for one in outcome["failed"])
        if recordings and not unreachable and all(state in states for state in recordings):
            kept[path.name] = outcome
        else:
            path.unlink()
    return kept


def _describe(
    catalog: Catalog,
    states: Mapping[_State, Recording],
    folder: Path,
    preprocessor: Preprocessor,
    outcomes: Mapping[str, Mapping[str, Any]],
    *,
    max_bad: float,
    maker: str,
) -> None:
    """Write the description of a complete dataset, unless too little of it is usable."""
    parts = outcomes.values()
    merged: dict[str, Any] = {key: [e for o in parts for e in o[key]] for key in ("used", "dropped", "failed")}
    merged["dropped"] += [{"file": file, "reason": why} for file, why in catalog.dropped]
    merged["ignored"] = list(catalog.ignored)
    merged["conflicts"] = _conflicts(merged["used"])
    try:
        _check_usable(merged, max_bad)
    except DatasetError:
        shutil.rmtree(folder)
        raise
    write_description(
        folder,
        {
            "made_by": maker,
            **preprocessor.to_dict(),
            "classes": catalog.classes,
            "shape": list(preprocessor.shape),
            "segments_dropped": sum(outcome["segments_dropped"] for outcome in parts),
            "source": str(catalog.root.resolve()),
            "plan": _plan_of(states),
            "files": merged,
            "shards": list(outcomes),
        },
    )


def hash_of(file: BufferedReader) -> str:
    """Return the hash that identifies a recording's bytes."""
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _process(root: Path, recording: Recording, preprocessor: Preprocessor) -> _Outcome:
    path = root / recording.file
    try:
        x, starts = preprocessor.segments_of_file(path, allow_silence=recording.label in SILENCE)
        with path.open("rb") as file:
            digest = hash_of(file)
    except Unusable as error:
        return _Outcome(recording, dropped=reason(error).removeprefix(f"{path}: "))
    except (SoriError, OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        passing = isinstance(error, UnreachableError | OSError | MemoryError)
        return _Outcome(recording, failed=reason(error).removeprefix(f"{path}: "), unreachable=passing)
    missing = preprocessor.segmenting.missing(len(starts), sr=preprocessor.sr)
    return _Outcome(recording, x, [s / preprocessor.sr for s in starts], digest, missing)


def _empty_outcome() -> dict[str, Any]:
    return {"used": [], "dropped": [], "failed": [], "segments_dropped": 0}


def _add(result: _Outcome, rows: Rows, outcome: dict[str, Any]) -> None:
    recording = result.recording
    if result.x is None:
        kind, why = ("dropped", result.dropped) if result.dropped else ("failed", result.failed)
        passing = {"unreachable": True} if result.unreachable else {}
        outcome[kind].append({"file": recording.file, "reason": why, **passing})
        return
    outcome["segments_dropped"] += result.missing_segments
    outcome["used"].append(rows.add(recording, result.x, start_s=result.start_s, digest=result.digest))


def _state(root: Path, recording: Recording) -> _State:
    size, date = -1, -1
    with contextlib.suppress(OSError, ValueError):
        stat = (root / recording.file).stat()
        size, date = stat.st_size, stat.st_mtime_ns
    return recording.label, recording.file, recording.group, recording.fold, size, date


def _plan_of(states: Mapping[_State, Recording]) -> str:
    """Return a hash that changes with any recording."""
    hashed = hashlib.blake2b(digest_size=16)
    for state in states:
        hashed.update(repr(state).encode())
    return hashed.hexdigest()


def _reopen(dataset: Dataset, folder: Path, preprocessor: Preprocessor) -> None:
    """Start a build with the shards of a finished dataset."""
    folder.mkdir()
    for name in dataset.shards:
        with contextlib.suppress(OSError):
            os.link(dataset.path / name, folder / name)
            continue
        shutil.copy2(dataset.path / name, folder / name)
    _begin(folder, preprocessor)


def _begin(folder: Path, preprocessor: Preprocessor) -> None:
    with replacing_file(folder / PLAN) as temporary:
        temporary.write_text(json.dumps(preprocessor.to_dict()), encoding="utf-8")


def _make_room(
    output: Output, out: Path, folder: Path, preprocessor: Preprocessor, *, resume: bool, overwrite: bool
) -> None:
    """Prepare the folder of the unfinished build."""
    if folder.exists():
        foreign = _BUILDING.foreign(folder) if folder.is_dir() else Path(folder.name)
        if foreign is not None or not (folder / PLAN).is_file():
            raise DatasetError(
                f"{folder}: is in the way, and {foreign or 'it'} was not made by Sori; move it, or choose another name"
            )
        if resume:
            for unfinished in folder.glob(".*.tmp"):
                remove(unfinished)
            with _damaged_as_different(out):
                if read_json(folder / PLAN) != json.loads(json.dumps(preprocessor.to_dict())):
                    raise ValueError
        elif overwrite:
            remove(folder)
        else:
            raise DatasetError(
                f"{out}: an interrupted build is in {folder.name}; give `resume=True` to finish it (with the same "
                "settings), or `overwrite=True`"
            )
    try:
        folder.mkdir(exist_ok=True)
        _begin(folder, preprocessor)
    except OSError as error:
        raise DatasetError(f"{out}: cannot be written ({reason(error)})") from error


@contextlib.contextmanager
def _damaged_as_different(out: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise DatasetError(f"{out}: the settings changed since that build; give `overwrite=True`") from error


def _conflicts(used: Sequence[Mapping[str, Any]]) -> list[dict[str, list[str]]]:
    """Return the files that have the same bytes but different labels."""
    by_digest: dict[str, list[Mapping[str, Any]]] = {}
    for one in used:
        by_digest.setdefault(one["digest"], []).append(one)
    return [
        {"files": [one["file"] for one in same], "labels": sorted({one["label"] for one in same})}
        for same in by_digest.values()
        if len({one["label"] for one in same}) > 1
    ]


def _check_usable(files: Mapping[str, Sequence[Mapping[str, str]]], max_bad: float) -> None:
    bad = [*files["failed"], *files["dropped"]]
    total = len(bad) + len(files["used"])
    first = f" First: {bad[0]['file']} ({bad[0]['reason']})." if bad else ""
    if not files["used"]:
        raise DatasetError(f"no usable segment in {total} recordings.{first}")
    if len(bad) > max_bad * total:
        raise DatasetError(
            f"{len(bad)} of {total} recordings are unusable: {len(bad) / total:.1%}, `max_bad` is {max_bad:.1%}.{first}"
        )
