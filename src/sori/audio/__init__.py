"""Audio as samples: reading and writing recordings, resampling, quantisation, levels, and synthetic test signals."""

from sori.audio.files import (
    AUDIO_SUFFIXES,
    Downmix,
    Info,
    blocks,
    check_saveable,
    duration_s,
    encode_mp3,
    info,
    load,
    recordings_in,
    recordings_of,
    save,
)
from sori.audio.level import clipped_samples, dbfs, mix, peak_db, rms_db, silent_ends_s, snr_db
from sori.audio.microphone import microphone
from sori.audio.quantise import mu_law_decode, mu_law_encode, quantise, theoretical_snr_db
from sori.audio.resample import resample
from sori.audio.tones import chirp, clicks, complex_tone, noise, tone

__all__ = [
    "AUDIO_SUFFIXES",
    "Downmix",
    "Info",
    "blocks",
    "check_saveable",
    "chirp",
    "clicks",
    "clipped_samples",
    "complex_tone",
    "dbfs",
    "duration_s",
    "encode_mp3",
    "info",
    "load",
    "microphone",
    "mix",
    "mu_law_decode",
    "mu_law_encode",
    "noise",
    "peak_db",
    "quantise",
    "recordings_in",
    "recordings_of",
    "resample",
    "rms_db",
    "save",
    "silent_ends_s",
    "snr_db",
    "theoretical_snr_db",
    "tone",
]
