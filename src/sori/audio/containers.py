"""Find all the sound in a file whose header gives a wrong length or none, or that holds several recordings in a row."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sori.audio.mpeg import mp3_parts

# A stretch of the file (first byte, end), or bytes to read instead of it.
Piece = tuple[int, int] | bytes
_UNKNOWN = 0x7FFFF000  # programs that stream to a pipe announce this many bytes or more
_CHUNK_NAME = re.compile(rb"[ -~]{4}")
_WAVE = re.compile(rb"RIFF....WAVE", re.DOTALL)
_STREAMINFO = b"fLaC\x00\x00\x00\x22"  # the start of a FLAC file: its marker, and a block of stream information
_FLAC_TOTAL = 21  # byte of the file with the upper 4 of the 36 bits that count samples
# Sample rates and bits per sample by their codes in a frame.
_FLAC_RATES = dict(enumerate((88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000), 1))
_FLAC_BITS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
_FLAC_TAILS = (2**14, 2**18)  # bytes at the end that hold the last frame: usually, and always
_OGG_BEGINS = 2  # flag of a page that begins a stream
_AT_ONCE = 2**20
_NOTES = {
    "": "",
    "unfinished": "its header gives no length, or too short a one; it is read to its end",
    "joined": "holds {count} recordings in a row; all are read",
}


@dataclass(frozen=True)
class Contents:
    """How to read all of a file: a virtual file per recording in it, and a remark to show, empty if there is none.

    ``parts`` is empty if the file can be read as it is. Where a library estimates the length, ``samples`` is the true
    one, else 0; the file can then be read as it is, and faster, if the estimate is not too short.
    """

    parts: tuple[tuple[Piece, ...], ...] = ()
    note: str = ""
    samples: int = 0


def contents(path: Path) -> Contents:
    """Return how to read all the sound in a WAV, FLAC, Ogg or MP3 file.

    Sources: Microsoft, Multimedia Programming Interface (1991); RFC 9639 (FLAC); RFC 3533 (Ogg).
    """
    samples = 0
    with path.open("rb") as file:
        head = file.read(12)
        size = file.seek(0, io.SEEK_END)
        if _WAVE.match(head):
            found, kind = _wave(file, size)
        elif head.startswith(_STREAMINFO):
            found, kind = _flac(file, size)
        elif head.startswith(b"OggS"):
            found, kind = _ogg(file, size)
        else:
            (found, samples), kind = mp3_parts(file, size), ""
    kind = "joined" if len(found) > 1 else kind
    return Contents(tuple(found), _NOTES[kind].format(count=len(found)), samples)


class Pieces(io.RawIOBase):
    """A read-only file made of stretches of another one, and of bytes in place of stretches."""

    def __init__(self, path: Path, pieces: Sequence[Piece]) -> None:
        self._file = path.open("rb")
        self._pieces = list(pieces)
        self._ends = []
        end = 0
        for piece in pieces:
            end += len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            self._ends.append(end)
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as possible; return the number of bytes."""
        done = 0
        for piece, end in zip(self._pieces, self._ends, strict=True):
            n = min(len(buffer) - done, end - self._at)
            if n <= 0:
                continue
            start = self._at - (end - (len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]))
            if isinstance(piece, bytes):
                some = piece[start : start + n]
            else:
                self._file.seek(piece[0] + start)
                some = self._file.read(n)
            buffer[done : done + len(some)] = some
            done += len(some)
            self._at += len(some)
            if len(some) < n:
                break
        return done


def _wave(file: IO[bytes], size: int) -> tuple[list[tuple[Piece, ...]], str]:
    """Return the recordings of a WAV file, and whether its header is unfinished; none: it can be read as it is."""
    found: list[tuple[Piece, ...]] = []
    kind, begin = "", 0
    while begin < size:
        data = _chunk(file, begin + 12, size, b"data")
        if data is None:
            break
        first, length = data
        if length >= _UNKNOWN:
            following = next(_places(file, _WAVE, first, size), size)
            end, length = following, following - first
        else:
            end = min(size, first + length + length % 2)
        rest = size - end
        after = _read(file, end, 12)
        if rest and not _WAVE.match(after) and (not length or rest > length) and not _is_chunks(file, end, size):
            end, length, kind = size, size - first, "unfinished"
        if begin + (end - begin) >= size and not found and not kind:
            return [], ""
        header = _read(file, begin, first - begin - 4)
        found.append((header + min(length, _UNKNOWN).to_bytes(4, "little"), (first, end)))
        if end < size and not _WAVE.match(_read(file, end, 12)):
            break  # chunks that are not sound
        begin = end
    return (found if len(found) > 1 or kind else []), kind


def _chunk(file: IO[bytes], at: int, size: int, name: bytes) -> tuple[int, int] | None:
    """Return the first byte and the announced length of a RIFF chunk's content, looking from ``at`` on."""
    while at + 8 <= size:
        head = _read(file, at, 8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] == name:
            return at + 8, length
        at += 8 + length + length % 2
    return None


def _is_chunks(file: IO[bytes], at: int, size: int) -> bool:
    """Return whether RIFF chunks fill the file from ``at`` to its end."""
    while at + 8 <= size:
        head = _read(file, at, 8)
        if not _CHUNK_NAME.match(head):
            return False
        length = int.from_bytes(head[4:], "little")
        at += 8 + length + length % 2
    return size - 8 < at <= size + 1


