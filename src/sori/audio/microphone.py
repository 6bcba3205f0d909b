"""Samples from the microphone, as they arrive."""

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
    """Yield samples from the microphone, about a tenth of a second at a time, until the caller stops.

    Parameters
    ----------
    sr
        Sample rate of the result, in Hz; a device without this rate is opened at its own, and resampled.
    device
        Number or name of the microphone; None: the system's default.
    reporter
        Receives a remark when recording starts, and when samples were lost because they were not read in time.

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
        sounddevice = require("sounddevice")
    except OSError as error:
        raise MissingDependencyError(
            "the PortAudio library is not installed: Debian/Ubuntu: apt install libportaudio2; macOS: brew install "
            "portaudio (on Windows it comes with sounddevice)"
        ) from error
    try:
        stream, own_sr = _opened(sounddevice, device, sr)
        resampler = soxr.ResampleStream(own_sr, sr, 1, dtype="float32", quality="HQ")
        with stream:
            reporter.say("listening; press Ctrl-C to stop")
            while True:
                samples, was_late = stream.read(round(_BLOCK_S * own_sr))
                if was_late:
                    reporter.say("samples were lost: this machine is too slow; times lag behind from here on")
                y = np.ascontiguousarray(samples[:, 0])
                yield y if own_sr == sr else resampler.resample_chunk(y)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(f"the microphone cannot be used: {reason(error)}; give a recording instead") from error


def _opened(sounddevice: Any, device: int | str | None, sr: int) -> tuple[Any, int]:
    """Open the device at ``sr``, or else at its own rate; return the stream and its rate."""

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
