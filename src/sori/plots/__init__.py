"""Every picture, from arrays; no file reading, no computing of features."""

from sori.plots.figure import save, to_svg
from sori.plots.network import error_curve, network_diagram, surfaces
from sori.plots.notes import piano_roll, roll_comparison
from sori.plots.sound import magnitude_spectrum, mel_spectrogram, mfcc, spectrogram, steps, waveform
from sori.plots.tags import tags
from sori.plots.training import (
    accuracy_bars,
    confusion_matrix,
    detection_curve,
    examples_curve,
    learning_curve,
    learning_curves,
    reliability_diagram,
    search_curve,
)

__all__ = [
    "accuracy_bars",
    "confusion_matrix",
    "detection_curve",
    "error_curve",
    "examples_curve",
    "learning_curve",
    "learning_curves",
    "magnitude_spectrum",
    "mel_spectrogram",
    "mfcc",
    "network_diagram",
    "piano_roll",
    "reliability_diagram",
    "roll_comparison",
    "save",
    "search_curve",
    "spectrogram",
    "steps",
    "surfaces",
    "tags",
    "to_svg",
    "waveform",
]
