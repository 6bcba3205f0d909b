"""Inspect recordings: measurements, and plots of what a network would get as input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sori import audio, features
from sori.audio import Info
from sori.errors import AudioError, ParameterError, check_between, check_count, printable
from sori.features.frames import check_hop
from sori.features.stft import band_bins, check_band
from sori.units import amplitude_to_db, frame_times_s, hz_to_midi, note_name, power_to_db

# The 88 keys of a piano range from A0 to C8; the band also holds partials of the lower ones.
BANDS = {"piano": (27.5, 4186.0), "speech": (80.0, 8000.0), "telephone": (300.0, 3400.0)}
_LONGEST_S = 300.0
_MOST_CELLS = 2**27  # 512 MiB of float32
_LARGE_DC = 0.01
_LOWEST_HEARD_HZ = 16
_SEMITONE = 2 ** (1 / 12)
_AUDIBLE_DB = 90.0  # below the loudest frequency; softer aliases are ignored
_Clip = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class View:
    """Which excerpt of a recording to inspect, and how.

    Parameters
    ----------
    start_s, duration_s
        The excerpt; None: to the end, but at most five minutes.
    sr
        Rate in Hz to resample to; None keeps the recording's own.
    n_fft, hop_length, n_mels, n_mfcc
        As everywhere in Sori.
    fmin, fmax
        The band in Hz that every plot shows.
    quantise_bits, resample_sr
        Show and play what is lost at this bit depth, or at this rate.
    """

    start_s: float = 0.0
    duration_s: float | None = None
    sr: int | None = None
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 13
    fmin: float = 0.0
    fmax: float | None = None
    quantise_bits: int | None = None
    resample_sr: int | None = None

    def __post_init__(self) -> None:
        check_between("start", self.start_s, 0, 1e7, "s")
        if self.duration_s is not None and not 0 < self.duration_s < 1e7:
            raise ParameterError(f"duration must be above 0 s. Received duration={self.duration_s!r}.")
        for name in ("n_fft", "hop_length", "n_mels", "n_mfcc"):
            check_count(name, getattr(self, name))
        check_hop(self.hop_length, n_fft=self.n_fft)
        check_between("n_mfcc", self.n_mfcc, 1, self.n_mels, "(n_mels)")
        check_between("fmin", self.fmin, 0, 1e6, "Hz")
        if self.fmax is not None and self.fmax <= self.fmin:
            raise ParameterError(f"fmin must be below fmax. Received fmin={self.fmin:g}, fmax={self.fmax:g} Hz.")
        if self.quantise_bits is not None:
            check_count("quantise", self.quantise_bits)
            check_between("quantise", self.quantise_bits, 1, 24, "bits")
        if self.resample_sr is not None:
            check_count("resample", self.resample_sr)
            check_between("resample", self.resample_sr, 1, 1_000_000, "Hz")


@dataclass(frozen=True)
class Degraded:
    """A clip after quantising or resampling: its samples, and measurements to show."""

    name: str
    y: _Clip
    sr: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class Inspection:
    """Results for one recording: arrays to plot, and ``summary``, numbers for JSON."""

    path: Path
    y: _Clip
    sr: int
    start_s: float
    band_hz: tuple[float, float]
    hop_length: int
    spectrum_hz: npt.NDArray[np.float64]
    spectrum_db: npt.NDArray[np.float32]
    peaks: list[tuple[float, float, str]]
    magnitude: npt.NDArray[np.float32]
    magnitude_hz: tuple[float, float]
    mel_db: npt.NDArray[np.float32]
    mfcc: npt.NDArray[np.float32]
    summary: dict[str, Any]
    notes: list[str]
    degraded: list[Degraded] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Inspection({str(self.path)!r}, {len(self.y) / self.sr:.2f} s at {self.sr} Hz)"

    def _repr_html_(self) -> str:
        from sori.reports.notebook import of_inspection

        return of_inspection(self)

    @property
    def end_s(self) -> float:
        """Centre of the last frame."""
        return self.start_s + float(frame_times_s(self.mfcc.shape[1], sr=self.sr, hop_length=self.hop_length)[-1])


def inspect(path: str | Path, view: View | None = None) -> Inspection:
    """Read a recording and compute what to show.

    Parameters
    ----------
    view
        Excerpt and settings; None: all of it, up to five minutes, with the default settings.

    Raises
    ------
    AudioError
        If it cannot be read, or has no samples in the excerpt.
    ParameterError
        If the band or the frames do not fit its rate.
    """
    path, view = Path(path), view or View()
    header = audio.info(path)
    notes = []
    duration_s = view.duration_s
    whole_s = header.duration_s
    if duration_s is None and (whole_s is None or whole_s - view.start_s > _LONGEST_S):
        duration_s = _LONGEST_S
    channels, sr = audio.load(path, mono=False, offset_s=view.start_s, duration_s=duration_s)
    if view.duration_s is None and duration_s is not None and channels.shape[1] >= round(duration_s * sr):
        length = "of unknown length" if whole_s is None else f"{_clock(whole_s)} long"
        notes.append(f"{path.name} is {length}; {_LONGEST_S:g} s of it are shown: choose with `start` and `duration`")
    elif whole_s is None and duration_s is not None:
        whole_s = view.start_s + channels.shape[1] / sr
    notes += _channel_notes(channels)
    y = audio.Downmix(path, say=notes.append)(channels.T)
    if view.sr is not None and view.sr != sr:
        y, sr = audio.resample(y, from_sr=sr, to_sr=view.sr), view.sr
        if not len(y):
            raise AudioError(f"{path}: nothing is left of {channels.shape[1]} samples at {sr} Hz")
    fmin, fmax = view.fmin, view.fmax
    if fmax is not None and fmax > sr / 2:
        notes.append(f"fmax {fmax:g} Hz is above half the rate: {sr / 2:g} Hz is used instead")
        fmax = None
    fmax = check_band(sr=sr, fmin=fmin, fmax=fmax)
    if len(y) < view.n_fft:
        notes.append(
            f"the clip ({len(y)} samples) is shorter than a window of {view.n_fft}: it is padded "
            "with silence; a smaller `n_fft` shows more"
        )
    cells = (1 + view.n_fft // 2) * (1 + len(y) // view.hop_length)
    if cells > _MOST_CELLS or view.n_fft > _MOST_CELLS:
        raise ParameterError(
            f"this spectrogram would have {cells:,} values: use a shorter `duration`, a larger `hop_length` or a "
            "smaller `n_fft`"
        )
    frames: dict[str, Any] = {"sr": sr, "n_fft": view.n_fft, "hop_length": view.hop_length}
    mels: dict[str, Any] = {**frames, "n_mels": view.n_mels, "fmin": fmin, "fmax": fmax}
    bins = band_bins(sr=sr, n_fft=view.n_fft, fmin=fmin, fmax=fmax)
    magnitude = features.spectrogram(y, **frames)[bins] * np.float32(_per_amplitude(view.n_fft))
    mel = features.mel_spectrogram(y, **mels) * np.float32(_per_amplitude(view.n_fft) ** 2)
    constant = float(np.mean(y, dtype=np.float64))
    if abs(constant) > _LARGE_DC:
        notes.append(f"DC offset of {constant:+.3f} of full scale; the spectrum is shown without it")
    hz, level = _spectrum(y - np.float32(constant), sr)
    kept = (hz >= fmin) & (hz <= fmax)
    audible = kept & (hz >= _LOWEST_HEARD_HZ) if sr > 50 * _LOWEST_HEARD_HZ else kept
    peaks = _peaks(hz[audible], level[audible], apart_hz=4 * sr / len(y))
    return Inspection(
        path=path,
        y=y,
        sr=sr,
        start_s=view.start_s,
        band_hz=(fmin, fmax),
        hop_length=view.hop_length,
        spectrum_hz=hz[kept],
        spectrum_db=amplitude_to_db(level[kept], top_db=None),
        peaks=[(at, audio.dbfs(strength), _note(at)) for at, strength in peaks],
        magnitude=magnitude,
        magnitude_hz=(bins.start * sr / view.n_fft, (bins.stop - 1) * sr / view.n_fft),
        mel_db=power_to_db(mel, top_db=None),
        mfcc=features.mfcc(y, n_mfcc=view.n_mfcc, **mels),
        summary=_summary(path, header, whole_s, channels, y, sr, view, mel.shape[1], magnitude, peaks, hz, level),
        notes=notes,
        degraded=_degrade(y, sr, view),
    )


def _summary(
    path: Path,
    header: Info,
    whole_s: float | None,
    channels: _Clip,
    y: _Clip,
    sr: int,
    view: View,
    frames: int,
    magnitude: _Clip,
    peaks: Sequence[tuple[float, float]],
    hz: npt.NDArray[np.float64],
    level: npt.NDArray[np.float32],
) -> dict[str, Any]:
    silent_start_s, silent_end_s = audio.silent_ends_s(y, sr=sr)
    return {
        "file": printable(path),
        "format": header.format,
        "subtype": header.subtype,
        "sr": header.sr,
        "bit_depth": header.bit_depth,
        "channels": header.channels,
        "duration_s": whole_s,
        "shown": {"start_s": view.start_s, "duration_s": len(y) / sr, "sr": sr},
        "peak_dbfs": audio.peak_db(y),
        "rms_dbfs": audio.rms_db(y),
        "channel_peak_dbfs": [audio.peak_db(channel) for channel in channels],
        "channel_rms_dbfs": [audio.rms_db(channel) for channel in channels],
        "clipped_samples": sum(audio.clipped_samples(channel) for channel in channels),
        "dc_offset": float(np.mean(y, dtype=np.float64)),
        "silence_start_s": silent_start_s,
        "silence_end_s": silent_end_s,
        "spectral_centroid_hz": features.spectral_centroid(hz, level),
        "peaks": [{"hz": at, "dbfs": audio.dbfs(strength), "note": _note(at)} for at, strength in peaks],
        "sizes": {
            "samples": [len(y)],
            "spectrum": [len(hz)],
            "spectrogram": list(magnitude.shape),
            "mel": [view.n_mels, frames],
            "mfcc": [view.n_mfcc, frames],
        },
    }


def _degrade(y: _Clip, sr: int, view: View) -> list[Degraded]:
    """Return a clip at fewer bits, at another rate with and without a filter, and at both."""
    out = []
    if view.quantise_bits is not None:
        coarse = audio.quantise(y, view.quantise_bits)
        out.append(Degraded(f"{view.quantise_bits} bits", coarse, sr, _quantised_facts(y, coarse, view.quantise_bits)))
    new_sr = view.resample_sr
    if new_sr is not None and new_sr != sr:
        filtered = audio.resample(y, from_sr=sr, to_sr=new_sr)
        if not len(filtered):
            raise ParameterError(f"resample: nothing is left of {len(y)} samples at {new_sr} Hz.")
        out.append(Degraded(f"{new_sr} Hz", filtered, new_sr, _resampled_facts(y, sr, len(filtered), new_sr)))
        if new_sr < sr:
            folded = audio.resample(y, from_sr=sr, to_sr=new_sr, antialias=False)
            out.append(Degraded(f"{new_sr} Hz without a filter", folded, new_sr, _folded_facts(y, sr, folded, new_sr)))
        if view.quantise_bits is not None:
            coarse = audio.quantise(filtered, view.quantise_bits)
            facts = _quantised_facts(filtered, coarse, view.quantise_bits)
            out.append(Degraded(f"{view.quantise_bits} bits at {new_sr} Hz", coarse, new_sr, facts))
    return out


def _quantised_facts(y: _Clip, coarse: _Clip, bits: int) -> dict[str, Any]:
    sine_db = audio.theoretical_snr_db(bits)
    return {
        "values": 2**bits,
        "snr_db": audio.snr_db(y, coarse) if y.any() else math.nan,
        "theory_full_scale_sine_db": sine_db,
        # A sine at full scale has -3.01 dBFS; a softer signal is that much closer to the same noise.
        "theory_at_this_level_db": sine_db + audio.rms_db(y) + 20 * math.log10(2) / 2,
    }


def _resampled_facts(y: _Clip, sr: int, samples: int, new_sr: int) -> dict[str, Any]:
    hz, magnitude = features.spectrum(y, sr=sr)
    power = np.square(magnitude, dtype=np.float64)
    above = hz > new_sr / 2
    total = float(power.sum())
    return {
        "from_sr": sr,
        "nyquist_hz": new_sr / 2,
        "power_above_nyquist": float(power[above].sum()) / total if total else 0.0,
        "samples": samples,
    }


def _folded_facts(y: _Clip, sr: int, folded: _Clip, new_sr: int) -> dict[str, Any]:
    """Return the alias of the strongest peak above the new Nyquist frequency."""
    hz, level = _spectrum(y, sr)
    above = hz > new_sr / 2
    found = features.spectral_peaks(hz[above], level[above], count=1)
    if not found or found[0][1] < float(level.max()) * 10 ** (-_AUDIBLE_DB / 20):
        return {}
    at, strength = found[0]
    alias_hz = abs(at - round(at / new_sr) * new_sr)
    new_hz, new_level = _spectrum(folded, new_sr)
    near = np.abs(new_hz - alias_hz) <= max(2 * new_sr / len(folded), 2.0)
    return {
        "strongest_above_hz": at,
        "strongest_above_dbfs": audio.dbfs(strength),
        "alias_hz": alias_hz,
        "alias_dbfs": audio.dbfs(float(new_level[near].max(initial=0))),
    }


def _spectrum(y: _Clip, sr: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Return the amplitude of each frequency of the whole clip, with a Hann window against spectral leakage."""
    window = np.hanning(len(y) + 2)[1:-1]
    hz, magnitude = features.spectrum(y * window, sr=sr)
    return hz, magnitude * np.float32(2 / window.sum())


