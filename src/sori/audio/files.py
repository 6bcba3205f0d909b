"""Read and write recordings."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from sori.audio.level import rms_db
from sori.audio.reader import FFMPEG_SUFFIXES, LIBSNDFILE_SUFFIXES, SYSTEM_ERROR, Reader, open_recording, raw_name
from sori.audio.resample import check_expansion, resample
from sori.errors import AudioError, ParameterError, check_between, check_count, reason
from sori.folders import replacing_file, walk
from sori.units import seconds_to_samples

AUDIO_SUFFIXES = LIBSNDFILE_SUFFIXES | FFMPEG_SUFFIXES
_LONGEST_S = 1e7  # sixteen weeks
_AT_ONCE = 2**18  # samples that are read and mixed down together
# Channels whose average is this far below the loudest of them cancel each other; below the second level, all is silent.
_CANCELLED_DB, _SILENT_DB = 30.0, -100.0
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_WRITE_AT_ONCE = 2**16
_BIT_DEPTHS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}


@dataclass(frozen=True)
class Info:
    """What is known of a recording before it is decoded.

    ``frames`` is None if only decoding would tell; ``announced_s`` is then the length that the file states, in seconds,
    which may be rounded, if it states one. ``bit_depth`` is None for lossy formats.
    """

    path: Path
    sr: int
    channels: int
    frames: int | None
    format: str
    subtype: str
    announced_s: float | None = None

    @property
    def duration_s(self) -> float | None:
        """Length in seconds, if known."""
        return None if self.frames is None else self.frames / self.sr

    @property
    def bit_depth(self) -> int | None:
        """Bits per sample, where the format defines it."""
        return _BIT_DEPTHS.get(self.subtype)


def info(path: str | Path) -> Info:
    """Read rate, channels, length and format, without decoding.

    The frames of an MP3 are counted, and FLAC and Ogg files are searched for further recordings, since headers may be
    missing or wrong.

    Raises
    ------
    AudioError
        If the file cannot be read, is empty, is not audio, or is shorter than its header says.
    """
    reader = Reader(Path(path), only_header=True)
    reader.close()
    return Info(
        Path(path), reader.sr, reader.channels, reader.frames, reader.format, reader.subtype, reader.announced_s
    )


def duration_s(path: str | Path) -> float:
    """Return the length of a recording in seconds; it is decoded if its file does not tell.

    Raises
    ------
    AudioError
        As :func:`load`.
    """
    header = info(path)
    known_s = header.duration_s
    return sum(map(len, blocks(path))) / header.sr if known_s is None else known_s


def load(
    path: str | Path,
    *,
    sr: int | None = None,
    mono: bool = True,
    offset_s: float = 0.0,
    duration_s: float | None = None,
) -> tuple[npt.NDArray[np.float32], int]:
    """Read a recording.

    WAV, FLAC, OGG, MP3, AIFF and AU are read by libsndfile; anything else by ffmpeg where it is installed. A recording
    is decoded to its end, whatever length its header gives.

    Parameters
    ----------
    path
        The file.
    sr
        Sample rate of the result, in Hz; None keeps the file's own.
    mono
        Average the channels; if they cancel each other, use the loudest one, and issue a warning.
    offset_s, duration_s
        Start of the part to read and its greatest length, in seconds; ``duration_s=None`` reads to the end.

    Returns
    -------
    y : float32 in [-1, 1] (float files may go beyond), shape ``(samples,)``, or ``(channels, samples)`` with
        ``mono=False``
    sr : its rate in Hz

    Raises
    ------
    AudioError
        If the file cannot be read, is empty or not audio, is shorter than its header says, has no samples in the
        requested part, or has samples that are not finite.
    ParameterError
        If ``sr``, ``offset_s`` or ``duration_s`` is out of range.
    """
    path = Path(path)
    if sr is not None:
        check_count("sr", sr)
        check_between("sr", sr, 1, 1_000_000, "Hz")
    check_between("offset_s", offset_s, 0, _LONGEST_S, "s")
    if duration_s is not None:
        check_between("duration_s", duration_s, 0, _LONGEST_S, "s")
    until_s = None if duration_s is None else offset_s + duration_s
    with open_recording(path, until_s=until_s) as reader:
        own_sr = reader.sr
        most = None if duration_s is None else seconds_to_samples(duration_s, sr=own_sr)
        reader.seek(seconds_to_samples(offset_s, sr=own_sr))
        mixed = Downmix(path) if mono else None
        parts = [samples if mixed is None else mixed(samples) for samples in _pieces(reader, offset_s, most)]
    if not parts:
        raise AudioError(f"{path}: no samples" + (f" after {offset_s:g} s" if offset_s else ""))
    y = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if not mono:
        y = np.ascontiguousarray(y.T)
    if sr is None:
        return y, own_sr
    _allow_rate(path, y.shape[-1], own_sr, sr)
    return resample(y, from_sr=own_sr, to_sr=sr), sr


def blocks(path: str | Path, *, sr: int | None = None, block_s: float = 10.0) -> Iterator[npt.NDArray[np.float32]]:
    """Read a recording of any length block by block, so that memory use stays constant.

    Concatenated, the blocks equal the result of :func:`load` at that rate, to within rounding.

    Parameters
    ----------
    sr
        Sample rate of the result, in Hz; None keeps the file's own.
    block_s
        Approximate length of a block, in seconds.

    Yields
    ------
    float32, mono, shape ``(samples,)``.

    Raises
    ------
    AudioError
        As :func:`load`, raised when the faulty place in the file is reached.
    """
    path = Path(path)
    if sr is not None:
        check_count("sr", sr)
    check_between("block_s", block_s, 1e-3, 3600, "s")
    with open_recording(path) as reader:
        sr = reader.sr if sr is None else sr
        _allow_rate(path, reader.frames, reader.sr, sr)
        stream = soxr.ResampleStream(reader.sr, sr, 1, dtype="float32", quality="HQ")
        step = seconds_to_samples(block_s, sr=reader.sr)
        mixed = Downmix(path)
        waiting: list[npt.NDArray[np.float32]] = []
        there, is_empty = 0, True
        for samples in _pieces(reader, 0.0, None):
            waiting.append(mixed(samples))
            there += len(samples)
            is_empty = False
            if there < step:
                continue
            joined = np.concatenate(waiting)
            whole = there // step * step
            for first in range(0, whole, step):
                y = joined[first : first + step]
                yield y if reader.sr == sr else stream.resample_chunk(y)
            waiting, there = [joined[whole:]], there - whole
        if is_empty:
            raise AudioError(f"{path}: no samples")
        rest = np.concatenate(waiting)
        y = rest if reader.sr == sr else stream.resample_chunk(rest, last=True)
        if len(y):
            yield y


def _pieces(reader: Reader, offset_s: float, most: int | None) -> Iterator[npt.NDArray[np.float32]]:
    """Yield samples ``(frames, channels)`` to the end, or ``most`` of them, and check that they are finite."""
    done = 0
    while most is None or done < most:
        wanted = _AT_ONCE if most is None else min(_AT_ONCE, most - done)
        samples = reader.read(wanted)
        if not np.isfinite(samples).all():
            first_s = offset_s + (done + int(np.isfinite(samples).all(axis=1).argmin())) / reader.sr
            raise AudioError(
                f"{reader.path}: has samples that are not finite (NaN or infinity), the first at {first_s:.3f} s"
            )
        if len(samples):
            yield samples
        done += len(samples)
        if len(samples) < wanted:
            return


def _warn(line: str) -> None:
    warnings.warn(line, stacklevel=6)


class Downmix:
    """Averages the channels of successive samples ``(frames, channels)``.

    Channels that cancel each other, as those of a cable with one plug wired wrongly do, have an average that is far
    below their own level. From where that happens, the loudest channel is used.

    Parameters
    ----------
    path
        The recording, for the remark.
    say
        Receives the remark; a warning by default.
    """

    def __init__(self, path: Path, *, say: Callable[[str], object] = _warn) -> None:
        self._path, self._say = path, say
        self._side: int | None = None

    def __call__(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return samples ``(frames,)``."""
        if samples.shape[1] == 1:
            return samples[:, 0]
        if self._side is None:
            mean: npt.NDArray[np.float32] = samples.mean(axis=1, dtype=np.float64).astype(np.float32)
            levels = [rms_db(channel) for channel in samples.T]
            if rms_db(mean) >= max(levels) - _CANCELLED_DB or max(levels) < _SILENT_DB:
                return mean
            self._side = int(np.argmax(np.round(levels)))  # the first of those that are equally loud
            self._say(f"{self._path}: the channels cancel each other; channel {self._side + 1} alone is used")
        return np.ascontiguousarray(samples[:, self._side])


