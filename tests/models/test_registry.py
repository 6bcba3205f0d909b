import numpy as np
import pytest

from sori import models
from sori.errors import ParameterError


def fitting(name, shape):
    """A shape that the network takes: those that hear samples take only those."""
    return (1600, 1) if name.startswith("wave") else shape


# A head that is solved has no size, and no penalty of its own.
TRAINED = [name for name in models.ARCHITECTURES if not models.ARCHITECTURES[name].solved]


@pytest.mark.parametrize("name", TRAINED)
class TestContract:
    @pytest.mark.parametrize("shape", [(130, 16), (44, 64), (101, 40)])
    def test_gives_logits_whoever_else_is_in_the_batch(self, name, shape, rng):
        shape = fitting(name, shape)
        network = models.build(name, input_shape=shape, n_classes=7)
        x = rng.standard_normal((4, *shape)).astype(np.float32)
        out = np.asarray(network(x))
        assert out.shape == (4, 7)
        assert network.layers[-1].activation.__name__ == "linear"
        np.testing.assert_allclose(np.asarray(network(x[:1])), out[:1], atol=1e-4)

    def test_width_and_depth_make_it_smaller_and_larger(self, name):
        def parameters(**options):
            return models.build(name, input_shape=fitting(name, (64, 40)), n_classes=5, **options).count_params()

        plain = parameters()
        assert parameters(width=0.5) < plain < parameters(width=2.0)
        # A stage less leaves a flattened network more to flatten, so it is layers that are counted.
        shape = fitting(name, (64, 40))
        layers = [len(models.build(name, input_shape=shape, n_classes=5, depth=d).layers) for d in (-1, 0, 1)]
        assert layers == sorted(set(layers))

    def test_options_reach_the_network(self, name):
        plain = models.build(name, input_shape=fitting(name, (40, 20)), n_classes=3, dropout=0.5, l2=0.01)
        assert any(getattr(layer, "rate", None) == 0.5 for layer in plain.layers)
        assert len(plain.losses) > 0

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"n_classes": 1}, "n_classes must be a whole number, at least 2"),
            ({"input_shape": (0, 3)}, "input_shape"),
            ({"input_shape": (10, 3, 1)}, r"input_shape must be \(frames, bins\)"),
            ({"dropout": 1.0}, "dropout must be"),
            ({"l2": -1.0}, "l2 must be"),
            ({"width": 0.0}, "width must be"),
            ({"depth": -9}, "depth must be a whole number from -"),
            ({"droput": 0.1}, "unknown key 'droput' in the options of .*; did you mean 'dropout'"),
        ],
    )
    def test_arguments_are_checked(self, name, arguments, message):
        with pytest.raises(ParameterError, match=message):
            models.build(name, **{"input_shape": fitting(name, (40, 20)), "n_classes": 3, **arguments})


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ParameterError, match=r"model must be one of mlp, cnn.*did you mean 'cnn'"):
        models.build("cnnn", input_shape=(40, 20), n_classes=3)


def test_each_input_has_its_networks():
    with pytest.raises(ParameterError, match="takes waveforms, and these segments are 63 frames x 130"):
        models.build("wave", input_shape=(63, 130), n_classes=3)
    with pytest.raises(ParameterError, match="a waveform has one bin"):
        models.build("spectrogram-cnn", input_shape=(8000, 1), n_classes=3)
    with pytest.raises(ParameterError, match="8 x 130 is too small"):
        models.build("spectrogram-skip", input_shape=(8, 130), n_classes=3)
    assert [models.default_for(kind) for kind in ("mel", "mfcc", "waveform", None)] == ["cnn", "mlp", "wave", "mlp"]
