"""Augmentation of a clip, by changes that a listener would call the same sound."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

import msgspec
import numpy as np
import numpy.typing as npt

from sori import audio
from sori.audio.tones import Colour
from sori.augment.drawn import Between, Whole, drawn_type
from sori.errors import AudioError, ParameterError, check_between, check_choice, check_count, require
from sori.folders import check_type
from sori.registry import Registry
from sori.units import FloatArray, seconds_to_samples

Clip = npt.NDArray[np.float32]
Drawn = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Transform(ABC):
    """A random change to a clip ``(samples,)``. Drawing and applying are separate.

    :meth:`draw` returns plain numbers and strings that can be saved; :meth:`apply` with the same values gives the same
    clip again. A clip keeps its length: a longer result is cut, and a shorter one is padded with silence.

    Where audiomentations has the change, it is called with exact values: its own random draws use two generators of
    the whole process and could not be reproduced.

    Parameters
    ----------
    probability
        Probability of being applied in a :class:`Chain`.
    """

    probability: float = 1.0

    # The type of drawn values, as msgspec takes it, which saved ones are checked against.
    drawn: ClassVar[Any] = dict[str, Any]

    def __post_init__(self) -> None:
        check_between("probability", self.probability, 0, 1)

    @abstractmethod
    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        """Draw everything :meth:`apply` needs for a clip of ``samples`` samples."""

    @abstractmethod
    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        """Return the changed clip; ``y`` is not changed."""

    def _check_range(self, name: str, low: float, high: float, unit: str) -> None:
        value = getattr(self, name)
        if not (isinstance(value, tuple) and len(value) == 2 and value[0] <= value[1]):
            raise ParameterError(f"{name} must be (lowest, highest) in {unit}. Received {value!r}.")
        for end in value:
            check_between(name, end, low, high, unit)


@dataclass(frozen=True, kw_only=True)
class PitchShift(Transform):
    """Shifts the pitch by ``semitones`` at the same length (audiomentations)."""

    semitones: tuple[float, float] = (-2.0, 2.0)
    drawn = drawn_type("PitchShift", semitones=Between[-24.0, 24.0])

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("semitones", -24, 24, "semitones")

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        return {"semitones": rng.uniform(*self.semitones)}

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        semitones = drawn["semitones"]
        return _fitted(_audiomentations("PitchShift", semitones, semitones)(y, sr), len(y))


@dataclass(frozen=True, kw_only=True)
class TimeStretch(Transform):
    """Plays at ``rate`` times the speed about the middle of the clip, at the same pitch (audiomentations)."""

    rate: tuple[float, float] = (0.85, 1.15)
    drawn = drawn_type("TimeStretch", rate=Between[0.25, 4.0])

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("rate", 0.25, 4, "times the speed")

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        return {"rate": rng.uniform(*self.rate)}

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        rate = drawn["rate"]
        stretch = _audiomentations("TimeStretch", rate, rate, leave_length_unchanged=False)
        return _centred(stretch(y, sr), len(y))


@dataclass(frozen=True, kw_only=True)
class Speed(Transform):
    """Plays at ``factor`` times the speed about the middle of the clip; the pitch changes too, as with another speaker.

    Source: Ko et al., Audio Augmentation for Speech Recognition (2015).
    """

    factor: tuple[float, float] = (0.85, 1.15)
    drawn = drawn_type("Speed", factor=Between[0.25, 4.0])

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("factor", 0.25, 4, "times the speed")

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        return {"factor": rng.uniform(*self.factor)}

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        # Rounded to thousandths, since a resampler prepares a filter for each ratio.
        faster = audio.resample(y, from_sr=round(1000 * drawn["factor"]), to_sr=1000)
        return _centred(faster, len(y))


@dataclass(frozen=True, kw_only=True)
class Gain(Transform):
    """Changes the level by ``gain_db`` (audiomentations). Values beyond full scale are not clipped."""

    gain_db: tuple[float, float] = (-12.0, 6.0)
    drawn = drawn_type("Gain", gain_db=Between[-120.0, 60.0])

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("gain_db", -120, 60, "dB")

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        return {"gain_db": rng.uniform(*self.gain_db)}

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        gain = _audiomentations("Gain", drawn["gain_db"], drawn["gain_db"])
        return np.asarray(gain(y, sr), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Noise(Transform):
    """Adds noise of one of ``colours``, ``snr_db`` below the clip's level. A silent clip is not changed."""

    snr_db: tuple[float, float] = (5.0, 40.0)
    colours: tuple[str, ...] = ("white", "pink", "brown")
    drawn = drawn_type("Noise", snr_db=Between[-60.0, 120.0], colour=Colour, seed=Whole[0, 2**32 - 1])

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("snr_db", -60, 120, "dB")
        if not self.colours:
            raise ParameterError("colours must name at least one colour.")
        for colour in self.colours:
            check_choice("colour", colour, get_args(Colour))

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        return {
            "snr_db": rng.uniform(*self.snr_db),
            "colour": self.colours[int(rng.integers(len(self.colours)))],
            "seed": int(rng.integers(2**32)),
        }

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        if not y.any():
            return y
        # The colours do not depend on the rate, so a rate of 1 gives exactly the samples needed.
        other = audio.noise(sr=1, duration_s=len(y), rng=np.random.default_rng(drawn["seed"]), colour=drawn["colour"])
        return audio.mix(y, other, snr_db=drawn["snr_db"]) if other.any() else y


