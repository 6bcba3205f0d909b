"""The page of `sori augment`: a clip and its variants, to hear and to see."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from sori import plots
from sori.audio import encode_mp3
from sori.augment import Variant
from sori.errors import AudioError, reason
from sori.plots.figure import own_axes
from sori.reporter import Reporter
from sori.reports.page import page, picture, player

_RANGE_DB = 80.0


def augmentation_report(
    title: str,
    recipe: str,
    y: npt.NDArray[np.float32],
    sr: int,
    mel_db: npt.NDArray[np.float32],
    variants: Mapping[str, Variant],
    reporter: Reporter,
) -> str:
    """Make the page: the clip before, and each variant by its file's name, with what was drawn for it."""
    top = float(mel_db.max())
    span: dict[str, Any] = {
        "start_s": 0.0,
        "end_s": len(y) / sr,
        "fmin": 0.0,
        "fmax": sr / 2,
        "limits": (top - _RANGE_DB, top),
    }

    def pictures(*mels: npt.NDArray[np.float32] | None) -> str:
        there = [mel for mel in mels if mel is not None]
        # Two beside each other are half as wide: smaller pictures keep their words legible.
        drawn = [plots.mel_spectrogram(mel.T, **span, ax=own_axes(width=9 / len(there), height=3.4)) for mel in there]
        return "".join(picture(plots.to_svg(ax), line_art=False) for ax in drawn)

    parts = [
        f"<h1>{escape(title)}: {escape(recipe)}</h1>",
        '<p class="soft">Mel spectrograms on one scale of dB, which ends at the loudest band of the original. Where a '
        "recipe also changes features, they stand to the right; in training, a blank holds the mean of the training "
        "part, here that of the variant.</p>",
        "<h2>Before</h2>",
        player(_mp3(y, sr)),
        f'<div class="row">{pictures(mel_db)}</div>',
    ]
    for i, (name, variant) in enumerate(variants.items(), 1):
        changes = "; ".join(_described(entry) for entry in variant.drawn["waveform"]) or "the sound stays as it is"
        if variant.softer_db:
            changes += f"; played {variant.softer_db:.1f} dB softer than that, so as not to clip"
        parts += [
            f"<h2>{escape(name)}</h2>",
            f'<p class="soft">{escape(changes)}</p>',
            player(_mp3(variant.y, sr)),
            f'<div class="row">{pictures(variant.mel_db, variant.masked_db)}</div>',
        ]
        reporter.progress("Drawing the page", i, len(variants))
    return page(f"{title}: {recipe}", parts)


def _mp3(y: npt.NDArray[np.float32], sr: int) -> bytes:
    try:
        return encode_mp3(y, sr=sr)
    except (OSError, RuntimeError, ValueError) as error:
        raise AudioError(f"cannot be made an MP3 ({reason(error)})") from error


def _described(entry: Mapping[str, Any]) -> str:
    """Say what was drawn for a transform, as a person would write it."""

    def plain(value: Any) -> str:
        if isinstance(value, list):
            return " ".join(plain(one) for one in value)
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    values = [f"{key} {plain(value)}" for key, value in entry.items() if key not in ("transform", "name")]
    return f"{entry['name']} ({', '.join(values)})"
