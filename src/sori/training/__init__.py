"""Fit a network and tell what happened."""

from sori.training.fit import History, Settings, fit
from sori.training.normalise import Normalisation
from sori.training.report import Mistake, render_report

__all__ = ["History", "Mistake", "Normalisation", "Settings", "fit", "render_report"]
