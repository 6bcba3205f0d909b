"""Build a dataset from a catalog: recordings in, Parquet shards out, nothing lost on the way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed

from sori.atomic import foreign_file, move_folder, replacing_file
from sori.audio import load, resample
from sori.datasets.catalog import Catalog, Recording
from sori.datasets.segmenting import Segmenting
from sori.datasets.store import (
    Dataset,
    Rows,
    building_folder,
    read_outcome,
    rows_per_shard,
    shard_name,
    write_description,
    write_shard,
)
from sori.errors import AudioError, DatasetError, ParameterError, SoriError, check_between, check_count, reason, require
from sori.features import FrontEnd
from sori.progress import Progress, silent
from sori.units import seconds_to_samples

_PLAN = "build.json"
# Read beyond the stretch that is used, so that rounding in a change of rate never takes a sample from the last segment.
MARGIN_S = 0.05
_LARGEST_SEGMENT = 2**28  # 1 GiB of float32


# Classes whose recordings may be digital silence.
SILENCE = ("silence", "_silence_", "_background_noise_")


class Unusable(AudioError):
    """A recording that can be read, and holds no segment that can be used."""


@dataclass
class _Outcome:
    """What became of one recording."""

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
    front_end: FrontEnd,
    segmenting: Segmenting,
    jobs: int | None = None,
    max_bad: float = 1.0,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Dataset:
    """Build the dataset ``out``. It appears there only when complete; until then it stands in ``out.building``.

    Parameters
    ----------
    jobs
        Threads (decoding, FFT and matrix products release the interpreter's lock); None is one per core.
    max_bad
        The largest part of the files that may be unusable.
    resume
        Go on with an interrupted build of the same source and settings; its complete shards are kept.
    overwrite
        Replace a dataset, or an interrupted build, that is there.

    Raises
    ------
    DatasetError
        If ``out`` is there already, what is there does not fit ``resume``, no segment is left, or more than
        ``max_bad`` of the files are unusable. Then nothing of the build is left.
    """
    check_between("max_bad", max_bad, 0, 1)
    if jobs is not None:
        check_count("jobs", jobs)
    out = Path(os.path.abspath(out))  # which may be the folder one is in, and that is about to be replaced
    shape = front_end.shape(segmenting.samples(front_end.sr))
    if not shape[0]:
        raise ParameterError(
            f"a segment of {segmenting.samples(front_end.sr)} samples is shorter than n_fft={front_end.n_fft}: use "
            "longer segments or a smaller n_fft"
        )
    if shape[0] * shape[1] > _LARGEST_SEGMENT:
        raise ParameterError(
            f"a segment would be {shape[0]:,} frames x {shape[1]}, more than {_LARGEST_SEGMENT:,} numbers: use more "
            "segments, or a shorter duration"
        )
    if segmenting.by == "beats":
        require("librosa", extra="beats")  # once, and not for every file
    plan = _plan(catalog, front_end, segmenting)
    folder = building_folder(out)
    if resume and overwrite:
        raise ParameterError("give --resume, to keep what an interrupted build has done, or --overwrite, not both.")
    if resume and (out / "dataset.json").is_file() and not folder.exists():
        dataset = Dataset.open(out)
        if (
            dataset.plan != plan["files"]
            or dataset.front_end != front_end
            or Segmenting(**dataset.segmenting) != segmenting
        ):
            raise DatasetError(f"{out}: was built from other recordings or settings; give --overwrite to replace it")
        return dataset
    _make_room(out, folder, plan, resume=resume, overwrite=overwrite)
    per_shard = max(1, rows_per_shard(shape) // max(1, len(segmenting.starts(front_end.sr))))
    done = 0
    outcomes = []
    with Parallel(n_jobs=jobs or cpu_count(), prefer="threads", return_as="generator") as pool:
        for index, first in enumerate(range(0, len(catalog.recordings), per_shard)):
            part = catalog.recordings[first : first + per_shard]
            path = folder / shard_name(index)
            if not path.is_file():
                rows, outcome = Rows(), _empty_outcome()
                for result in pool(delayed(_process)(catalog.root, r, front_end, segmenting) for r in part):
                    _add(result, rows, outcome)
                    done += 1
                    progress("Building", done, len(catalog.recordings))
                write_shard(path, rows, shape=shape, outcome=outcome)
            else:
                done += len(part)
                progress("Building", done, len(catalog.recordings))
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
            "front_end": front_end.to_dict(),
            "segmenting": asdict(segmenting),
            "classes": catalog.classes,
            "shape": list(shape),
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


def process(
    path: Path, *, front_end: FrontEnd, segmenting: Segmenting, silent_too: bool = False
) -> tuple[npt.NDArray[np.float32], list[int]]:
    """Read a recording and make features of its segments, exactly as they are made for a dataset.

    Parameters
    ----------
    silent_too
        Whether digital silence is a sound like any other, as where a class is called so: see :data:`SILENCE`.

    Returns
    -------
    float32, shape ``(n, frames, bins)``, and the first sample of each segment; ``n`` is at least 1.

    Raises
    ------
    AudioError
        If the recording cannot be read.
    Unusable
        If it is silent, or too short for one segment.
    """
    y, sr = load(path, duration_s=segmenting.duration_s + MARGIN_S)
    try:
        return features_of(y, sr=sr, front_end=front_end, segmenting=segmenting, silent_too=silent_too)
    except (Unusable, ParameterError) as error:
        raise type(error)(f"{path}: {error}") from error


def features_of(
    y: npt.NDArray[np.float32], *, sr: int, front_end: FrontEnd, segmenting: Segmenting, silent_too: bool = False
) -> tuple[npt.NDArray[np.float32], list[int]]:
    """Make features of a clip's segments; the rest as :func:`process`.

    Parameters
    ----------
    y
        Samples ``(samples,)`` at any rate ``sr``.
    """
    clips, starts = cut_clip(y, sr=sr, front_end=front_end, segmenting=segmenting, silent_too=silent_too)
    with np.errstate(over="ignore", invalid="ignore"):
        x = front_end(clips)
    if not np.isfinite(x).all():
        raise Unusable(f"samples are far too large: up to {np.abs(clips).max():.2g}, where full scale is 1")
    return x, starts


def cut_clip(
    y: npt.NDArray[np.float32], *, sr: int, front_end: FrontEnd, segmenting: Segmenting, silent_too: bool = False
) -> tuple[npt.NDArray[np.float32], list[int]]:
    """Bring a clip to the front end's rate and cut it into segments; errors as :func:`process`.

    Returns
    -------
    float32, shape ``(n, samples)``, and the first sample of each; ``n`` is at least 1.
    """
    if np.ndim(y) != 1 or not np.issubdtype(np.asarray(y).dtype, np.floating):
        raise ParameterError(
            f"a clip must be floating-point samples in [-1, 1], of shape (samples,). Received {np.asarray(y).dtype} "
            f"of shape {np.shape(y)}."
        )
    wanted = seconds_to_samples(segmenting.duration_s + MARGIN_S, sr=sr)
    y = resample(np.asarray(y[:wanted], dtype=np.float32), from_sr=sr, to_sr=front_end.sr)
    if not (y.any() or silent_too):
        raise Unusable("silent: every sample is zero, or the channels cancel each other")
    clips, starts = segmenting.cut(y, front_end=front_end)
    if not starts and segmenting.by == "beats":
        raise Unusable("no two beats were found to cut at")
    if not starts:
        need_s = segmenting.samples(front_end.sr) / front_end.sr
        raise Unusable(f"too short: {len(y) / front_end.sr:.3g} s, one segment is {need_s:.3g} s (--pad fills it up)")
    return clips, starts


def hash_of(file: BufferedReader) -> str:
    """Return the hash by which a recording's bytes are known."""
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _process(root: Path, recording: Recording, front_end: FrontEnd, segmenting: Segmenting) -> _Outcome:
    path = root / recording.file
    try:
        silent_too = recording.label in SILENCE
        x, starts = process(path, front_end=front_end, segmenting=segmenting, silent_too=silent_too)
        with path.open("rb") as file:
            digest = hash_of(file)
    except Unusable as error:
        return _Outcome(recording, dropped=reason(error).removeprefix(f"{path}: "))
    except (SoriError, OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        return _Outcome(recording, failed=reason(error).removeprefix(f"{path}: "))
    missing = segmenting.missing(len(starts), sr=front_end.sr)
    return _Outcome(recording, x, [s / front_end.sr for s in starts], digest, missing)


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


def _plan(catalog: Catalog, front_end: FrontEnd, segmenting: Segmenting) -> dict[str, Any]:
    """Return what a resumed build must have in common with the one it goes on with."""
    files = hashlib.blake2b(digest_size=16)
    for recording in catalog.recordings:
        try:
            stat = (catalog.root / recording.file).stat()
            state = (stat.st_size, stat.st_mtime_ns)
        except (OSError, ValueError):
            state = (-1, -1)
        files.update(repr((recording, state)).encode())
    return {"front_end": front_end.to_dict(), "segmenting": asdict(segmenting), "files": files.hexdigest()}


def _make_room(out: Path, folder: Path, plan: Mapping[str, Any], *, resume: bool, overwrite: bool) -> None:
    if out.exists() and not (out / "dataset.json").is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise DatasetError(f"{out}: is there already and is not a dataset; choose another name")
    if (out / "dataset.json").is_file() and not overwrite:
        raise DatasetError(f"{out}: is there already; give --overwrite to replace it, or another name")
    if (out / "dataset.json").is_file():
        foreign = foreign_file(out, ("dataset.json", "shard-*.parquet"))
        if foreign is not None:
            raise DatasetError(f"{foreign}: is no part of the dataset, and would be lost; move it first")
    if folder.exists():
        if not (folder / _PLAN).is_file():
            raise DatasetError(
                f"{folder}: is in the way, and is not a build of Sori's; move it, or choose another name"
            )
        if resume:
            try:
                same = json.loads((folder / _PLAN).read_text(encoding="utf-8")) == plan
            except (OSError, ValueError):
                same = False
            if not same:
                raise DatasetError(f"{out}: the source or the settings changed since that build; give --overwrite")
            for unfinished in folder.glob(".*.tmp"):
                unfinished.unlink()
        elif overwrite:
            shutil.rmtree(folder)
        else:
            raise DatasetError(
                f"{out}: an interrupted build stands in {folder.name}; give --resume to finish it (same source and "
                "settings), or --overwrite"
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
            f"{len(bad)} of {total} recordings are unusable: {len(bad) / total:.1%}, --max-bad is {max_bad:.1%}.{first}"
        )
