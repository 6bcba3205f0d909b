"""The dataset on disk: `_dataset.json` and Parquet shards, a row per segment.

Readers of Parquet pass over names that begin with an underscore, so they open the folder as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from sori.datasets.catalog import Recording
from sori.datasets.schema import MOST_VALUES, Description, ShardOutcome
from sori.errors import DatasetError, reason
from sori.features import FrontEnd, Preprocessor
from sori.folders import building_folder, check_type, made_by, read_json, replacing_file, write_json
from sori.output import Maker

SCHEMA_VERSION = 1
FACTS, SHARDS = "_dataset.json", "shard-*.parquet"
PLAN = "build.json"  # settings of a build, until it is complete
_FORMER_FACTS = "dataset.json"  # of version 0.1
MAKER = Maker(
    "sori dataset build", FACTS, files=(_FORMER_FACTS, PLAN), patterns=(SHARDS,), keys=("schema_version", "classes")
)
_META = b"sori"
_ROWS_PER_SHARD_BYTES = 16 * 2**20


@dataclass
class Rows:
    """Segments, one per entry of each list; ``x`` holds arrays ``(n, frames, bins)`` to be joined."""

    recording: list[str] = field(default_factory=list)
    group: list[str] = field(default_factory=list)
    fold: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)
    x: list[npt.NDArray[np.float32]] = field(default_factory=list)

    def add(
        self, recording: Recording, x: npt.NDArray[np.float32], *, start_s: Sequence[float], digest: str
    ) -> dict[str, Any]:
        """Add the segments ``(n, frames, bins)`` of a recording, and return what a description says of it."""
        n = len(x)
        self.recording += [recording.file] * n
        self.group += [recording.group] * n
        self.fold += [recording.fold] * n
        self.label += [recording.label] * n
        self.start_s += start_s
        self.x.append(x)
        return {
            "file": recording.file,
            "label": recording.label,
            "group": recording.group,
            "fold": recording.fold,
            "segments": n,
            "digest": digest,
        }


def rows_per_shard(shape: tuple[int, int]) -> int:
    """Return the number of segments of ``shape`` in a shard of about 16 MiB."""
    return max(1, _ROWS_PER_SHARD_BYTES // (4 * shape[0] * shape[1]))


def shard_name(index: int) -> str:
    """File name of a shard."""
    return f"shard-{index:05d}.parquet"


def write_shard(path: Path, rows: Rows, *, shape: tuple[int, int], outcome: Mapping[str, Any]) -> None:
    """Write a shard, completely or not at all; ``outcome`` (the result for each file) is stored in its metadata."""
    x = np.concatenate(rows.x) if rows.x else np.empty((0, *shape), dtype=np.float32)
    tensor = pa.fixed_shape_tensor(pa.float32(), shape)
    storage = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), shape[0] * shape[1])
    columns = {
        "recording": pa.array(rows.recording, pa.string()),
        "group": pa.array(rows.group, pa.string()),
        "fold": pa.array([fold or None for fold in rows.fold], pa.string()),
        "label": pa.array(rows.label, pa.string()),
        "start_s": pa.array(rows.start_s, pa.float64()),
        "x": pa.ExtensionArray.from_storage(tensor, storage),
    }
    table = pa.table(columns).replace_schema_metadata({_META: json.dumps(outcome, ensure_ascii=False).encode()})
    with replacing_file(path) as temporary:
        # Features hardly compress (by a tenth, at a third of the speed); the dictionary compresses the names.
        pq.write_table(table, temporary, compression="none", use_dictionary=["recording", "group", "fold", "label"])


def write_shards(folder: Path, rows: Rows, *, shape: tuple[int, int]) -> list[str]:
    """Write rows that were not built file by file as shards; return their names."""
    x = rows.x[0] if len(rows.x) == 1 else np.concatenate(rows.x)  # what is one array is not copied
    step = rows_per_shard(shape)
    names: list[str] = []
    for first in range(0, len(x), step):
        some = slice(first, first + step)
        columns = (rows.recording[some], rows.group[some], rows.fold[some], rows.label[some])
        names.append(shard_name(len(names)))
        write_shard(folder / names[-1], Rows(*columns, rows.start_s[some], [x[some]]), shape=shape, outcome={})
    return names


def read_outcome(path: Path) -> dict[str, Any]:
    """Return the result for each file of a shard, as :func:`write_shard` stored it.

    Raises
    ------
    DatasetError
        If it cannot be read, or was not made by a build.
    """
    shard = _opened(path)
    try:
        outcome: dict[str, Any] = orjson.loads((shard.schema_arrow.metadata or {}).get(_META, b""))
        check_type(outcome, ShardOutcome)
    except ValueError as error:
        raise DatasetError(f"{path}: damaged ({reason(error)}); build the dataset again") from error
    if sum(one["segments"] for one in outcome["used"]) != shard.metadata.num_rows:
        raise DatasetError(f"{path}: damaged: rows are missing; build the dataset again")
    return outcome


def has_dataset(path: str | Path) -> bool:
    """Return whether a folder is a finished dataset."""
    return _facts_of(Path(path)) is not None


def _facts_of(path: Path) -> Path | None:
    return next((path / name for name in (FACTS, _FORMER_FACTS) if (path / name).is_file()), None)


def maker_of(path: Path) -> str | None:
    """Return what made the dataset in a folder, as its description says; None if there is none, or it does not say."""
    facts = _facts_of(path)
    return None if facts is None else (made_by(facts, None) or {}).get("made_by")


def check_maker(path: Path, maker: str) -> None:
    """Raise DatasetError if the dataset in a folder, which would be replaced, was made by something else."""
    if maker_of(path) != maker:
        raise DatasetError(f"{path}: would be replaced, but was not made by {maker}; choose another `out`, or move it")


@dataclass(frozen=True)
class Dataset:
    """A finished dataset.

    ``preprocessor`` is None if an imported file does not say how its features were made. ``source`` is the folder
    that the recordings' names are relative to, and ``plan`` a hash of their names, sizes and dates; both are empty
    after an import.
    """

    path: Path
    preprocessor: Preprocessor | None
    classes: tuple[str, ...]
    shape: tuple[int, int]
    counts: Mapping[str, Any]
    files: Mapping[str, Any]
    shards: tuple[str, ...]
    source: str
    plan: str
    fingerprint: str

    def __repr__(self) -> str:
        return (
            f"Dataset({str(self.path)!r}, {self.counts['segments']:,} segments of {self.counts['recordings']:,} "
            f"recordings, {len(self.classes)} classes)"
        )

    def _repr_html_(self) -> str:
        from sori.reports.notebook import of_dataset

        return of_dataset(self)

    @property
    def front_end(self) -> FrontEnd | None:
        """The front end of its features, if known."""
        return None if self.preprocessor is None else self.preprocessor.front_end

    @property
    def has_recordings(self) -> bool:
        """Whether it was built from recordings; an imported one was not."""
        return bool(self.source)

    @property
    def has_sound(self) -> bool:
        """Whether its waveforms are available, to augment or play."""
        return self.front_end is not None and (self.has_recordings or self.front_end.kind == "waveform")

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a dataset folder.

        Raises
        ------
        DatasetError
            If there is none, its build has not finished, or it is damaged.
        """
        path = Path(path)
        file = _facts_of(path)
        if file is None:
            if building_folder(path).is_dir():
                raise DatasetError(
                    f"{path}: its build was interrupted; run `sori dataset build` again with `resume=True`"
                )
            raise DatasetError(f"{path}: not a dataset (no {FACTS}); make one with `sori dataset build`")
        try:
            values = read_json(file)
            if isinstance(values, dict) and values.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
                raise DatasetError(
                    f"{path}: has format {values['schema_version']}, this Sori reads {SCHEMA_VERSION}; build it again"
                )
            check_type(values, Description)
            made = {key: values[key] for key in ("front_end", "segmenting")}
            dataset = cls(
                path,
                None if made["front_end"] is None else Preprocessor.from_dict(made),
                tuple(values["classes"]),
                (int(values["shape"][0]), int(values["shape"][1])),
                values["counts"],
                values["files"],
                tuple(values["shards"]),
                values["source"],
                values["plan"],
                values["fingerprint"],
            )
            dataset._check()
        except (OSError, ValueError, TypeError) as error:
            raise DatasetError(f"{file}: damaged ({reason(error)}); build it again") from error
        missing = [name for name in dataset.shards if not (path / name).is_file()]
        if missing:
            raise DatasetError(f"{path}: damaged: {missing[0]} is missing; build it again with `overwrite=True`")
        return dataset

    def _check(self) -> None:
        """Raise ValueError where parts of the description contradict each other."""
        used = self.files["used"]
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("a class is listed twice")
        if self.preprocessor is not None and self.shape != self.preprocessor.shape:
            raise ValueError(f"the shape is {self.shape}, but its front end makes {self.preprocessor.shape}")
        if self.shape[0] * self.shape[1] > MOST_VALUES:
            raise ValueError(f"a segment of {self.shape} has more than {MOST_VALUES:,} values")
        unknown = {one["label"] for one in used} - set(self.classes)
        if unknown:
            raise ValueError(f"{min(unknown)!r} is not among the classes")
        if self.counts != _counts(self.classes, used, self.counts["segments_dropped"]):
            raise ValueError("the counts do not match the files")

    def tables(self, columns: list[str]) -> Iterator[pa.Table]:
        """Yield the named columns shard by shard."""
        for name in self.shards:
            shard = _opened(self.path / name)
            try:
                missing = [column for column in columns if column not in shard.schema_arrow.names]
                if missing:
                    raise ValueError(f"has no column {missing[0]}")
                for column in set(columns) & set(_TYPES):
                    kind = shard.schema_arrow.field(column).type
                    if not _TYPES[column](kind):
                        raise ValueError(f"column {column} is of {kind}")
                if shard.metadata.num_rows > MOST_VALUES:
                    raise ValueError("has too many rows")
                table = shard.read(columns)
                for column in set(columns) & set(_TYPES):
                    table.column(column).validate(full=True)  # names must be text
                empty = [column for column in columns if column != "fold" and table.column(column).null_count]
                if empty:
                    raise ValueError(f"column {empty[0]} has gaps")
            except (OSError, ValueError, TypeError, OverflowError, MemoryError, pa.ArrowException) as error:
                raise DatasetError(f"{self.path / name}: damaged ({reason(error)}); build it again") from error
            yield table

    def features(self) -> Iterator[npt.NDArray[np.float32]]:
        """Yield ``x`` shard by shard, each of shape ``(n, frames, bins)``.

        Raises
        ------
        DatasetError
            If a shard is damaged.
        """
        for name, table in zip(self.shards, self.tables(["x"]), strict=True):
            for chunk in table.column("x").chunks:
                values = chunk.storage.flatten() if isinstance(chunk, pa.ExtensionArray) else chunk.flatten()
                x = values.to_numpy(zero_copy_only=False)
                if x.dtype != np.float32 or len(x) != len(chunk) * self.shape[0] * self.shape[1]:
                    raise DatasetError(f"{self.path / name}: damaged: x is not {self.shape} numbers; build it again")
                if not np.isfinite(x).all():
                    raise DatasetError(
                        f"{self.path / name}: damaged: x holds numbers that are not finite; build it again"
                    )
                yield x.reshape(-1, *self.shape)

    def load(self) -> Segments:
        """Read everything into memory.

        Raises
        ------
        DatasetError
            If a shard is damaged, or rows are missing.
        """
        names: dict[str, list[Any]] = {"recording": [], "group": [], "fold": [], "label": [], "start_s": []}
        for table in self.tables(list(names)):
            for column, values in names.items():
                values.extend(table.column(column).to_pylist())
        ids = {name: i for i, name in enumerate(self.classes)}
        if Counter(names["recording"]) != Counter({one["file"]: one["segments"] for one in self.files["used"]}):
            raise DatasetError(f"{self.path}: damaged: its shards do not hold the segments it lists; build it again")
        if not set(names["label"]) <= ids.keys():
            raise DatasetError(f"{self.path}: damaged: a shard holds another class; build it again")
        x = np.empty((len(names["label"]), *self.shape), dtype=np.float32)
        done = 0
        for part in self.features():
            if done + len(part) > len(x):
                raise DatasetError(f"{self.path}: damaged: its shards differ in length; build it again")
            x[done : done + len(part)] = part
            done += len(part)
        return Segments(
            x=x,
            label=np.array([ids[label] for label in names["label"]], dtype=np.int64),
            recording=np.array(names["recording"], dtype=object),
            group=np.array(self._merge_copies(names["recording"], names["group"]), dtype=object),
            fold=np.array([fold or "" for fold in names["fold"]], dtype=object),
            start_s=np.array(names["start_s"], dtype=np.float64),
        )

    def conflicts(self) -> list[str]:
        """Describe recordings with the same bytes and different labels, a line each."""
        return [
            f"{' and '.join(one['files'][:5])} have the same bytes, but are labelled {' and '.join(one['labels'][:5])}"
            for one in self.files.get("conflicts", [])
        ]

    def digests(self) -> dict[str, str]:
        """Hash of each used recording's bytes."""
        return {entry["file"]: entry["digest"] for entry in self.files["used"]}

    def _merge_copies(self, recordings: list[str], groups: list[str]) -> list[str]:
        """Give recordings with the same bytes one group, so that no copy is in another part of a split."""
        digest_of = self.digests()
        counts = Counter(digest_of.values())
        if all(count == 1 for count in counts.values()):
            return groups
        parent: dict[str, str] = {}

        def root(name: str) -> str:
            while parent.get(name, name) != name:
                name = parent[name]
            return name

        first: dict[str, str] = {}
        for recording, group in zip(recordings, groups, strict=True):
            other = first.setdefault(digest_of.get(recording, recording), group)
            parent[root(group)] = root(other)
        return [root(group) for group in groups]


