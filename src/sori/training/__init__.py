"""Train networks and diagnose what happened."""

from sori.training.classifier import Answers, Fitted, TrainedClassifier, Trainer, train_classifier
from sori.training.diagnosis import Diagnosis, diagnose
from sori.training.fit import History, Settings, fit
from sori.training.normalise import Normalisation
from sori.training.options import TrainingOptions

__all__ = [
    "Answers",
    "Diagnosis",
    "Fitted",
    "History",
    "Normalisation",
    "Settings",
    "TrainedClassifier",
    "Trainer",
    "TrainingOptions",
    "diagnose",
    "fit",
    "train_classifier",
]
