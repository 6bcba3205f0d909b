"""Write a trained network of sheet music as ONNX, with weights in half precision.

python examples/notation/deploy.py rhythm runs/rhythm/mean.weights.h5 src/sori/weights/notation/rhythm.onnx
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from sori.bundle.onnx import export_onnx
from sori.models.sequence import sequence_network
from sori.notation import frames, reading

SHAPES = {"rhythm": (frames.WIDTH, frames.OUTPUTS), "reading": (reading.WIDTH, reading.OUTPUTS)}


def main() -> None:
    """Export one network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=SHAPES)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    width, outputs = SHAPES[given.network]
    network = sequence_network(width, outputs)
    network.load_weights(given.weights)
    network.set_weights([weight.astype(np.float16).astype(np.float32) for weight in network.get_weights()])
    probe = np.random.default_rng(0).random((1, 300, width), dtype=np.float32)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(network, given.out, probe=probe, half=True)
    print(f"{given.out}: {given.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
