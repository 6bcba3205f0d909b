"""A folder that a command writes: held while it works, and replaced only by a complete result.

The rule, for every command: a folder is replaced if everything in it was made by the same command. This is checked
before the work, and again when the result takes its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from sori.errors import DatasetError, reason
from sori.folders import LITTER, made_by, new_folder, remove, short, temporaries

_LOCK, _LOCK_INSIDE = ".lock", ".sori.lock"
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
_LOCKED_BYTE = 2**30  # far behind the text, which others must be able to read
_NOT_SUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


@dataclass(frozen=True)
class Maker:
    """A command, and how to recognise its folders.

    Parameters
    ----------
    name
        The command, as the file ``facts`` states it under ``made_by``.
    facts
        The JSON file that identifies a folder.
    files
        Names of the files that the command writes, with ``/`` between parts.
    patterns
        The same as shell patterns, for files that are numbered.
    listed
        Function of the content of ``facts`` that returns the names of more files, which are taken literally.
    keys
        Keys of ``facts`` that identify a folder whose ``facts`` does not state its maker; empty: it does.
    """

    name: str
    facts: str
    files: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    listed: Callable[[Mapping[str, Any]], Iterable[str]] = lambda made: ()
    keys: tuple[str, ...] = ()

    def made(self, folder: Path) -> dict[str, Any] | None:
        """Return the content of ``facts`` in a folder of this command; None: it is not one."""
        made = made_by(folder / self.facts, None if self.keys else self.name)
        return made if made is not None and set(self.keys) <= set(made) else None

    def foreign(self, folder: Path, *, always: Iterable[str] = ()) -> Path | None:
        """Return a file in a folder, relative to it, that this command did not make; None: there is none.

        Parameters
        ----------
        always
            Patterns of files that are allowed in any case.
        """
        made = self.made(folder)
        names: set[str] = set()
        patterns = [*always]
        if made is not None:
            with contextlib.suppress(TypeError, ValueError, KeyError, AttributeError):
                names = {str(name) for name in self.listed(made)}
            names |= {self.facts, *self.files}
            patterns += self.patterns
        for where, folders, files in os.walk(folder):
            within = Path(where).relative_to(folder)
            links = [name for name in folders if (Path(where) / name).is_symlink()]
            for name in sorted([*files, *links]):
                inside = (within / name).as_posix()
                ours = name == _LOCK_INSIDE or _TEMPORARY.fullmatch(name) or inside in names
                if not (ours or name in LITTER or any(fnmatchcase(inside, pattern) for pattern in patterns)):
                    return Path(inside)
        return None


class Output:
    """A folder that is held for one command: see :func:`output_folder`.

    Attributes
    ----------
    path
        The folder itself, where ``out`` is a link to it.
    made
        The facts of an earlier result in it; None if there is none.
    """

    def __init__(self, path: Path, maker: Maker, always: tuple[str, ...]) -> None:
        self.path, self.maker, self.always = path, maker, always
        self.made = maker.made(path)

    def write(self, fill: Callable[[Path], None]) -> None:
        """Call ``fill`` with a new folder, which then replaces the old one.

        Raises
        ------
        DatasetError
            If that is not possible. A complete result is then kept elsewhere, and the message says where.
        """
        try:
            new = self._fresh()
            try:
                fill(new)
            except BaseException:
                remove(new)
                raise
        except OSError as error:  # the disk may be full
            self._write_elsewhere(fill, error)
        self.place(new)

    def place(self, new: Path) -> None:
        """Replace the old folder by ``new``, unless a file of others would be lost.

        Raises
        ------
        DatasetError
            As :meth:`write`.
        """
        if not self.path.exists():
            try:
                os.rename(new, self.path)
                return
            except OSError as error:
                self._keep(new, reason(error))
        try:
            if self.path in (Path.cwd(), *Path.cwd().parents):
                raise OSError("a shell is in it")  # and would be left in a folder that is gone
            old = _beside(self.path)
            os.rename(self.path, old)
        except OSError:  # a mount point, or a parent that may not be changed
            self._fill(new)
            return
        foreign = self.maker.foreign(old, always=self.always)
        try:
            if foreign is None:
                os.rename(new, self.path)
                remove(old)
                return
            why = _in_the_way(foreign)
        except OSError as error:
            why = reason(error)
        if not self.path.exists():
            os.rename(old, self.path)
        self._keep(new, why)

    def _fresh(self) -> Path:
        """Return a new folder, beside the old one if possible, else inside it."""
        try:
            return new_folder(self.path)
        except OSError:
            if not self.path.is_dir():
                raise
            return new_folder(self.path / "new")

    def _fill(self, new: Path) -> None:
        """Replace the files in a folder that cannot itself be replaced; its facts come last."""
        foreign = self.maker.foreign(self.path, always=(*self.always, f"{new.name}/*", *temporaries("new")))
        if foreign is not None:
            self._keep(new, _in_the_way(foreign))
        try:
            for old in self.path.iterdir():
                if old != new and old.name not in (*LITTER, _LOCK_INSIDE):
                    remove(old)
            for entry in sorted(new.iterdir(), key=lambda one: one.name == self.maker.facts):
                shutil.move(entry, self.path / entry.name)
        except OSError as error:
            self._keep(new, reason(error))
        remove(new)

    def _write_elsewhere(self, fill: Callable[[Path], None], error: OSError) -> None:
        """Write the result into the system's folder for temporary files, and raise the error."""
        kept = Path(tempfile.mkdtemp(prefix=f"sori-{short(self.path.name)}-"))
        try:
            fill(kept)
        except OSError:
            remove(kept)
            raise DatasetError(f"{self.path}: cannot be written ({reason(error)})") from error
        raise DatasetError(f"{self.path}: cannot be written ({reason(error)}); the result is kept in {kept}") from error

    def _keep(self, new: Path, why: str) -> None:
        """Give a finished result that cannot take its place a name, and raise DatasetError with it."""
        kept = new
        for number in range(1, 100):
            shown = self.path.with_name(f"{short(self.path.name)}-new{number if number > 1 else ''}")
            with contextlib.suppress(OSError):
                if not shown.exists():
                    os.rename(new, shown)
                    kept = shown
                    break
        raise DatasetError(f"{self.path}: {why}; the result is kept in {kept}")