@dataclass(frozen=True, kw_only=True)
class Background(Transform):
    """Adds a part of a recording from a folder, ``snr_db`` below the clip's level.

    ``without`` names the recordings that are not used, by their paths within the folder.

    Raises
    ------
    ParameterError
        If the folder holds no recording to use.
    """

    folder: Path
    snr_db: tuple[float, float] = (3.0, 30.0)
    without: tuple[str, ...] = ()
    drawn = drawn_type("Background", snr_db=Between[-60.0, 120.0], file=str, offset_s=Between[0.0, 1e7])

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("snr_db", -60, 120, "dB")
        if not self.files:
            raise ParameterError(f"{self.folder}: no recording to use as a background in this folder")

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The recordings that are used."""
        try:
            found = audio.recordings_in(self.folder)
        except AudioError as error:
            raise ParameterError(str(error)) from error
        return tuple(p for p in found if p.relative_to(self.folder).as_posix() not in self.without)

    @cached_property
    def _among(self) -> frozenset[Path]:
        return frozenset(self.files)

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        files = self.files
        file = files[int(rng.integers(len(files)))]
        spare_s = max(0.0, _duration_s(file) - samples / sr)
        return {
            "snr_db": rng.uniform(*self.snr_db),
            "file": file.relative_to(self.folder).as_posix(),
            "offset_s": rng.uniform(0, spare_s),
        }

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        file = self.folder / drawn["file"]
        if file not in self._among:  # a saved draw may name anything
            raise ParameterError(f"{drawn['file']} is not a recording in {self.folder}.")
        other, _ = audio.load(file, sr=sr, offset_s=drawn["offset_s"], duration_s=len(y) / sr + 0.1)
        if not y.any() or not other[: len(y)].any():
            return y
        return audio.mix(y, other, snr_db=drawn["snr_db"])


@dataclass(frozen=True, kw_only=True)
class Shift(Transform):
    """Shifts the clip by ``shift_s`` (earlier if negative) and fills the gap with silence (audiomentations)."""

    shift_s: tuple[float, float] = (-0.1, 0.1)
    drawn = drawn_type("Shift", shift_s=Between[-3600.0, 3600.0])

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("shift_s", -3600, 3600, "s")

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        return {"shift_s": rng.uniform(*self.shift_s)}

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        places = seconds_to_samples(abs(drawn["shift_s"]), sr=sr)
        if places >= len(y):
            return np.zeros_like(y)
        places = int(math.copysign(places, drawn["shift_s"]))
        fade_s = min(0.005, (len(y) - abs(places)) / sr)  # a fade longer than the rest would not fit
        shift = _audiomentations("Shift", places, places, shift_unit="samples", rollover=False, fade_duration=fade_s)
        return np.asarray(shift(y, sr), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class OrderSwap(Transform):
    """Cuts the clip into ``pieces`` of equal length and reorders them: for textures, not for words or melodies."""

    pieces: int = 4
    drawn = drawn_type("OrderSwap", order=Annotated[list[Whole[0, 999]], msgspec.Meta(min_length=1, max_length=1000)])

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("pieces", self.pieces, at_least=2)

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        return {"order": rng.permutation(self.pieces).tolist()}

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        if sorted(drawn["order"]) != list(range(len(drawn["order"]))):
            raise ParameterError(f"order must name each piece once. Received {drawn['order']!r}.")
        pieces = np.array_split(y, len(drawn["order"]))
        return np.concatenate([pieces[i] for i in drawn["order"]])


@dataclass(frozen=True, kw_only=True)
class HarmonicPercussive(Transform):
    """Attenuates the harmonic or the percussive part by up to ``cut_db`` (librosa's median filters).

    Source: Fitzgerald, Harmonic/percussive separation using median filtering (2010).
    """

    cut_db: float = 20.0
    drawn = drawn_type("HarmonicPercussive", softer=Literal["harmonic", "percussive"], by_db=Between[0.0, 120.0])

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between("cut_db", self.cut_db, 0, 120, "dB")

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        part = ("harmonic", "percussive")[int(rng.integers(2))]
        return {"softer": part, "by_db": rng.uniform(0, self.cut_db)}

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        if not y.any():
            return y
        effects = require("librosa").effects
        n_fft = min(2048, 2 ** max(4, int(math.log2(len(y)))))
        harmonic, percussive = effects.hpss(np.pad(y, (0, max(0, n_fft - len(y)))), n_fft=n_fft)
        parts = {"harmonic": harmonic, "percussive": percussive}
        less = parts[drawn["softer"]] * np.float32(1 - 10 ** (-drawn["by_db"] / 20))
        return np.asarray(y - less[: len(y)], dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Room(Transform):
    """Adds the reverberation of a random room (pyroomacoustics' image sources), at the same level.

    audiomentations has rooms of any shape, with air that absorbs high frequencies. For a box of a few metres the result
    is nearly the same (responses correlate at 0.9997 and more), but takes ten times as long.

    Parameters
    ----------
    size_m
        Length and width of the room in metres; it is 2.4 to 4 m high.
    absorption
        Fraction of the energy that the walls absorb: 0.1 is a reverberant room, 0.6 a damped one.
    distance_m
        Distance from the microphone to the source in metres.
    """

    size_m: tuple[float, float] = (3.0, 10.0)
    absorption: tuple[float, float] = (0.1, 0.6)
    distance_m: tuple[float, float] = (0.2, 2.0)
    drawn = drawn_type(
        "Room",
        size_m=tuple[Between[1.0, 100.0], Between[1.0, 100.0], Between[1.0, 100.0]],
        source_m=tuple[Between[0.0, 100.0], Between[0.0, 100.0], Between[0.0, 100.0]],
        absorption=Between[0.02, 0.99],
        distance_m=Between[0.0, 50.0],
        azimuth=Between[-math.pi, math.pi],
    )
    _ORDER: ClassVar[int] = 8
    _WALL_M: ClassVar[float] = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("size_m", 1.5, 100, "m")
        self._check_range("absorption", 0.02, 0.99, "")
        self._check_range("distance_m", 0.05, 50, "m")

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> Drawn:
        size = [rng.uniform(*self.size_m), rng.uniform(*self.size_m), rng.uniform(2.4, 4.0)]
        return {
            "size_m": size,
            "source_m": [rng.uniform(0.3, side - 0.3) for side in size],
            "absorption": rng.uniform(*self.absorption),
            "distance_m": rng.uniform(*self.distance_m),
            "azimuth": rng.uniform(-math.pi, math.pi),
        }

    def apply(self, y: Clip, *, sr: int, **drawn: Any) -> Clip:
        if not y.any():
            return y
        from scipy.signal import oaconvolve  # slow to import

        rooms = require("pyroomacoustics")
        size, source = np.array(drawn["size_m"]), np.array(drawn["source_m"])
        towards = np.array([-math.sin(drawn["azimuth"]), math.cos(drawn["azimuth"]), 0.0])
        microphone = np.clip(source + drawn["distance_m"] * towards, self._WALL_M, size - self._WALL_M)
        room = rooms.ShoeBox(size, fs=sr, materials=rooms.Material(drawn["absorption"]), max_order=self._ORDER)
        room.add_source(source)
        room.add_microphone(microphone)
        room.compute_rir()
        response = np.asarray(room.rir[0][0], dtype=np.float32)
        out = np.asarray(oaconvolve(y, response)[: len(y)], dtype=np.float32)
        level = float(np.sqrt(np.mean(np.square(out, dtype=np.float64))))
        before = float(np.sqrt(np.mean(np.square(y, dtype=np.float64))))
        return out * np.float32(before / level) if level > 0 else y


TRANSFORMS: Registry[type[Transform]] = Registry(
    "transform",
    "sori.transforms",
    {
        kind.__name__: kind
        for kind in (
            PitchShift,
            TimeStretch,
            Speed,
            Gain,
            Noise,
            Background,
            Shift,
            OrderSwap,
            HarmonicPercussive,
            Room,
        )
    },
)


@dataclass(frozen=True)
class Chain:
    """Transforms applied one after another, each with its probability.

    >>> chain = Chain((OrderSwap(pieces=2), OrderSwap(pieces=2, probability=0.0)))
    >>> y = np.arange(4, dtype=np.float32)
    >>> drawn = chain.draw(np.random.default_rng(1), samples=4, sr=4)
    >>> drawn
    [{'transform': 0, 'name': 'OrderSwap', 'order': [1, 0]}]
    >>> chain.apply(y, drawn, sr=4)
    array([2., 3., 0., 1.], dtype=float32)
    """

    transforms: tuple[Transform, ...]

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> list[Drawn]:
        """Draw the transforms of one clip, in order, with their values."""
        return [
            {"transform": i, "name": type(transform).__name__, **transform.draw(rng, samples=samples, sr=sr)}
            for i, transform in enumerate(self.transforms)
            if rng.random() < transform.probability
        ]

    def apply(self, y: FloatArray, drawn: Sequence[Mapping[str, Any]], *, sr: int) -> Clip:
        """Apply the drawn transforms to a clip ``(samples,)`` and return a new array.

        Raises
        ------
        ParameterError
            If ``drawn`` belongs to another chain.
        """
        out = np.array(y, dtype=np.float32)
        for entry in drawn:
            values = dict(entry)
            i, name = values.pop("transform"), values.pop("name")
            if not 0 <= i < len(self.transforms) or type(self.transforms[i]).__name__ != name:
                raise ParameterError(f"{name} is not number {i} of this chain: it was drawn for another chain.")
            out = self.transforms[i].apply(out, sr=sr, **values)
        return out

    def check(self, drawn: Sequence[Mapping[str, Any]]) -> None:
        """Raise ParameterError unless values read from a file could have been drawn by this chain."""
        for entry in drawn:
            i, name = entry["transform"], entry["name"]
            if not 0 <= i < len(self.transforms) or type(self.transforms[i]).__name__ != name:
                raise ParameterError(f"{name} is not number {i} of this chain: it was drawn for another chain.")
            values = {key: value for key, value in entry.items() if key not in ("transform", "name")}
            try:
                check_type(values, self.transforms[i].drawn)
            except ValueError as error:
                raise ParameterError(f"{name}: {error}") from error

    def to_list(self) -> list[dict[str, Any]]:
        """Return the transforms and their settings as values that JSON can store."""
        return [
            {"name": type(t).__name__, **{f.name: _plain(getattr(t, f.name)) for f in fields(t)}}
            for t in self.transforms
        ]


@cache
def _duration_s(file: Path) -> float:
    return audio.duration_s(file)


def _audiomentations(name: str, *arguments: float, **options: Any) -> Any:
    """Return a transform of audiomentations with fixed values."""
    return getattr(require("audiomentations"), name)(*arguments, p=1.0, **options)


def _fitted(y: FloatArray, samples: int) -> Clip:
    out = np.zeros(samples, dtype=np.float32)
    out[: len(y)] = y[:samples]
    return out


def _centred(y: FloatArray, samples: int) -> Clip:
    """Cut or pad ``y`` to ``samples``, equally at both ends."""
    spare = samples - len(y)
    if spare < 0:
        return np.array(y[-spare // 2 : -spare // 2 + samples], dtype=np.float32)
    out = np.zeros(samples, dtype=np.float32)
    out[spare // 2 : spare // 2 + len(y)] = y
    return out


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
