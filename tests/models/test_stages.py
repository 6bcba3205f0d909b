import pytest

from sori import models


def test_the_waveform_network_is_the_one_described():
    network = models.build("wave", input_shape=(8000, 1), n_classes=12)
    convolutions = [layer for layer in network.layers if layer.__class__.__name__ == "Conv1D"]
    assert [layer.filters for layer in convolutions] == [32] * 2 + [64] * 2 + [128] * 3 + [256] * 3
    assert {layer.kernel_size for layer in convolutions} == {(9,)}
    assert models.multiply_adds(network) == pytest.approx(2.5e9, rel=0.03)
    small = models.build("bcresnet", input_shape=(101, 40), n_classes=12, scale=2.5)
    assert models.multiply_adds(network) > 50 * models.multiply_adds(small)


def test_skips_carry_what_a_stage_was_given():
    plain, skip = (models.build(name, input_shape=(800, 1), n_classes=3) for name in ("wave", "wave-skip"))
    joined = [layer.output.shape[-1] for layer in skip.layers if layer.__class__.__name__ == "Concatenate"]
    assert joined == [1 + 32, 33 + 64, 97 + 128, 225 + 256]
    assert not any(layer.__class__.__name__ == "Concatenate" for layer in plain.layers)
