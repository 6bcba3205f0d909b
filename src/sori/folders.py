"""Walk through folders, and write files completely or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import orjson

from sori.errors import ParameterError, SoriError, printable, reason

# Files that systems put into folders, and that may be lost.
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
# Longest part of a name that is repeated in a temporary one, in bytes: names have at most 255.
_SHORT = 40
_OLD_S = 24 * 3600.0
_LARGEST_JSON = 2**31


def walk(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each file below a folder, relative to it with ``/`` between parts, and an empty string.

    A folder that cannot be listed is yielded with the reason, the root itself as ``.``. Links are followed, except to a
    folder that is above. Hidden files and folders are skipped.
    """

    def enter(folder: Path, above: frozenset[str]) -> Iterator[tuple[str, str]]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield folder.relative_to(root).as_posix(), reason(error)
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = folder / entry.name
            try:
                is_folder = entry.is_dir()
            except OSError:  # a link to itself: it is listed, and reading it fails
                is_folder = False
            if is_folder:
                real = os.path.realpath(path)
                if real not in above:
                    yield from enter(path, above | {real})
            else:
                yield path.relative_to(root).as_posix(), ""

    yield from enter(root, frozenset({os.path.realpath(root)}))


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; it replaces ``path`` if the block ends without an error.

    If ``path`` is a link, the file that it leads to is replaced.
    """
    path = Path(os.path.realpath(path))
    temporary = path.with_name(_temporary(path.name))
    for left in path.parent.glob(temporaries(path.name)[0]):
        if _age_s(left) > _OLD_S:  # by a process that was killed
            remove(left)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def all_or_none(paths: Iterable[Path]) -> Iterator[None]:
    """Remove those of the files that were not there before, if writing them fails."""
    new = [path for path in paths if not path.exists()]
    try:
        yield
    except (SoriError, OSError):
        for path in new:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        raise


def write_files(folder: Path, content: Mapping[str, bytes]) -> None:
    """Write files into a folder, created if missing; each file is written completely or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        with replacing_file(folder / name) as temporary:
            temporary.write_bytes(data)


def short(name: str) -> str:
    """Return a name as it is, or its start and a hash if it is long.

    >>> short("run"), short("가" * 78)
    ('run', '가가가가가가가가가가-ad934bcc')
    """
    encoded = os.fsencode(name)
    if len(encoded) <= _SHORT:
        return name
    start = encoded[: _SHORT - 8].decode("utf-8", "ignore")
    return f"{start}-{hashlib.blake2b(encoded, digest_size=4).hexdigest()}"


def folder_names(paths: Iterable[Path]) -> list[str]:
    """Name a folder for each file: its stem, numbered if it is taken, ignoring case.

    >>> folder_names([Path("a.wav"), Path("A.flac"), Path("b.wav")])
    ['a', 'A-2', 'b']
    """
    taken: set[str] = set()
    names = []
    for path in paths:
        name, number = path.stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{path.stem}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def new_folder(path: Path) -> Path:
    """Make a folder of a temporary name beside ``path``, and return it."""
    while True:
        folder = path.with_name(_temporary(path.name))
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            continue


def temporaries(name: str) -> tuple[str, ...]:
    """Return patterns of the names that are temporary ones of a file or folder."""
    marks = "".join(f"[{c}]" if c in "*?[" else c for c in short(name))
    return (f".{marks}.{'[0-9a-f]' * 8}.tmp", f".{marks}.{'[0-9a-f]' * 8}.tmp/*")


