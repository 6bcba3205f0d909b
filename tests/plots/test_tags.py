import numpy as np
import pytest

from sori import plots
from sori.errors import ParameterError


def test_the_highest_classes_have_rows_in_the_order_of_their_beginning():
    scores = np.zeros((10, 4))
    scores[7:, 0], scores[2:5, 1], scores[:, 2], scores[9, 3] = 0.9, 0.8, 0.1, 0.05
    ax = plots.tags(scores, np.arange(10.0), ["late", "early", "weak", "none"], count=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["early", "late"]


def test_nothing_cannot_be_drawn():
    with pytest.raises(ParameterError, match="scores must be"):
        plots.tags(np.zeros((0, 2)), np.zeros(0), ["a", "b"])
