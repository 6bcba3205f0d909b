"""Samples of the microphone, as they come."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sori.errors import AudioError, MissingDependencyError, reason, require

_BLOCK_S = 0.1


def microphone(*, sr: int, device: int | str | None = None) -> Iterator[npt.NDArray[np.float32]]:
    """Yield what the microphone hears, a tenth of a second at a time, for as long as it is asked.

    Parameters
    ----------
    sr
        The rate wanted, in Hz.
    device
        Number or name of the microphone; None: the system's own choice.

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
    n = round(_BLOCK_S * sr)
    try:
        with sounddevice.InputStream(samplerate=sr, channels=1, dtype="float32", blocksize=n, device=device) as stream:
            while True:
                yield stream.read(n)[0][:, 0]
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(f"no microphone to listen to: {reason(error)}; give a recording instead") from error
