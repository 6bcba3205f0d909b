"""Read the waveforms of a dataset's segments, to augment them and compute features again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from joblib import Parallel, cpu_count, delayed

from sori.datasets.build import hash_of
from sori.datasets.split import Indices
from sori.datasets.store import Dataset, Segments
from sori.errors import DatasetError, SoriError, reason
from sori.features import Preprocessor
from sori.reporter import SILENT, Reporter


def read_clips(
    dataset: Dataset, segments: Segments, which: Indices, file: Path, *, reporter: Reporter = SILENT
) -> npt.NDArray[np.float32]:
    """Read the clips of some segments into ``file`` and map it, so that only the clips in use take memory.

    They are cut from the recordings as they were for the dataset.

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
        If the dataset was imported, or a recording is missing or has changed since it was built.
    """
    if dataset.preprocessor is None or not dataset.has_recordings:
        raise DatasetError(
            f"{dataset.path}: was imported without waveforms; augment its features instead: `augment='spectrogram'`"
        )
    preprocessor = dataset.preprocessor
    digests = dataset.digests()
    out = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=(len(which), preprocessor.samples))
    places: dict[str, list[int]] = {}
    for place, segment in enumerate(which):
        places.setdefault(str(segments.recording[segment]), []).append(place)

    def read(name: str) -> npt.NDArray[np.float32]:
        starts_s = [float(segments.start_s[which[place]]) for place in places[name]]
        path = Path(dataset.source) / name
        return _read(path, digests[name], starts_s, preprocessor=preprocessor)

    # Threads: decoding and resampling release the interpreter's lock.
    with Parallel(n_jobs=cpu_count(), prefer="threads", return_as="generator") as pool:
        for done, (name, clips) in enumerate(zip(places, pool(delayed(read)(name) for name in places), strict=True), 1):
            out[places[name]] = clips
            reporter.progress("Reading clips", done, len(places))
    out.flush()
    return np.load(file, mmap_mode="r")  # type: ignore[no-any-return]


def _read(path: Path, digest: str, starts_s: list[float], *, preprocessor: Preprocessor) -> npt.NDArray[np.float32]:
    try:
        with path.open("rb") as file:
            same = hash_of(file) == digest
        y, sr = preprocessor.load(path)
        clips, starts = preprocessor.clips(y, sr=sr, allow_silence=True)
    except (SoriError, OSError) as error:
        raise DatasetError(
            f"{path}: cannot be read again for augmentation ({reason(error).removeprefix(f'{path}: ')}); put it back, "
            "or use `augment='spectrogram'`"
        ) from error
    if not same:
        raise DatasetError(f"{path}: has changed since the dataset was built; build it again with `overwrite=True`")
    at = {start / preprocessor.sr: clip for start, clip in zip(starts, clips, strict=True)}
    return np.stack([at[start_s] for start_s in starts_s])
