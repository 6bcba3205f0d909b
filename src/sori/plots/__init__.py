"""Every picture, from arrays; no file reading, no computing of features."""

from sori.plots.figure import to_svg
from sori.plots.training import confusion_matrix, learning_curve

__all__ = ["confusion_matrix", "learning_curve", "to_svg"]
