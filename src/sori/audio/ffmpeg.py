"""Read with ffmpeg what libsndfile cannot."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from sori.errors import AudioError, install_line

# As in "Duration: 00:01:02.50, start: ..." and "Stream #0:0: Audio: aac (LC), 44100 Hz, stereo, fltp".
_DURATION = re.compile(r"Duration: (\d+):(\d+):(\d+\.\d+)")
_START = re.compile(r"Duration: .*? start: (-?\d+\.\d+)")
_STREAM = re.compile(r"Audio: .*?(\d+) Hz, (mono|stereo|[\d.]+(?: channels)?)")
_ESTIMATED = "Estimating duration from bitrate"
# Containers of sound alone: a playlist or a script could name files elsewhere.
_FORMATS = (
    "aac,ac3,adts,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,gsm,iff,latm,loas,m4v,matroska,webm,"
    "mka,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,ogg,oma,rm,spx,sox,tak,tta,voc,w64,wav,wv,xwma"
)
_AU_HEADER, _SPARE_S = 24, 5.0
_ROUNDED_S = 0.05
_WHOLE = 0.95  # least share of the announced length of a compressed file that is not truncated


@dataclass(frozen=True)
class Probe:
    """What ffmpeg tells of a file without decoding it; ``seconds`` is None if the file does not say its length."""

    sr: int
    channels: int
    seconds: float | None


def program() -> str | None:
    """Return the path of ffmpeg: the system's, or that of the package imageio-ffmpeg; None if there is neither."""
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        import imageio_ffmpeg  # type: ignore[import-not-found, import-untyped, unused-ignore]

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # RuntimeError: the package has no program for this system
        return None


def how_to_install() -> str:
    """Return what to do to read formats that need ffmpeg."""
    return f"install ffmpeg to read this format, or {install_line('ffmpeg')}"


def probe(path: Path) -> Probe | None:
    """Read a file's header; None if it holds no sound that ffmpeg knows, or there is no ffmpeg."""
    command = _command(path)
    if command is None:
        return None
    return _parsed(subprocess.run(command, capture_output=True, check=False).stderr.decode("utf-8", "replace"))


class FfmpegReader:
    """Samples of a recording, decoded by ffmpeg while they are read.

    Parameters
    ----------
    path
        The recording.
    until_s
        Decode no more than this many seconds; None: all.

    Raises
    ------
    AudioError
        If ffmpeg cannot read it, or there is no ffmpeg.
    """

    def __init__(self, path: Path, *, until_s: float | None = None) -> None:
        command = _command(path)
        if command is None:
            raise AudioError(how_to_install())
        self.path, self.until_s = path, until_s
        # AU, unlike WAV, can leave its length open, so it can be written to a pipe.
        # It counts from timestamps, which may begin before or after the sound.
        wanted = [] if until_s is None else ["-t", str(until_s + _SPARE_S)]
        wanted += ["-vn", "-map", "0:a:0", "-f", "au", "-c:a", "pcm_f32be", "pipe:1"]
        self._log: IO[Any] = tempfile.TemporaryFile()
        self._process = subprocess.Popen([*command, *wanted], stdout=subprocess.PIPE, stderr=self._log)
        head = self._take(_AU_HEADER)
        if len(head) < _AU_HEADER:
            self.close()
            raise AudioError("no sound that ffmpeg can decode")
        offset, self.sr, self.channels = (int.from_bytes(head[i : i + 4], "big") for i in (4, 16, 20))
        self._take(offset - _AU_HEADER)
        self.done = 0

    def read(self, frames: int) -> npt.NDArray[np.float32]:
        """Return the next samples ``(frames, channels)``, fewer at the end.

        Raises
        ------
        AudioError
            If the file ends long before the length that it announces, or its decoding failed.
        """
        width = 4 * self.channels
        data = self._take(frames * width)
        samples = np.frombuffer(data[: len(data) // width * width], dtype=">f4").astype(np.float32)
        self.done += len(samples) // self.channels
        if len(data) < frames * width:
            self._check_end()
        return samples.reshape(-1, self.channels)

    def close(self) -> None:
        """Stop ffmpeg."""
        self._process.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()
        self._log.close()

    def _take(self, n: int) -> bytes:
        if self._process.stdout is None or n <= 0:
            return b""
        return self._process.stdout.read(n)

    def _check_end(self) -> None:
        code = self._process.wait()
        self._log.seek(0)
        found = _parsed(self._log.read().decode("utf-8", "replace"))
        done_s = self.done / self.sr
        if code:
            raise AudioError(f"{self.path}: damaged at {done_s:.1f} s")
        announced_s = found.seconds if found is not None else None
        if announced_s is not None and done_s < _WHOLE * min(announced_s, self.until_s or announced_s) - _ROUNDED_S:
            raise AudioError(
                f"{self.path}: truncated: {done_s:.1f} of the {announced_s:.1f} s that its header announces"
            )


def _command(path: Path) -> list[str] | None:
    """Return the start of a command that reads only this file."""
    found = program()
    if found is None:
        return None
    fences = ["-protocol_whitelist", "file", "-format_whitelist", _FORMATS]
    return [found, "-nostdin", "-hide_banner", "-nostats", *fences, "-i", f"file:{path}"]


def _parsed(log: str) -> Probe | None:
    stream, duration = _STREAM.search(log), _DURATION.search(log)
    if stream is None:
        return None
    channels = {"mono": 1, "stereo": 2}.get(stream[2]) or round(sum(map(float, stream[2].split()[0].split("."))))
    seconds = None
    # The length is that of the longest stream, pictures included, from the start of the earliest one.
    begins = _START.search(log)
    late = begins is not None and abs(float(begins[1])) > _ROUNDED_S
    if duration is not None and _ESTIMATED not in log and "Video:" not in log and not late:
        seconds = int(duration[1]) * 3600 + int(duration[2]) * 60 + float(duration[3])
    return Probe(int(stream[1]), channels, seconds)
