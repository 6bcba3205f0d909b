"""The pictures and the page of what :mod:`sori.analysis.inspection` found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sori import plots
from sori.analysis.inspection import Degraded, Inspection
from sori.audio import encode_mp3
from sori.errors import printable
from sori.output import Maker, output_folder
from sori.reports.page import facts_table, page, picture, player
from sori.units import amplitude_to_db, seconds_to_samples

_MAKER = "sori inspect"
_ZOOM_S = 0.008
_ACROSS = 3
_LONGEST_TITLE = 30
_UNEVEN = 4
_LONG = ("format", "shown", "silence at the ends", "strongest peaks", "sizes", "channels, peak / RMS")
_RANGE_DB, _LOWEST_DB = 80.0, -100.0
# What each picture shows, and what it cannot.
_CAPTIONS = {
    "waveform": "Air pressure over time, as the samples have it: how loud, and when. Which notes or words they are "
    "cannot be seen.",
    "spectrum": "Which frequencies the whole stretch holds, and how strong each is; a full-scale sine is at 0 dB. When "
    "each of them sounded is lost.",
    "spectrogram": "A spectrum for every moment. With amplitudes as they are, only the loudest partials show; "
    "in decibels, nearer to how loud they sound, the rest appears. What lies closer together than a window "
    "resolves, in time or frequency, is one.",
    "mel": "Decibels in bands that are narrow below and wide above, as the ear's are: fewer numbers, with pitch and "
    "colour still there. Partials that share a band can no longer be told apart.",
    "mfcc": "Cosines fitted to each column of the mel spectrogram. Coefficient 0 is the level (beyond this colour "
    "scale), the next few are the shape that tells instruments and vowels apart. Most of the pitch is lost.",
}
_HEADINGS = {
    "waveform": "Waveform",
    "spectrum": "Spectrum",
    "spectrogram": "Spectrogram",
    "mel": "Mel spectrogram",
    "mfcc": "MFCC",
}
_FOLDER = Maker(
    _MAKER,
    "summary.json",
    files=("report.html", *(f"{name}.png" for name in _HEADINGS)),
    patterns=("lost-?.png",),
)


def write(inspection: Inspection, out: Path) -> None:
    """Write the pictures (PNG), ``summary.json`` and ``report.html`` of one recording into the folder ``out``.

    Raises
    ------
    DatasetError
        If ``out`` holds something else, or cannot be written.
    """
    pictures = pictures_of(inspection)
    parts = [
        f"<h1>{escape(_name(inspection))}</h1>",
        *_warnings(inspection.notes),
        player(encode_mp3(inspection.y, sr=inspection.sr)),
        "<h2>Numbers</h2>",
        facts_table(numbers(inspection)),
        *_illustrated(pictures),
    ]
    if inspection.degraded:
        parts.append("<h2>What is lost</h2>")
    for i, degraded in enumerate(inspection.degraded, 1):
        parts += [
            f"<h3>{escape(degraded.name)}</h3>",
            f"<p>{escape(_in_words(degraded))}</p>",
            player(encode_mp3(degraded.y, sr=degraded.sr)),
            f'<div class="row">{picture(plots.to_svg(pictures[f"lost-{i}"]))}</div>',
        ]
    _write(out, pictures, summary_of(inspection), page(_name(inspection), parts))


def write_comparison(inspections: Sequence[Inspection], out: Path) -> None:
    """Write the same of several recordings, side by side on shared scales.

    Raises
    ------
    DatasetError
        As :func:`write`.
    """
    pictures = _compared(inspections)
    names = [_name(one) for one in inspections]
    title = " · ".join(names) if len(names) <= _ACROSS else f"{len(names)} recordings"
    cards = "".join(
        f'<div class="card figure"><b>{escape(name)}</b><br>{player(encode_mp3(one.y, sr=one.sr))}'
        f"{''.join(_warnings(one.notes))}</div>"
        for name, one in zip(names, inspections, strict=True)
    )
    lengths_s = [len(one.y) / one.sr for one in inspections]
    uneven = max(lengths_s) > _UNEVEN * min(lengths_s) or max(one.sr for one in inspections) > _UNEVEN * min(
        one.sr for one in inspections
    )
    hint = [
        "lengths or rates differ so much that shared scales leave little of some: `duration` and `sr` make them one"
    ]
    parts = [
        f"<h1>{escape(title)}</h1>",
        '<p class="soft">Side by side, on shared scales.</p>',
        *_warnings(hint if uneven else []),
        f'<div class="row">{cards}</div>',
        "<h2>Numbers</h2>",
        _side_by_side(names, [numbers(one) for one in inspections]),
        *_illustrated(pictures),
    ]
    summary = {"made_by": _MAKER, "recordings": [summary_of(one) for one in inspections]}
    _write(out, pictures, summary, page(title, parts))


def summary_of(inspection: Inspection) -> dict[str, Any]:
    """Return the summary as JSON can hold it: what is infinite or undefined, such as the level of silence, is None."""
    degraded = [{"name": one.name, "sr": one.sr, **one.facts} for one in inspection.degraded]
    whole = {"made_by": _MAKER, **inspection.summary, "notes": inspection.notes}
    if degraded:
        whole["degraded"] = degraded
    finite: dict[str, Any] = _finite(whole)
    return finite


def numbers(inspection: Inspection) -> dict[str, str]:
    """Return what a person wants to know first, as names and values."""
    found = inspection.summary
    bits = f", {found['bit_depth']} bit" if found["bit_depth"] else ""
    length = "unknown length" if found["duration_s"] is None else f"{found['duration_s']:.3f} s"
    shown = found["shown"]
    sizes = found["sizes"]
    mean = " of the channels' mean" if found["channels"] > 1 else ""
    table = {
        "format": f"{found['format']} {found['subtype']}{bits}, {found['sr']} Hz, "
        f"{found['channels']} channel{'s' * (found['channels'] > 1)}, {length}",
        "shown": f"{shown['duration_s']:.3f} s from {shown['start_s']:g} s, at {shown['sr']} Hz",
        f"peak{mean}": _dbfs(found["peak_dbfs"]),
        f"RMS{mean}": _dbfs(found["rms_dbfs"]),
        "clipped samples": f"{found['clipped_samples']:,}",
        "constant part": f"{found['dc_offset']:+.5f} of full scale",
        "silence at the ends": f"{found['silence_start_s']:.3f} s and {found['silence_end_s']:.3f} s (below -60 dBFS)",
        "spectral centroid": _hz(found["spectral_centroid_hz"]),
        "strongest peaks": "; ".join(
            f"{p['hz']:.1f} Hz {p['note']} ({p['dbfs']:.1f} dB)".replace("  ", " ") for p in found["peaks"]
        )
        or "none",
        "sizes": f"{sizes['samples'][0]:,} samples become "
        + ", ".join(f"{a:,} x {b:,} ({name})" for name, (b, a) in list(sizes.items())[2:]),
    }
    if found["channels"] > 1:
        levels = zip(found["channel_peak_dbfs"], found["channel_rms_dbfs"], strict=True)
        table["channels, peak / RMS"] = "; ".join(f"{_dbfs(peak)} / {_dbfs(rms)}" for peak, rms in levels)
    return table


def pictures_of(one: Inspection) -> dict[str, Axes]:
    """Draw a recording in every way, by the picture's name."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    linear, decibels = figure.subplots(1, 2)
    given = _axes_of(one)
    # A few clicks would leave the rest of the colour scale to nothing at all.
    brightest = float(np.percentile(one.magnitude, 99.9)) or 1.0
    plots.spectrogram(one.magnitude, **given, unit="", limits=(0.0, brightest), ax=linear)
    level_db = amplitude_to_db(one.magnitude, top_db=None)
    plots.spectrogram(level_db, **given, limits=_range(float(level_db.max())), ax=decibels)
    linear.set_title("amplitude", fontsize=10)
    decibels.set(title="decibels", ylabel="")
    decibels.title.set_fontsize(10)
    span: dict[str, Any] = {"start_s": one.start_s, "end_s": one.end_s}
    return {
        "waveform": plots.waveform(one.y, sr=one.sr, start_s=one.start_s),
        "spectrum": plots.magnitude_spectrum(one.spectrum_hz, one.spectrum_db, peaks=one.peaks),
        "spectrogram": linear,
        "mel": plots.mel_spectrogram(
            one.mel_db, fmin=one.band_hz[0], fmax=one.band_hz[1], limits=_range(float(one.mel_db.max())), **span
        ),
        "mfcc": plots.mfcc(one.mfcc, **span),
        **{f"lost-{i}": _lost(one, degraded) for i, degraded in enumerate(one.degraded, 1)},
    }


