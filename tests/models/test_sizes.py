import pytest

from sori import models
from sori.models import ARCHITECTURES, SIZES


@pytest.mark.parametrize("name", ["mlp", "cnn", "bcresnet", "embedding"])
def test_what_is_stored_is_what_is_built(name):
    size = SIZES[name]
    network = models.build(name, input_shape=size.shape, n_classes=10)
    assert network.count_params() == size.parameters
    assert models.multiply_adds(network) == size.multiply_adds


def counted(shape, taps, *, skip):
    """Weights and multiply-adds of the four stages, by hand; the networks are too large to build here."""
    positions, size, given, weights, operations = shape, 1, 1, 0, 0
    for convolutions, channels in ((2, 32), (2, 64), (3, 128), (3, 256)):
        entering, size = given, 1
        for length in positions:
            size *= length
        for _ in range(convolutions):
            weights += taps * given * channels + channels
            operations += size * taps * given * channels
            given = channels
        given += entering if skip else 0
        positions = [length // 2 for length in positions]
    flat = given
    for length in positions:
        flat *= length
    weights += flat * 256 + 4 * 256 + 256 * 10 + 10  # dense, normalisation, logits
    return weights, operations + flat * 256 + 256 * 10


@pytest.mark.parametrize(
    ("name", "over_samples", "skip"),
    [
        ("wave", True, False),
        ("wave-skip", True, True),
        ("spectrogram-cnn", False, False),
        ("spectrogram-skip", False, True),
    ],
)
def test_what_is_stored_of_the_large_ones_is_what_their_layers_add_up_to(name, over_samples, skip):
    size = SIZES[name]
    positions = list(size.shape[:1] if over_samples else size.shape)
    assert counted(positions, 9, skip=skip) == (size.parameters, size.multiply_adds)


def test_every_architecture_of_its_own_has_its_size():
    assert set(SIZES) <= set(ARCHITECTURES)
    assert {name for name, one in ARCHITECTURES.items() if one.build.__module__.startswith("sori.")} == set(SIZES)
