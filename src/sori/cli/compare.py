"""`sori compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite, check_new
from sori.errors import SoriError, check_installed


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Trained classifiers, the first one as base.")
    ],
    out: Annotated[Path | None, typer.Option(help="Page to write, .html.")] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Compare trained classifiers: scores, curves, and paired differences on the same test recordings.

    Example: sori compare runs/cnn runs/embedding --out comparison.html
    """
    check_installed("matplotlib")
    from sori.folders import replacing_file
    from sori.reports.compare import HEADS, render_comparison
    from sori.reports.compare import compare as compare_runs

    if out is not None:
        check_new(out, ".html", overwrite=overwrite)
    compared = compare_runs(runs)
    if out is not None:
        try:
            with replacing_file(out) as temporary:
                temporary.write_text(render_comparison(compared), encoding="utf-8")
        except OSError as error:
            raise SoriError(f"{out}: {error.strerror}") from error
    if json:
        console.print_json([one.to_dict() for one in compared])
        return
    console.print_table(list(HEADS), [one.row() for one in compared])
    if out is not None:
        console.show(f"page: {out}")
