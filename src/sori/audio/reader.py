"""Read a recording of any format from its start to its end, block by block."""

from __future__ import annotations

import errno
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from sori.audio.containers import Contents, Piece, Pieces, contents
from sori.audio.ffmpeg import FfmpegReader, how_to_install, probe, program
from sori.errors import AudioError, UnreachableError, reason

Samples = npt.NDArray[np.float32]

# Suffixes that a folder scan treats as recordings: libsndfile's formats, and those that ffmpeg adds.
LIBSNDFILE_SUFFIXES = frozenset(
    ".wav .wave .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .snd .caf .w64 .rf64".split()
)
FFMPEG_SUFFIXES = frozenset(".m4a .aac .mp4 .m4b .mka .webm .wma .amr .3gp .ac3 .ape .wv .mp2 .mov .mkv".split())

# What soundfile raises for a file that it cannot identify; TypeError: for a raw file, which has no header.
_NOT_LIBSNDFILES = (soundfile.LibsndfileError, TypeError)
# Encodings whose length in bytes gives the exact number of samples; of others, padding may be announced too.
_EXACT = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")
# libsndfile logs a chunk that is shorter than its header announces, as in "data : 88200 (should be 44078)"; of Wave64
# and RF64, the whole file.
_SHORT_CHUNK = re.compile(r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)
_LENGTH_UNKNOWN = 0x7FFFF000  # programs that stream to a pipe announce this many bytes or more, or 0
_WHOLE = 0.95  # least share of the announced length of a compressed recording that is not truncated
_ENDLESS = 2**60  # libsndfile's number of samples in a stream of unknown length is above this
SYSTEM_ERROR = 2  # libsndfile's code of a failure of the system, such as of a disk
_ESTIMATED = ("MPEG_LAYER_I", "MPEG_LAYER_II")
_MOST_CHANNELS = 64
# Compressed silence expands a few thousand times; more, beyond this size, is an attempt to fill the memory.
_MOST_EXPANSION, _EXPANSION_FROM = 10_000, 2**29
_PERMANENT = (errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR)


