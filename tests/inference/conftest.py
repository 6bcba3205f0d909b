from __future__ import annotations

from pathlib import Path

import pytest

from sori.bundle.bundle import Bundle, save_bundle
from sori.features import Segmenting
from sori.models.backend import keras as load_keras
from tests.conftest import FRONT_END


@pytest.fixture(scope="session")
def embedder(tmp_path_factory) -> Path:
    """A folder of a model whose vectors are the means over frames of the features."""
    folder = tmp_path_factory.mktemp("embedder") / "means"
    folder.mkdir()
    keras = load_keras()
    inputs = keras.Input((32, 13))
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(inputs))
    bundle = Bundle(
        task="embedder",
        front_end=FRONT_END,
        segmenting=Segmenting(duration_s=1, segments=2),
        input_shape=(32, 13),
        architecture={"name": "means", "parameters": 0},
    )
    save_bundle(folder, bundle, network, name="means", keep_keras=False)
    return folder