def _compared(many: Sequence[Inspection]) -> dict[str, Axes]:
    """Draw a picture of each kind with an axes for each recording."""
    longest_s = max(len(one.y) / one.sr for one in many)
    highest_hz = max(one.magnitude_hz[1] for one in many)
    limit = 1.05 * max(float(np.abs(one.y).max()) for one in many) or 1.0
    level = [amplitude_to_db(one.magnitude, top_db=None) for one in many]
    top = max(float(values.max()) for values in level)
    mel_top = max(float(one.mel_db.max()) for one in many)
    shapes = [np.abs(one.mfcc[1:] if len(one.mfcc) > 1 else one.mfcc) for one in many]
    mfcc_limit = max(float(np.percentile(shape, 99)) for shape in shapes) or 1.0
    loudest = max(float(one.spectrum_db.max(initial=-200)) for one in many)

    def draw(one: Inspection, kind: str, i: int, ax: Axes) -> None:
        span: dict[str, Any] = {"start_s": one.start_s, "end_s": one.end_s, "ax": ax}
        if kind == "waveform":
            plots.waveform(one.y, sr=one.sr, start_s=one.start_s, limit=limit, ax=ax)
        elif kind == "spectrum":
            plots.magnitude_spectrum(one.spectrum_hz, one.spectrum_db, ax=ax)
            ax.set_xlim(max(1.0, min(20.0, highest_hz / 10)), highest_hz)
            ax.set_ylim(-100, max(loudest, -80) + 5)
        elif kind == "spectrogram":
            plots.spectrogram(level[i], **_axes_of(one), limits=_range(top), ax=ax)
            ax.set_ylim(ax.get_ylim()[0], highest_hz)
        elif kind == "mel":
            fmin, fmax = one.band_hz
            plots.mel_spectrogram(one.mel_db, fmin=fmin, fmax=fmax, limits=_range(mel_top), **span)
        else:
            plots.mfcc(one.mfcc, limit=mfcc_limit, **span)
        if kind != "spectrum":
            ax.set_xlim(ax.get_xlim()[0], one.start_s + longest_s)

    figures = {}
    for kind in _HEADINGS:
        across = 2 if len(many) == 4 else min(_ACROSS, len(many))
        down = -(-len(many) // across)
        figure = Figure(figsize=(3.4 * across + 0.8, 2.7 * down), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False).ravel()
        for i, (one, ax) in enumerate(zip(many, grid, strict=False)):
            draw(one, kind, i, ax)
            ax.set_title(_short(_name(one)), fontsize=9, parse_math=False)
            ax.tick_params(labelsize=7)
        for ax in grid[len(many) :]:
            ax.set_visible(False)
        figures[kind] = grid[0]
    return figures


def _lost(one: Inspection, degraded: Degraded) -> Axes:
    """Draw a few milliseconds around the loudest sample, before and after."""
    length = min(len(one.y), max(8, seconds_to_samples(_ZOOM_S, sr=one.sr)))
    first = int(np.clip(int(np.abs(one.y).argmax()) - length // 2, 0, len(one.y) - length))
    new_first = math.ceil(first * degraded.sr / one.sr)
    new_last = math.ceil((first + length) * degraded.sr / one.sr)
    return plots.steps(
        one.y[first : first + length],
        degraded.y[new_first:new_last],
        sr=one.sr,
        degraded_sr=degraded.sr,
        start_s=one.start_s + first / one.sr,
        degraded_start_s=one.start_s + new_first / degraded.sr,
        name=degraded.name,
    )


def _in_words(degraded: Degraded) -> str:
    found = degraded.facts
    if "snr_db" in found:
        if not math.isfinite(found["snr_db"]):
            return "Silence, or nothing that so many bits cannot hold: there is no noise to measure."
        return (
            f"{found['values']:,} values. Measured, the noise of rounding lies {found['snr_db']:.2f} dB below the "
            f"signal. Theory says 6.02 dB a bit and 1.76 for a sine at full scale: "
            f"{found['theory_full_scale_sine_db']:.2f} dB; at this clip's level, "
            f"{found['theory_at_this_level_db']:.2f} dB. (Theory takes rounding for even noise: where a clip is softer "
            "than a step, it becomes silence instead.)"
        )
    if "power_above_nyquist" in found and found["from_sr"] <= degraded.sr:
        return f"{found['samples']:,} samples. A higher rate than the recording's own loses nothing, and adds nothing."
    if "power_above_nyquist" in found:
        return (
            f"{found['samples']:,} samples. What lies above {found['nyquist_hz']:g} Hz cannot be kept: "
            f"{found['power_above_nyquist']:.2%} of the power. A filter took it away before samples were left out."
        )
    if "alias_hz" in found:
        return (
            "No filter before samples were left out: what lay above half the new rate folds down. The strongest there, "
            f"{found['strongest_above_hz']:.1f} Hz at {found['strongest_above_dbfs']:.1f} dB, is now heard at "
            f"{found['alias_hz']:.1f} Hz, where {found['alias_dbfs']:.1f} dB are measured."
        )
    return "No filter before samples were left out; nothing lay above half the new rate."


def _side_by_side(names: Sequence[str], tables: Sequence[Mapping[str, str]]) -> str:
    """Make a table with a column for each recording; of many, one with a row for each and the shorter numbers."""
    keys = list(dict.fromkeys(key for table in tables for key in table))
    if len(names) <= _ACROSS:
        head, body = names, [(key, [table.get(key, "") for table in tables]) for key in keys]
    else:
        head = [key for key in keys if key not in _LONG]
        body = [(_short(name), [table.get(key, "") for key in head]) for name, table in zip(names, tables, strict=True)]
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, cells in body
    )
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f'<div class="card" style="overflow-x:auto"><table><tr><th></th>{heads}</tr>{rows}</table></div>'


def _illustrated(pictures: Mapping[str, Axes]) -> list[str]:
    parts = []
    for name, heading in _HEADINGS.items():
        shown = picture(plots.to_svg(pictures[name]), line_art=name in ("waveform", "spectrum"))
        parts += [f"<h2>{heading}</h2>", f'<p class="soft">{escape(_CAPTIONS[name])}</p>']
        parts += [f'<div class="row">{shown}</div>']
    return parts


def _warnings(notes: Sequence[str]) -> list[str]:
    return [f'<p class="warn">{escape(note)}</p>' for note in notes]


def _range(loudest_db: float) -> tuple[float, float]:
    """Return the ends of a scale of decibels, none lower than what decibels are cut off at."""
    return max(loudest_db - _RANGE_DB, _LOWEST_DB), max(loudest_db, _LOWEST_DB + 1)


def _name(one: Inspection) -> str:
    return printable(one.path.name)


def _short(name: str) -> str:
    """Shorten a name so that it fits above a small picture."""
    return name if len(name) <= _LONGEST_TITLE else f"{name[: _LONGEST_TITLE - 9]}…{name[-8:]}"


def _axes_of(one: Inspection) -> dict[str, Any]:
    low_hz, high_hz = one.magnitude_hz
    return {"start_s": one.start_s, "end_s": one.end_s, "low_hz": low_hz, "high_hz": high_hz}


def _write(out: Path, pictures: Mapping[str, Axes], summary: Mapping[str, Any], html: str) -> None:
    def fill(folder: Path) -> None:
        for name, ax in pictures.items():
            plots.save(ax, folder / f"{name}.png")
        (folder / "report.html").write_text(html, encoding="utf-8", errors="replace")
        (folder / "summary.json").write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))

    with output_folder(out, _FOLDER, overwrite=True) as output:
        output.write(fill)


def check_out(out: Path) -> None:
    """Raise DatasetError unless ``out`` is free, or holds what was made here and nothing else."""
    with output_folder(out, _FOLDER, overwrite=True):
        pass


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _dbfs(level: float) -> str:
    return f"{level:.2f} dBFS" if math.isfinite(level) else "silent"


def _hz(value: float) -> str:
    return f"{value:.1f} Hz" if math.isfinite(value) else "none"