def _allow_rate(path: Path, frames: int | None, from_sr: int, to_sr: int) -> None:
    try:
        check_expansion(frames, from_sr=from_sr, to_sr=to_sr)
    except ParameterError as error:
        raise AudioError(f"{path}: {error}") from error


def recordings_in(folder: Path) -> list[Path]:
    """List the recordings in a folder and its subfolders, sorted by path.

    Links are followed, but not in circles. Hidden files and folders are skipped. A subfolder that cannot be listed
    causes a warning.

    Raises
    ------
    AudioError
        If the folder itself cannot be listed.
    """
    found = []
    for name, problem in walk(folder):
        if problem and name == ".":
            raise AudioError(f"{folder}: {problem}")
        if problem:
            warnings.warn(f"{folder / name}: {problem}; it is left out", stacklevel=2)
        elif Path(name).suffix.lower() in AUDIO_SUFFIXES:
            found.append(folder / name)
    return sorted(found)


def recordings_of(paths: Sequence[str | Path]) -> list[Path]:
    """Replace each folder by the recordings in it, sorted; files stay as they are.

    Raises
    ------
    AudioError
        If a folder contains no recordings.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            found.append(path)
            continue
        inside = recordings_in(path)
        if not inside:
            raise AudioError(f"{path}: no recordings in this folder")
        found += inside
    return found


def encode_mp3(y: npt.NDArray[np.float32], *, sr: int) -> bytes:
    """Encode a mono clip as MP3, which every browser plays; rates that MP3 does not support become 44 100 Hz."""
    if sr not in _MP3_RATES:
        y, sr = resample(y, from_sr=sr, to_sr=44100), 44100
    file = io.BytesIO()
    soundfile.write(file, np.clip(y, -1, 1), sr, format="MP3")
    return file.getvalue()


def save(path: str | Path, y: npt.NDArray[np.float32], *, sr: int) -> None:
    """Write a mono clip as WAV or FLAC (16 bit), OGG or MP3, by its suffix; the file is written in full or not at all.

    Parameters
    ----------
    y
        Samples in [-1, 1], shape ``(samples,)``; values beyond are clipped.

    Raises
    ------
    AudioError
        If the suffix is not one of these, or the file cannot be written.
    """
    path = Path(path)
    kind = check_saveable(path)
    clipped = np.clip(np.asarray(y, dtype=np.float32), -1, 1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing_file(path) as temporary:
            with soundfile.SoundFile(raw_name(temporary), "w", sr, 1, format=kind) as file:
                # In pieces: the stack that libsndfile's Vorbis encoder needs grows with the samples per call.
                for first in range(0, len(clipped), _WRITE_AT_ONCE):
                    file.write(clipped[first : first + _WRITE_AT_ONCE])
    except soundfile.LibsndfileError as error:
        if error.code == SYSTEM_ERROR:  # libsndfile does not say which
            raise AudioError(f"{path}: cannot be written; the disk may be full") from OSError(str(error))
        raise AudioError(f"{path}: cannot be written ({reason(error)})") from error
    except OSError as error:
        raise AudioError(f"{path}: cannot be written ({reason(error)})") from error


def check_saveable(path: Path) -> str:
    """Return the format that the suffix of a file name selects.

    Raises
    ------
    AudioError
        If :func:`save` cannot write that format, or the path is a folder.
    """
    kind = path.suffix.lower().lstrip(".").upper()
    if kind not in ("WAV", "FLAC", "OGG", "MP3"):
        raise AudioError(f"{path}: the name must end in .wav, .flac, .ogg or .mp3")
    if path.is_dir():
        raise AudioError(f"{path}: is a folder")
    return kind
