"""`sori augment`: variants of a recording, to listen to and inspect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from sori.audio import load, recordings_of, save
from sori.augment import MOST_VARIANTS, Drawn, looked_at, make_variant, named_augmentation
from sori.errors import ParameterError, SoriError, check_between, check_count, printable, reason
from sori.folders import folder_names, read_json, short
from sori.output import Maker, output_folder
from sori.reporter import SILENT, Reporter
from sori.reports.augmentation import augmentation_report
from sori.training.backgrounds import without_unusable

_MAKER = "sori augment"
_DRAWN = "drawn.json"
_FOLDER = Maker(
    _MAKER, _DRAWN, files=("report.html",), listed=lambda made: [variant["file"] for variant in made["variants"]]
)


def augment(
    file: str | Path,
    out: str | Path,
    *,
    recipe: str = "speech",
    count: int = 8,
    seed: int = 0,
    background: Path | None = None,
    duration_s: float = 30.0,
    replay: Path | None = None,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> list[Path]:
    """Write ``count`` variants of a recording as FLAC, a ``drawn.json`` with the settings of each, and a page.

    A variant beyond full scale is scaled down so as not to clip, and the page says so.

    Parameters
    ----------
    recipe
        One of :data:`sori.augment.RECIPES`, or of :data:`sori.augment.TRANSFORMS` for that transform alone.
    background
        Folder of background recordings to mix in, as in training.
    duration_s
        Longest part of the recording to use, from its start.
    replay
        A ``drawn.json``: make the same variants again, of this recording or of another; recipe, count, seed and
        background are taken from it.

    Returns
    -------
    The files, in order.

    Raises
    ------
    SoriError
        If anything is missing, out of range or exists already.
    """
    file, out = Path(file), Path(out)
    check_count("count", count)
    check_between("count", count, 1, MOST_VARIANTS)
    check_between("seed", seed, 0, 2**32 - 1)
    given: dict[str, Any] = {"recipe": recipe, "seed": seed, "background": background and str(background)}
    chosen: list[Mapping[str, Any]] | None = None
    if replay is not None:
        given, chosen = _read_drawn(replay)
        count = len(chosen)
    with output_folder(out, _FOLDER, overwrite=overwrite) as output:
        wanted = without_unusable(named_augmentation(given["recipe"], given["background"]), reporter=reporter)
        y, sr = load(file, duration_s=duration_s)
        variants = []
        for i in range(count):
            rng = np.random.default_rng((given["seed"], i))
            try:
                variants.append(make_variant(y, wanted, sr=sr, rng=rng, drawn=None if chosen is None else chosen[i]))
            except ParameterError as error:
                raise error if replay is None else ParameterError(f"{replay}: {error}") from error
            reporter.progress("Augmenting", i + 1, count)
        names = [f"{short(file.stem)}-{i:03d}.flac" for i in range(1, count + 1)]

        def fill(folder: Path) -> None:
            for name, variant in zip(names, variants, strict=True):
                save(folder / name, variant.y, sr=sr)
            made = {"made_by": _MAKER, "file": printable(file.name), "sr": sr, **given}
            made["variants"] = [{"file": printable(name), **v.drawn} for name, v in zip(names, variants, strict=True)]
            (folder / _DRAWN).write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2))
            text = augmentation_report(
                file.name, given["recipe"], y, sr, looked_at(sr)(y), dict(zip(names, variants, strict=True)), reporter
            )
            (folder / "report.html").write_text(text, encoding="utf-8")

        output.write(fill)
    return [out / name for name in names]


def augment_files(
    files: Sequence[str | Path], out: str | Path, *, reporter: Reporter = SILENT, **options: Any
) -> list[tuple[Path, list[Path] | SoriError]]:
    """Write variants of several recordings, each into a folder of its own in ``out``; options as of :func:`augment`.

    A recording that cannot be used gets its error as the result.
    """
    results: list[tuple[Path, list[Path] | SoriError]] = []
    recordings = recordings_of(files)
    for file, name in zip(recordings, folder_names(recordings), strict=True):
        try:
            results.append((file, augment(file, Path(out) / name, reporter=reporter, **options)))
        except SoriError as error:
            results.append((file, error))
    return results


def _read_drawn(path: Path) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    try:
        made = read_json(path, Drawn)
    except (OSError, ValueError) as error:
        raise ParameterError(f"{path}: is not a {_DRAWN} of sori augment, or damaged ({reason(error)})") from error
    return {key: made[key] for key in ("recipe", "seed", "background")}, list(made["variants"])
