"""Feeding a network: features stored once, or computed from waveforms batch by batch with the speech recipe.

python benchmarks/feeding.py

Busy: the time of the network's steps alone, on a batch in memory, as a fraction of their time when they are fed. Both
share the processor's cores, as in training.
"""

import time

import numpy as np

from sori import models
from sori.augment import RECIPES, Augmentation, Chain
from sori.datasets import LiveFeatures, StoredFeatures, augmented_batches
from sori.features import FrontEnd
from sori.models.backend import keras as load_keras

CLIPS, SR, CLASSES, BATCH = 1280, 16000, 12, 64
NETWORKS = (("bcresnet", {"scale": 1.0}), ("bcresnet", {"scale": 2.5}), ("cnn", {}), ("spectrogram-cnn", {}))


def main() -> None:
    keras = load_keras()
    rng = np.random.default_rng(0)
    clips = (0.1 * rng.standard_normal((CLIPS, SR))).astype(np.float32)
    front_end = FrontEnd(kind="mel", sr=SR, n_fft=512, hop_length=160, n_mels=40)
    speech = RECIPES["speech"]
    stored = front_end(clips) / 20
    labels = np.eye(CLASSES, dtype=np.float32)[rng.integers(CLASSES, size=CLIPS)]
    sources = {
        "stored": (StoredFeatures(stored), Augmentation(spectrogram=speech.spectrogram, mix=speech.mix)),
        "live": (LiveFeatures(clips, front_end, lambda x: x / 20, speech.waveform or Chain(())), speech),
    }
    print("| network | clips/s, batch at hand | stored | busy | live, speech recipe | busy |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, options in NETWORKS:
        keras.utils.set_random_seed(0)
        model = models.build(name, input_shape=stored.shape[1:], n_classes=CLASSES, **options)
        model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
        batch = (stored[:BATCH], labels[:BATCH])
        steps = CLIPS // BATCH
        model.train_on_batch(*batch)
        best = {"at hand": np.inf, **dict.fromkeys(sources, np.inf)}
        for _ in range(3):
            start = time.perf_counter()
            model.fit(np.tile(batch[0], (steps, 1, 1)), np.tile(batch[1], (steps, 1)), batch_size=BATCH, verbose=0)
            best["at hand"] = min(best["at hand"], time.perf_counter() - start)
            for kind, (source, augment) in sources.items():
                fed = augmented_batches(source, labels, batch_size=BATCH, augment=augment, seed=0)
                start = time.perf_counter()
                model.fit(fed, verbose=0)
                best[kind] = min(best[kind], time.perf_counter() - start)
        cells = [f"{CLIPS / best['at hand']:.0f}"]
        for kind in sources:
            cells += [f"{CLIPS / best[kind]:.0f}", f"{best['at hand'] / best[kind]:.0%}".replace("%", " %")]
        title = " ".join([name, *(f"{key} {value:g}" for key, value in options.items())])
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
