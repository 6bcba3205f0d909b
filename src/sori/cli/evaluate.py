"""`sori evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json
from sori.cli.scores import show_scores
from sori.errors import check_installed


def evaluate(
    run: Annotated[Path, typer.Argument(help="A trained model (folder).")],
    dataset: Annotated[Path, typer.Argument(help="A dataset made with the same front end and classes.")],
    include_training: Annotated[
        bool, typer.Option("--include-training", help="Also score training recordings (leaky).")
    ] = False,
    json: Json = False,
) -> None:
    """Score a trained model on a dataset, without its training recordings.

    Example: sori evaluate runs/first data/more-sounds
    """
    check_installed("pyarrow", "sklearn")
    from sori.tasks.evaluate import evaluate as evaluate_task

    scores = evaluate_task(run, dataset, include_training=include_training)
    if json:
        console.print_json(scores)
    else:
        show_scores(scores)
