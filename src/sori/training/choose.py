"""Choose a front end and a segment length from the headers of the recordings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sori.audio import duration_s, info
from sori.datasets import Catalog, read_catalog
from sori.errors import AudioError, DatasetError
from sori.features import Embedding, FrontEnd, Preprocessor, Segmenting
from sori.models import ARCHITECTURES

_LOOK_AT = 400
# A network that learns from sound alone needs this many recordings of each class.
_ENOUGH = 100
_HIGHEST_SR = 22050
_LONGEST_WHOLE_S, _SEGMENT_S, _LONGEST_USED_S = 6.0, 3.0, 30.0
# Samples from one window of an embedding to the next: half a window, and for short words a tenth.
_HOPS = {"sounds": 7680, "speech": 1280}
# File names of Speech Commands contain the speaker: bed/0a7c2a8d_nohash_0.wav.
_SPEAKER, _SPEAKERS_FROM = r"([0-9a-f]{8})_nohash", 0.5


def speakers_in_names(files: Sequence[str]) -> str | None:
    """Return the pattern of the speaker in file names of a known form; None: they have another form.

    >>> speakers_in_names(["yes/0a7c2a8d_nohash_0.wav", "no/0a7c2a8d_nohash_1.wav", "silence/12.wav"])
    '([0-9a-f]{8})_nohash'
    >>> speakers_in_names(["yes/1.wav", "no/2.wav"])
    """
    carrying = sum(re.search(_SPEAKER, file) is not None for file in files)
    return _SPEAKER if carrying > _SPEAKERS_FROM * len(files) else None


def read_by_speaker(
    source: Path, *, columns: Mapping[str, str] | None = None, group_by: str | None = None, fold_by: str | None = None
) -> tuple[Catalog, str | None]:
    """Read labelled recordings; if no pattern of groups is given, look for one of speakers in the file names.

    Parameters are as :func:`sori.datasets.read_catalog` takes them.

    Returns
    -------
    The catalog, and the pattern of its groups; None: each recording is a group, or a table names the groups.
    """
    catalog = read_catalog(source, columns=columns, group_by=group_by, fold_by=fold_by)
    if group_by is None and source.is_dir():
        group_by = speakers_in_names([recording.file for recording in catalog.recordings])
        if group_by is not None:
            catalog = read_catalog(source, group_by=group_by, fold_by=fold_by)
    return catalog, group_by


@dataclass(frozen=True)
class Choice:
    """A preprocessor for a folder, and the reasons, as lines to show."""

    preprocessor: Preprocessor
    reasons: tuple[str, ...]


def choose(catalog: Catalog, *, model: str | None = None, embedding: str | None = None) -> Choice:
    """Choose a preprocessor from up to 400 headers.

    If 95 % of the recordings are no longer than 6 s, each is one segment, as long as that percentile, and shorter ones
    are padded; otherwise segments of 3 s are cut from the first 30 s. If the classes have fewer than 100 recordings
    (the median), features are embeddings. Otherwise the rate is the most common one, at most 22 050 Hz, and features
    are 64 mel bands over windows of 32 to 64 ms (a power of two), half a window apart, or a quarter if segments are
    under 2 s; models of waveforms or spectrograms get those, and ``mlp`` gets 13 MFCCs.

    Parameters
    ----------
    model
        The architecture to be trained; None: the default.
    embedding
        Which embeddings: see :class:`sori.features.Embedding`; None: ``sounds``.

    Raises
    ------
    DatasetError
        If no recording can be read.
    """
    step = -(-len(catalog.recordings) // _LOOK_AT)
    rates, durations_s = [], []
    for recording in catalog.recordings[::step]:
        path = catalog.root / recording.file
        try:
            header = info(path)
            length_s = duration_s(path) if header.announced_s is None else header.announced_s
        except AudioError:
            continue
        if length_s:
            rates.append(header.sr)
            durations_s.append(length_s)
    if not rates:
        raise DatasetError(f"{catalog.root}: none of the recordings checked can be read")
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
    a_class = float(np.median(list(Counter(recording.label for recording in catalog.recordings).values())))
    few = model is None and a_class < _ENOUGH
    kind = "embedding" if few or embedding else ARCHITECTURES[model].features if model else "mel"
    if kind == "embedding":
        front_end, described = _embedding(embedding or "sounds")
        if few and not embedding:
            described += f", since a class has {a_class:.0f} recordings (`model='cnn'` learns from the sound alone)"
    else:
        front_end, described = _spectral(kind, sr, short=segmenting.samples(sr) < 2 * sr)
    shortest, longest = f"{min(durations_s):.3g}", f"{max(durations_s):.3g}"
    span = f"{shortest} s" if shortest == longest else f"{shortest} to {longest} s"
    return Choice(
        Preprocessor(front_end, segmenting),
        (
            f"{len(catalog.recordings)} recordings of {len(catalog.classes)} classes, {span}, mostly at {commonest} Hz",
            f"features: {described}",
            f"recordings are used {cut}",
        ),
    )


def _embedding(model: str) -> tuple[Any, str]:
    """Return the front end, and what it is."""
    front_end = Embedding(model=model, hop_length=_HOPS[model])
    name = {"sounds": "embeddings of YAMNet", "speech": "speech embeddings"}[model]
    return front_end, f"{name} ({front_end.bins:,} numbers every {front_end.hop_length / front_end.sr:g} s)"


def _spectral(kind: str, sr: int, *, short: bool) -> tuple[Any, str]:
    """Return the front end of a kind for recordings at a rate, and what it is; ``short``: segments are under 2 s."""
    n_fft = max(64, 2 ** int(np.log2(0.064 * sr)))
    hop_length = n_fft // (4 if short else 2)
    if kind == "spectrogram":
        n_fft = n_fft // 4  # all bins are kept: a quarter of the window gives twice as many bins as there are mel bands
        hop_length = n_fft // 2
    front_end = FrontEnd(kind=kind, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=64)
    described = {
        "mel": f"{front_end.n_mels} mel bands",
        "mfcc": f"{front_end.n_mfcc} MFCCs",
        "spectrogram": f"{front_end.bins} bins of a spectrogram",
        "waveform": "waveforms",
    }[kind]
    how = "" if kind == "waveform" else f", n_fft {n_fft}, hop {hop_length}"
    return front_end, f"{described} at {sr} Hz{how}"
