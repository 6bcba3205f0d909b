import numpy as np
import pytest

from sori.errors import AudioError, SoriError


def test_segments_of_any_other_shape_are_refused(trained):
    from sori.inference.classifier import Classifier

    with pytest.raises(SoriError, match=r"x must have shape \(n, \(32, 13\)\)"):
        Classifier(trained / "run").predict_features(np.zeros((1, 31, 13), dtype=np.float32))


def test_a_clip_in_memory_is_held_to_the_same_as_a_file(trained):
    from sori.inference.classifier import Classifier

    classifier = Classifier(trained / "run")
    with pytest.raises(SoriError, match=r"floating-point samples.*Received int16"):
        classifier.predict(np.zeros(8000, dtype=np.int16), sr=8000)
    with pytest.raises(SoriError, match=r"of shape \(2, 8000\)"):
        classifier.predict(np.zeros((2, 8000), dtype=np.float32), sr=8000)
    with pytest.raises(AudioError, match="silent"):
        classifier.predict(np.zeros(8000, dtype=np.float32), sr=8000)
    with pytest.raises(AudioError, match="too short"):
        classifier.predict(np.ones(80, dtype=np.float32), sr=8000)
