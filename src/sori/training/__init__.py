"""Fit a network and tell what happened."""

from sori.training.diagnosis import Diagnosis, diagnose
from sori.training.fit import History, Settings, fit
from sori.training.normalise import Normalisation
from sori.training.report import Heard, render_report

__all__ = ["Diagnosis", "Heard", "History", "Normalisation", "Settings", "diagnose", "fit", "render_report"]
