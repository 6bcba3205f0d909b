"""A dataset of a word of one's own: a few recordings of it, and the speech and sounds that ship with Sori."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import grey_opening

from sori.audio import load
from sori.datasets import Catalog, Dataset, Recording, has_dataset
from sori.datasets.build import hash_of
from sori.datasets.store import MAKER, Rows, check_maker, write_description, write_shards
from sori.errors import AudioError, DatasetError, reason
from sori.evaluation.answers import Answer
from sori.features import Embedding, Preprocessor, Segmenting
from sori.features.preprocessor import SILENCE
from sori.folders import read_npz
from sori.inference.spotter import NOT_WORDS
from sori.output import output_folder
from sori.reporter import SILENT, Reporter

UNKNOWN = "unknown"
_FRONT_END: Any = Embedding(model="speech", hop_length=3200)
PREPROCESSOR = Preprocessor(_FRONT_END, Segmenting(duration_s=1.0, segments=1, pad=True))
SHIPPED = Path(__file__).parents[1] / "weights" / UNKNOWN / "embeddings.npz"
# Fewer recordings of a word leave too few to test on, or to learn from.
_FEWEST = 5
# A word is heard at any place of a window, and not only in silence.
_SHIFTS_S, _NOISE_DB = (-0.2, -0.1, 0.0, 0.1, 0.2), (3.0, 25.0)
_FRAME_S, _SILENCE, _LONGEST_S = 0.02, 1e-4, 1.1
# Bursts of energy as short as this, in frames, are clicks; speech is louder than what is around it by this factor, but
# in a recording as short as this there may be nothing around it.
_BURST, _CONTRAST, _TRIMMED_S = 3, 6.0, 0.8
_HOP_S, _MOST = 0.5, 20  # of windows of a recording that is longer than a word


@dataclass(frozen=True)
class Unknown:
    """Embeddings ``(n, windows, numbers)`` of clips that are no word of one's own, and name and source of each."""

    x: npt.NDArray[np.float32]
    names: tuple[str, ...]
    groups: tuple[str, ...]

    @classmethod
    def open(cls, path: Path = SHIPPED) -> Unknown:
        """Read those that ship with Sori.

        Raises
        ------
        DatasetError
            If the file is damaged.
        """
        try:
            arrays = read_npz(path)
            x = arrays["levels"] * arrays["scale"].astype(np.float32)
            return cls(x, tuple(map(str, arrays["names"])), tuple(map(str, arrays["groups"])))
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(f"{path}: damaged ({reason(error)}); install Sori again") from error

    def write(self, path: Path) -> None:
        """Write them with eight bits a number."""
        scale = np.abs(self.x).max(axis=(0, 1)) / 127
        levels = np.round(self.x / scale).astype(np.int8)
        np.savez_compressed(path, levels=levels, scale=scale.astype(np.float32), names=self.names, groups=self.groups)


def build_own_word(
    catalog: Catalog,
    path: Path,
    *,
    maker: str,
    others: Unknown | None = None,
    overwrite: bool = False,
    seed: int = 0,
    reporter: Reporter = SILENT,
) -> Dataset:
    """Build a dataset of words of one's own, each in a folder, and of the class ``unknown``.

    A second about the middle of each word is used, shifted by up to 0.2 s, once as it is and once in noise. A folder
    ``unknown`` of one's own, of other words or sounds of any length, is added to what ships with Sori, of which
    recordings of the very word are left out.

    Parameters
    ----------
    catalog
        The recordings; in each, the word is said once.
    path
        The dataset.
    maker
        What builds it: only what the same one made is replaced.
    others
        What is unknown beside a folder of one's own; None: what ships with Sori.
    seed
        Seed of the noise.

    Raises
    ------
    DatasetError
        If a word has fewer than five usable recordings or a name that is taken, or another dataset is in the way.
    """
    if has_dataset(path):
        check_maker(path, maker)
    for label in catalog.classes:
        if label.casefold() in NOT_WORDS and label != UNKNOWN:
            raise DatasetError(
                f"{catalog.root}: a word cannot be called {label}; rename the folder ({UNKNOWN} is for others)"
            )
    front_end = PREPROCESSOR.front_end
    rows = Rows()
    used: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    failed: list[dict[str, str]] = []
    front_end(np.zeros(front_end.sr, dtype=np.float32))  # tells what is not installed
    for i, recording in enumerate(catalog.recordings):
        reporter.progress("Hearing the word", i, len(catalog.recordings))
        file = catalog.root / recording.file
        try:
            y, _ = load(file, sr=front_end.sr)
            drawn, is_other = np.random.default_rng((seed, i)), recording.label == UNKNOWN
            starts, clips = _clips(y, front_end.sr, drawn, any_length=is_other)
            with file.open("rb") as stream:
                digest = hash_of(stream)
        except DatasetError as error:
            dropped.append({"file": recording.file, "reason": str(error)})
            continue
        except (AudioError, OSError) as error:
            failed.append({"file": recording.file, "reason": reason(error).removeprefix(f"{file}: ")})
            continue
        used.append(rows.add(recording, front_end(clips), start_s=starts, digest=digest))
    label_of = {recording.file: recording.label for recording in catalog.recordings}
    words = [label for label in catalog.classes if label != UNKNOWN]
    for label in words:
        known = sum(one["label"] == label for one in used)
        if known < _FEWEST:
            first = next((one for one in dropped + failed if label_of[one["file"]] == label), None)
            why = f" ({first['file']}: {first['reason']})" if first else ""
            raise DatasetError(
                f"{catalog.root}: {label} has {known} usable recordings{why}; record it at least {_FEWEST} "
                "times, better 10 to 30 times"
            )
    if not words:
        raise DatasetError(f"{catalog.root}: there is no word; put the recordings of each into a folder of its name")
    others, spoken = others or Unknown.open(), {label.casefold() for label in words}
    for name, group, x in zip(others.names, others.groups, others.x, strict=True):
        if _word_of(name) in spoken:
            continue
        digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        recording = Recording(UNKNOWN, f"{UNKNOWN}, with Sori/{name}", group)
        used.append(rows.add(recording, x[np.newaxis], start_s=[0.0], digest=digest))
    values = {
        "made_by": maker,
        **PREPROCESSOR.to_dict(),
        "classes": sorted({*words, UNKNOWN}),
        "shape": list(PREPROCESSOR.shape),
        "segments_dropped": 0,
        "source": "",  # most of it is no recording here
        "plan": "",
        "files": {"used": used, "dropped": dropped, "failed": failed, "ignored": list(catalog.ignored)},
    }

    def fill(folder: Path) -> None:
        write_description(folder, {**values, "shards": write_shards(folder, rows, shape=PREPROCESSOR.shape)})

    with output_folder(path, MAKER, overwrite=overwrite or has_dataset(path)) as output:
        output.write(fill)
    reporter.progress("Hearing the word", len(catalog.recordings), len(catalog.recordings))
    return Dataset.open(path)


