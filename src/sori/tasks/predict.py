"""`sori predict`: classify recordings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from sori.audio import info, recordings_of
from sori.errors import SoriError
from sori.inference import Classifier, Prediction
from sori.reporter import Reporter, usual


def predict(
    run: str | Path, files: Sequence[str | Path], *, reporter: Reporter | None = None
) -> list[tuple[Path, Prediction | SoriError]]:
    """Classify recordings, as :func:`predictions` does, and return all results."""
    return list(predictions(run, files, reporter=reporter))


def predictions(
    run: str | Path, files: Sequence[str | Path], *, reporter: Reporter | None = None
) -> Iterator[tuple[Path, Prediction | SoriError]]:
    """Classify recordings, also those in folders, each from its start to its end, and yield each result.

    A recording that cannot be read gets its error as the result.

    Raises
    ------
    BundleError
        If the model is missing or damaged.
    AudioError
        If a folder holds no recording.
    """
    reporter, classifier = usual(reporter), Classifier(run)
    preprocessor = classifier.preprocessor  # a model without a front end is refused before the first file
    listed, others = recordings_of(files), Counter[int]()
    for i, file in enumerate(listed, 1):
        try:
            found = classifier.predict_file(file)
            others[info(file).sr] += 1
            yield file, found
        except SoriError as error:
            yield file, error
        reporter.progress("Predicting", i, len(listed))
    del others[preprocessor.sr]
    if others:
        rates = ", ".join(f"{sr} Hz ({count})" for sr, count in sorted(others.items()))
        reporter.say(f"resampled to the model's {preprocessor.sr} Hz from {rates}")