class Reader:
    """An open recording.

    Attributes
    ----------
    sr, channels
        Rate in Hz and number of channels.
    frames
        Number of samples per channel; None if only decoding would tell.
    format, subtype
        Container and encoding, as libsndfile names them; ``FFMPEG`` if ffmpeg reads it.
    announced_s
        Length in seconds that the file states, rounded; None if ``frames`` is known, or it states none.
    note
        A remark on the file to show, empty if there is none.
    """

    def __init__(self, path: Path, *, until_s: float | None = None, only_header: bool = False) -> None:
        self.path, self._stack, self._size = path, ExitStack(), check_readable(path)
        self._done = self._values = 0
        self.frames: int | None = None
        self.announced_s: float | None = None
        self._other: FfmpegReader | None = None
        self._parts: list[tuple[Piece, ...]] = []
        self._lengths: list[int] = []
        self._file: _Sequential | None = None
        self._which = 0
        self.note = ""
        try:
            found = contents(path)
            self.note = found.note
            self._open_parts(found)
        except _NOT_LIBSNDFILES as error:
            self.format, self.subtype = path.suffix.lstrip(".").upper(), "FFMPEG"
            if only_header:
                self.sr, self.channels, self.announced_s = _ask_ffmpeg(path, error)
            else:
                self._open_with_ffmpeg(error, until_s)
        except OSError as error:
            raise UnreachableError(f"{path}: {reason(error)}") from error
        if not 1 <= self.channels <= _MOST_CHANNELS:
            self.close()
            raise AudioError(f"{path}: has {self.channels} channels; at most {_MOST_CHANNELS} are read")

    def _open_parts(self, found: Contents) -> None:
        """Find rate, channels and length of all parts; the first stays open."""
        self._parts = list(found.parts) or [()]
        if found.samples and _frames_of(self.path) >= found.samples:
            self._parts = [()]
        first = self._open(0)
        _check_bytes(self.path, first)
        self.sr, self.channels = first.samplerate, first.channels
        self.format, self.subtype = first.format, first.subtype
        self._lengths = [found.samples if found.samples and self._parts == [()] else first.frames]
        for which in range(1, len(self._parts)):
            try:
                with self._opened(which) as file:
                    length, layout = file.frames, (file.samplerate, file.channels)
            except _NOT_LIBSNDFILES:
                layout, length = (0, 0), 0
            if layout != (self.sr, self.channels):
                del self._parts[which:]
                at_s = sum(self._lengths) / self.sr
                self.note = (
                    f"a recording at another rate or with other channels follows at {at_s:.1f} s; it is left out"
                )
                break
            self._lengths.append(length)
        # The length of layers 1 and 2 is estimated from their bit rate.
        known = self.subtype not in _ESTIMATED and all(length < _ENDLESS for length in self._lengths)
        self.frames = sum(self._lengths) if known else None

    def _opened(self, which: int) -> _Sequential:
        """Open a part, which stays open until it is closed."""
        pieces = self._parts[which]
        return _Sequential(Pieces(self.path, pieces) if pieces else raw_name(self.path))

    def _open(self, which: int) -> _Sequential:
        """Open a part to read it, and close the one before."""
        self._close_part()
        self._file, self._which, self._done = self._opened(which), which, 0
        return self._file

    def _close_part(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open_with_ffmpeg(self, why: Exception, until_s: float | None) -> None:
        try:
            self._other = self._stack.enter_context(_closing(FfmpegReader(self.path, until_s=until_s)))
        except AudioError as error:
            raise _refusal(self.path, why) from error
        self.sr, self.channels = self._other.sr, self._other.channels

    def seek(self, frame: int) -> None:
        """Move on to a sample, before anything was read; beyond the end, nothing is left to read."""
        which = 0
        if self._other is None and all(length < _ENDLESS for length in self._lengths):
            while which < len(self._lengths) - 1 and frame >= self._lengths[which]:
                frame -= self._lengths[which]
                which += 1
            file = self._open(which) if which else self._file
            try:
                if frame and file is not None:
                    file.seek(min(frame, self._lengths[which]))
                self._done = min(frame, self._lengths[which])
                return
            except soundfile.LibsndfileError:  # some encodings can only be read from their start
                self._open(which)
        while frame > 0:
            frame -= len(self.read(min(frame, 2**16))) or frame

    def read(self, frames: int) -> Samples:
        """Return the next samples ``(frames, channels)``, fewer only at the end.

        Raises
        ------
        AudioError
            If the file is damaged, is shorter than its header announces, or expands beyond reason.
        """
        samples: Samples = self._other.read(frames) if self._other is not None else self._from_parts(frames)
        self._values += samples.size
        if 4 * self._values > max(_EXPANSION_FROM, _MOST_EXPANSION * self._size):
            raise AudioError(
                f"{self.path}: {self._size:,} bytes expand to more than {4 * self._values:,}, as no recording does"
            )
        return samples

    def _from_parts(self, frames: int) -> Samples:
        parts: list[Samples] = []
        while frames > 0 and self._file is not None:
            length = self._lengths[self._which]
            # Asked for more than there is, the decoder of FLAC reads on in what follows, such as tags.
            wanted = min(frames, length - self._done) if self.format == "FLAC" else frames
            try:
                samples = self._file.read(wanted, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                if error.code == SYSTEM_ERROR:
                    raise UnreachableError(f"{self.path}: {_said(error)}") from error
                where = f" at {self._done / self.sr:.1f} s" if self._done else ""
                raise AudioError(f"{self.path}: damaged{where} ({_said(error)})") from error
            self._done += len(samples)
            parts.append(samples)
            frames -= len(samples)
            if len(samples) < wanted or (self.format == "FLAC" and self._done >= length):
                self._check_end(self._file, length)
                if self._which + 1 < len(self._parts):
                    self._open(self._which + 1)
                else:
                    self._close_part()
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty((0, self.channels), dtype=np.float32)

    def _check_end(self, file: soundfile.SoundFile, length: int) -> None:
        if length >= _ENDLESS:
            return
        is_exact = file.format != "MP3" and (file.subtype.startswith(_EXACT) or file.format == "FLAC")
        if self._done < (length if is_exact else _WHOLE * length):
            raise AudioError(f"{self.path}: truncated: {self._done} of the {length} samples that its header announces")

    def close(self) -> None:
        """Close the file."""
        self._close_part()
        self._stack.close()


@contextmanager
def open_recording(path: Path, *, until_s: float | None = None) -> Iterator[Reader]:
    """Open a recording to read it; its remark, if any, is issued as a warning.

    Parameters
    ----------
    until_s
        Nothing after this many seconds is needed; None: all of it is.

    Raises
    ------
    AudioError
        If it cannot be read, is empty, is not audio or has too many channels; :class:`UnreachableError` if the system
        does not let it be read now.
    """
    reader = Reader(path, until_s=until_s)
    try:
        if reader.note:
            warnings.warn(f"{path}: {reader.note}", stacklevel=3)
        yield reader
    finally:
        reader.close()


def check_readable(path: Path) -> int:
    """Return a file's size in bytes, if it can be opened and is not empty.

    Raises
    ------
    AudioError
        If it is empty, or not a file; :class:`UnreachableError`, with the system's reason, if it cannot be opened.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise AudioError(f"{path}: not a file (a pipe or device)")  # opening a pipe would wait for its other end
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not file.read(1):
                raise AudioError(f"{path}: the file is empty (0 bytes)")
    except ValueError as error:  # a null byte in the name
        raise AudioError(f"{path}: {reason(error)}") from error
    except OSError as error:
        kind = AudioError if error.errno in _PERMANENT else UnreachableError
        raise kind(f"{path}: {reason(error)}") from error
    return size


def raw_name(path: Path) -> Path | bytes:
    """Return the path as the system stores it; where names are bytes, they need not be valid text."""
    return path if os.name == "nt" else os.fsencode(path)


def _ask_ffmpeg(path: Path, why: Exception) -> tuple[int, int, float | None]:
    """Return rate, channels and length in seconds, if stated, of a file that libsndfile refused because of ``why``."""
    found = probe(path)
    if found is None:
        raise _refusal(path, why) from why
    return found.sr, found.channels, found.seconds


def _refusal(path: Path, why: Exception) -> AudioError:
    more = "" if program() or path.suffix.lower() not in FFMPEG_SUFFIXES else f"; {how_to_install()}"
    return AudioError(f"{path}: not readable as audio ({_said(why)}){more}")


def _frames_of(path: Path) -> int:
    """Return how many samples libsndfile expects in a file."""
    with _Sequential(raw_name(path)) as file:
        return int(file.frames)


def _check_bytes(path: Path, file: soundfile.SoundFile) -> None:
    """Raise AudioError if a file has fewer bytes than its header announces."""
    match = _SHORT_CHUNK.search(file.extra_info)
    if match and int(match[2]) < int(match[1]) < _LENGTH_UNKNOWN:
        raise AudioError(f"{path}: truncated: {match[2]} of the {match[1]} bytes that its header announces")


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read on without seeking to where it is after each block, which fails if its length is unknown."""

    def seekable(self) -> bool:
        return False


@contextmanager
def _closing(reader: FfmpegReader) -> Iterator[FfmpegReader]:
    try:
        yield reader
    finally:
        reader.close()


def _said(error: Exception) -> str:
    """Return libsndfile's description of the error."""
    if not isinstance(error, soundfile.LibsndfileError):
        return "no header"
    said = str(error.error_string).removeprefix("Error : ").rstrip(".")
    return "Format not recognised" if "does not exist" in said else said  # the file was opened before
