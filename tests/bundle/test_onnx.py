import logging

import numpy as np
import pytest

from sori.bundle import onnx
from sori.bundle.onnx import export_onnx
from sori.errors import BundleError
from sori.models.backend import keras as load_keras
from sori.sessions import onnx_session, run

WEIGHTS = np.arange(12, dtype=np.float32).reshape(4, 3) / 12


@pytest.fixture(scope="module")
def network():
    """A product with known weights."""
    keras = load_keras()
    inputs = keras.Input((4,))
    dense = keras.layers.Dense(3, use_bias=False)
    model = keras.Model(inputs, dense(inputs))
    dense.set_weights([WEIGHTS])
    return model


def test_an_export_that_answers_otherwise_is_refused(network, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "run", lambda session, x: run(session, x) + 0.5)
    with pytest.raises(BundleError, match=r"differ from the Keras model's by 0\.5"):
        export_onnx(network, tmp_path / "model.onnx", probe=np.ones((2, 4), dtype=np.float32))


def test_outputs_that_are_no_numbers_are_refused(network, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "run", lambda session, x: run(session, x) * np.nan)
    with pytest.raises(BundleError, match="differ"):
        export_onnx(network, tmp_path / "model.onnx", probe=np.ones((2, 4), dtype=np.float32))


def test_an_export_says_nothing_and_leaves_logging_as_it_was(network, tmp_path, capfd):
    logger = logging.getLogger("tf2onnx")
    before = logger.level
    export_onnx(network, tmp_path / "model.onnx", probe=np.ones((2, 4), dtype=np.float32))
    assert capfd.readouterr() == ("", "")
    assert logger.level == before


def test_half_precision_halves_the_file_and_hardly_changes_outputs(tmp_path, rng):
    keras = load_keras()
    inputs = keras.Input((64,))
    dense = keras.layers.Dense(256)
    model = keras.Model(inputs, dense(inputs))
    rounded = [w.astype(np.float16).astype(np.float32) for w in dense.get_weights()]
    dense.set_weights([rounded[0], rng.standard_normal(256).astype(np.float16).astype(np.float32)])
    x = rng.standard_normal((4, 64)).astype(np.float32)
    for half in (False, True):
        export_onnx(model, tmp_path / f"{half}.onnx", probe=x, half=half)
        out = run(onnx_session(tmp_path / f"{half}.onnx"), x)
        assert out.dtype == np.float32
        np.testing.assert_allclose(out, np.asarray(model(x)), atol=1e-4)
    sizes = [(tmp_path / f"{half}.onnx").stat().st_size for half in (False, True)]
    assert sizes[1] < 0.6 * sizes[0]
