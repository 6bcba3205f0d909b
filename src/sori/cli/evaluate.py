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
    data: Annotated[
        Path, typer.Argument(help="A dataset with the model's features, or a folder of recordings in class folders.")
    ],
    group_by: Annotated[
        str | None, typer.Option(help="For a folder: regular expression for groups, such as speakers.")
    ] = None,
    include_training: Annotated[
        bool, typer.Option("--include-training", help="Also score training recordings (leaky).")
    ] = False,
    json: Json = False,
) -> None:
    """Score a trained model on a dataset or a folder of recordings, without its training recordings.

    Example: sori evaluate runs/first more-sounds/
    """
    check_installed("joblib", "pyarrow", "sklearn")
    from sori.tasks.evaluate import evaluate as evaluate_task

    with console.stopping("stopped"), console.reporting() as reporter:
        scores = evaluate_task(run, data, group_by=group_by, include_training=include_training, reporter=reporter)
    if json:
        console.print_json(scores)
    else:
        show_scores(scores)
