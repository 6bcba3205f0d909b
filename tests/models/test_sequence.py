import numpy as np

from sori.models.sequence import sequence_network


def test_every_place_is_answered_and_sees_as_far_as_all_distances_together():
    network = sequence_network(5, 3, channels=8, inner=8, reach=4)
    x = np.zeros((2, 101, 5), dtype=np.float32)
    quiet = network.predict_on_batch(x)
    assert quiet.shape == (2, 101, 3)
    x[0, 50] = 1
    changed = np.flatnonzero(np.abs(network.predict_on_batch(x) - quiet)[0].max(axis=1) > 1e-7)
    reach = 1 + (1 + 2 + 4 + 8) + 1 + 4  # the first layer, the growing distances, the last two
    assert (changed.min(), changed.max()) == (50 - reach, 50 + reach)
