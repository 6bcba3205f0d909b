import numpy as np
import pytest
from matplotlib.image import imread

from sori import plots
from sori.errors import ParameterError


def test_network_diagram_writes_every_number():
    ax = plots.network_diagram(
        [np.array([1.0, 2.0]), np.array([0.6, 0.7]), np.array([0.68])],
        weights=[None, np.array([[0.5], [0.25]])],
        deltas=[np.array([0.0084, 0.0073]), np.array([0.07])],
        derivatives=[np.array([[0.01, 0.02], [0.03, 0.04]]), np.array([[0.042], [0.049]])],
    )
    words = {text.get_text() for text in ax.texts}
    expected = {"1.000", "2.000", "0.600", "0.700", "0.680", "0.500", "0.250", "0.0100", "0.0400", "0.0420", "0.0490"}
    assert expected <= words
    assert {"delta 0.0084", "delta 0.0700"} <= words
    blue = next(text.get_color() for text in ax.texts if text.get_text() == "0.500")
    red = next(text.get_color() for text in ax.texts if text.get_text() == "0.0420")
    assert blue != red


def test_error_curve_and_surfaces():
    ax = plots.error_curve([0.1, 0.01])
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), [0.1, 0.01])
    axis = np.linspace(0, 1, 4)
    solid = plots.surfaces(axis, axis, np.zeros((4, 4)), np.ones((4, 4)))
    assert len(solid.collections) == 2


def test_save_writes_whole_images_only(tmp_path):
    ax = plots.error_curve([0.1, 0.01])
    for ending in ("png", "svg", "pdf"):
        plots.save(ax, tmp_path / "made" / f"a.{ending}")
    assert imread(tmp_path / "made" / "a.png").shape[2] == 4
    with pytest.raises(ParameterError, match=r"must be one of .png, .svg, .pdf"):
        plots.save(ax, tmp_path / "a.gif")
    assert not (tmp_path / "a.gif").exists()
