"""A classifier as one ONNX file from samples to probabilities: its front end becomes part of the network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sori.bundle.bundle import Bundle
from sori.bundle.gap import TOLERANCE, gap_of
from sori.bundle.pretrained import pretrained
from sori.bundle.quantise import quantised
from sori.bundle.spectra import band, bank, cosines, factors, framing, turns
from sori.errors import BundleError, reason, require
from sori.features import Embedding, FrontEnd
from sori.features.embedding import SoundNetwork, SpeechNetwork
from sori.folders import replacing_file
from sori.sessions import onnx_session

if TYPE_CHECKING:
    import onnx

# ONNX's operators and file format: those that every current runtime, on phones and in browsers, knows.
_OPSET, _IR = 17, 9
_LOWEST_POWER = 1e-10
_PROBABILITIES, _SAMPLES = "probabilities", "samples"


def export_whole(run: str | Path, path: Path, *, quantise_with: str | Path | None = None) -> dict[str, Any]:
    """Write a trained classifier as one ONNX file, and compare it with the classifier.

    The file takes ``samples``, float32 ``(n, samples)`` of one segment at the model's rate (``(1, samples)`` if the
    model is of embeddings), and returns ``probabilities``, ``(n, classes)``. Its metadata state ``sr``, ``samples`` and
    ``classes`` (JSON).

    Parameters
    ----------
    quantise_with
        Quantise the network, not its front end, to 8 bits: the dataset that it was trained on. None: leave it as it is.

    Returns
    -------
    The metadata, and ``gap``, the largest difference from the classifier's own probabilities on test sounds; and, if it
    is quantised, what :func:`sori.bundle.quantise.quantised` measured.

    Raises
    ------
    BundleError
        If the model is no classifier, has a front end that has no ONNX form, or its outputs differ by more than 1e-3
        although it is not quantised.
    """
    onnx = require("onnx")
    bundle = Bundle.open(run)
    preprocessor = bundle.preprocessor
    if bundle.task not in ("classifier", "spotter") or preprocessor is None:
        raise BundleError(f"{run}: is not a classifier of recordings, so there is nothing to export from samples")
    graph = _Graph(preprocessor.samples)
    front_end: Any = preprocessor.front_end
    if isinstance(front_end, FrontEnd):
        features = graph.waveform() if front_end.kind == "waveform" else graph.spectra(front_end)
    elif isinstance(front_end, Embedding):
        features = graph.embeddings(front_end)
    else:
        raise BundleError(f"{run}: the front end {front_end.kind} has no ONNX form; use the model through Sori")
    onnx_session(bundle.path / "model.onnx")  # a damaged file is told before it is taken apart
    network = onnx.load(bundle.path / "model.onnx")
    measured: dict[str, Any] = {}
    if quantise_with is not None:
        network, measured = quantised(bundle, quantise_with)
    (probabilities,) = graph.add_network(network, "net/", [features])
    graph.node("Identity", [probabilities], _PROBABILITIES)
    metadata = {
        "sr": str(preprocessor.sr),
        "samples": str(preprocessor.samples),
        "classes": json.dumps(bundle.classes, ensure_ascii=False),
    }
    batch = "n" if isinstance(front_end, FrontEnd) else 1
    model = graph.model(batch, len(bundle.classes), metadata)
    with replacing_file(path) as temporary:
        onnx.save(model, temporary)
        exported = onnx_session(temporary)

        def answer(clips: npt.NDArray[np.float32]) -> Any:
            given = [clips] if batch != 1 else [clips[i : i + 1] for i in range(len(clips))]
            return np.concatenate([exported.run(None, {_SAMPLES: some})[0] for some in given])

        gap = gap_of(answer, bundle)
        if not measured and not gap <= TOLERANCE:
            raise BundleError(f"{run}: the exported file answers otherwise, by {gap:.2g}; nothing was written")
    return {**metadata, "classes": list(bundle.classes), "gap": gap, **({"quantised": measured} if measured else {})}


class _Graph:
    """An ONNX graph that grows node by node; every method returns the name of its output."""

    def __init__(self, samples: int) -> None:
        self._onnx = require("onnx")
        self._samples = samples
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._count = 0

    def constant(self, values: npt.ArrayLike, dtype: Any = np.float32) -> str:
        """Add a constant."""
        name = f"constant/{len(self._constants)}"
        self._constants[name] = self._onnx.numpy_helper.from_array(np.asarray(values, dtype=dtype), name)
        return name

    def node(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """Add an operator with one output."""
        self._count += 1
        output = output or f"front/{self._count}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def slice(self, x: str, start: int, stop: int, *, axis: int) -> str:
        """Return a part of ``x``."""
        return self.node("Slice", [x, *(self.constant([number], np.int64) for number in (start, stop, axis))])

    def add_network(self, network: onnx.ModelProto, prefix: str, inputs: list[str]) -> list[str]:
        """Add the nodes of a network, fed with ``inputs``; return its outputs. Its weights are added once."""
        graph = network.graph
        names = {given.name: name for given, name in zip(graph.input, inputs, strict=True)}
        shared = prefix.split("#", maxsplit=1)[0]
        for weight in graph.initializer:
            names[weight.name] = shared + weight.name
            if shared + weight.name not in self._constants:
                copied = self._onnx.TensorProto()
                copied.CopyFrom(weight)
                copied.name = shared + weight.name
                self._constants[copied.name] = copied
        for node in graph.node:
            copied = self._onnx.NodeProto()
            copied.CopyFrom(node)
            copied.name = ""
            copied.input[:] = [name and names.get(name, prefix + name) for name in node.input]
            copied.output[:] = [name and prefix + name for name in node.output]
            self._nodes.append(copied)
        return [prefix + output.name for output in graph.output]

    def waveform(self) -> str:
        """Return samples as frames of one bin."""
        return self.node("Unsqueeze", [_SAMPLES, self.constant([2], np.int64)])

    def spectra(self, front_end: FrontEnd) -> str:
        """Return a spectrogram, mel spectrogram or MFCCs, ``(n, frames, bins)``."""
        power = self.power(self.frames(front_end), int(front_end.n_fft or 0))
        if front_end.kind == "spectrogram":
            power = self.slice(power, *band(front_end), axis=2)
        else:
            power = self.node("MatMul", [power, self.constant(bank(front_end))])
        raised = self.node("Max", [power, self.constant(_LOWEST_POWER)])
        db = self.node("Mul", [self.node("Log", [raised]), self.constant(10 / np.log(10))])
        if front_end.top_db is not None and np.isfinite(front_end.top_db):
            loudest = self.node("ReduceMax", [db], axes=[1, 2], keepdims=1)
            db = self.node("Max", [db, self.node("Sub", [loudest, self.constant(front_end.top_db)])])
        if front_end.kind == "mfcc":
            db = self.node("MatMul", [db, self.constant(cosines(front_end))])
        return db

    def frames(self, front_end: FrontEnd) -> str:
        """Return windowed frames, ``(n, frames, n_fft)``."""
        cut = framing(front_end, self._samples)
        # Padding with less than nothing cuts off.
        x = self.node("Pad", [_SAMPLES, self.constant([0, cut.before, 0, cut.after], np.int64)])
        x = self.node("Reshape", [x, self.constant([0, -1, cut.piece], np.int64)])
        x = self.node("Gather", [x, self.constant(cut.which, np.int64)], axis=1)
        x = self.node("Reshape", [x, self.constant([0, len(cut.which), len(cut.window)], np.int64)])
        return self.node("Mul", [x, self.constant(cut.window)])

    def power(self, frames: str, n_fft: int) -> str:
        """Return the power spectrum of frames, ``(n, frames, 1 + n_fft // 2)``: see :mod:`sori.bundle.spectra`."""
        a, b = factors(n_fft)
        kept = 1 + b // 2  # the upper half of the spectrum mirrors the lower
        first, between, last = (
            (self.constant(real), self.constant(imaginary))
            for real, imaginary in (turns(a, a, a), turns(a, b, n_fft), turns(b, kept, b))
        )
        x = self.node("Reshape", [frames, self.constant([0, 0, a, b], np.int64)])
        real, imaginary = (self.node("MatMul", [part, x]) for part in first)
        real, imaginary = self._times("Mul", (real, imaginary), between)
        real, imaginary = self._times("MatMul", (real, imaginary), last)
        power = self.node("Add", [self.node("Mul", [part, part]) for part in (real, imaginary)])
        power = self.node("Transpose", [power], perm=[0, 1, 3, 2])
        power = self.node("Reshape", [power, self.constant([0, 0, kept * a], np.int64)])
        return self.slice(power, 0, 1 + n_fft // 2, axis=2)

    def _times(self, kind: str, x: tuple[str, str], y: tuple[str, str]) -> tuple[str, str]:
        """Return the product of complex numbers or matrices, real and imaginary parts."""
        (a, b), (c, d) = x, y
        real = self.node("Sub", [self.node(kind, [a, c]), self.node(kind, [b, d])])
        return real, self.node("Add", [self.node(kind, [a, d]), self.node(kind, [b, c])])

    def embeddings(self, front_end: Embedding) -> str:
        """Return the embeddings of windows; a network's nodes are repeated for each window, its weights are not."""
        kind: type[SoundNetwork] | type[SpeechNetwork]
        if front_end.model == "sounds":
            kind, embed = SoundNetwork, self.sound_embedding()
        else:
            kind, embed = SpeechNetwork, self.speech_embedding()
        after = kind.around + max(0, kind.window - 2 * kind.around - self._samples)
        x = self.node("Pad", [_SAMPLES, self.constant([0, kind.around, 0, after], np.int64)])
        axis = self.constant([1], np.int64)
        rows = []
        for i in range(front_end.frames(self._samples)):
            at = i * front_end.hop_length
            embedding = embed(self.slice(x, at, at + kind.window, axis=1), i)
            rows.append(self.node("Unsqueeze", [embedding, axis]))
        return self.node("Concat", rows, axis=1)

    def sound_embedding(self) -> Callable[[str, int], str]:
        """Return a function that adds YAMNet, for a window and its number, and returns the embedding."""
        network = self._onnx.load(pretrained("sounds") / "model.onnx")
        return lambda window, i: self.add_network(network, f"sounds/#{i}/", [window])[1]

    def speech_embedding(self) -> Callable[[str, int], str]:
        """Return a function that adds the networks of :class:`SpeechNetwork`, as :meth:`sound_embedding`."""
        kind = SpeechNetwork
        spectrum, network = (self._onnx.load(path) for path in kind.files())

        def embed(window: str, i: int) -> str:
            scaled = self.node("Mul", [window, self.constant(kind.full_scale)])
            (mel,) = self.add_network(spectrum, f"spectrum/#{i}/", [scaled])
            mel = self.node("Reshape", [mel, self.constant([-1, kind.bands], np.int64)])
            mel = self.node("Add", [self.node("Div", [mel, self.constant(kind.scale)]), self.constant(kind.shift)])
            mel = self.slice(mel, 0, kind.frames, axis=0)
            mel = self.node("Reshape", [mel, self.constant([1, kind.frames, kind.bands, 1], np.int64)])
            (embedding,) = self.add_network(network, f"speech/#{i}/", [mel])
            return self.node("Reshape", [embedding, self.constant([1, kind.size], np.int64)])

        return embed

    def model(self, batch: str | int, classes: int, metadata: dict[str, str]) -> onnx.ModelProto:
        """Return the model."""
        helper, kind = self._onnx.helper, self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            "sori",
            [helper.make_tensor_value_info(_SAMPLES, kind, [batch, self._samples])],
            [helper.make_tensor_value_info(_PROBABILITIES, kind, [batch, classes])],
            list(self._constants.values()),
        )
        model: onnx.ModelProto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR
        )
        helper.set_model_props(model, metadata)
        try:
            self._onnx.checker.check_model(model)
        except self._onnx.checker.ValidationError as error:
            raise BundleError(f"the network cannot be joined with its front end ({reason(error)})") from error
        return model
