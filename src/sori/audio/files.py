"""Read any recording as float32 samples."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from sori.audio.resample import resample
from sori.errors import AudioError, check_between, check_count, reason
from sori.folders import replacing_file
from sori.units import seconds_to_samples

# Suffixes that a folder scan treats as recordings: libsndfile's formats, and those that ffmpeg adds.
LIBSNDFILE_SUFFIXES = frozenset(
    ".wav .wave .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .snd .caf .w64 .rf64".split()
)
FFMPEG_SUFFIXES = frozenset(".m4a .aac .mp4 .m4b .mka .webm .wma .amr .3gp .ac3 .ape .wv .mp2 .mov .mkv".split())
AUDIO_SUFFIXES = LIBSNDFILE_SUFFIXES | FFMPEG_SUFFIXES

# libsndfile logs a chunk that is shorter than its header announces, as in "data : 88200 (should be 44078)".
_SHORT_CHUNK = re.compile(r"^\s*(?:data|SSND|Data Size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)
# What soundfile raises for a file that it cannot identify; TypeError: for a raw file, which has no header.
_NOT_LIBSNDFILES = (soundfile.LibsndfileError, TypeError)
# As in "Duration: 00:01:02.50, start: ..." and "Stream #0:0: Audio: aac (LC), 44100 Hz, stereo, fltp".
_FFMPEG_DURATION = re.compile(r"Duration: (\d+):(\d+):(\d+\.\d+)")
_FFMPEG_STREAM = re.compile(r"Audio: .*?(\d+) Hz, (mono|stereo|[\d.]+(?: channels)?)")
# An MP3 may have a header near its start that gives the number of frames; without one, libsndfile estimates it from
# the bit rate. Padding makes the announced length a little longer than the decoded one.
_MP3_HEADERS, _MP3_HEADER_WITHIN, _MP3_WHOLE = (b"Xing", b"Info", b"VBRI"), 2**18, 0.95
_LENGTH_UNKNOWN = 0x7FFFF000  # programs that stream to a pipe announce this many bytes or more, or 0
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_LONGEST_S = 1e7  # sixteen weeks
_WRITE_AT_ONCE = 2**16
_BIT_DEPTHS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}


@dataclass(frozen=True)
class Info:
    """The contents of a recording's header. ``bit_depth`` is None for lossy formats."""

    path: Path
    sr: int
    channels: int
    frames: int
    format: str
    subtype: str

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sr

    @property
    def bit_depth(self) -> int | None:
        """Bits per sample, where the format defines it."""
        return _BIT_DEPTHS.get(self.subtype)


def recordings_in(folder: Path) -> list[Path]:
    """List the recordings in a folder and its subfolders, sorted by path; hidden files and folders are skipped."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def info(path: str | Path) -> Info:
    """Read rate, channels, length and format from the header, without decoding.

    If the header of an MP3 gives no length, it is estimated from the bit rate.

    Raises
    ------
    AudioError
        If the file cannot be read, is empty, is not audio, or is shorter than its header says.
    """
    path = Path(path)
    _check_readable(path)
    try:
        with soundfile.SoundFile(_raw_name(path)) as file:
            _check_whole(path, file.extra_info)
            return Info(path, file.samplerate, file.channels, file.frames, file.format, file.subtype)
    except _NOT_LIBSNDFILES as error:
        return _ask_ffmpeg(path, why=error)


def load(
    path: str | Path,
    *,
    sr: int | None = None,
    mono: bool = True,
    offset_s: float = 0.0,
    duration_s: float | None = None,
) -> tuple[npt.NDArray[np.float32], int]:
    """Read a recording.

    WAV, FLAC, OGG, MP3, AIFF and AU are read by libsndfile; anything else by ffmpeg where it is installed.

    Parameters
    ----------
    path
        The file.
    sr
        Sample rate of the result, in Hz; None keeps the file's own.
    mono
        Average the channels.
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
    _check_readable(path)
    try:
        samples, own_sr = _decode_with_libsndfile(path, offset_s, duration_s)
    except _NOT_LIBSNDFILES as error:
        samples, own_sr = _decode_with_ffmpeg(path, offset_s, duration_s, why=error)
    if not len(samples):
        raise AudioError(f"{path}: no samples" + (f" after {offset_s:g} s" if offset_s else ""))
    if not np.isfinite(samples).all():
        first_s = int(np.isfinite(samples).all(axis=1).argmin()) / own_sr
        raise AudioError(f"{path}: has samples that are not finite (NaN or infinity), the first at {first_s:.3f} s")
    if mono:
        y = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float64).astype(np.float32)
    else:
        y = np.ascontiguousarray(samples.T)
    return (y, own_sr) if sr is None else (resample(y, from_sr=own_sr, to_sr=sr), sr)


