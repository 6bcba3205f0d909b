import numpy as np
import pytest

from sori.bundle import Bundle
from sori.bundle.gap import gap_of
from sori.inference import Classifier


def test_it_is_the_largest_difference_on_any_sound(trained):
    classifier = Classifier(trained / "run")
    assert gap_of(classifier.predict_clips, Bundle.open(trained / "run")) < 1e-5

    def off(clips):
        found = np.array(classifier.predict_clips(clips))
        found[3, 1] += 0.25
        return found

    assert gap_of(off, Bundle.open(trained / "run")) == pytest.approx(0.25, abs=1e-3)
