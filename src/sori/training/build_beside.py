"""The dataset of a training from a folder of recordings: its features are chosen, and it lies beside the run."""

from __future__ import annotations

import os
from pathlib import Path

from sori.datasets import FACTS, Dataset, build, has_dataset
from sori.datasets.store import check_maker
from sori.errors import DatasetError
from sori.features import Preprocessor
from sori.reporter import Reporter
from sori.training.choose import choose, read_by_speaker
from sori.training.options import TrainingOptions
from sori.training.own_word import build_own_word


def build_beside(
    source: Path, out: Path, options: TrainingOptions, *, maker: str, overwrite: bool, reporter: Reporter
) -> Dataset:
    """Build a dataset from recordings beside the run, or reuse the one that an earlier run built from them.

    Parameters
    ----------
    source
        A folder of recordings in class folders, or a table of labels.
    out
        The folder of the run; the dataset is called as it is, with ``-dataset`` behind.
    maker
        What builds it: only what the same one made is replaced.

    Raises
    ------
    DatasetError
        If there is one class alone, or another dataset is in the way.
    """
    catalog, group_by = read_by_speaker(
        source, columns=options.columns, group_by=options.group_by, fold_by=options.fold_by
    )
    if group_by != options.group_by:
        reporter.say(f"file names contain the speaker; recordings of one stay together (`group_by` '{group_by}')")
    beside = Path(os.path.abspath(out))
    path = beside.with_name(f"{beside.name}-dataset")
    if options.own_word:
        dataset = build_own_word(catalog, path, maker=maker, overwrite=overwrite, seed=options.seed, reporter=reporter)
        _tell(dataset, reporter)
        return dataset
    if len(catalog.classes) < 2:
        raise DatasetError(
            f"{source}: there is only one class ({catalog.classes[0]}); a classifier needs recordings of two or more, "
            "but `own_word=True` learns a word to listen for from its recordings alone"
        )
    choice = choose(catalog, model=options.model or ("cnn" if options.of_epochs else None), embedding=options.embedding)
    for line in (*choice.reasons, *catalog.notes):
        reporter.say(line)
    if group_by is None and source.is_dir():
        reporter.say(
            "each recording is a group of its own; if file names contain speaker, artist or take, give `group_by`"
        )
    if has_dataset(path):
        overwrite = _may_replace(path, choice.preprocessor, maker=maker, overwrite=overwrite)
    dataset = build(
        catalog,
        path,
        preprocessor=choice.preprocessor,
        resume=not overwrite,
        overwrite=overwrite,
        maker=maker,
        reporter=reporter,
    )
    _tell(dataset, reporter)
    return dataset


def _tell(dataset: Dataset, reporter: Reporter) -> None:
    """Say what a dataset holds, and which files it does not."""
    counts, path = dataset.counts, dataset.path
    reporter.say(
        f"dataset: {os.path.relpath(path)}, {counts['segments']} segments of {counts['recordings']} recordings"
    )
    for kind in ("failed", "dropped"):
        for entry in dataset.files[kind][:5]:
            reporter.say(f"{kind}: {entry['file']}: {entry['reason']}")
        if len(dataset.files[kind]) > 5:
            reporter.say(f"{kind}: {len(dataset.files[kind]) - 5} more, listed in {path / FACTS}")


def _may_replace(path: Path, preprocessor: Preprocessor, *, maker: str, overwrite: bool) -> bool:
    """Return whether to replace a dataset: one that a training made, with other settings or to begin anew.

    Raises
    ------
    DatasetError
        If a person built it with other settings.
    """
    wanted = overwrite or Dataset.open(path).preprocessor != preprocessor
    if wanted:
        check_maker(path, maker)
    return wanted
