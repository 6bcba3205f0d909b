"""Pictures of sound: waveform, spectrum, spectrogram, mel spectrogram and MFCC, from arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from sori.plots.figure import BAD, INK, TRAIN, VALID, own_axes, tidy
from sori.units import FloatArray, hz_to_mel, mel_to_hz

_COLUMNS = 1600  # more than a page has pixels
_COLOURS = "magma"
_HZ_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000)


def waveform(
    y: FloatArray, *, sr: int, start_s: float = 0.0, limit: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw samples over time; of long clips, the lowest and highest of each column.

    Parameters
    ----------
    y
        Samples, shape ``(samples,)``.
    start_s
        Time of the first.
    limit
        Amplitude at the ends of the axis; None fits it.
    """
    ax = tidy(own_axes(width=9, height=2.4) if ax is None else ax)
    if len(y) > 4 * _COLUMNS:
        edges = np.linspace(0, len(y), _COLUMNS + 1).astype(int)[:-1]
        times_s = start_s + edges / sr
        ax.fill_between(
            times_s, np.minimum.reduceat(y, edges), np.maximum.reduceat(y, edges), color=TRAIN, linewidth=0.3
        )
    else:
        few = len(y) <= 150
        ax.plot(start_s + np.arange(len(y)) / sr, y, color=TRAIN, linewidth=0.9, marker="." if few else None)
    limit = float(np.abs(y).max(initial=0)) * 1.05 if limit is None else limit
    ax.set(xlabel="time in seconds", ylabel="amplitude", ylim=(-(limit or 1), limit or 1))
    ax.set_xlim(start_s, start_s + max(len(y) - 1, 1) / sr)
    return ax


def magnitude_spectrum(
    frequencies_hz: FloatArray,
    level_db: FloatArray,
    *,
    peaks: Sequence[tuple[float, float, str]] = (),
    lowest_db: float = -100.0,
    name: str | None = None,
    colour: str = TRAIN,
    ax: Axes | None = None,
) -> Axes:
    """Draw level over frequency, on a logarithmic axis; of many bins, the highest of each column.

    Parameters
    ----------
    frequencies_hz, level_db
        Shape ``(bins,)``, rising in frequency.
    peaks
        ``(frequency in Hz, level in dB, name)`` of those to number and list.
    lowest_db
        What is softer lies below the picture.
    name
        For the legend, if several are drawn into one picture.
    """
    ax = tidy(own_axes(width=9, height=3.4) if ax is None else ax)
    kept = frequencies_hz > 0
    hz, db = np.asarray(frequencies_hz)[kept], np.asarray(level_db)[kept]
    if len(hz) > _COLUMNS:
        # Columns of equal width on the axis; the lowest hold a bin or none.
        edges = np.unique(np.searchsorted(hz, np.geomspace(hz[0], hz[-1], _COLUMNS)))
        edges = edges[edges < len(hz)]
        hz, db = hz[edges], np.maximum.reduceat(db, edges)
    ax.plot(hz, np.maximum(db, lowest_db), color=colour, linewidth=0.9, label=name)
    ax.set(xlabel="frequency in Hz", ylabel="level in dB", xscale="log")
    if len(hz):
        ax.set_xlim(max(hz[0], min(20.0, hz[-1] / 50)), max(hz[-1], hz[0] * 1.01))
    top = float(db.max(initial=lowest_db))
    ax.set_ylim(lowest_db, max(top, lowest_db + 20) + 8)
    ax.xaxis.set_major_locator(FixedLocator(_HZ_TICKS))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda hz, _: f"{hz:g}"))
    for i, (peak_hz, peak_db, _) in enumerate(peaks, 1):
        ax.plot(peak_hz, peak_db, marker="v", color=BAD, markersize=5)
        ax.annotate(str(i), (peak_hz, peak_db), xytext=(0, 5), textcoords="offset points", ha="center", fontsize=10)
    if peaks:
        width = max(len(f"{hz:.1f}") for hz, _, _ in peaks)
        listed = "\n".join(f"{i}  {hz:{width}.1f} Hz  {what}" for i, (hz, _, what) in enumerate(peaks, 1))
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8}
        # Beside the axes: inside, it would lie on some spectrum or other.
        ax.text(
            1.01, 1.0, listed, transform=ax.transAxes, ha="left", va="top", fontsize=10, family="monospace", bbox=box
        )
    return ax