def _word_of(name: str) -> str:
    """Return the word in a clip that ships with Sori.

    >>> _word_of("left/c7dc7278_nohash_3"), _word_of("unknown/seven_964e8cfd_nohash_1")
    ('left', 'seven')
    """
    folder, _, file = name.partition("/")
    if folder in SILENCE:
        return ""
    return file.split("_")[0] if folder == UNKNOWN else folder


def found(answers: Sequence[Answer]) -> list[str]:
    """Say of each word how many test recordings of it were found, and how many others were taken for it.

    What counts is the likeliest class; listening also asks for a probability.
    """
    lines = []
    for word in sorted({one.label for one in answers} - {UNKNOWN}):
        own = [one.right for one in answers if one.label == word]
        others = [one.predicted == word for one in answers if one.label != word]
        lines.append(
            f"{word}: found in {sum(own)} of {len(own)} test recordings; {sum(others)} of {len(others):,} others were "
            "taken for it"
        )
    return lines


def _clips(
    y: npt.NDArray[np.float32], sr: int, rng: np.random.Generator, *, any_length: bool
) -> tuple[list[float], npt.NDArray[np.float32]]:
    """Return where the clips of a word begin, in seconds, and the clips ``(n, samples)``.

    What is of ``any_length`` is cut into windows if it is longer than a word.

    Raises
    ------
    DatasetError
        If there is no word, or it takes too long.
    """
    begin, middle, end = _spoken(y, sr)
    longer = end - begin > _LONGEST_S * sr
    if longer and not any_length:
        raise DatasetError(
            f"what is spoken takes {(end - begin) / sr:.1f} s; a word is heard within one second, and is said once"
        )
    word = y[begin:end]
    padded = np.pad(y, sr)
    starts, clips = [], []
    places = [middle + round(shift_s * sr) - sr // 2 for shift_s in _SHIFTS_S]
    if longer:
        places = list(range(begin, end - sr // 2, round(_HOP_S * sr)))[:_MOST]
    for start in places:
        clip = padded[start + sr :][:sr]
        ratio_db = rng.uniform(*_NOISE_DB)
        noise = soft_noise(sr, rng) * np.sqrt(np.mean(word**2)) * 10 ** (-ratio_db / 20)
        starts += 2 * [max(0.0, start / sr)]
        clips += [clip, clip + noise]
    return starts, np.stack(clips).astype(np.float32)


def _spoken(y: npt.NDArray[np.float32], sr: int) -> tuple[int, int, int]:
    """Return the samples at which what is spoken begins, has half of its energy behind it, and ends."""
    size = round(_FRAME_S * sr)
    frames = y[: len(y) // size * size].reshape(-1, size).astype(np.float64)
    energy = (frames**2).mean(axis=1)
    if not len(energy) or energy.max() < _SILENCE**2:
        raise DatasetError("is silent")
    energy = grey_opening(energy, size=_BURST)
    quiet = np.quantile(energy, 0.1) if len(y) > _TRIMMED_S * sr else 0.0
    if energy.max() < _CONTRAST * quiet:
        raise DatasetError("nothing in it is louder than the rest")
    passed = np.cumsum(np.maximum(energy - 2 * quiet, 0))
    begin, middle, end = (int(np.searchsorted(passed, part * passed[-1])) for part in (0.02, 0.5, 0.98))
    return begin * size, middle * size + size // 2, (end + 1) * size


def soft_noise(n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return noise of effective value 1, between white and pink."""
    spectrum = np.fft.rfft(rng.standard_normal(n)) / np.maximum(np.arange(n // 2 + 1), 20) ** rng.uniform(0, 0.6)
    y = np.fft.irfft(spectrum, n)
    return np.asarray(y / y.std())
