"""Spectrum, spectrogram, mel spectrogram and MFCC of samples, with librosa's names, shapes and values."""

from sori.features.embedding import Embedding
from sori.features.front_end import FrontEnd
from sori.features.log_frequency import LogFrequency, log_frequency_filters
from sori.features.mel import mel_filters, mel_spectrogram, mfcc
from sori.features.peaks import spectral_centroid, spectral_peaks
from sori.features.preprocessor import SILENCE, Preprocessor, Unusable
from sori.features.registry import FEATURES, front_end_from_dict
from sori.features.segmenting import Segmenting
from sori.features.stft import spectrogram, spectrum, stft
from sori.units import amplitude_to_db, power_to_db

__all__ = [
    "FEATURES",
    "SILENCE",
    "Embedding",
    "FrontEnd",
    "LogFrequency",
    "Preprocessor",
    "Segmenting",
    "Unusable",
    "amplitude_to_db",
    "front_end_from_dict",
    "log_frequency_filters",
    "mel_filters",
    "mel_spectrogram",
    "mfcc",
    "power_to_db",
    "spectral_centroid",
    "spectral_peaks",
    "spectrogram",
    "spectrum",
    "stft",
]