def _temporary(name: str) -> str:
    # Not the number of the process, which is 1 in every container.
    return f".{short(name)}.{secrets.token_hex(4)}.tmp"


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def remove(path: Path) -> None:
    """Delete a file, a link or a folder; what cannot be deleted is left."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def building_folder(path: Path, *, ending: str = "building") -> Path:
    """Return the path of a folder that takes long to build, until it is complete."""
    path = Path(os.path.realpath(path))
    name = f"{path.name}.{ending}"
    return path.with_name(name if len(os.fsencode(name)) < 256 else f"{short(path.name)}.{ending}")


def as_json(values: Any) -> Any:
    """Return values as JSON restores them, so that two can be compared."""
    return json.loads(json.dumps(values))


def as_plain(result: Any) -> dict[str, Any]:
    """Return the fields of a dataclass for JSON: paths and texts with valid letters, lists of paths as lists."""
    values: dict[str, Any] = {}
    for name, value in vars(result).items():
        if isinstance(value, (str, Path)):
            values[name] = printable(value)
        else:
            values[name] = [printable(one) for one in value] if isinstance(value, tuple) else value
    return values


def write_json(path: Path, values: Any) -> None:
    """Write a JSON file, completely or not at all."""
    with replacing_file(path) as temporary:
        temporary.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_floats(path: Path, arrays: Iterable[npt.NDArray[np.floating[Any]]]) -> None:
    """Write an npz file that :func:`read_floats` reads, completely or not at all."""
    with replacing_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, *arrays)


def read_json(path: Path, kind: Any = None) -> Any:
    """Read a JSON file of up to 2 GiB; how deeply it may be nested is limited.

    Parameters
    ----------
    kind
        The type that its content must have, as msgspec takes it; None: any.

    Returns
    -------
    The content, as plain lists, dictionaries, strings and numbers.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not JSON in UTF-8, is too large, or is not of that type.
    """
    if path.stat().st_size > _LARGEST_JSON:
        raise ValueError("is too large")
    values = orjson.loads(path.read_bytes())
    if kind is not None:
        check_type(values, kind)
    return values


def check_type(values: Any, kind: Any) -> None:
    """Raise ValueError, with the place, unless what was read from JSON is of a type, as msgspec takes it.

    >>> check_type({"rate": "fast"}, dict[str, int])
    Traceback (most recent call last):
    ...
    ValueError: Expected `int`, got `str` - at `$[...]`
    """
    try:
        msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def made_by(file: Path, maker: str | None) -> dict[str, Any] | None:
    """Read a JSON file whose ``made_by`` is ``maker`` (None: anything); None if it is missing, damaged or another's."""
    try:
        made = read_json(file)
    except (OSError, ValueError):
        return None
    return made if isinstance(made, dict) and (maker is None or made.get("made_by") == maker) else None


def read_npz(path: Path, *, most_bytes: int = 2**34) -> dict[str, npt.NDArray[Any]]:
    """Read an npz file of plain numbers and strings, whose arrays do not expand beyond reason.

    Parameters
    ----------
    most_bytes
        Largest size of all arrays together. A file may also expand to no more than 200 times its own size, or 256 MiB.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not such a file, is damaged, or is too large.
    """
    most = min(most_bytes, max(2**28, 200 * path.stat().st_size))
    try:
        with zipfile.ZipFile(path) as archive:
            whole = sum(entry.file_size for entry in archive.infolist())
        if whole > most:
            raise ValueError(f"its arrays would take {whole:,} bytes, more than {most:,}")
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("holds a single array")
            arrays = {}
            for name in file.files:
                arrays[name] = file[name]
                if not isinstance(arrays[name], np.ndarray):
                    raise ValueError(f"{name} is not an array")
            return arrays
    except OSError:
        raise
    except Exception as error:  # of zipfile, zlib, NumPy and the parser of its headers
        raise ValueError(reason(error)) from error


def read_floats(path: Path, *, dtype: type[np.floating[Any]] = np.floating) -> list[npt.NDArray[np.float32]]:
    """Read the arrays of an npz file of finite numbers, in their order, as float32.

    Parameters
    ----------
    dtype
        What the file must hold; `numpy.floating`: floating-point numbers of any size.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        As :func:`read_npz`, or if it holds anything else.
    """
    arrays = list(read_npz(path).values())
    if not all(np.issubdtype(array.dtype, dtype) and np.isfinite(array).all() for array in arrays):
        raise ValueError("holds something else than finite numbers")
    return [array.astype(np.float32) for array in arrays]


def targets_of(
    files: Iterable[tuple[Path, Path]], out: Path, endings: Iterable[str], *, overwrite: bool
) -> dict[Path, tuple[Path, ...]]:
    """Return the files to write for each file; what is in a folder keeps its place below it.

    Parameters
    ----------
    files
        Each file, and the file or folder as it was given.
    endings
        Of the names of the files to write, without the dot.

    Raises
    ------
    SoriError
        If two files would be written to one, or one exists already and ``overwrite`` is not set.
    """
    targets: dict[Path, tuple[Path, ...]] = {}
    taken: dict[Path, Path] = {}
    for file, given in files:
        folder = out / file.parent.relative_to(given) if given.is_dir() else out
        paths = tuple(folder / f"{file.stem}.{name}" for name in dict.fromkeys(endings))
        if file in targets:
            continue
        for path in paths:
            where = Path(os.path.realpath(path))
            if where in taken:
                raise ParameterError(
                    f"{taken[where]} and {file} would both be written to {path}: give them one by one."
                )
            if path.exists() and not overwrite:
                raise SoriError(
                    f"{path}: is there already; give `overwrite=True` to replace it, or `out` another folder"
                )
            taken[where] = file
        targets[file] = paths
    return targets
