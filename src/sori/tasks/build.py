"""`sori dataset build`: from recordings to a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sori.datasets import Dataset, read_catalog
from sori.datasets import build as build_catalog
from sori.features import Preprocessor
from sori.reporter import Reporter, usual
from sori.training.choose import choose


def build(
    source: str | Path,
    out: str | Path,
    *,
    preprocessor: Preprocessor | None = None,
    labels: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    group_by: str | None = None,
    fold_by: str | None = None,
    jobs: int | None = None,
    max_bad: float = 1.0,
    resume: bool = False,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Dataset:
    """Build the dataset ``out`` from labelled recordings.

    Parameters
    ----------
    source
        A folder of class folders, or a CSV with columns file, label and, optionally, group and fold.
    preprocessor
        How recordings become segments of features; None: chosen from the recordings, as in training.
    labels, columns, group_by, fold_by
        As :func:`sori.datasets.read_catalog` takes them.
    jobs, max_bad, resume, overwrite
        As :func:`sori.datasets.build` takes them.

    Raises
    ------
    SoriError
        If anything is missing, does not match or exists already.
    """
    reporter = usual(reporter)
    catalog = read_catalog(
        Path(source),
        labels=None if labels is None else Path(labels),
        columns=columns,
        group_by=group_by,
        fold_by=fold_by,
    )
    for note in catalog.notes:
        reporter.say(note)
    if preprocessor is None:
        choice = choose(catalog)
        preprocessor = choice.preprocessor
        for line in choice.reasons:
            reporter.say(line)
    return build_catalog(
        catalog,
        Path(out),
        preprocessor=preprocessor,
        jobs=jobs,
        max_bad=max_bad,
        resume=resume,
        overwrite=overwrite,
        reporter=reporter,
    )