def _peaks(
    hz: npt.NDArray[np.float64], level: npt.NDArray[np.float32], *, apart_hz: float, count: int = 6
) -> list[tuple[float, float]]:
    """Find the strongest peaks that are a semitone or more from any stronger one."""
    found: list[tuple[float, float]] = []
    for at, strength in features.spectral_peaks(hz, level, count=20 * count, apart_hz=apart_hz):
        if all(not 1 / _SEMITONE < at / other < _SEMITONE for other, _ in found):
            found.append((at, strength))
    return sorted(found[:count], key=lambda peak: -peak[1])


def _per_amplitude(n_fft: int) -> float:
    """Return the factor that makes a full-scale sine 1, or 0 dB, in a frame's spectrum."""
    return 4 / n_fft


def _channel_notes(channels: _Clip) -> list[str]:
    if not channels.any():
        return ["every sample is zero"]
    dead = [i + 1 for i, channel in enumerate(channels) if not channel.any()]
    if dead:
        which = f"channel {dead[0]} is" if len(dead) == 1 else f"channels {', '.join(map(str, dead))} are"
        return [f"{which} silent; plots show the mean of all {len(channels)}"]
    return []


def _note(hz: float) -> str:
    """Name the note of a frequency, if it is in the musical range."""
    return note_name(hz_to_midi(hz)) if _LOWEST_HEARD_HZ <= hz <= 20_000 else ""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
