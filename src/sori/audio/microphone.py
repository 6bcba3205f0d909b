"""Samples of the microphone, as they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from sori.errors import AudioError, MissingDependencyError, reason, require
from sori.reporter import SILENT, Reporter

_BLOCK_S = 0.1


def microphone(
    *, sr: int, device: int | str | None = None, reporter: Reporter = SILENT
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield what the microphone hears, about a tenth of a second at a time, for as long as it is asked.

    Parameters
    ----------
    sr
        The rate wanted, in Hz; a device that does not have it is opened at its own, and resampled.
    device
        Number or name of the microphone; None: the system's own choice.
    reporter
        Says when it listens, and when samples were lost because they were not fetched in time.

    Yields
    ------
    float32, shape ``(samples,)``.

    Raises
    ------
    MissingDependencyError
        If sounddevice, or the PortAudio library that it needs, is not installed.
    AudioError
        If there is no microphone, or it stops.
    """
    try:
        sounddevice = require("sounddevice", extra="microphone")
    except OSError as error:
        raise MissingDependencyError(
            "the PortAudio library is not installed: Debian/Ubuntu: apt install libportaudio2; macOS: brew install "
            "portaudio (on Windows it comes with sounddevice)"
        ) from error
    try:
        stream, own_sr = _opened(sounddevice, device, sr)
        resampler = soxr.ResampleStream(own_sr, sr, 1, dtype="float32", quality="HQ")
        with stream:
            reporter.say("listening; Ctrl-C stops")
            while True:
                samples, was_late = stream.read(round(_BLOCK_S * own_sr))
                if was_late:
                    reporter.say("samples were lost: this machine does not keep up, and times are late from here on")
                y = np.ascontiguousarray(samples[:, 0])
                yield y if own_sr == sr else resampler.resample_chunk(y)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(f"no microphone to listen to: {reason(error)}; give a recording instead") from error


def _opened(sounddevice: Any, device: int | str | None, sr: int) -> tuple[Any, int]:
    """Open the device at the rate wanted, or else at its own; return it, and the rate."""

    def at(rate: int) -> Any:
        blocksize = round(_BLOCK_S * rate)
        return sounddevice.InputStream(samplerate=rate, channels=1, dtype="float32", blocksize=blocksize, device=device)

    try:
        return at(sr), sr
    except (sounddevice.PortAudioError, ValueError):
        own_sr = round(sounddevice.query_devices(device, "input")["default_samplerate"])
        if own_sr == sr:
            raise
        return at(own_sr), own_sr