@contextmanager
def output_folder(
    out: Path, maker: Maker, *, overwrite: bool = False, always: tuple[str, ...] = ()
) -> Iterator[Output]:
    """Hold a folder for a command, so that no other writes it, and check that it may be written and replaced.

    Parameters
    ----------
    out
        The folder, or a link to it; it need not exist.
    overwrite
        Whether an earlier result may be replaced.
    always
        Patterns of files that may be in it, besides those of an earlier result.

    Raises
    ------
    DatasetError
        If another process holds it, it cannot be written, it holds files of others, or it may not be replaced.
    """
    path = Path(os.path.realpath(out))
    if path.is_symlink():  # a link to itself
        raise DatasetError(f"{out}: is a link that leads nowhere; choose another name")
    if not path.name:
        raise DatasetError(f"{out}: is the root of the file system; choose a folder in it")
    if path.exists() and not path.is_dir():
        raise DatasetError(f"{out}: is a file; choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(f"{out}: cannot be written ({reason(error)})") from error
    with _held(path, out):
        if path.exists():
            foreign = maker.foreign(path, always=always)
            if foreign is not None:
                raise DatasetError(
                    f"{out}: is there already, and {foreign} was not made by {maker.name}; choose another name"
                )
            if maker.made(path) is not None and not overwrite:
                raise DatasetError(f"{out}: is there already; give `overwrite=True` to replace it, or another name")
        for left in path.parent.glob(temporaries(path.name)[0]):  # by a process that was killed, since we hold the lock
            remove(left)
        output = Output(path, maker, always)
        _try_out(output, out)
        yield output


def _try_out(output: Output, out: Path) -> None:
    """Raise DatasetError unless a file can be written where the result will be."""
    try:
        probe = output._fresh()
        try:
            (probe / "probe").write_bytes(bytes(4096))
        finally:
            remove(probe)
    except OSError as error:
        raise DatasetError(f"{out}: cannot be written ({reason(error)})") from error


@contextmanager
def _held(path: Path, out: Path) -> Iterator[None]:
    """Hold a lock on a folder; it ends with the process, however that ends."""
    file, handle = _open_lock(path, out)
    if handle is None:
        yield
        return
    try:
        os.ftruncate(handle, 0)
        command = " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:2]])
        since = time.strftime("%Y-%m-%d %H:%M")
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()} ({command}), since {since},".encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            if os.name != "nt":
                file.unlink()  # while it is held, so that nobody else holds the same file
        os.close(handle)


def _open_lock(path: Path, out: Path) -> tuple[Path, int | None]:
    """Open and lock the lock file of a folder: beside it if possible, else inside it; None: locks are not supported."""
    for file in (path.with_name(f".{short(path.name)}{_LOCK}"), path / _LOCK_INSIDE):
        while True:
            try:
                handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError:
                break
            try:
                _lock(handle)
            except OSError as error:
                who = os.read(handle, 1000).decode("utf-8", "replace")
                os.close(handle)
                if error.errno in _NOT_SUPPORTED:
                    return file, None
                raise DatasetError(
                    f"{out}: {who or 'another process'} is writing there; wait for it, or choose another name"
                ) from error
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(handle), os.stat(file)):
                    return file, handle
            os.close(handle)  # its last holder has just removed it
    return path, None  # nothing can be written here, which is found next


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _beside(path: Path) -> Path:
    """Return a name for the old folder while the new one takes its place."""
    aside = new_folder(path)
    aside.rmdir()
    return aside


def _in_the_way(foreign: Path) -> str:
    return f"{foreign} was put there meanwhile, and would be lost"
