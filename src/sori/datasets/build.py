"""Build a dataset from a catalog: recordings in, Parquet shards out, every failure recorded."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed

from sori.datasets.catalog import Catalog, Recording
from sori.datasets.store import (
    Dataset,
    Rows,
    read_outcome,
    rows_per_shard,
    shard_name,
    write_description,
    write_shard,
)
from sori.errors import DatasetError, ParameterError, SoriError, check_between, check_count, reason, require
from sori.features import SILENCE, Preprocessor, Unusable
from sori.folders import building_folder, foreign_file, move_folder, replacing_file
from sori.reporter import SILENT, Reporter

_PLAN = "build.json"


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


def build(
    catalog: Catalog,
    out: Path,
    *,
    preprocessor: Preprocessor,
    jobs: int | None = None,
    max_bad: float = 1.0,
    resume: bool = False,
    overwrite: bool = False,
    maker: str = "sori dataset build",
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
        Continue an interrupted build of the same source and settings; its complete shards are kept.
    overwrite
        Replace an existing dataset or interrupted build.
    maker
        What `dataset.json` says that it was made by.

    Raises
    ------
    DatasetError
        If ``out`` exists already, the build to resume has another source or other settings, no segment is left, or
        more than ``max_bad`` of the files are unusable. In the last two cases the build is deleted.
    """
    check_between("max_bad", max_bad, 0, 1)
    if jobs is not None:
        check_count("jobs", jobs)
    out = Path(os.path.abspath(out))  # a relative path would break if the current folder is replaced
    if preprocessor.segmenting.by == "beats":
        require("librosa")  # check once, not for every file
    plan = _plan(catalog, preprocessor)
    folder = building_folder(out)
    if resume and overwrite:
        raise ParameterError(
            "give `resume=True`, to keep the finished part of an interrupted build, or `overwrite=True`, not both."
        )
    if resume and (out / "dataset.json").is_file() and not folder.exists():
        dataset = Dataset.open(out)
        if dataset.plan != plan["files"] or dataset.preprocessor != preprocessor:
            raise DatasetError(
                f"{out}: was built from other recordings or settings; give `overwrite=True` to replace it"
            )
        return dataset
    _make_room(out, folder, plan, resume=resume, overwrite=overwrite)
    per_shard = max(1, rows_per_shard(preprocessor.shape) // preprocessor.most_segments)
    done = 0
    outcomes = []
    with Parallel(n_jobs=jobs or cpu_count(), prefer="threads", return_as="generator") as pool:
        for index, first in enumerate(range(0, len(catalog.recordings), per_shard)):
            part = catalog.recordings[first : first + per_shard]
            path = folder / shard_name(index)
            if not path.is_file():
                rows, outcome = Rows(), _empty_outcome()
                for result in pool(delayed(_process)(catalog.root, r, preprocessor) for r in part):
                    _add(result, rows, outcome)
                    done += 1
                    reporter.progress("Building", done, len(catalog.recordings))
                write_shard(path, rows, shape=preprocessor.shape, outcome=outcome)
            else:
                done += len(part)
                reporter.progress("Building", done, len(catalog.recordings))
            outcomes.append(read_outcome(path))
    merged: dict[str, Any] = {key: [e for o in outcomes for e in o[key]] for key in ("used", "dropped", "failed")}
    merged["dropped"] += [{"file": file, "reason": why} for file, why in catalog.dropped]
    merged["ignored"] = list(catalog.ignored)
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
            "segments_dropped": sum(o["segments_dropped"] for o in outcomes),
            "source": str(catalog.root.resolve()),
            "plan": plan["files"],
            "files": merged,
            "shards": [shard_name(index) for index in range(len(outcomes))],
        },
    )
    move_folder(folder, out)
    (out / _PLAN).unlink()
    return Dataset.open(out)


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
        return _Outcome(recording, failed=reason(error).removeprefix(f"{path}: "))
    missing = preprocessor.segmenting.missing(len(starts), sr=preprocessor.sr)
    return _Outcome(recording, x, [s / preprocessor.sr for s in starts], digest, missing)


def _empty_outcome() -> dict[str, Any]:
    return {"used": [], "dropped": [], "failed": [], "segments_dropped": 0}


def _add(result: _Outcome, rows: Rows, outcome: dict[str, Any]) -> None:
    recording = result.recording
    if result.x is None:
        kind, why = ("dropped", result.dropped) if result.dropped else ("failed", result.failed)
        outcome[kind].append({"file": recording.file, "reason": why})
        return
    n = len(result.start_s)
    rows.recording += [recording.file] * n
    rows.group += [recording.group] * n
    rows.fold += [recording.fold] * n
    rows.label += [recording.label] * n
    rows.start_s += result.start_s
    rows.x.append(result.x)
    outcome["segments_dropped"] += result.missing_segments
    outcome["used"].append(
        {
            "file": recording.file,
            "label": recording.label,
            "group": recording.group,
            "fold": recording.fold,
            "segments": n,
            "digest": result.digest,
        }
    )


def _plan(catalog: Catalog, preprocessor: Preprocessor) -> dict[str, Any]:
    """Return what must be unchanged for a build to be resumed."""
    files = hashlib.blake2b(digest_size=16)
    for recording in catalog.recordings:
        try:
            stat = (catalog.root / recording.file).stat()
            state = (stat.st_size, stat.st_mtime_ns)
        except (OSError, ValueError):
            state = (-1, -1)
        files.update(repr((recording, state)).encode())
    return {**preprocessor.to_dict(), "files": files.hexdigest()}


def _make_room(out: Path, folder: Path, plan: Mapping[str, Any], *, resume: bool, overwrite: bool) -> None:
    if out.exists() and not (out / "dataset.json").is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise DatasetError(f"{out}: is there already and is not a dataset; choose another name")
    if (out / "dataset.json").is_file() and not overwrite:
        raise DatasetError(f"{out}: is there already; give `overwrite=True` to replace it, or another name")
    if (out / "dataset.json").is_file():
        foreign = foreign_file(out, ("dataset.json", "shard-*.parquet"))
        if foreign is not None:
            raise DatasetError(f"{foreign}: is not part of the dataset and would be lost; move it first")
    if folder.exists():
        if not (folder / _PLAN).is_file():
            raise DatasetError(f"{folder}: is in the way and was not made by Sori; move it, or choose another name")
        if resume:
            try:
                same = json.loads((folder / _PLAN).read_text(encoding="utf-8")) == plan
            except (OSError, ValueError):
                same = False
            if not same:
                raise DatasetError(f"{out}: the source or the settings changed since that build; give `overwrite=True`")
            for unfinished in folder.glob(".*.tmp"):
                unfinished.unlink()
        elif overwrite:
            shutil.rmtree(folder)
        else:
            raise DatasetError(
                f"{out}: an interrupted build is in {folder.name}; give `resume=True` to finish it (same source "
                "and settings), or `overwrite=True`"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing_file(folder / _PLAN) as temporary:
            temporary.write_text(json.dumps(plan), encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{out}: cannot be written ({reason(error)})") from error


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
