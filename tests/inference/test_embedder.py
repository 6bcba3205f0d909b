import json
import shutil

import numpy as np
import pytest

from sori.errors import AudioError, BundleError, ParameterError
from sori.inference import Embedder
from tests.conftest import FRONT_END, tone


def test_vectors_are_those_that_numpy_gives(embedder):
    y = tone(300, sr=8000, duration_s=1.0)
    found = Embedder(embedder).embed(y, sr=8000)
    expected = np.stack([FRONT_END(half).mean(axis=0) for half in (y[:4000], y[4000:])])
    assert found.shape == (2, 13) == (2, Embedder(embedder).size)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-2)


def test_a_clip_of_another_rate_is_resampled(embedder):
    model = Embedder(embedder)
    mine, theirs = (model.embed(tone(300, sr=sr), sr=sr) for sr in (8000, 32000))
    assert np.abs(mine - theirs).max() < 0.1 * np.abs(mine).max()


def test_silence_has_a_vector_and_what_is_too_short_has_none(embedder):
    model = Embedder(embedder)
    assert np.isfinite(model.embed(np.zeros(8000, dtype=np.float32), sr=8000)).all()
    with pytest.raises(AudioError, match="too short"):
        model.embed(np.zeros(80, dtype=np.float32), sr=8000)
    with pytest.raises(ParameterError, match="floating-point"):
        model.embed(np.zeros(8000, dtype=np.int16), sr=8000)


def test_it_says_what_it_is(embedder):
    assert repr(Embedder(embedder)) == f"Embedder({str(embedder)!r}, 13 numbers per segment)"


def test_what_is_no_embedder_is_refused(embedder, tmp_path):
    with pytest.raises(BundleError, match="is a spotter, not an embedder"):
        Embedder("keywords")
    shutil.copytree(embedder, tmp_path / "other")
    values = json.loads((tmp_path / "other" / "bundle.json").read_text())
    (tmp_path / "other" / "bundle.json").write_text(json.dumps({**values, "input_shape": [33, 13]}))
    with pytest.raises(BundleError, match=r"model\.onnx takes .*32.*bundle\.json says .*33"):
        Embedder(tmp_path / "other")
