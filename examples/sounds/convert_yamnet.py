"""Make the network of `src/sori/weights/sounds` from YAMNet's TensorFlow Lite file and its class map.

    python examples/sounds/convert_yamnet.py yamnet.tflite yamnet_class_map.csv src/sori/weights/sounds

The weights stay quantised as they are (8 bits, dequantised when the file is opened). Its outputs become two: the scores
of 521 classes, and the 1,024 numbers before the last layer. `pip install '.[train]'` brings tf2onnx.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import onnx
from onnx import numpy_helper

WINDOW, HOP = 15600, 7680
CARD = """# sounds

A tagger: YAMNet (MobileNet v1) with 3,751,369 parameters, for 521 kinds of sound.

## Use

    sori tag recording.wav
    sori train FOLDER --model embedding

or in Python:

    sori.open("sounds").tag_file("recording.wav")
    sori.Embedder("sounds").embed(y, sr=sr)

`model.onnx` takes `waveform`, one window of 0.975 s at 16 kHz, shape (1, 15600), and returns `scores`, shape (1, 521),
each 0 to 1 and independent of the others, and `embedding`, shape (1, 1024).

## Scores

Published by its authors: balanced mean average precision 0.306 on the evaluation set of AudioSet. With a head trained
on its embeddings, `sori train` reaches 98.5 % on the five folds of ESC-10 (see `docs/results.md`).

## Limitations

Its scores are not calibrated: they rank the classes, but 0.5 is not a probability of one half. AudioSet includes
classes like those of ESC-10, so a score on ESC-10 is not one on sounds that are new to the network. It hears 16 kHz:
what is above 7.5 kHz is lost.

## Data and licence

AudioSet (Gemmeke et al. 2017): two million excerpts of 10 s from YouTube, labelled by people with 521 of its classes.

Apache License 2.0 (`LICENSE`), Copyright The TensorFlow Authors. Converted from `yamnet.tflite` of
https://github.com/tensorflow/models/tree/master/research/audioset/yamnet by `examples/sounds/convert_yamnet.py`; the
weights are unchanged. The class names are those of AudioSet's ontology (CC BY 4.0).
"""


def converted(tflite: Path) -> onnx.ModelProto:
    """Convert the file, and name its input and its two outputs."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.onnx"
        command = [sys.executable, "-m", "tf2onnx.convert", "--tflite", str(tflite), "--output", str(out)]
        subprocess.run([*command, "--opset", "17"], check=True)
        model = onnx.load(out)
    graph = model.graph
    (pooled,) = [node.output[0] for node in graph.node if "global_average_pooling2d" in node.output[0]][-1:]
    names = {graph.input[0].name: "waveform", "Identity": "scores", pooled: "embedding"}
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    del graph.input[:], graph.output[:]
    graph.input.append(onnx.helper.make_tensor_value_info("waveform", onnx.TensorProto.FLOAT, [1, WINDOW]))
    for name, size in (("scores", 521), ("embedding", 1024)):
        graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, size]))
    _dequantise_in_words(model)
    onnx.checker.check_model(model)
    return model


def _dequantise_in_words(model: onnx.ModelProto) -> None:
    """Multiply the 8-bit weights by their scales with plain operators.

    ONNX Runtime takes DequantizeLinear before a product as leave to quantise what it is multiplied with, too: the
    embeddings of a tone then change by a quarter of their size.
    """
    values = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear":
            nodes.append(node)
            continue
        weights, scale, *zero = node.input
        if any(values[name].any() for name in zero):
            raise SystemExit(f"{weights}: has a zero point")
        if values[scale].size > 1:  # a scale for each output channel
            axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
            shape = [-1 if i == axis else 1 for i in range(values[weights].ndim)]
            shaped = numpy_helper.from_array(values[scale].reshape(shape), f"{node.output[0]}/scale")
            model.graph.initializer.append(shaped)
            scale = shaped.name
        cast = f"{node.output[0]}/cast"
        nodes.append(onnx.helper.make_node("Cast", [weights], [cast], to=onnx.TensorProto.FLOAT))
        nodes.append(onnx.helper.make_node("Mul", [cast, scale], [node.output[0]]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [weight for weight in model.graph.initializer if weight.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tflite", type=Path)
    parser.add_argument("class_map", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    with given.class_map.open(newline="", encoding="utf-8") as file:
        classes = [row["display_name"] for row in csv.DictReader(file)]
    bundle = {
        "schema_version": 2,
        "task": "tagger",
        "front_end": {"kind": "waveform", "sr": 16000},
        "segmenting": {"duration_s": WINDOW / 16000, "segments": 1, "overlap": 1 - HOP / WINDOW, "pad": True},
        "input_shape": [WINDOW],
        "classes": classes,
        "normalisation": {},
        "architecture": {"name": "yamnet", "options": {}, "parameters": 3751369},
        "training": {},
        "dataset": {"source": "AudioSet"},
        "scores": {},
    }
    given.out.mkdir(parents=True, exist_ok=True)
    onnx.save(converted(given.tflite), given.out / "model.onnx")
    (given.out / "bundle.json").write_text(json.dumps(bundle, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (given.out / "README.md").write_text(CARD, encoding="utf-8")


if __name__ == "__main__":
    main()
