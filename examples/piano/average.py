"""Average the best weights of a training and of another that went on from it.

    python examples/piano/average.py runs/gpu runs/quiet runs/both --share 0.6

The second one learned not to hear other instruments, and lost some soft notes; a mean keeps most of both (Wortsman et
al., Robust fine-tuning of zero-shot models, 2022). The third folder is a training to deploy or go on from.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sori.folders import write_floats, write_json
from sori.training.piano_run import STATE, read_training, read_weights


def main() -> None:
    """Write the training with the mean of the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the second, 0 to 1")
    given = parser.parse_args()
    weights = []
    for run in (given.first, given.second):
        made, state = read_training(run)
        weights.append(read_weights(run / state["best_weights"]))
    given.out.mkdir(parents=True)
    name = "mean-both.npz"
    mean = [(1 - given.share) * one + given.share * other for one, other in zip(*weights, strict=True)]
    write_floats(given.out / name, mean)
    write_json(given.out / STATE, {**made, "state": {**state, "weights": "", "mean": name, "best_weights": name}})
    print(json.dumps({"out": str(given.out), "share": given.share, "weights": sum(w.size for w in mean)}))


if __name__ == "__main__":
    main()
