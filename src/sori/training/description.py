"""The description of a trained classifier, as its bundle states it."""

from __future__ import annotations

from pathlib import Path

import sori
from sori import models
from sori.bundle import Bundle
from sori.training.classifier import TrainedClassifier


def bundle_of(trained: TrainedClassifier) -> Bundle:
    """Describe a trained classifier: its front end, network, training, data and scores."""
    dataset, settings, normalisation = trained.dataset, trained.settings, trained.fitted.normalisation
    preprocessor = dataset.preprocessor
    return Bundle(
        task="classifier",
        front_end=preprocessor.front_end if preprocessor else None,
        segmenting=preprocessor.segmenting if preprocessor else None,
        classes=dataset.classes,
        input_shape=dataset.shape,
        normalisation={"mean": normalisation.mean.tolist(), "std": normalisation.std.tolist()},
        architecture={
            "name": trained.model,
            "options": {**models.ARCHITECTURES[trained.model].options, **trained.options.model_options},
            "parameters": trained.parameters,
            "multiply_adds": models.multiply_adds(trained.fitted.network),
        },
        training={
            "options": trained.options.to_dict(),
            **{name: value for name, value in vars(settings).items() if name != "augment"},
            "augment": settings.augment.to_dict() if settings.augment else None,
            "best_epoch": trained.fitted.history.best_epoch,
            "temperature": trained.fitted.temperature,
            "threshold": trained.fitted.threshold,
            "sori_version": sori.__version__,
        },
        dataset={
            "fingerprint": dataset.fingerprint,
            "name": dataset.path.resolve().name,
            "source": Path(dataset.source).name,
            "recordings": dataset.counts["recordings"],
            "segments": dataset.counts["segments"],
        },
        scores=trained.scores,
    )
