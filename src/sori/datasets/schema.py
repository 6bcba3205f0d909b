"""The types of what the files of a dataset hold as JSON."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

MOST_SEGMENTS, MOST_VALUES = 2**31, 2**28


class _Count(msgspec.Struct):
    recordings: int
    segments: int


class _Counts(msgspec.Struct):
    segments: int
    segments_dropped: int
    recordings: int
    groups: int
    folds: list[str]
    per_class: dict[str, _Count]


class _Used(msgspec.Struct):
    file: str
    label: str
    group: str
    fold: str
    segments: Annotated[int, msgspec.Meta(ge=1, le=MOST_SEGMENTS)]
    digest: str


class _Left(msgspec.Struct):
    file: str
    reason: str
    unreachable: bool = False


class _Segmenting(msgspec.Struct, forbid_unknown_fields=True):
    duration_s: Annotated[float, msgspec.Meta(gt=0, le=1e7)] = 30.0
    segments: Annotated[int, msgspec.Meta(ge=1, le=10**6)] = 10
    overlap: float = 0.0
    pad: bool = False
    by: str = "time"
    beats: int = 1


class _Conflict(msgspec.Struct):
    files: list[str]
    labels: list[str]


class _Files(msgspec.Struct):
    used: list[_Used]
    dropped: list[_Left]
    failed: list[_Left]
    ignored: list[str]
    conflicts: list[_Conflict] = []


_Size = Annotated[int, msgspec.Meta(ge=1, le=MOST_VALUES)]


class Description(msgspec.Struct):
    """The type of `_dataset.json`."""

    schema_version: int
    front_end: dict[str, Any] | None
    segmenting: _Segmenting  # empty if features were imported
    classes: Annotated[list[str], msgspec.Meta(min_length=1)]
    shape: tuple[_Size, _Size]
    counts: _Counts
    files: _Files
    shards: list[Annotated[str, msgspec.Meta(pattern=r"^shard-\d+\.parquet$")]]
    source: str
    plan: str
    fingerprint: str


class ShardOutcome(msgspec.Struct):
    """The type of the outcome in a shard of a build."""

    used: list[_Used]
    dropped: list[_Left]
    failed: list[_Left]
    segments_dropped: int
    recordings: list[tuple[str, str, str, str, int, int]]