@dataclass(frozen=True)
class Segments:
    """Every segment of a dataset in memory: arrays of equal length.

    ``x`` float32 ``(n, frames, bins)``; ``label`` class ids; ``recording``, ``group`` and ``fold`` names;
    ``start_s`` where in its recording a segment begins.
    """

    x: npt.NDArray[np.float32]
    label: npt.NDArray[np.int64]
    recording: npt.NDArray[np.object_]
    group: npt.NDArray[np.object_]
    fold: npt.NDArray[np.object_]
    start_s: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.label)


def write_description(folder: Path, values: Mapping[str, Any]) -> None:
    """Write `_dataset.json`, which completes the dataset in ``folder``."""
    hashed = json.dumps(
        [values["front_end"], values["segmenting"], values["classes"], values["files"]["used"]], sort_keys=True
    )
    whole = {
        "schema_version": SCHEMA_VERSION,
        **{key: value for key, value in values.items() if key != "segments_dropped"},
        "counts": _counts(values["classes"], values["files"]["used"], values["segments_dropped"]),
        "fingerprint": hashlib.blake2b(hashed.encode(), digest_size=16).hexdigest(),
    }
    write_json(folder / FACTS, whole)


def _counts(classes: Sequence[str], used: Sequence[Mapping[str, Any]], segments_dropped: int) -> dict[str, Any]:
    """Count recordings, segments, groups and folds; unknown groups have no name and are not counted."""
    per_class = {name: {"recordings": 0, "segments": 0} for name in classes}
    for entry in used:
        per_class[entry["label"]]["recordings"] += 1
        per_class[entry["label"]]["segments"] += entry["segments"]
    return {
        "segments": sum(entry["segments"] for entry in used),
        "segments_dropped": segments_dropped,
        "recordings": len(used),
        "groups": len({entry["group"] for entry in used} - {""}),
        "folds": sorted({entry["fold"] for entry in used} - {""}),
        "per_class": per_class,
    }


# What the columns of names and times may be; `x` is checked where it is read.
_TYPES: Mapping[str, Callable[[pa.DataType], bool]] = {
    **dict.fromkeys(("recording", "group", "fold", "label"), lambda kind: kind == pa.string()),
    "start_s": lambda kind: kind == pa.float64(),
}


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise DatasetError(f"{path}: not a readable shard ({reason(error)}); build the dataset again") from error
