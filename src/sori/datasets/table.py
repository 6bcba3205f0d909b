"""Tables of labels, as people have them: CSV files of any encoding, delimiter and column names."""

from __future__ import annotations

import codecs
import csv
import io
import posixpath
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sori.errors import DatasetError, ParameterError, check_choice, reason
from sori.folders import walk

# What columns are called, the likeliest first.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "file": (
        "file",
        "filename",
        "file_name",
        "path",
        "filepath",
        "file_path",
        "slice_file_name",
        "fname",
        "audio",
        "wav",
    ),
    "label": ("label", "category", "class", "class_name", "classname", "labels", "target", "classid", "class_id"),
    "group": ("group", "speaker", "speaker_id", "speakerid", "client_id", "artist"),
    "fold": ("fold", "split", "subset", "partition"),
}
COLUMNS = tuple(_NAMES)
_DELIMITERS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LARGEST = 2**30


@dataclass(frozen=True)
class LabelledFile:
    """A line of a table: the file as it is written there, its label, and its group and fold, which may be empty."""

    line: int
    file: str
    label: str
    group: str
    fold: str


@dataclass(frozen=True)
class Table:
    """The lines of a table, and remarks on how it was read."""

    lines: tuple[LabelledFile, ...]
    notes: tuple[str, ...] = field(default=())


def read_table(path: Path, *, columns: Mapping[str, str] | None = None) -> Table:
    """Read a table of labels.

    Parameters
    ----------
    path
        A CSV file with a line of column names, separated by commas, semicolons, tabs or bars; in UTF-8, UTF-16 or
        CP949.
    columns
        Names of the columns for ``file``, ``label``, ``group`` and ``fold``, where they are called something else;
        those that are not given are recognised by common names.

    Raises
    ------
    DatasetError
        If it cannot be read, lacks a column, or a line is wrong.
    ParameterError
        If ``columns`` names something that the table does not have.
    """
    text, encoding = _decoded(path)
    text = text.lstrip("\r\n")
    head, _, rest = text.partition("\n")
    if head.strip().lower().startswith("sep="):  # Excel's own line
        text = rest
        head = rest.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        chosen = _chosen(path, [name or "" for name in reader.fieldnames or ()], columns or {})
        lines = tuple(_lines(path, reader, chosen))
    except csv.Error as error:
        raise DatasetError(f"{path}: not readable as a CSV file ({reason(error)})") from error
    notes = []
    if encoding not in ("utf-8", "utf-8-sig"):
        notes.append(f"{path.name} is read as {encoding.upper()}")
    if any(name != column for name, column in chosen.items()):
        notes.append(
            f"columns of {path.name}: " + ", ".join(f"{column} is the {name}" for name, column in chosen.items())
        )
    return Table(lines, tuple(notes))


def parse_columns(text: str) -> dict[str, str]:
    """Parse names of columns.

    >>> parse_columns("file=filename,label=category")
    {'file': 'filename', 'label': 'category'}
    """
    found = {}
    for part in text.split(","):
        name, separator, column = part.partition("=")
        if not separator or not column.strip():
            raise ParameterError(f"columns must be as in file=filename,label=category. Received {text!r}.", "columns")
        check_choice("columns", name.strip(), COLUMNS)
        found[name.strip()] = column.strip()
    return found


def _decoded(path: Path) -> tuple[str, str]:
    """Return the text of a file and its encoding."""
    try:
        if path.stat().st_size > _LARGEST:
            raise DatasetError(f"{path}: is too large for a table of labels")
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: {reason(error)}") from error
    marked = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp949", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp949" and _is_western(text):
            continue
        if "\0" not in text:
            return text, encoding
    raise DatasetError(f"{path}: not readable as text in UTF-8, UTF-16 or CP949; save it as UTF-8")


def _is_western(text: str) -> bool:
    """Return whether a text read as Korean is one in a western alphabet: most of its syllables are rare ones."""
    hangul = [c for c in text if "가" <= c <= "힣"]
    rare = sum(len(c.encode("euc-kr", "replace")) != 2 for c in hangul)  # beyond the usual 2,350
    return rare > len(hangul) / 2


def _chosen(path: Path, there: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return the column for each of file, label, group and fold that the table has."""
    for column in columns.values():
        if column not in there:
            raise ParameterError(f"`columns` names {column!r}, which {path} does not have; it has {','.join(there)}")
    by_lower = {name.strip().lower(): name for name in reversed(there)}
    chosen = {}
    for name, usual in _NAMES.items():
        found = columns.get(name) or next((by_lower[one] for one in usual if one in by_lower), None)
        if found is not None:
            chosen[name] = found
    for name in ("file", "label"):
        if name not in chosen:
            raise DatasetError(
                f"{path}: needs the columns file,label[,group,fold]; has {','.join(there) or 'none'}; name them by "
                "`columns`, as in file=filename,label=category"
            )
    return chosen


def _lines(path: Path, reader: csv.DictReader[str], chosen: Mapping[str, str]) -> Iterator[LabelledFile]:
    seen: set[str] = set()
    for row in reader:
        values = {name: (row.get(column) or "").strip() for name, column in chosen.items()}
        if not any(values.values()):
            continue
        file, label = values["file"], unicodedata.normalize("NFC", values["label"])
        if not file or not label:
            raise DatasetError(f"{path}:{reader.line_num}: a line needs both file and label")
        name = posixpath.normpath(file)
        if name in seen:
            raise DatasetError(f"{path}:{reader.line_num}: {name} is listed twice")
        seen.add(name)
        yield LabelledFile(
            reader.line_num, name, label, unicodedata.normalize("NFC", values.get("group", "")), values.get("fold", "")
        )


class Finder:
    """Finds the files of a table in a folder, where it names them as on another computer.

    Parameters
    ----------
    root
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_name: dict[str, list[str]] | None = None

    def __call__(self, file: str) -> str:
        """Return the path of a file below the folder; as it is written if it is there, or nothing like it is.

        Otherwise the separators of Windows are replaced, and a file of that name is looked for, of which there must be
        only one that ends in as many of the same folders.
        """
        if self._is_there(file):
            return file
        parts = posixpath.normpath(file.replace("\\", "/")).split("/")
        for first in range(len(parts)):
            candidate = "/".join(parts[first:])
            if self._is_there(candidate):
                return candidate
        if self._by_name is None:
            self._by_name = {}
            for name, problem in walk(self._root):
                if not problem:
                    self._by_name.setdefault(_composed(posixpath.basename(name)), []).append(name)
        same = self._by_name.get(_composed(parts[-1]), [])
        return same[0] if len(same) == 1 else file

    def _is_there(self, file: str) -> bool:
        try:
            return (self._root / file).is_file()
        except (OSError, ValueError):
            return False


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
