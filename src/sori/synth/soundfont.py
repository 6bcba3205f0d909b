"""Rendering of sampled instruments with FluidSynth and a SoundFont."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Sequence
from ctypes import POINTER, c_float, c_int, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sori.errors import AudioError, MissingDependencyError, ParameterError, check_between, check_count, require
from sori.music.events import DRUM_CHANNEL, Event, in_order, notes_to_events
from sori.music.notes import Note
from sori.reporter import SILENT, Reporter
from sori.synth.instruments import Instrument
from sori.units import seconds_to_samples

# Folders in which systems keep General MIDI banks, and the banks in order of preference.
_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/share/sounds/sf3",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "/opt/homebrew/opt/fluid-synth/share/fluid-synth/sf2",
    "/usr/local/opt/fluid-synth/share/fluid-synth/sf2",
    "C:/soundfonts",
    "C:/tools/fluidsynth",
)
_BANKS = ("FluidR3_GM", "MuseScore_General", "GeneralUser", "default-GM", "TimGM6mb")
_INSTALL = (
    "Debian/Ubuntu: apt install fluidsynth fluid-soundfont-gm; macOS: brew install fluid-synth; Windows: choco install "
    "fluidsynth"
)
_TAIL_BLOCK_S = 0.25
_LONGEST_TAIL_S = 10.0
_INAUDIBLE = 1e-4  # -80 dBFS
_CHANNELS = 256
_BLOCK = 64  # samples that FluidSynth computes at a time
_LOG_LEVELS = range(1, 5)  # all but panic


@dataclass(frozen=True)
class Reverb:
    """Settings of FluidSynth's reverb: room size 0 to 1.2, damping 0 to 1, width 0 to 100, level 0 to 1."""

    room: float = 0.5
    damping: float = 0.3
    width: float = 10.0
    level: float = 0.5

    def __post_init__(self) -> None:
        check_between("reverb room", self.room, 0, 1.2)
        check_between("reverb damping", self.damping, 0, 1)
        check_between("reverb width", self.width, 0, 100)
        check_between("reverb level", self.level, 0, 1)


def default_soundfont() -> Path:
    """Return the first General MIDI bank that is installed, else the small one inside pretty_midi.

    Raises
    ------
    MissingDependencyError
        If there is none.
    """
    found = [
        path
        for folder in map(Path, _FOLDERS)
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in (".sf2", ".sf3")
    ]
    for bank in _BANKS:
        for path in found:
            if path.stem.lower().startswith(bank.lower()):
                return path
    inside = importlib.util.find_spec("pretty_midi")
    if inside is not None and inside.origin is not None:
        bundled = sorted(Path(inside.origin).parent.rglob("*.sf2"))
        if bundled:
            return bundled[0]
    raise MissingDependencyError(
        "no SoundFont was found: give `soundfont`, or pip install pretty_midi, which includes a small one, or "
        f"install a General MIDI bank ({_INSTALL})"
    )


