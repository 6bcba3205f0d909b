"""`sori evaluate`: score a trained classifier on a dataset."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sori.bundle.matching import ids_of_model
from sori.datasets import Dataset, build, has_dataset
from sori.errors import DatasetError, ParameterError
from sori.evaluation import score_classes
from sori.inference import Classifier
from sori.reporter import Reporter, usual
from sori.training.choose import read_by_speaker


def evaluate(
    run: str | Path,
    data: str | Path,
    *,
    group_by: str | None = None,
    include_training: bool = False,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Score a trained model on other recordings, leaving out those used to train or validate it.

    Parameters
    ----------
    data
        A dataset with the model's front end, or a folder of recordings in class folders (or CSV). It may lack some of
        the model's classes.
    group_by
        For a folder of recordings: as :func:`sori.datasets.read_catalog` takes it.

    Returns
    -------
    As :meth:`sori.evaluation.ClassScores.to_dict`, with ``split``, ``leaky`` and ``left_out`` (recordings).

    Raises
    ------
    BundleError, DatasetError
        If either is missing or damaged, they do not match, or no recording is left that was not in training.
    """
    classifier = Classifier(run)
    with _opened(classifier, Path(data), group_by, usual(reporter)) as dataset:
        return _scored(classifier, dataset, include_training=include_training)


@contextmanager
def _opened(classifier: Classifier, data: Path, group_by: str | None, reporter: Reporter) -> Iterator[Dataset]:
    """Yield a dataset: the given one, or one that is built from recordings for as long as it is needed."""
    if has_dataset(data) or not data.exists():
        if group_by is not None:
            raise ParameterError("`group_by` is for a folder of recordings; a dataset has its groups already")
        yield Dataset.open(data)
        return
    catalog, _ = read_by_speaker(data, group_by=group_by)
    with tempfile.TemporaryDirectory(prefix="sori-") as folder:
        # Under the name of the folder, by which it is called in messages.
        out = Path(folder) / (data.resolve().name or "recordings")
        dataset = build(catalog, out, preprocessor=classifier.preprocessor, reporter=reporter)
        for kind in ("failed", "dropped"):
            for entry in dataset.files[kind]:
                reporter.say(f"{kind}: {entry['file']}: {entry['reason']}")
        yield dataset


def _scored(classifier: Classifier, dataset: Dataset, *, include_training: bool) -> dict[str, Any]:
    bundle = classifier.bundle
    ids = ids_of_model(bundle, dataset)
    segments, digests = dataset.load(), dataset.digests()
    parts = bundle.parts()
    used = {*parts["train"], *parts["valid"]}
    known = np.array([digests[recording] in used for recording in segments.recording])
    left_out = len(set(segments.recording[known]))
    leaky = bool(include_training and known.any())
    if include_training:
        known[:] = False
    elif known.all():
        raise DatasetError(
            f"{dataset.path}: {bundle.path} was trained on every recording in it, so a score would mean nothing; give "
            "recordings that were not in training (or `include_training=True`, for a leaky score)"
        )
    chosen = np.flatnonzero(~known)
    scores = score_classes(
        classifier.predict_features(segments.x[chosen]),
        ids[segments.label[chosen]],
        recordings=segments.recording[chosen],
        groups=segments.group[chosen],
        classes=bundle.classes,
    )
    if leaky:
        described = f"LEAKY: {left_out} of the recordings were in training or validation"
    elif not dataset.has_recordings or not bundle.dataset.get("source"):
        described = "imported features: it is not known whether some were used in training"
    elif left_out:
        described = f"recordings not used in training ({left_out} others left out)"
    else:
        described = "no recording was used in training"
    return {"split": described, "leaky": leaky, "left_out": 0 if leaky else left_out, **scores.to_dict()}