def spectrogram(
    values: FloatArray,
    *,
    start_s: float,
    end_s: float,
    low_hz: float,
    high_hz: float,
    unit: str = "dB",
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a spectrogram, linear in frequency.

    Parameters
    ----------
    values
        Shape ``(bins, frames)``.
    start_s, end_s, low_hz, high_hz
        Centres of the first and last frame, and of the first and last bin.
    unit
        What the colours stand for.
    limits
        Values at the ends of the colour scale; None fits it.
    """
    ax = own_axes(width=9, height=3.4) if ax is None else ax
    _image(ax, values, _span(start_s, end_s, values.shape[1]), _span(low_hz, high_hz, values.shape[0]), unit, limits)
    ax.set(xlabel="time in seconds", ylabel="frequency in Hz")
    return ax


def mel_spectrogram(
    level_db: FloatArray,
    *,
    start_s: float,
    end_s: float,
    fmin: float,
    fmax: float,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a mel spectrogram: rows are evenly spaced in mel from ``fmin`` to ``fmax``, the ticks say which Hz.

    Parameters
    ----------
    level_db
        Shape ``(n_mels, frames)``; else as :func:`spectrogram`.
    """
    ax = own_axes(width=9, height=3.4) if ax is None else ax
    low, high = hz_to_mel(fmin), hz_to_mel(fmax)
    apart = (high - low) / (len(level_db) + 1)  # filters stand between the ends, none on them
    rows = _span(low + apart, high - apart, len(level_db))
    _image(ax, level_db, _span(start_s, end_s, level_db.shape[1]), rows, "dB", limits)
    ax.set(xlabel="time in seconds", ylabel="frequency in Hz, spaced in mel")
    near = (_round_hz(hz) for hz in mel_to_hz(np.linspace(*rows, 8)[1:]))
    ticks = sorted({hz for hz in near if rows[0] <= hz_to_mel(hz) <= rows[1]})
    ax.set_yticks([float(hz_to_mel(hz)) for hz in ticks], [f"{hz:g}" for hz in ticks])
    return ax


def mfcc(
    coefficients: FloatArray, *, start_s: float, end_s: float, limit: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw cepstral coefficients, low ones below; the colours fit those after the first, which is the level.

    Parameters
    ----------
    coefficients
        Shape ``(n_mfcc, frames)``.
    limit
        Value, and its negative, at the ends of the colour scale; None fits it.
    """
    ax = own_axes(width=9, height=2.8) if ax is None else ax
    n = len(coefficients)
    scaled = coefficients[1:] if n > 1 else coefficients
    # A few frames of a click or a silence would leave the others pale.
    limit = max(float(np.percentile(np.abs(scaled), 99)), 1.0) if limit is None else limit
    where = _span(start_s, end_s, coefficients.shape[1])
    _image(ax, coefficients, where, (-0.5, n - 0.5), "value", (-limit, limit), "RdBu_r")
    ax.set(xlabel="time in seconds", ylabel="coefficient")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    return ax


def steps(
    y: FloatArray,
    degraded: FloatArray,
    *,
    sr: int,
    degraded_sr: int,
    start_s: float,
    degraded_start_s: float,
    name: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a few milliseconds of a clip before and after, each sample of the second held until the next.

    Parameters
    ----------
    y, degraded
        Samples of the same stretch, shape ``(samples,)``, at ``sr`` and ``degraded_sr``, from ``start_s`` and
        ``degraded_start_s``.
    name
        What became of it.
    """
    ax = tidy(own_axes(width=9, height=2.6) if ax is None else ax)
    ax.plot(1e3 * (start_s + np.arange(len(y)) / sr), y, color=TRAIN, linewidth=1.2, label="original")
    times_ms = 1e3 * (degraded_start_s + np.arange(len(degraded)) / degraded_sr)
    ax.step(times_ms, degraded, where="post", color=VALID, linewidth=1.0, marker=".", markersize=4, label=name)
    ax.set(xlabel="time in milliseconds", ylabel="amplitude")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _image(
    ax: Axes,
    values: FloatArray,
    x: tuple[float, float],
    y: tuple[float, float],
    unit: str,
    limits: tuple[float, float] | None,
    colours: str = _COLOURS,
) -> None:
    shown = _fewer(_fewer(np.asarray(values, dtype=np.float32), axis=1), axis=0)
    low, high = limits or (float(shown.min()), float(shown.max()))
    if low == high:  # one value everywhere is at the bottom of a scale
        high = low + 1
    image = ax.imshow(
        shown,
        origin="lower",
        aspect="auto",
        extent=(*x, *y),
        cmap=colours,
        vmin=low,
        vmax=high,
        interpolation="nearest",
    )
    bar = ax.figure.colorbar(image, ax=ax, pad=0.01, fraction=0.05)
    bar.set_label(unit)
    bar.outline.set_visible(False)
    ax.spines[:].set_color(INK)


def _fewer(values: npt.NDArray[np.float32], *, axis: int) -> npt.NDArray[np.float32]:
    """Average neighbours where there are more than a picture can show."""
    n = values.shape[axis]
    if n <= _COLUMNS:
        return values
    edges = np.linspace(0, n, _COLUMNS + 1).astype(int)
    shape = [1, 1]
    shape[axis] = -1
    means: npt.NDArray[Any] = np.add.reduceat(values, edges[:-1], axis=axis) / np.diff(edges).reshape(shape)
    return means.astype(np.float32)


def _span(first: float, last: float, n: int) -> tuple[float, float]:
    """Edges of ``n`` cells whose first and last are centred there."""
    half = (last - first) / (n - 1) / 2 if n > 1 else 0.5 * (abs(first) or 1.0)
    return first - half, last + half


def _round_hz(hz: float) -> float:
    digits = 10 ** np.floor(np.log10(max(hz, 1e-3)))
    return float(round(hz / digits, 1 if hz / digits < 2 else 0) * digits)