class SoundFontSynth:
    """Render notes with FluidSynth; use it in a ``with`` block, or :meth:`close` it.

    Parameters
    ----------
    soundfont
        An SF2 or SF3 file.
    sr
        Samples per second, 8000 to 96 000.
    tuning_hz
        Frequency of A4 in Hz.
    reverb
        Reverberation; None for none.

    Raises
    ------
    MissingDependencyError
        If pyfluidsynth or FluidSynth is not installed.
    AudioError
        If the file is not a SoundFont.
    """

    def __init__(self, soundfont: Path, *, sr: int, tuning_hz: float = 440.0, reverb: Reverb | None = None) -> None:
        check_count("sr", sr)
        check_between("sr", sr, 8000, 96000, "Hz")
        check_between("tuning_hz", tuning_hz, 380, 500, "Hz")
        library, self._write_float = _fluidsynth()
        _check_soundfont(soundfont)
        self.sr = sr
        self._soundfont = soundfont
        # At this gain a few simultaneous loud notes stay below full scale; float samples do not clip anyway.
        self._synth: Any = library.Synth(gain=1.0, samplerate=float(sr), channels=_CHANNELS)
        for name, value in (("synth.chorus.active", 0), ("synth.reverb.active", int(reverb is not None))):
            self._synth.setting(name, value)
        if reverb is not None:
            self._synth.set_reverb(reverb.room, reverb.damping, reverb.width, reverb.level)
        self._written = 0
        self._bank = self._synth.sfload(os.fsencode(soundfont).decode("utf-8", "surrogateescape"))
        if self._bank == -1:
            self._synth.delete()
            raise AudioError(f"{soundfont}: not readable as a SoundFont")
        self._cents = 1200 * np.log2(tuning_hz / 440)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the bank's memory."""
        self._synth.delete()

    def has(self, program: int, *, drums: bool = False) -> bool:
        """Whether the bank has this General MIDI program."""
        return self._synth.sfpreset_name(self._bank, 128 if drums else 0, program) is not None

    def check(self, instrument: Instrument) -> None:
        """Raise ParameterError unless the bank has this instrument."""
        if not self.has(instrument.program):
            raise ParameterError(
                f"{self._soundfont} has no {instrument.name} (General MIDI program {instrument.program}): "
                "choose another SoundFont or instrument"
            )

    def render(self, instrument: Instrument, notes: Sequence[Note], *, duration_s: float) -> npt.NDArray[np.float32]:
        """Render notes of one instrument into a clip of ``duration_s`` seconds, shape ``(samples,)``.

        Levels are those of the bank: the level of a note depends on its velocity alone. Without reverberation, a clip
        does not depend on earlier ones. FluidSynth's reverb does, so with it only the first clip is reproducible.

        Raises
        ------
        ParameterError
            If the bank has no such instrument.
        """
        self.check(instrument)
        events = [Event(0.0, 2, 0, "program", instrument.program), *notes_to_events(notes)]
        # A voice fades in, over 64 samples, from the level of the last note that used it. Playing the notes once before
        # and cutting them off makes them begin at their own level.
        self._reset({0})
        for event in in_order(event for event in events if event.kind != "note_off"):
            self._tell(event)
        self._samples(_BLOCK)
        out = self.play(events, at_most_s=duration_s)
        n = max(1, seconds_to_samples(duration_s, sr=self.sr))
        whole = np.zeros(n, dtype=np.float32)
        whole[: len(out)] = out[:n]
        return whole

    def play(
        self, events: Iterable[Event], *, at_most_s: float | None = None, reporter: Reporter = SILENT
    ) -> npt.NDArray[np.float32]:
        """Play events in the order of their times, and continue until the last notes have died away.

        Parameters
        ----------
        at_most_s
            Stop at this time, even if notes still sound.

        Returns
        -------
        float32, shape ``(samples,)``: the mean of both channels.
        """
        events = in_order(events)
        self._reset({event.channel for event in events})
        limit = None if at_most_s is None else seconds_to_samples(at_most_s, sr=self.sr)
        parts: list[npt.NDArray[np.float32]] = []
        done = 0
        last_s = events[-1].time_s if events else 0.0
        for event in events:
            reporter.progress("Rendering", int(event.time_s), int(last_s))
            at = seconds_to_samples(event.time_s, sr=self.sr)
            at = at if limit is None else min(at, limit)
            if at > done:
                parts.append(self._samples(at - done))
                done = at
            self._tell(event)
        block = seconds_to_samples(_TAIL_BLOCK_S, sr=self.sr)
        end = done + seconds_to_samples(_LONGEST_TAIL_S, sr=self.sr) if limit is None else limit
        while done < end:
            parts.append(self._samples(min(block, end - done)))
            done += len(parts[-1])
            if limit is None and np.abs(parts[-1]).max() < _INAUDIBLE:
                break
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)

    def _reset(self, channels: Iterable[int]) -> None:
        self._synth.all_sounds_off(-1)
        # The last clip's voices end in these samples. Notes start at multiples of a block, counted from the creation of
        # the synthesiser, so a clip must start at one too.
        self._samples(4 * _BLOCK + -self._written % _BLOCK)
        self._synth.system_reset()
        for channel in channels:
            if abs(self._cents) > 0.01 and channel % 16 != DRUM_CHANNEL:
                self._tune(channel)

    def _tune(self, channel: int) -> None:
        """Shift a channel by cents through MIDI's registered parameters: 2 for semitones, 1 for the rest."""
        semitones = round(self._cents / 100)
        fine = round((self._cents - 100 * semitones) / 100 * 8192) + 8192
        for parameter, coarse, rest in ((2, 64 + semitones, 0), (1, fine >> 7, fine & 127)):
            for control, value in ((101, 0), (100, parameter), (6, coarse), (38, rest)):
                self._synth.cc(channel, control, value)
        for control in (101, 100):  # so that later data entry does not change the tuning
            self._synth.cc(channel, control, 127)

    def _tell(self, event: Event) -> None:
        if event.kind == "note_on":
            self._synth.noteon(event.channel, event.a, event.b)
        elif event.kind == "note_off":
            self._synth.noteoff(event.channel, event.a)
        elif event.kind == "control":
            self._synth.cc(event.channel, event.a, event.b)
        elif event.kind == "bend":
            self._synth.pitch_bend(event.channel, event.a)
        elif self.has(event.a, drums=event.channel % 16 == DRUM_CHANNEL):
            bank = 128 if event.channel % 16 == DRUM_CHANNEL else 0
            self._synth.program_select(event.channel, self._bank, bank, event.a)

    def _samples(self, n: int) -> npt.NDArray[np.float32]:
        left, right = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.float32)
        self._written += n
        pointers = [channel.ctypes.data_as(POINTER(c_float)) for channel in (left, right)]
        self._write_float(self._synth.synth, n, pointers[0], 0, 1, pointers[1], 0, 1)
        left += right
        left *= np.float32(0.5)
        return left


@cache
def _fluidsynth() -> tuple[Any, Any]:
    """Return pyfluidsynth and the function that writes float samples, which it does not wrap."""
    if importlib.util.find_spec("fluidsynth") is None:
        raise MissingDependencyError(
            f"pyfluidsynth is not installed: pip install 'sori[synth]', and FluidSynth itself: {_INSTALL}; or use "
            "`engine='additive'`"
        )
    try:
        library: Any = require("fluidsynth")
    except ImportError as error:
        raise MissingDependencyError(
            f"the FluidSynth library is not installed: {_INSTALL}; or use `engine='additive'`"
        ) from error
    for level in _LOG_LEVELS:  # problems that matter are raised as our errors
        library._fl.fluid_set_log_function(level, None, None)
    write = library._fl.fluid_synth_write_float
    write.restype = c_int
    write.argtypes = [c_void_p, c_int, POINTER(c_float), c_int, c_int, POINTER(c_float), c_int, c_int]
    return library, write


def _check_soundfont(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror}") from error
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise AudioError(f"{path}: not a SoundFont (SF2 or SF3)")


def parse_reverb(text: str) -> Reverb:
    """Read ``room[,damping[,width[,level]]]``.

    >>> parse_reverb("0.8,0.2")
    Reverb(room=0.8, damping=0.2, width=10.0, level=0.5)
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 4:
        raise ParameterError(f"reverb is room[,damping[,width[,level]]], e.g. 0.8,0.2. Received {text!r}.")
    return Reverb(*numbers)
