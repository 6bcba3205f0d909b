import xml.etree.ElementTree as ET

import numpy as np

from sori import plots


def words(svg):
    return " ".join(element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("text"))


def test_learning_curve_draws_both_curves():
    ax = plots.learning_curve([3, 2, 1], [3, 2.5, 2.6], name="loss", best_epoch=2)
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    np.testing.assert_array_equal(drawn["training"], [3, 2, 1])
    np.testing.assert_array_equal(drawn["validation"], [3, 2.5, 2.6])
    assert "kept: epoch 2" in drawn
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


def test_confusion_matrix_writes_counts_where_they_belong():
    ax = plots.confusion_matrix([[5, 1], [0, 4]], ["개", "고양이"])
    written = {(text.get_position(), text.get_text()) for text in ax.texts}
    assert written == {((0, 0), "5"), ((1, 0), "1"), ((1, 1), "4")}


def test_svg_keeps_words_and_korean(recwarn):
    svg = plots.to_svg(plots.confusion_matrix([[5, 1], [0, 4]], ["개", "고양이"]))
    assert "고양이" in words(svg)
    assert not recwarn.list


def test_axes_given_are_axes_used():
    ax = plots.learning_curve([1], [1], name="loss")
    assert plots.learning_curve([1, 2], [2, 1], name="accuracy", ax=ax) is ax


def test_the_same_picture_is_the_same_text():
    def draw():
        return plots.to_svg(plots.learning_curve([3, 2], [3, 1], name="loss"))

    assert draw() == draw()


def test_a_class_name_is_no_formula():
    svg = plots.to_svg(plots.confusion_matrix([[1, 0], [0, 1]], [r"US$\x$", "b_{"]))
    assert r"US$\x$" in words(svg)


def test_accuracies_side_by_side_have_their_chance():
    bars = {"pitch": [("mel\nfull", 0.9, 0.05), ("mfcc\nfull", 0.4, 0.1)], "instrument": [("mel\nfull", 0.8, 0.1)]}
    ax = plots.accuracy_bars(bars, chances={"pitch": 0.25, "instrument": 0.5})
    assert [bar.get_height() for bar in ax.patches] == [0.9, 0.4]
    assert {line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1} >= {0.25}
    assert [other.get_title() for other in ax.figure.axes] == ["pitch", "instrument"]


def test_a_reliability_diagram_shows_each_bin_beside_the_diagonal():
    ax = plots.reliability_diagram([(10, 0.55, 0.5), (30, 0.95, 0.8)])
    diagonal, drawn = ax.get_lines()
    np.testing.assert_array_equal(drawn.get_xydata(), [[0.55, 0.5], [0.95, 0.8]])
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
    areas = ax.collections[0].get_sizes()
    assert areas[1] > areas[0]


def test_examples_are_drawn_by_their_number_with_intervals():
    ax = plots.examples_curve({"cnn": [(5, 0.5, (0.3, 0.6)), (20, 0.8, (0.7, 0.9))]})
    assert [label.get_text() for label in ax.get_xticklabels()] == ["5", "20"]
    (line, _, (bars,)) = ax.containers[0]
    np.testing.assert_array_equal(line.get_xydata(), [[5, 0.5], [20, 0.8]])
    np.testing.assert_allclose([segment[:, 1] for segment in bars.get_segments()], [[0.3, 0.6], [0.7, 0.9]])
