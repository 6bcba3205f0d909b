"""A classifier as a folder that is a web page: it classifies recordings and a microphone in the browser."""

from __future__ import annotations

import json
import lzma
import os
import shutil
from pathlib import Path
from typing import Any

from sori.bundle.bundle import Bundle
from sori.bundle.export import export_whole
from sori.output import Maker, output_folder

_MAKER, _FACTS, _MODEL = "sori export", "model.json", "model.onnx"
_PAGE = Path(__file__).parents[1] / "web"
_PACKED = ".xz"  # the runtime is stored in a sixth of its size


def export_web(
    run: str | Path,
    out: Path,
    *,
    quantise_with: str | Path | None = None,
    none_of_these: bool = False,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write a trained classifier as a web page that needs no server but one for files.

    The folder holds the page, the model as :func:`sori.bundle.export.export_whole` writes it, and ONNX Runtime Web (MIT
    licence), which computes it in the browser. No sound leaves the page.

    ``quantise_with`` and what is returned are as in :func:`sori.bundle.export.export_whole`.

    Parameters
    ----------
    none_of_these
        Let the page say "none of these" where the likeliest class has less than the learned threshold. It was learned
        from whole recordings, whose probabilities are means: of a single window, it withholds more.

    Raises
    ------
    BundleError
        If the model cannot be exported, or has no learned threshold.
    DatasetError
        If ``out`` is there already and may not be replaced.
    """
    threshold = Bundle.open(run).learned_threshold() if none_of_these else 0.0
    sources = [path for path in sorted(_PAGE.iterdir()) if path.is_file()]
    written = [path.name.removesuffix(_PACKED) for path in sources]
    made: dict[str, Any] = {}

    def fill(folder: Path) -> None:
        made.update(export_whole(run, folder / _MODEL, quantise_with=quantise_with))
        facts = {
            "made_by": _MAKER,
            "name": os.path.basename(os.path.abspath(run)),
            "sr": int(made["sr"]),
            "samples": int(made["samples"]),
            "classes": made["classes"],
            "threshold": threshold,
        }
        (folder / _FACTS).write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        for source, name in zip(sources, written, strict=True):
            with lzma.open(source) if source.suffix == _PACKED else source.open("rb") as packed:
                with (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)

    with output_folder(out, Maker(_MAKER, _FACTS, files=(_MODEL, *written)), overwrite=overwrite) as output:
        output.write(fill)
    return made
