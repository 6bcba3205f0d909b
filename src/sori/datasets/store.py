"""The dataset on disk: `dataset.json` and Parquet shards, a row per segment."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sori.errors import DatasetError, ParameterError, reason
from sori.features import FrontEnd, Preprocessor
from sori.folders import building_folder, replacing_file

SCHEMA_VERSION = 1
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


def read_outcome(path: Path) -> dict[str, Any]:
    """Return the result for each file of a shard, as :func:`write_shard` stored it."""
    metadata = _opened(path).schema_arrow.metadata or {}
    outcome: dict[str, Any] = json.loads(metadata.get(_META, b"{}"))
    return outcome


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
        file = path / "dataset.json"
        if not file.is_file():
            if building_folder(path).is_dir():
                raise DatasetError(
                    f"{path}: its build was interrupted; run `sori dataset build` again with `resume=True`"
                )
            raise DatasetError(f"{path}: not a dataset (no dataset.json); make one with `sori dataset build`")
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            if values["schema_version"] != SCHEMA_VERSION:
                raise DatasetError(
                    f"{path}: has format {values['schema_version']}, this Sori reads {SCHEMA_VERSION}; build it again"
                )
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
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, ParameterError) as error:
            raise DatasetError(f"{file}: damaged ({type(error).__name__}: {reason(error)}); build it again") from error
        missing = [name for name in dataset.shards if not (path / name).is_file()]
        if missing:
            raise DatasetError(f"{path}: damaged: {missing[0]} is missing; build it again with `overwrite=True`")
        return dataset

    def tables(self, columns: list[str]) -> Iterator[pa.Table]:
        """Yield the named columns shard by shard."""
        for name in self.shards:
            try:
                yield _opened(self.path / name).read(columns)
            except (OSError, pa.ArrowException) as error:
                raise DatasetError(f"{self.path / name}: damaged ({reason(error)}); build it again") from error

    def features(self) -> Iterator[npt.NDArray[np.float32]]:
        """Yield ``x`` shard by shard, each of shape ``(n, frames, bins)``."""
        for table in self.tables(["x"]):
            for chunk in table.column("x").chunks:
                values = chunk.storage.flatten() if isinstance(chunk, pa.ExtensionArray) else chunk.flatten()
                yield values.to_numpy(zero_copy_only=False).reshape(-1, *self.shape)

    def load(self) -> Segments:
        """Read everything into memory."""
        names: dict[str, list[Any]] = {"recording": [], "group": [], "fold": [], "label": [], "start_s": []}
        for table in self.tables(list(names)):
            for column, values in names.items():
                values.extend(table.column(column).to_pylist())
        ids = {name: i for i, name in enumerate(self.classes)}
        x = np.empty((len(names["label"]), *self.shape), dtype=np.float32)
        done = 0
        for part in self.features():
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
    """Write `dataset.json`, which completes the dataset in ``folder``."""
    hashed = json.dumps(
        [values["front_end"], values["segmenting"], values["classes"], values["files"]["used"]], sort_keys=True
    )
    whole = {
        "schema_version": SCHEMA_VERSION,
        **{key: value for key, value in values.items() if key != "segments_dropped"},
        "counts": _counts(values["classes"], values["files"]["used"], values["segments_dropped"]),
        "fingerprint": hashlib.blake2b(hashed.encode(), digest_size=16).hexdigest(),
    }
    with replacing_file(folder / "dataset.json") as temporary:
        temporary.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


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


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{path}: not a readable shard ({reason(error)}); build the dataset again") from error