def _flac(file: IO[bytes], size: int) -> tuple[list[tuple[Piece, ...]], str]:
    """Return the FLAC streams of a file, with their true lengths in their headers; none: it can be read as it is."""
    begins = [0, *_places(file, re.compile(re.escape(_STREAMINFO)), 4, size)]
    found: list[tuple[Piece, ...]] = []
    kind = ""
    for begin, end in zip(begins, [*begins[1:], size], strict=True):
        head = bytearray(_read(file, begin, _FLAC_TOTAL + 5))
        if len(head) < _FLAC_TOTAL + 5:
            break
        announced = int.from_bytes(head[_FLAC_TOTAL : _FLAC_TOTAL + 5], "big") & (2**36 - 1)
        tails = (_read(file, max(begin, end - n), min(end - begin, n)) for n in _FLAC_TAILS)
        there = next((n for n in (_flac_samples(tail, head) for tail in tails) if n), 0)
        if there > announced:
            kind = "unfinished" if announced else kind  # a stream may leave its length open
            upper = head[_FLAC_TOTAL] & 0xF0
            head[_FLAC_TOTAL : _FLAC_TOTAL + 5] = there.to_bytes(5, "big")
            head[_FLAC_TOTAL] |= upper
            found.append((bytes(head), (begin + len(head), end)))
        else:
            found.append(((begin, end),))
    as_it_is = len(found) == 1 and not isinstance(found[0][0], bytes)
    return ([] if as_it_is else found), kind


def _flac_samples(tail: bytes, head: bytes | bytearray) -> int:
    """Return the number of samples up to the end of the last frame of a FLAC stream; 0: no frame was found."""
    most = int.from_bytes(head[10:12], "big")
    is_fixed = head[8:10] == head[10:12]
    for match in reversed(list(re.finditer(rb"\xff[\xf8\xf9]", tail))):
        at = match.start()
        frame = tail[at : at + 16]
        number, used = _utf8_number(frame[4:])
        if not used or not _is_frame_of(frame, head, is_fixed=is_fixed):
            continue
        size_code, rate_code = frame[2] >> 4, frame[2] & 15
        after = 4 + used
        extra = {6: 1, 7: 2}.get(size_code, 0)
        block = int.from_bytes(frame[after : after + extra], "big") + 1 if extra else _flac_block(size_code)
        after += extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
        if len(frame) <= after or _crc8(frame[:after]) != frame[after] or block > most:
            continue
        return (number * most if is_fixed else number) + block
    return 0


def _is_frame_of(frame: bytes, head: bytes | bytearray, *, is_fixed: bool) -> bool:
    """Return whether a FLAC frame's header is one of the stream: compressed samples can look like one."""
    stream = int.from_bytes(head[18:22], "big")
    sr, channels, bits = stream >> 12, (stream >> 9 & 7) + 1, (stream >> 4 & 31) + 1
    size_code, rate_code, channel_code, bits_code = frame[2] >> 4, frame[2] & 15, frame[3] >> 4, frame[3] >> 1 & 7
    return (
        bool(frame[1] & 1) != is_fixed
        and size_code > 0
        and (rate_code in (0, 12, 13, 14) or _FLAC_RATES.get(rate_code) == sr)
        and (channel_code + 1 == channels or (channels == 2 and 8 <= channel_code <= 10))
        and (bits_code == 0 or _FLAC_BITS.get(bits_code) == bits)
        and not frame[3] & 1
    )


def _flac_block(code: int) -> int:
    """Return the block size of a code of a FLAC frame."""
    if code == 1:
        return 192
    return 576 << (code - 2) if code <= 5 else 256 << (code - 8)


def _utf8_number(data: bytes) -> tuple[int, int]:
    """Decode a number that is coded like a character of UTF-8; return it and its length, 0 if there is none."""
    if not data:
        return 0, 0
    ones = len(f"{data[0]:08b}".split("0")[0])
    n = max(1, ones)
    if ones == 1 or ones > 7 or len(data) < n or any(byte >> 6 != 2 for byte in data[1:n]):
        return 0, 0
    value = data[0] & (0x7F >> ones)
    for byte in data[1:n]:
        value = value << 6 | byte & 63
    return value, n


def _crc8(data: bytes) -> int:
    """Return the checksum of a FLAC frame's header: polynomial x^8 + x^2 + x + 1."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def _ogg(file: IO[bytes], size: int) -> tuple[list[tuple[Piece, ...]], str]:
    """Return the chained streams of an Ogg file; none: it can be read as it is."""
    begins: list[int] = []
    at, began = 0, False
    while at + 27 <= size:
        head = _read(file, at, 27 + 255)
        if head[:4] != b"OggS":
            following = next(_places(file, re.compile(b"OggS"), at, size), None)
            if following is None:
                break
            at = following
            continue
        begins_here = bool(head[5] & _OGG_BEGINS)
        if begins_here and not began:
            begins.append(at)
        began = begins_here
        at += 27 + head[26] + sum(head[27 : 27 + head[26]])
    if len(begins) < 2:
        return [], ""
    return [((begin, end),) for begin, end in zip(begins, [*begins[1:], size], strict=True)], ""


def _places(file: IO[bytes], pattern: re.Pattern[bytes], first: int, size: int) -> Iterator[int]:
    """Yield where a pattern of at most 16 bytes is found, reading a megabyte at a time."""
    at = first
    while at < size:
        block = _read(file, at, _AT_ONCE + 16)
        yield from (at + match.start() for match in pattern.finditer(block) if match.start() < _AT_ONCE)
        at += _AT_ONCE


def _read(file: IO[bytes], at: int, n: int) -> bytes:
    file.seek(at)
    return file.read(n)
