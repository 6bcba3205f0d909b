"""Convert datasets to and from common files: the classic JSON of MFCCs, and npz of waveforms."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from sori.datasets.store import MAKER, Dataset, Rows, write_description, write_shards
from sori.errors import DatasetError, ParameterError, check_count, reason
from sori.features import FrontEnd
from sori.folders import read_json, read_npz, replacing_file
from sori.output import output_folder


def export_json(dataset: Dataset, out: Path) -> None:
    """Write the classic JSON: ``mapping`` (class names), ``labels`` and ``mfcc``, indented by 4.

    Each entry of ``mfcc`` is a segment as ``(frames, n_mfcc)``. Written shard by shard, in constant memory.

    Raises
    ------
    DatasetError
        If the dataset does not hold MFCCs.
    """
    kind = dataset.front_end.kind if dataset.front_end else "mfcc"
    if kind != "mfcc":
        raise DatasetError(
            f"{dataset.path}: holds {kind} features; the classic JSON is for mfcc (read the Parquet instead)"
        )
    ids = {name: i for i, name in enumerate(dataset.classes)}
    labels = [ids[name] for table in dataset.tables(["label"]) for name in table.column("label").to_pylist()]
    with replacing_file(out) as temporary, temporary.open("wb") as file:
        mapping = orjson.dumps(list(dataset.classes)).decode()
        file.write(b'{\n    "mapping": ' + _indented(mapping, 1) + b",\n")
        file.write(b'    "labels": ' + _indented(orjson.dumps(labels).decode(), 1) + b",\n")
        file.write(b'    "mfcc": [')
        separator = b"\n        "
        for part in dataset.features():
            for segment in part:
                text = orjson.dumps(segment, option=orjson.OPT_SERIALIZE_NUMPY).decode()
                file.write(separator + _indented(text, 2))
                separator = b",\n        "
        file.write(b"\n    ]\n}\n" if labels else b"]\n}\n")


def import_json(path: Path, out: Path, *, front_end: FrontEnd | None = None, group_size: int | None = None) -> Dataset:
    """Make a dataset from a classic JSON.

    Parameters
    ----------
    front_end
        How the coefficients were computed, which the file does not say; needed to predict on recordings later.
    group_size
        Number of consecutive segments of one recording. Without it, it is not known which segments belong together,
        and only the leaky split by segment is possible.

    Raises
    ------
    DatasetError
        If the file is not such a JSON, its segments differ in shape, a label is not in ``mapping``, or ``out`` exists.
    """
    try:
        content = read_json(path)
        mapping, labels, mfcc = (content[key] for key in ("mapping", "labels", "mfcc"))
        x, ids = np.array(mfcc, dtype=np.float32), np.array(labels)
    except (OSError, orjson.JSONDecodeError) as error:
        raise DatasetError(f"{path}: not readable as JSON ({reason(error)})") from error
    except (KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: a classic JSON has mapping, labels and mfcc; {error} is missing or wrong"
        ) from error
    except (ValueError, OverflowError) as error:
        raise DatasetError(f"{path}: segments must all have the same (frames, n_mfcc) ({reason(error)})") from error
    if not isinstance(mapping, list) or not all(isinstance(name, str) for name in mapping):
        raise DatasetError(f"{path}: mapping must be a list of class names")
    if x.ndim != 3 or ids.shape[:1] != x.shape[:1] or not x.size:
        raise DatasetError(f"{path}: needs one label per segment; has {ids.size} labels, mfcc of shape {x.shape}")
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
        raise DatasetError(f"{path}: labels must be whole numbers, one per segment")
    if ids.min() < 0 or ids.max() >= len(mapping):
        outside = int(ids.min()) if ids.min() < 0 else int(ids.max())
        raise DatasetError(f"{path}: label {outside} is outside mapping, which has {len(mapping)} names")
    if len(set(mapping)) < len(mapping):
        raise DatasetError(f"{path}: mapping names a class twice")
    if not np.isfinite(x).all():
        raise DatasetError(f"{path}: mfcc holds numbers that are not finite")
    if front_end is not None and front_end.bins != x.shape[2]:
        raise DatasetError(f"{path}: has {x.shape[2]} coefficients; the front end given makes {front_end.bins}")
    names = [mapping[i] for i in ids]
    return _store(out, x, names, classes=sorted(set(mapping)), front_end=front_end, size=group_size)


def import_npz(path: Path, out: Path, *, front_end: FrontEnd, classes: Sequence[str] | None = None) -> Dataset:
    """Make a dataset from an npz with ``wav_vals`` (n, samples) and ``label_vals`` (n, 1) of strings.

    Each clip counts as a recording of its own. An optional array ``group_vals`` (n, 1) of strings or whole numbers
    gives the group of each clip, such as its speaker; without it each clip is a group of its own.

    Parameters
    ----------
    front_end
        The features to compute from the waveforms; its ``sr`` is their rate.
    classes
        The order of the class ids; sorted names if None.

    Raises
    ------
    DatasetError
        If the file has other keys or shapes or holds pickled objects, a label is not in ``classes``, or ``out`` exists.
    """
    try:
        arrays = read_npz(path)
    except OSError as error:
        raise DatasetError(f"{path}: not readable as npz ({reason(error)})") from error
    except ValueError as error:
        if "pickle" in str(error).lower():
            raise DatasetError(
                f"{path}: holds pickled objects, such as clips of unequal length; bring them to one length and "
                "save them again as plain numbers and strings"
            ) from error
        raise DatasetError(f"{path}: not readable as npz ({reason(error)})") from error
    missing = {"wav_vals", "label_vals"} - set(arrays)
    if missing:
        raise DatasetError(
            f"{path}: needs wav_vals and label_vals; {' and '.join(sorted(missing))} missing, it has "
            f"{', '.join(arrays) or 'nothing'}"
        )
    wav, label, group = arrays["wav_vals"], arrays["label_vals"], arrays.get("group_vals")
    if wav.ndim != 2 or len(wav) != label.size or not wav.size:
        raise DatasetError(
            f"{path}: needs wav_vals (n, samples), n at least 1, and as many labels; has {wav.shape} and {label.shape}"
        )
    if label.dtype.kind not in "US":
        raise DatasetError(f"{path}: label_vals must be strings; they are {label.dtype}")
    if group is not None and (group.size != len(wav) or group.dtype.kind not in "USiu"):
        raise DatasetError(
            f"{path}: group_vals must be strings or whole numbers, one per clip; has {group.dtype} of {group.shape}"
        )
    wav = _full_scale(path, wav)
    names = _texts(path, label)
    order = sorted(set(names)) if classes is None else list(classes)
    unknown = sorted(set(names) - set(order))
    if unknown:
        raise DatasetError(f"{path}: label {unknown[0]!r} is not among the classes given ({', '.join(order)})")
    try:
        x = front_end(wav)
    except ParameterError as error:
        raise DatasetError(f"{path}: {error}") from error
    groups = None if group is None else _texts(path, group)
    return _store(out, x, names, classes=order, front_end=front_end, size=1, groups=groups, samples=wav.shape[1])


def _texts(path: Path, values: npt.NDArray[Any]) -> list[str]:
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    try:
        return [str(value).encode("utf-8", "replace").decode() for value in values.reshape(-1)]
    except (SystemError, ValueError) as error:  # NumPy reads any bytes as characters
        raise DatasetError(f"{path}: holds strings that are not text") from error


def _store(
    out: Path,
    x: npt.NDArray[np.float32],
    labels: list[str],
    *,
    classes: list[str],
    front_end: FrontEnd | None,
    size: int | None,
    groups: list[str] | None = None,
    samples: int | None = None,
) -> Dataset:
    """Write an imported dataset; ``size`` consecutive segments make a recording; None: unknown.

    ``groups`` names what each segment belongs to; None: each recording is a group of its own.
    """
    if size is not None:
        check_count("group_size", size)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise DatasetError(f"{out}: is there already; choose another name")
    shape = (x.shape[1], x.shape[2])
    names = _recording_names(labels, size)
    groups = groups or ([""] * len(x) if size is None else names)
    used = []
    for first, end in _runs(names):
        used.append(
            {
                "file": names[first],
                "label": labels[first],
                "group": groups[first],
                "fold": "",
                "segments": end - first,
                "digest": hashlib.blake2b(x[first:end].tobytes(), digest_size=16).hexdigest(),
            }
        )

    def fill(folder: Path) -> None:
        n = len(x)
        rows = Rows(recording=names, group=groups, fold=[""] * n, label=labels, start_s=[0.0] * n, x=[x])
        shards = write_shards(folder, rows, shape=shape)
        write_description(
            folder,
            {
                "front_end": None if front_end is None else front_end.to_dict(),
                "segmenting": _segmenting(front_end, shape, samples),
                "classes": classes,
                "shape": list(shape),
                "segments_dropped": 0,
                "source": "",
                "plan": "",
                "files": {"used": used, "dropped": [], "failed": [], "ignored": []},
                "shards": shards,
            },
        )

    with output_folder(out, MAKER) as output:
        output.write(fill)
    return Dataset.open(out)


def _recording_names(labels: list[str], size: int | None) -> list[str]:
    """Name the recording of each segment: ``size`` consecutive segments of a class; None: a single segment.

    Raises
    ------
    DatasetError
        If a run of one class is not a multiple of ``size``, so that a recording would be cut in two.
    """
    names = []
    for first, end in _runs(labels):
        if size is not None and (end - first) % size:
            raise DatasetError(
                f"{end - first} segments of {labels[first]} in a row are not a multiple of `group_size` {size}: some "
                "recording has fewer, so it is not known where each ends; leave `group_size` out"
            )
        names += [f"{labels[first]}/{first + (i if size is None else i // size):06d}" for i in range(end - first)]
    return names


def _full_scale(path: Path, wav: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Convert samples of any type to float32 in [-1, 1]."""
    if np.issubdtype(wav.dtype, np.floating):
        return wav.astype(np.float32)
    if not np.issubdtype(wav.dtype, np.integer):
        raise DatasetError(f"{path}: wav_vals must be numbers; they are {wav.dtype}")
    half = 2.0 ** (8 * wav.dtype.itemsize - 1)
    zero = half if np.issubdtype(wav.dtype, np.unsignedinteger) else 0.0
    return ((wav.astype(np.float64) - zero) / half).astype(np.float32)


