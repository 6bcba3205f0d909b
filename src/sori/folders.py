"""Files and folders that are written completely or not at all."""

from __future__ import annotations

import glob
import json
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from sori.errors import DatasetError, reason


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
    """Yield a temporary path beside ``path``; it replaces ``path`` if the block ends without an error."""
    path = Path(os.path.abspath(path))  # "." has no name to derive the temporary one from
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_files(folder: Path, content: Mapping[str, bytes]) -> None:
    """Write files into a folder, created if missing; each file is written completely or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        with replacing_file(folder / name) as temporary:
            temporary.write_bytes(data)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder beside ``path``; it replaces ``path`` if the block ends without an error."""
    path = Path(os.path.abspath(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    sweep(path)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        move_folder(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(path: Path) -> None:
    """Delete the temporary folders that killed processes have left beside ``path``."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        process = left.name.split(".")[-2]
        if left.is_dir() and process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    """Whether a process is running; True where this cannot be determined."""
    if os.name == "nt":  # there, os.kill would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def made_by(file: Path, maker: str) -> dict[str, Any] | None:
    """Read a JSON file whose ``made_by`` is ``maker``; None if it is missing, damaged or made by another."""
    try:
        made = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return made if isinstance(made, dict) and made.get("made_by") == maker else None


def foreign_file(folder: Path, ours: Iterable[str]) -> Path | None:
    """Return a file in ``folder`` that matches no pattern in ``ours`` and would be lost with it, or None.

    Patterns match paths within the folder, with ``/`` between parts. Hidden files, which systems create, are ignored.
    """
    names = set(ours)
    patterns = [name for name in names if set(name) & set("*?[")]
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        name, hidden = within.as_posix(), any(part.startswith(".") for part in within.parts)
        known = name in names or any(fnmatchcase(name, pattern) for pattern in patterns)
        if path.is_file() and not hidden and not known:
            return path
    return None


def own_folder(
    out: Path,
    *,
    facts: str,
    maker: str,
    ours: Iterable[str],
    always: Iterable[str] = (),
    overwrite: bool = True,
    signed: bool = True,
) -> dict[str, Any] | None:
    """Read the JSON file ``facts`` that ``maker`` wrote into ``out`` earlier; None if there is none.

    Parameters
    ----------
    ours, always
        Patterns of files that ``maker`` writes, as in :func:`foreign_file`. Those in ``always`` are allowed even if
        ``facts`` is missing.
    overwrite
        Whether an earlier result may be replaced.
    signed
        Whether ``facts`` states its maker; otherwise its file name identifies it.

    Raises
    ------
    DatasetError
        If ``out`` holds other files, which would be lost, or may not be replaced.
    """
    if not out.exists():
        return None
    if not out.is_dir():
        raise DatasetError(f"{out}: is a file; choose another name")
    made = made_by(out / facts, maker)
    if not signed and (out / facts).is_file():
        made = {}
    foreign = foreign_file(out, (*always, *(ours if made is not None else ())))
    if foreign is not None:
        name = foreign.relative_to(out)
        raise DatasetError(f"{out}: is there already, and {name} was not made by {maker}; choose another name")
    if made is not None and not overwrite:
        raise DatasetError(f"{out}: is there already; give `overwrite=True` to replace it, or another name")
    return made


def move_folder(new: Path, path: Path) -> None:
    """Replace the folder ``path`` by ``new``; the old one is kept until the new one is in place."""
    path = Path(os.path.abspath(path))
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        os.replace(path, old)
    try:
        os.replace(new, path)
    except OSError:
        if old.exists():
            os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def building_folder(path: Path) -> Path:
    """Return the path of a folder that takes long to build, until it is complete."""
    path = Path(os.path.abspath(path))
    return path.with_name(f"{path.name}.building")
