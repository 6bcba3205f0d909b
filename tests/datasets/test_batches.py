import numpy as np
import pytest

from sori.augment import Augmentation, Chain, Mix, SpectrogramAugment
from sori.augment.waveform import Gain
from sori.datasets import LiveFeatures, StoredFeatures, augmented_batches
from sori.features import FrontEnd

MEL = FrontEnd(kind="mel", sr=8000, n_fft=256, hop_length=128, n_mels=8, top_db=np.inf)


@pytest.fixture
def clips(rng):
    return (0.1 * rng.standard_normal((10, 1000))).astype(np.float32)


def batches(source, augment=None, **arguments):
    labels = np.eye(10, dtype=np.float32)
    given = {"batch_size": 4, "augment": augment or Augmentation(), "seed": 1, **arguments}
    return augmented_batches(source, labels, **given)


def test_two_ways_to_feed_give_the_same_where_nothing_is_changed(clips):
    live = batches(LiveFeatures(clips, MEL, lambda x: x / 10, Chain(())))
    stored = batches(StoredFeatures(MEL(clips) / 10))
    assert [len(labels) for _, labels in (live[i] for i in range(len(live)))] == [4, 3, 3]
    for i in range(3):
        for one, other in zip(live[i], stored[i], strict=True):
            np.testing.assert_array_equal(one, other)


def test_every_epoch_is_another_order_and_every_batch_its_own_draw(clips):
    source = LiveFeatures(clips, MEL, lambda x: x, Chain((Gain(gain_db=(-20, 20)),)))
    feed = batches(source)
    first = [feed[i] for i in range(2)]
    again = [feed[i] for i in (1, 0)][::-1]  # whichever thread asks first
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    whole = batches(source, batch_size=10)
    x, y = whole[0]
    whole.on_epoch_end()
    later_x, later_y = whole[0]
    assert y.argmax(axis=1).tolist() != later_y.argmax(axis=1).tolist()
    assert sorted(y.argmax(axis=1)) == sorted(later_y.argmax(axis=1)) == list(range(10))
    levels = x.mean(axis=(1, 2))[y.argmax(axis=1).argsort()]
    later = later_x.mean(axis=(1, 2))[later_y.argmax(axis=1).argsort()]
    assert (np.abs(levels - later) > 0.01).all()  # each clip, each epoch, at another level


def test_what_happens_to_features_and_labels(clips):
    augment = Augmentation(
        spectrogram=SpectrogramAugment(masks=2, time_mask=0.5, bin_mask=0.5), mix=Mix(manifold=0.5, layer="x")
    )
    (x, partner, share), y = batches(StoredFeatures(MEL(clips)), augment)[0]
    assert (x == 0).any()
    assert sorted(partner) == [0, 1, 2, 3]
    np.testing.assert_allclose(y.max(axis=1), np.where(partner == np.arange(4), 1, share), atol=1e-6)
