import numpy as np

from sori.models.backend import keras as load_keras
from sori.training.reseed import reseed


def test_dropout_depends_on_seed_and_epoch_alone_inside_networks_too():
    keras = load_keras()
    inner = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5)])
    network = keras.Sequential([keras.Input((50,)), inner])

    def dropped(seed, epoch):
        reseed(network, seed, epoch)
        return np.asarray(network(np.ones((1, 50), np.float32), training=True)) == 0

    first = dropped(0, 0)
    assert not np.array_equal(first, dropped(0, 1))
    assert not np.array_equal(first, dropped(1, 0))
    assert np.array_equal(first, dropped(0, 0))
