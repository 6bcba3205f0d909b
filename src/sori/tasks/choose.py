"""Choose a front end and a segment length by looking at the recordings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sori.audio import info
from sori.datasets import Catalog, Segmenting
from sori.errors import AudioError, DatasetError
from sori.features import FrontEnd

_LOOK_AT = 400
_HIGHEST_SR = 22050
_LONGEST_WHOLE_S, _SEGMENT_S, _LONGEST_USED_S = 6.0, 3.0, 30.0


@dataclass(frozen=True)
class Choice:
    """Front end and segmenting for a folder, and why, as lines for a person."""

    front_end: FrontEnd
    segmenting: Segmenting
    reasons: tuple[str, ...]


def choose(catalog: Catalog) -> Choice:
    """Look at up to 400 headers and choose.

    The rate is the commonest among the recordings, at most 22 050 Hz. Recordings of up to 6 s are one segment, as long
    as nineteen in twenty are, shorter ones padded; longer ones are cut into segments of 3 s, from their first 30 s.
    Features are 64 mel bands over windows of 32 to 64 ms (a power of two), half a window apart, or a quarter where
    segments are under 2 s.

    Raises
    ------
    DatasetError
        If no recording can be read.
    """
    step = -(-len(catalog.recordings) // _LOOK_AT)
    rates, durations_s = [], []
    for recording in catalog.recordings[::step]:
        try:
            header = info(catalog.root / recording.file)
        except AudioError:
            continue
        if header.frames:
            rates.append(header.sr)
            durations_s.append(header.duration_s)
    if not rates:
        raise DatasetError(f"{catalog.root}: none of the recordings looked at can be read")
    commonest = Counter(rates).most_common(1)[0][0]
    sr = min(commonest, _HIGHEST_SR)
    long_s = float(np.percentile(durations_s, 95))
    if long_s <= _LONGEST_WHOLE_S:
        segmenting = Segmenting(duration_s=max(round(long_s, 2), 0.1), segments=1, pad=True)
        longer = f", longer ones cut to their first {segmenting.duration_s:g} s" if long_s < max(durations_s) else ""
        cut = f"as one segment of {segmenting.duration_s:g} s (shorter ones padded{longer})"
    else:
        segments = max(1, int(min(float(np.median(durations_s)), _LONGEST_USED_S) // _SEGMENT_S))
        segmenting = Segmenting(duration_s=segments * _SEGMENT_S, segments=segments, pad=True)
        cut = f"up to their first {segmenting.duration_s:g} s, in {segments} segments of {_SEGMENT_S:g} s"
    n_fft = max(64, 2 ** int(np.log2(0.064 * sr)))
    short = segmenting.samples(sr) < 2 * sr
    front_end = FrontEnd(kind="mel", sr=sr, n_fft=n_fft, hop_length=n_fft // (4 if short else 2), n_mels=64)
    shortest, longest = f"{min(durations_s):.3g}", f"{max(durations_s):.3g}"
    span = f"{shortest} s" if shortest == longest else f"{shortest} to {longest} s"
    return Choice(
        front_end,
        segmenting,
        (
            f"{len(catalog.recordings)} recordings of {len(catalog.classes)} classes, {span}, mostly at {commonest} Hz",
            f"features: {front_end.n_mels} mel bands at {sr} Hz, n_fft {n_fft}, hop {front_end.hop_length}",
            f"recordings are used {cut}",
        ),
    )
