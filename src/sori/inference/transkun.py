"""Transkun, an exact and slow piano transcriber in PyTorch: its package as an engine."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori.errors import SoriError, package_folder, reason, require
from sori.music import Note
from sori.music.midi import PEDAL
from sori.music.pedal import cut_at_strokes, ringing

_CONFIG, _WEIGHTS = Path("pretrained") / "2.0.conf", Path("pretrained") / "2.0.pt"


class Transkun:
    """Transkun as a transcription engine, with the weights of its package.

    Source: Yan and Duan, Scoring Intervals Using Non-Hierarchical Transformer for Automatic Piano Transcription (2024);
    the package ``transkun`` (MIT).

    Raises
    ------
    MissingDependencyError
        If the package, or one that it needs, is not installed.
    SoriError
        If it cannot be loaded.
    """

    sr = 44100

    def __init__(self) -> None:
        folder = package_folder("transkun", name="transkun", how="pip install transkun")
        try:
            torch, config = require("torch"), require("moduleconf").parseFromFile(str(folder / _CONFIG))
            model = config["Model"].module.TransKun(conf=config["Model"].config)
            saved = torch.load(folder / _WEIGHTS, map_location="cpu", weights_only=True)
            model.load_state_dict(saved.get("best_state_dict", saved.get("state_dict")), strict=False)
        except SoriError:
            raise
        except Exception as error:  # of PyTorch, torchaudio and the package, which may not fit each other
            raise SoriError(f"transkun cannot be loaded ({reason(error)})") from error
        self._torch, self._model = torch, model.eval()

    def __call__(self, y: npt.NDArray[np.float32]) -> list[Note]:
        """Return the notes of a clip ``(samples,)`` at 44,100 Hz, which last as long as the pedal lets them ring."""
        if not len(y):
            return []
        with self._torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PyTorch, at the package's use of it
            events = self._model.transcribe(self._torch.from_numpy(np.stack([y, y], axis=1)))
        # A negative pitch is the number of a pedal's control.
        pedals = sorted((event.start, event.end) for event in events if event.pitch == -PEDAL)
        keys = [
            Note(max(0.0, float(event.start)), float(event.end), int(event.pitch), int(np.clip(event.velocity, 1, 127)))
            for event in events
            if event.pitch > 0 and event.end > max(0.0, event.start)
        ]
        return cut_at_strokes(ringing(keys, pedals))
