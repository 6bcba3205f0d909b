import pytest

from sori import models
from sori.errors import ParameterError
from sori.models.stages import spectrogram_cnn, spectrogram_skip, wave, wave_skip


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


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (wave, (63, 130), "takes waveforms"),
        (wave_skip, (15, 1), "too small"),
        (spectrogram_cnn, (8000, 1), "a waveform has one bin"),
        (spectrogram_skip, (8, 130), "8 x 130 is too small"),
    ],
)
def test_each_takes_its_own_input(make, shape, message):
    with pytest.raises(ParameterError, match=message):
        make(shape, 3)


def test_a_smaller_depth_halves_less_often():
    assert wave_skip((15, 1), 3, depth=-1, width=0.1).output.shape == (None, 3)


def test_a_network_that_cannot_be_trained_here_is_not_begun(monkeypatch):
    """Its weights are counted before any of them is made."""
    monkeypatch.setattr("sori.models.size._memory", lambda: 2**30)
    monkeypatch.setattr("sori.models.stages.load_keras", None)
    flat = 256 * (48000 // 16)
    with pytest.raises(ParameterError, match=f"{flat * 256:,} weights"):
        wave((48000, 1), 10)
