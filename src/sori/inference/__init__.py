"""Apply trained models to recordings, with NumPy, ONNX Runtime and soundfile only."""

from sori.inference.classifier import Classifier, Moment, Prediction
from sori.inference.embedder import Embedder
from sori.inference.engines import ENGINES, Engine
from sori.inference.note_decoder import NoteDecoder, notes_from
from sori.inference.open import open_model, open_spotter
from sori.inference.spotter import NOT_WORDS, Decoder, Event, Spotter, SpotterSettings
from sori.inference.tagger import Sound, Tagger, TaggerSettings, Tags
from sori.inference.transcriber import Cleaner, NoteDecoding, Transcriber, Transcription, transcribe, usual_gain

__all__ = [
    "ENGINES",
    "NOT_WORDS",
    "Classifier",
    "Cleaner",
    "Decoder",
    "Embedder",
    "Engine",
    "Event",
    "Moment",
    "NoteDecoder",
    "NoteDecoding",
    "Prediction",
    "Sound",
    "Spotter",
    "SpotterSettings",
    "Tagger",
    "TaggerSettings",
    "Tags",
    "Transcriber",
    "Transcription",
    "notes_from",
    "open_model",
    "open_spotter",
    "transcribe",
    "usual_gain",
]
