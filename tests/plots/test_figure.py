import xml.etree.ElementTree as ET

import pytest

from sori.errors import ParameterError
from sori.plots.figure import own_axes, save, tidy, to_svg


@pytest.fixture
def ax():
    ax = own_axes(width=4, height=2)
    ax.plot([0, 1], [0, 1])
    ax.set_title("높이")
    return ax


def test_a_figure_of_its_own_has_its_size_and_no_window(ax):
    assert ax.figure.get_size_inches().tolist() == [4, 2]
    assert ax.figure.canvas.manager is None


def test_tidy_takes_away_two_edges(ax):
    assert tidy(ax) is ax
    shown = {name for name, spine in ax.spines.items() if spine.get_visible()}
    assert shown == {"left", "bottom"}


def test_an_svg_is_an_element_with_words_and_without_a_date(ax):
    svg = to_svg(ax)
    root = ET.fromstring(svg)
    assert root.tag.endswith("svg")
    assert "높이" in {element.text for element in root.iter() if element.tag.endswith("text")}
    assert "<dc:date" not in svg
    assert to_svg(ax) == svg


@pytest.mark.parametrize(("name", "begins"), [("a.png", b"\x89PNG"), ("b.PDF", b"%PDF"), ("c.svg", b"<?xml")])
def test_a_picture_is_saved_in_the_format_of_its_name(ax, tmp_path, name, begins):
    save(ax, tmp_path / "deep" / name)
    assert (tmp_path / "deep" / name).read_bytes().startswith(begins)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == [name]


def test_another_ending_is_refused_and_nothing_written(ax, tmp_path):
    with pytest.raises(ParameterError, match=r"one of \.png, \.svg, \.pdf"):
        save(ax, tmp_path / "new" / "a.gif")
    assert list(tmp_path.iterdir()) == []
