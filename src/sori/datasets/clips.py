"""The waveforms behind a dataset's segments, at hand so that they can be changed and made features anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed

from sori.audio import load
from sori.datasets.build import MARGIN_S, cut_clip, hash_of
from sori.datasets.segmenting import Segmenting
from sori.datasets.split import Indices
from sori.datasets.store import Dataset, Segments
from sori.errors import DatasetError, SoriError, reason
from sori.features import FrontEnd
from sori.progress import Progress, silent


def read_clips(
    dataset: Dataset, segments: Segments, which: Indices, file: Path, *, progress: Progress = silent
) -> npt.NDArray[np.float32]:
    """Read the clips of some segments into ``file``, mapped into memory, so that as few of them as are used lie in it.

    They are cut from the recordings just as they were for the dataset.

    Parameters
    ----------
    which
        Indices into ``segments``; the result has their order.

    Returns
    -------
    float32, shape ``(len(which), samples)``, read-only.

    Raises
    ------
    DatasetError
        If the dataset was imported, or a recording is gone or has changed since it was built.
    """
    if dataset.front_end is None or not dataset.has_recordings:
        raise DatasetError(
            f"{dataset.path}: was imported, so its sound cannot be changed; its features can: --augment spectrogram"
        )
    front_end, segmenting = dataset.front_end, Segmenting(**dataset.segmenting)
    digests = dataset.digests()
    n = segmenting.samples(front_end.sr)
    out = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=(len(which), n))
    places: dict[str, list[int]] = {}
    for place, segment in enumerate(which):
        places.setdefault(str(segments.recording[segment]), []).append(place)

    def read(name: str) -> npt.NDArray[np.float32]:
        starts_s = [float(segments.start_s[which[place]]) for place in places[name]]
        path = Path(dataset.source) / name
        return _read(path, digests[name], starts_s, front_end=front_end, segmenting=segmenting)

    # Threads: decoding and resampling release the interpreter's lock.
    with Parallel(n_jobs=cpu_count(), prefer="threads", return_as="generator") as pool:
        for done, (name, clips) in enumerate(zip(places, pool(delayed(read)(name) for name in places), strict=True), 1):
            out[places[name]] = clips
            progress("Reading sound", done, len(places))
    out.flush()
    return np.load(file, mmap_mode="r")  # type: ignore[no-any-return]


def _read(
    path: Path, digest: str, starts_s: list[float], *, front_end: FrontEnd, segmenting: Segmenting
) -> npt.NDArray[np.float32]:
    try:
        with path.open("rb") as file:
            same = hash_of(file) == digest
        y, sr = load(path, duration_s=segmenting.duration_s + MARGIN_S)
        clips, starts = cut_clip(y, sr=sr, front_end=front_end, segmenting=segmenting, silent_too=True)
    except (SoriError, OSError) as error:
        raise DatasetError(
            f"{path}: cannot be read again to be changed ({reason(error).removeprefix(f'{path}: ')}); put it back, or "
            "use --augment spectrogram"
        ) from error
    if not same:
        raise DatasetError(f"{path}: has changed since the dataset was built; build it anew with --overwrite")
    at = {start / front_end.sr: clip for start, clip in zip(starts, clips, strict=True)}
    return np.stack([at[start_s] for start_s in starts_s])