def blocks(path: str | Path, *, sr: int, block_s: float = 10.0) -> Iterator[npt.NDArray[np.float32]]:
    """Read a recording of any length block by block, so that memory use stays constant.

    Concatenated, the blocks equal the result of :func:`load` at that rate, to within rounding. A file that only ffmpeg
    can read is first decoded as a whole.

    Parameters
    ----------
    sr
        Sample rate of the result, in Hz.
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
    check_count("sr", sr)
    check_between("block_s", block_s, 1e-3, 3600, "s")
    _check_readable(path)
    try:
        file = soundfile.SoundFile(_raw_name(path))
    except _NOT_LIBSNDFILES:
        y, _ = load(path, sr=sr)
        step = seconds_to_samples(block_s, sr=sr)
        yield from (y[first : first + step] for first in range(0, len(y), step))
        return
    with file:
        _check_whole(path, file.extra_info)
        stream = soxr.ResampleStream(file.samplerate, sr, 1, dtype="float32", quality="HQ")
        step = seconds_to_samples(block_s, sr=file.samplerate)
        done, ended = 0, False
        while not ended:
            try:
                samples = file.read(step, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise AudioError(f"{path}: damaged at {done / file.samplerate:.1f} s ({_said(error)})") from error
            ended = len(samples) < step
            done += len(samples)
            if not np.isfinite(samples).all():
                raise AudioError(f"{path}: has samples that are not finite (NaN or infinity)")
            if ended and done < _announced(path, file):
                raise AudioError(f"{path}: truncated: {done} of the {file.frames} samples that its header announces")
            y = samples.mean(axis=1, dtype=np.float64).astype(np.float32)
            yield y if file.samplerate == sr else stream.resample_chunk(y, last=ended)
    if not done:
        raise AudioError(f"{path}: no samples")


def _check_readable(path: Path) -> None:
    """Raise AudioError, with the system's own reason, unless the file can be opened and is not empty."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise AudioError(f"{path}: not a file (a pipe or device)")  # opening a pipe would wait for its other end
        with path.open("rb") as file:
            if not file.read(1):
                raise AudioError(f"{path}: the file is empty (0 bytes)")
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise AudioError(f"{path}: {reason(error)}") from error


def _raw_name(path: Path) -> Path | bytes:
    """Return the path as the system stores it; where names are bytes, they need not be valid text."""
    return path if os.name == "nt" else os.fsencode(path)


def _announced(path: Path, file: soundfile.SoundFile) -> float:
    """Return the least number of samples: those announced; for an MP3 nearly all of them, or 0 without a header."""
    if file.format != "MP3":
        return float(file.frames)
    with path.open("rb") as raw:
        start = raw.read(_MP3_HEADER_WITHIN)
    return _MP3_WHOLE * file.frames if any(mark in start for mark in _MP3_HEADERS) else 0.0


def _check_whole(path: Path, log: str) -> None:
    match = _SHORT_CHUNK.search(log)
    if match:
        promised, present = int(match[1]), int(match[2])
        if present < promised < _LENGTH_UNKNOWN:
            raise AudioError(f"{path}: truncated: {present} of the {promised} bytes of sound that its header announces")