def _segmenting(front_end: FrontEnd | None, shape: tuple[int, int], samples: int | None) -> dict[str, Any]:
    """Return settings that cut one segment, as long as the imported ones, from the start of a recording."""
    if front_end is None:
        return {}
    n = samples or (shape[0] - 1) * (front_end.hop_length or 1)
    return {"duration_s": n / front_end.sr, "segments": 1, "overlap": 0.0, "pad": True}


def _runs(names: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the first and end index of each run of equal names."""
    first = 0
    for i in range(1, len(names) + 1):
        if i == len(names) or names[i] != names[first]:
            yield first, i
            first = i


def _indented(compact: str, level: int) -> bytes:
    """Indent a compact JSON array as ``json.dumps(..., indent=4)`` does, ``level`` levels deep.

    A text with strings, which may hold commas, is parsed; any other is cut at every comma.
    """
    if '"' in compact:
        items = [orjson.dumps(item).decode() for item in orjson.loads(compact)]
        inner = "    " * (level + 1)
        return (f"[\n{inner}" + f",\n{inner}".join(items) + "\n" + "    " * level + "]").encode() if items else b"[]"
    if compact == "[]":
        return b"[]"
    depth = len(compact) - len(compact.lstrip("["))
    pads = ["\n" + "    " * (level + i) for i in range(depth + 1)]
    body = compact[depth:-depth]
    if depth == 2:
        body = body.replace("],[", "\0").replace(",", "," + pads[2]).replace("\0", f"{pads[1]}],{pads[1]}[{pads[2]}")
    else:
        body = body.replace(",", "," + pads[1])
    opening = "".join("[" + pads[i + 1] for i in range(depth))
    closing = "".join(pads[i] + "]" for i in reversed(range(depth)))
    return (opening + body + closing).encode()
