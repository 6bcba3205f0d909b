"""The frames of an MP3 file, counted one by one, since its headers may be missing or wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import IO

Piece = tuple[int, int] | bytes

# kbit/s by bit rate code, for MPEG 1 and for MPEG 2 and 2.5; Hz by rate code, for version codes 3 (1), 2 (2), 0 (2.5).
_KBITS = (
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_LAYER_3 = 1
_AT_ONCE = 2**20
_LOOKED_FOR = 2**20  # bytes without a frame after which a file is not an MP3, or no longer one
_SYNC = re.compile(rb"\xff[\xe0-\xff]")
_VBRI_AT = 36
_SEARCHED = 4096


@dataclass(frozen=True)
class _Frame:
    """The header of a frame, its length in bytes, samples, rate, and the length of its side information in bytes."""

    head: bytes
    length: int
    samples: int
    sr: int
    mono: bool
    side: int


def mp3_parts(file: IO[bytes], size: int) -> tuple[list[tuple[Piece, ...]], int]:
    """Return the MP3 streams of a file, each with a header that counts its frames; none: it can be read as it is.

    Also return the number of samples in the frames of a stream without such a header; 0 if that is not all there is.

    A stream ends where rate or channels change. Without such a header, decoders estimate the length from the bit rate,
    and do not read on beyond it.

    Source: ISO/IEC 11172-3 (1993) and 13818-3 (1998); for the header, LAME's Xing tag.
    """
    read = _Window(file, size)
    first = _first_frame(read, size)
    found: list[tuple[Piece, ...]] = []
    if first is None:
        return found, 0
    at, whole, counted, samples = first, True, False, 0
    while at < size:
        frame = _frame(read(at, 4))
        if frame is None:
            break
        begin, frames, end, following = _stream(read, at, frame, size)
        piece, is_right, is_counted = _with_count(read, begin, frame, frames, end)
        found.append(piece)
        whole &= is_right
        counted |= is_counted
        samples += frames * frame.samples
        at = following
    return ([] if len(found) == 1 and whole else found), 0 if counted or len(found) > 1 else samples


class _Window:
    """Reads a file through one large buffer, since headers are close together."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size, self._at, self._data = file, size, 0, b""

    def __call__(self, at: int, n: int) -> bytes:
        """Return up to ``n`` bytes from ``at``."""
        begin = at - self._at
        if begin < 0 or begin + n > len(self._data):
            self._file.seek(at)
            self._data, self._at, begin = self._file.read(max(n, _AT_ONCE)), at, 0
        return self._data[begin : begin + n]


@lru_cache(maxsize=4096)  # a file has few different headers
def _frame(head: bytes) -> _Frame | None:
    """Parse the header of a frame of layer 3, or return None."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer != _LAYER_3 or bits in (0, 15) or rate == 3:
        return None
    sr, is_first = _RATES[version][rate], version == 3
    length = (144 if is_first else 72) * 1000 * _KBITS[not is_first][bits - 1] // sr + (head[2] >> 1 & 1)
    mono = head[3] >> 6 == 3
    side = (17 if mono else 32) if is_first else (9 if mono else 17)
    return _Frame(head, length, 1152 if is_first else 576, sr, mono, side)


def _first_frame(read: _Window, size: int) -> int | None:
    """Return the position of the first frame that another follows, after tags; None if this is not an MP3."""
    at = 0
    while read(at, 3) == b"ID3":
        at += _id3_length(read(at, 10))
    return _next_frame(read, at, size)


def _continues(read: _Window, at: int, frame: _Frame, size: int) -> bool:
    """Return whether a frame like this one follows, or the file ends."""
    if at >= size:
        return at == size
    following = _frame(read(at, 4))
    return following is not None and (following.sr, following.mono) == (frame.sr, frame.mono)


def _id3_length(head: bytes) -> int:
    """Return the length of an ID3v2 tag, whose size has 7 bits per byte."""
    if len(head) < 10:
        return len(head) or 1
    return 10 + sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(head[6:10])) + (10 if head[5] & 16 else 0)


def _stream(read: _Window, at: int, frame: _Frame, size: int) -> tuple[int, int, int, int]:
    """Count the frames of one rate and channel layout: return their first byte, number and end, and the next stream."""
    begin, frames, end = at, 0, at
    for place, one in _frames(read, at, size):
        if (one.sr, one.mono) != (frame.sr, frame.mono):
            return begin, frames, end, place
        frames += 1
        end = place + one.length
    return begin, frames, size, size


def _frames(read: _Window, at: int, size: int) -> Iterator[tuple[int, _Frame]]:
    """Yield each frame and its position; what is not a frame is passed over."""
    while at + 4 <= size:
        head = read(at, 4)
        frame = _frame(head)
        if frame is not None:
            if at + frame.length > size:
                return
            yield at, frame
            at += frame.length
        elif head[:3] == b"ID3":
            at += _id3_length(read(at, 10))
        else:  # a tag, or damage
            found = _next_frame(read, at + 1, size)
            if found is None:
                return
            at = found


def _next_frame(read: _Window, at: int, size: int) -> int | None:
    """Return the position of the next frame that another follows, if it is near."""
    for first in range(at, min(size, at + _LOOKED_FOR), _AT_ONCE // 16):
        for match in _SYNC.finditer(read(first, _AT_ONCE // 16 + 3)):
            place = first + match.start()
            frame = _frame(read(place, 4))
            if frame is not None and _continues(read, place + frame.length, frame, size):
                return place
    return None


def _with_count(
    read: _Window, begin: int, frame: _Frame, frames: int, end: int
) -> tuple[tuple[Piece, ...], bool, bool]:
    """Return a stream with a header that counts at least its frames; whether its own header did; whether it has one."""
    head = read(begin, min(frame.length, _SEARCHED))
    for at, mark, count_at, is_there in (
        (4 + frame.side, (b"Xing", b"Info"), 8, lambda tag: tag[7] & 1),
        (_VBRI_AT, (b"VBRI",), 14, lambda tag: True),
    ):
        tag = head[at:]
        if tag[:4] in mark and len(tag) >= count_at + 4 and is_there(tag):
            announced = int.from_bytes(tag[count_at : count_at + 4], "big")
            if announced >= frames - 1:  # the frame of the header itself is not counted
                return ((begin, end),), True, True
            counts = (frames - 1).to_bytes(4, "big")
            if mark != (b"VBRI",) and tag[7] & 2:  # the number of bytes follows
                counts += (end - begin).to_bytes(4, "big")
            place = begin + at + count_at
            return ((begin, place), counts, (place + len(counts), end)), False, True
    return (_xing(frame, frames), (begin, end)), False, False


def _xing(frame: _Frame, frames: int) -> bytes:
    """Return a frame of silence that holds the number of frames which follow it."""
    for bits in range(1, 15):  # the shortest frame that has room
        one = _frame(frame.head[:1] + bytes([frame.head[1] | 1, bits << 4 | frame.head[2] & 12]) + frame.head[3:])
        if one is not None and one.length >= 4 + frame.side + 12:
            tag = b"Xing" + (1).to_bytes(4, "big") + frames.to_bytes(4, "big")
            return (one.head + bytes(frame.side) + tag).ljust(one.length, b"\0")
    return b""
