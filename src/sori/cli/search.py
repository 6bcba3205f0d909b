"""`sori search`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite
from sori.errors import check_installed


def search(
    dataset: Annotated[Path, typer.Argument(help="A dataset.")],
    out: Annotated[Path, typer.Option(help="Folder for report.html, trials.csv and search.json.")],
    minutes: Annotated[float, typer.Option(help="Time for all trials.")] = 20.0,
    trials: Annotated[int | None, typer.Option(help="Stop after this many (default: when time is over).")] = None,
    model: Annotated[str | None, typer.Option(help="Architecture (default: by the features).")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the training part (default: the model's own).")
    ] = None,
    test_size: Annotated[float, typer.Option(help="Fraction that is not looked at.")] = 0.3,
    valid_size: Annotated[float, typer.Option(help="Fraction of the rest to compare by.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Seed of the split and of all random draws.")] = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Search for options of a training that suit a dataset: learning rate, size, dropout, augmentation and others.

    Trials are compared in validation. The test part is left for the training that the search ends with proposing.

    Example: sori search data/words --minutes 20 --out looked-into/search
    """
    check_installed("joblib", "pyarrow", "keras", "sklearn", "matplotlib", "optuna")
    from sori.experiments.search import search as search_options
    from sori.experiments.search import table

    with console.stopping(f"stopped before the first trial was finished; nothing was written to {out}"):
        with console.reporting() as reporter:
            found = search_options(
                dataset,
                out,
                minutes=minutes,
                trials=trials,
                model=model,
                epochs=epochs,
                test_size=test_size,
                valid_size=valid_size,
                seed=seed,
                overwrite=overwrite,
                reporter=reporter,
            )
    if json:
        console.print_json(found.to_dict())
        return
    heads, rows = table(found)
    console.print_table(heads, rows[:10])
    for line in found.answer:
        console.show(line)
    options = dict(found.options)
    options |= options.pop("model_options", {})
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    console.show(f"sori train {shlex.quote(str(dataset))} --out runs/best {flags}")
    console.show(f"page: {out / 'report.html'}")