def _decode_with_libsndfile(
    path: Path, offset_s: float, duration_s: float | None
) -> tuple[npt.NDArray[np.float32], int]:
    """Return samples as ``(frames, channels)``."""
    with soundfile.SoundFile(_raw_name(path)) as file:
        _check_whole(path, file.extra_info)
        sr: int = file.samplerate
        start = seconds_to_samples(offset_s, sr=sr) if offset_s else 0
        if start >= file.frames:
            return np.empty((0, file.channels), dtype=np.float32), sr
        wanted = file.frames - start
        if duration_s is not None and duration_s * sr < wanted:
            wanted = seconds_to_samples(duration_s, sr=sr)
        try:
            if start:
                file.seek(start)
            samples = file.read(wanted, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:  # ffmpeg would silently return what it can read
            raise AudioError(f"{path}: damaged ({_said(error)})") from error
        if len(samples) < wanted and len(samples) < _announced(path, file) - start:
            raise AudioError(f"{path}: truncated: {len(samples)} of the {wanted} samples that its header announces")
        return samples, sr


def _decode_with_ffmpeg(
    path: Path, offset_s: float, duration_s: float | None, *, why: Exception
) -> tuple[npt.NDArray[np.float32], int]:
    """Return samples as ``(frames, channels)`` of a file that libsndfile refused because of ``why``."""
    # AU, unlike WAV, can mark its length as unknown, so it can be written to a pipe. Decoding begins at the start even
    # for a later part, because the position that ffmpeg seeks to depends on the format.
    command = [] if duration_s is None else ["-t", str(offset_s + duration_s)]
    command += ["-vn", "-map", "0:a:0", "-f", "au", "-c:a", "pcm_f32be", "pipe:1"]
    done = _ffmpeg(path, command, why=why)
    if done.returncode or not done.stdout:
        raise _refusal(path, why) from why
    samples, sr = soundfile.read(io.BytesIO(done.stdout), dtype="float32", always_2d=True)
    return samples[seconds_to_samples(offset_s, sr=sr) :], sr


def _ask_ffmpeg(path: Path, *, why: Exception) -> Info:
    """Read the header with ffmpeg, for a file that libsndfile refused because of ``why``."""
    text = _ffmpeg(path, [], why=why).stderr.decode("utf-8", "replace")
    stream, duration = _FFMPEG_STREAM.search(text), _FFMPEG_DURATION.search(text)
    if stream is None or duration is None:
        raise _refusal(path, why) from why
    sr = int(stream[1])
    channels = {"mono": 1, "stereo": 2}.get(stream[2]) or round(sum(map(float, stream[2].split()[0].split("."))))
    seconds = int(duration[1]) * 3600 + int(duration[2]) * 60 + float(duration[3])
    return Info(path, sr, channels, seconds_to_samples(seconds, sr=sr), path.suffix.lstrip(".").upper(), "FFMPEG")


def _ffmpeg(path: Path, arguments: list[str], *, why: Exception) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ffmpeg")
    if program is None:
        more = "; install ffmpeg to read this format" if path.suffix.lower() in FFMPEG_SUFFIXES else ""
        raise _refusal(path, why, more) from why
    # Local files only: some formats can refer to files elsewhere.
    command = [
        program,
        "-nostdin",
        "-hide_banner",
        "-protocol_whitelist",
        "file,pipe",
        "-i",
        f"file:{path}",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, check=False)


def _refusal(path: Path, why: Exception, more: str = "") -> AudioError:
    return AudioError(f"{path}: not readable as audio ({_said(why)}){more}")


def _said(error: Exception) -> str:
    """Return libsndfile's description of the error."""
    if not isinstance(error, soundfile.LibsndfileError):
        return "no header"
    return str(error.error_string).removeprefix("Error : ").rstrip(".")


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
            with soundfile.SoundFile(_raw_name(temporary), "w", sr, 1, format=kind) as file:
                # In pieces: the stack that libsndfile's Vorbis encoder needs grows with the samples per call.
                for first in range(0, len(clipped), _WRITE_AT_ONCE):
                    file.write(clipped[first : first + _WRITE_AT_ONCE])
    except (OSError, soundfile.LibsndfileError) as error:
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
