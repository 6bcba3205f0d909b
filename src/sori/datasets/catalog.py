"""The catalog: the recordings, their classes, and which of them must stay together in a split."""

from __future__ import annotations

import csv
import posixpath
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sori.audio import AUDIO_SUFFIXES
from sori.errors import DatasetError, ParameterError, printable, reason
from sori.folders import walk


@dataclass(frozen=True, order=True)
class Recording:
    """One file. Files of one ``group`` (recording, speaker, artist) stay together in a split; ``fold`` may be empty."""

    label: str
    file: str
    group: str
    fold: str = ""


@dataclass(frozen=True)
class Catalog:
    """Recordings under ``root``, sorted by label and file, and what else was found.

    ``dropped`` holds ``(file, reason)`` of recordings without a label; ``ignored`` names files that are not audio.
    """

    root: Path
    recordings: tuple[Recording, ...]
    dropped: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def classes(self) -> list[str]:
        """Sorted class names; a class id is an index into them."""
        return sorted({recording.label for recording in self.recordings})


def read_catalog(
    source: Path, *, labels: Path | None = None, group_by: str | None = None, fold_by: str | None = None
) -> Catalog:
    """Catalog a folder whose first-level folders are the classes, or a CSV ``file,label[,group,fold]``.

    Parameters
    ----------
    source
        The folder, or the CSV file; files named in a CSV are relative to its folder.
    labels
        A CSV that labels the files of the folder ``source``, instead of its first-level folders.
    group_by, fold_by
        Regular expressions searched in a file's stem; their first group (or whole match) names the group or fold.

    Raises
    ------
    DatasetError
        If the source cannot be read, holds no recording, or a CSV line is wrong.
    ParameterError
        If an expression is not valid, or matches no file.
    """
    if labels is not None and not source.is_dir():
        raise DatasetError(f"{source}: with `labels`, SOURCE must be the folder of the labelled files")
    if source.is_dir():
        catalog = _label_with_csv(source, labels) if labels is not None else _scan(source)
    elif source.suffix.lower() == ".csv" and source.is_file():
        catalog = Catalog(source.parent, tuple(sorted(_read_csv(source))))
    elif source.exists():
        raise DatasetError(f"{source}: must be a folder of class folders, or a CSV file with columns file,label")
    else:
        raise DatasetError(f"{source}: no such folder or CSV file")
    if printable(str(catalog.root)) != str(catalog.root):
        raise DatasetError(f"{printable(str(source))}: the name of this folder is not valid UTF-8; rename it")
    if not catalog.recordings:
        hint = "recordings must be in one folder per class" if catalog.dropped else "it holds no audio file"
        raise DatasetError(f"{source}: no recordings found; {hint}")
    return _with_groups(catalog, group_by=group_by, fold_by=fold_by)


def _scan(root: Path) -> Catalog:
    recordings, dropped, ignored = [], [], []
    for file, problem in walk(root):
        if problem and file == ".":
            raise DatasetError(f"{root}: {problem}")
        if problem:
            dropped.append((printable(file), problem))
        elif Path(file).suffix.lower() not in AUDIO_SUFFIXES:
            ignored.append(printable(file))
        elif "/" not in file:
            dropped.append((printable(file), "not in a class folder"))
        elif printable(file) != file:
            dropped.append((printable(file), "the file name is not valid UTF-8"))
        else:
            recordings.append(Recording(_normal(file.partition("/")[0]), file, group=file))
    return Catalog(root, tuple(sorted(recordings)), tuple(sorted(dropped)), tuple(sorted(ignored)))


def _label_with_csv(root: Path, labels: Path) -> Catalog:
    found = _scan(root)
    # List and disk may encode the same letters in different Unicode forms; only the disk's form opens the file.
    on_disk = {_normal(file): file for file in [r.file for r in found.recordings] + [file for file, _ in found.dropped]}
    listed = [
        replace(r, file=on_disk.get(_normal(r.file), r.file), group=on_disk.get(_normal(r.group), r.group))
        for r in _read_csv(labels)
    ]
    files = {recording.file for recording in listed}
    dropped = tuple((file, f"not listed in {labels.name}") for file in sorted(set(on_disk.values()) - files))
    return Catalog(root, tuple(sorted(listed)), dropped, found.ignored)


def _read_csv(path: Path) -> Iterator[Recording]:
    seen: set[str] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            if "file" not in columns or "label" not in columns:
                has = ",".join(columns) or "none"
                raise DatasetError(f"{path}: needs the columns file,label[,group,fold]; has {has}")
            for row in reader:
                name, label = (row["file"] or "").strip(), _normal((row["label"] or "").strip())
                if not name or not label:
                    raise DatasetError(f"{path}:{reader.line_num}: a line needs both file and label")
                name = posixpath.normpath(name)
                if name in seen:
                    raise DatasetError(f"{path}:{reader.line_num}: {name} is listed twice")
                seen.add(name)
                group = _normal((row.get("group") or "").strip()) or name
                yield Recording(label, name, group, (row.get("fold") or "").strip())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: not readable as a CSV file in UTF-8 ({reason(error)})") from error


def _with_groups(catalog: Catalog, *, group_by: str | None, fold_by: str | None) -> Catalog:
    notes = []
    group_of = _StemReader("`group_by`", group_by)
    fold_of = _StemReader("`fold_by`", fold_by)
    recordings = [
        replace(r, group=group_of(r.file) or r.group, fold=fold_of(r.file) or r.fold) for r in catalog.recordings
    ]
    for option, expression, reader in (("`group_by`", group_by, group_of), ("`fold_by`", fold_by, fold_of)):
        if expression is None:
            continue
        unmatched = [r.file for r in recordings if not reader(r.file)]
        if len(unmatched) == len(recordings):
            raise ParameterError(
                f"{option} must match file names such as {Path(recordings[0].file).stem!r}. "
                f"Received {expression!r}, which matches none."
            )
        if unmatched and option == "`fold_by`":
            raise ParameterError(
                f"`fold_by` must match every file name. {expression!r} does not match {unmatched[0]!r}."
            )
        if unmatched:
            notes.append(
                f"{option} does not match {len(unmatched)} of {len(recordings)} file names (such as "
                f"{unmatched[0]}): each of those is a group of its own"
            )
    return Catalog(catalog.root, tuple(sorted(recordings)), catalog.dropped, catalog.ignored, tuple(notes))


class _StemReader:
    """What a regular expression finds in a file's stem, or an empty string."""

    def __init__(self, option: str, expression: str | None) -> None:
        try:
            self.pattern = None if expression is None else re.compile(expression)
        except re.error as error:
            raise ParameterError(f"{option} must be a regular expression. Received {expression!r}: {error}.") from error

    def __call__(self, file: str) -> str:
        match = self.pattern.search(Path(file).stem) if self.pattern else None
        if match is None:
            return ""
        return _normal((match[1] if match.re.groups else match[0]) or "")


def _normal(name: str) -> str:
    """Compose accents and Hangul, so that a name is the same whether it was typed on a Mac or elsewhere."""
    return unicodedata.normalize("NFC", name)
