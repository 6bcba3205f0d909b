"""Sound as samples: reading recordings, changing their rate."""

from sori.audio.files import AUDIO_SUFFIXES, Info, encode_mp3, info, load
from sori.audio.resample import resample

__all__ = ["AUDIO_SUFFIXES", "Info", "encode_mp3", "info", "load", "resample"]
