"""The catalog: the recordings, their classes, and which of them must stay together in a split."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sori.audio import AUDIO_SUFFIXES
from sori.datasets.table import Finder, read_table
from sori.errors import DatasetError, ParameterError, printable
from sori.folders import walk

# Names of the parts of a split, as folders are called, and what they stand for.
PARTS: Mapping[str, str] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev"), "valid"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
_FOLD = re.compile(r"fold[-_ ]?(\d+)")
_NOISE = "_background_noise_"


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
    source: Path,
    *,
    labels: Path | None = None,
    columns: Mapping[str, str] | None = None,
    group_by: str | None = None,
    fold_by: str | None = None,
) -> Catalog:
    """Catalog a folder of class folders, or the files that a table names.

    If the first-level folders are the parts of a split (``train``, ``test`` and the like) or folds (``fold1``, ...),
    and classes are below them, each recording has its part or fold as ``fold``. A folder ``_background_noise_`` is not
    a class. Both are said in the notes.

    Parameters
    ----------
    source
        The folder, or the table, a CSV file; files named in a table are relative to its folder.
    labels
        A table that labels the files of the folder ``source``, instead of its folders.
    columns
        Names of the table's columns: see :func:`sori.datasets.table.read_table`.
    group_by, fold_by
        Regular expressions searched in a file's stem; their first group (or whole match) names the group or fold.

    Raises
    ------
    DatasetError
        If the source cannot be read, holds no recording, or a line of a table is wrong.
    ParameterError
        If an expression is not valid, or matches no file.
    """
    if labels is not None and not source.is_dir():
        raise DatasetError(f"{source}: with `labels`, SOURCE must be the folder of the labelled files")
    if columns and labels is None and source.is_dir():
        raise ParameterError("`columns` is for a table of labels: give `labels`, or a CSV file as SOURCE.")
    if source.is_dir():
        catalog = _label_with_table(source, labels, columns) if labels is not None else _scan(source)
    elif source.suffix.lower() in (".csv", ".tsv", ".txt") and source.is_file():
        catalog = _of_table(source.parent, source, columns)
    elif source.exists():
        raise DatasetError(f"{source}: must be a folder of class folders, or a CSV file with columns file,label")
    else:
        raise DatasetError(f"{source}: no such folder or CSV file")
    if printable(str(catalog.root)) != str(catalog.root):
        raise DatasetError(f"{printable(str(source))}: the name of this folder is not valid UTF-8; rename it")
    if not catalog.recordings:
        hint = "recordings must be in one folder per class" if catalog.dropped else "it holds no audio file"
        raise DatasetError(f"{source}: no recordings found; {hint}")
    catalog = _with_groups(catalog, group_by=group_by, fold_by=fold_by)
    return replace(catalog, notes=(*catalog.notes, *_several_labels(catalog.classes)))


def _scan(root: Path) -> Catalog:
    files, dropped, ignored = [], [], []
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
            files.append(file)
    notes = []
    noise = [file for file in files if _NOISE in file.split("/")[:-1]]
    if noise:
        files = [file for file in files if _NOISE not in file.split("/")[:-1]]
        ignored += noise
        notes.append(
            f"{_NOISE} holds noise and is not taken for a class; `background={root / _NOISE}` mixes it into training"
        )
    kind, fold_of = _divided(sorted({file.partition("/")[0] for file in files}))
    inside = [file for file in files if file.count("/") > 1]
    if kind and len(inside) == len(files):
        recordings = [
            Recording(_normal(file.split("/")[1]), file, group=file, fold=fold_of[file.partition("/")[0]])
            for file in files
        ]
        notes.append(f"{', '.join(fold_of)} are taken for {kind}, not for classes; classes are the folders below them")
    else:
        recordings = [Recording(_normal(file.partition("/")[0]), file, group=file) for file in files]
        if kind:
            notes.append(
                f"{', '.join(fold_of)} are taken for classes; if they are {kind}, put class folders into them, or give "
                "a CSV with the columns file, label and fold"
            )
    return Catalog(root, tuple(sorted(recordings)), tuple(sorted(dropped)), tuple(sorted(ignored)), tuple(notes))


def _divided(names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return what first-level folders are if they are not classes, and the fold that each stands for."""
    parts = {name: PARTS[name.lower()] for name in names if name.lower() in PARTS}
    if len(parts) == len(names) and len(set(parts.values())) > 1:
        return "the parts of a split", parts
    folds = {name: match[1] for name in names if (match := _FOLD.fullmatch(name.lower()))}
    if len(folds) == len(names) > 1:
        return "folds", folds
    return "", {}


def _several_labels(classes: Sequence[str]) -> Iterator[str]:
    """Yield a note on classes that are several labels at once."""
    for name in classes:
        parts = [part.strip() for part in re.split(r"[,;|+]", name) if part.strip()]
        if len(parts) > 1 and set(parts) & set(classes):
            yield (
                f"the class {name!r} seems to be {len(parts)} labels; a recording has one label here, so it is taken "
                "for a class of its own"
            )


def _of_table(root: Path, path: Path, columns: Mapping[str, str] | None) -> Catalog:
    """Catalog the files that a table names."""
    table, find = read_table(path, columns=columns), Finder(root)
    recordings, moved = [], 0
    for line in table.lines:
        file = find(line.file)
        moved += file != line.file
        recordings.append(Recording(line.label, file, line.group or file, PARTS.get(line.fold.lower(), line.fold)))
    by_file: dict[str, str] = {}
    for line, one in zip(table.lines, recordings, strict=True):
        other = by_file.setdefault(one.file, line.file)
        if other != line.file:
            raise DatasetError(f"{path}:{line.line}: {line.file} and {other} are the same file, {one.file}")
    notes = list(table.notes)
    if moved:
        notes.append(f"{moved} files are not where {path.name} says; they were found by their names below {root}")
    return Catalog(root, tuple(sorted(recordings)), notes=tuple(notes))


def _label_with_table(root: Path, labels: Path, columns: Mapping[str, str] | None) -> Catalog:
    found, listed = _scan(root), _of_table(root, labels, columns)
    on_disk = {_normal(file): file for file in [r.file for r in found.recordings] + [file for file, _ in found.dropped]}
    # List and disk may encode the same letters in different Unicode forms; only the disk's form opens the file.
    recordings = [
        replace(r, file=on_disk.get(_normal(r.file), r.file), group=on_disk.get(_normal(r.group), r.group))
        for r in listed.recordings
    ]
    files = {recording.file for recording in recordings}
    dropped = tuple((file, f"not listed in {labels.name}") for file in sorted(set(on_disk.values()) - files))
    return Catalog(root, tuple(sorted(recordings)), dropped, found.ignored, listed.notes)


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
    return replace(catalog, recordings=tuple(sorted(recordings)), notes=(*catalog.notes, *notes))


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
