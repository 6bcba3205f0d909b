import numpy as np
import pytest

from sori.errors import ParameterError
from sori.evaluation import by_recording, score_classes


def names(*values):
    return np.array(values, dtype=object)


def test_a_hand_computed_table():
    # Recording a (class 0) is right by its mean though one segment is wrong; b (1) is taken for 0; c (1) is right.
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]])
    scores = score_classes(
        probabilities, np.array([0, 0, 1, 1]), recordings=names("a", "a", "b", "c"), classes=["no", "yes"]
    )
    assert scores.recordings == 3
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.segment_accuracy == pytest.approx(2 / 4)
    assert scores.balanced_accuracy == pytest.approx((1 + 1 / 2) / 2)
    assert scores.confusion == [[1, 0], [1, 1]]
    no, yes = ({**scores.per_class[name]} for name in ("no", "yes"))
    (low, high), (lowest, highest) = no.pop("recall_interval"), yes.pop("recall_interval")
    assert no == {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "recordings": 1}
    assert yes == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "recordings": 2}
    assert low < 0.5 < high == 1
    assert lowest < 0.2 < 0.8 < highest
    assert scores.macro_f1 == pytest.approx(2 / 3)


def test_the_interval_is_wilsons():
    probabilities = np.tile([[0.9, 0.1]], (100, 1))
    labels = np.repeat([0, 1], [90, 10])
    scores = score_classes(probabilities, labels, recordings=names(*map(str, range(100))), classes=["a", "b"])
    assert scores.accuracy == scores.segment_accuracy == 0.9
    # Closed form: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    z, n, p = 1.959964, 100, 0.9
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = [(p + z**2 / (2 * n) + sign * half) / (1 + z**2 / n) for sign in (-1, 1)]
    np.testing.assert_allclose(scores.accuracy_interval, expected, rtol=1e-5)


def test_groups_are_alike_and_widen_the_interval():
    """Nine speakers are always right, and one never is: with ten clips of each, that is not 100 observations."""
    probabilities = np.repeat([[0.9, 0.1], [0.1, 0.9]], [180, 20], axis=0)
    given = {"recordings": names(*map(str, range(200))), "classes": ["a", "b"]}
    alone = score_classes(probabilities, np.zeros(200, dtype=int), **given)
    grouped = score_classes(
        probabilities, np.zeros(200, dtype=int), groups=names(*(str(i // 20) for i in range(200))), **given
    )
    assert (alone.groups, grouped.groups) == (200, 10)
    assert alone.accuracy == grouped.accuracy == grouped.group_accuracy == pytest.approx(0.9)
    widths = [high - low for low, high in (one.accuracy_interval for one in (alone, grouped))]
    assert widths[1] > 4 * widths[0]
    assert grouped.per_class["a"]["recall_interval"] == grouped.accuracy_interval


def test_a_class_that_was_not_tested_does_not_count():
    scores = score_classes(np.eye(3)[:2], np.array([0, 1]), recordings=names("a", "b"), classes=["a", "b", "c"])
    assert scores.balanced_accuracy == 1.0
    assert scores.per_class["c"]["recordings"] == 0
    assert scores.per_class["c"]["recall_interval"] is None


def test_a_class_that_was_never_guessed_scores_nothing():
    scores = score_classes(np.eye(2)[[0, 0, 0]], np.array([0, 0, 1]), recordings=names(*"abc"), classes=["a", "b"])
    expected = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "recordings": 1}
    assert expected.items() <= scores.per_class["b"].items()
    assert scores.macro_f1 == pytest.approx((2 * 2 / 5 + 0) / 2)  # 2 hits, of 2 recordings and 3 guesses


def test_by_recording_averages():
    listed, means, first = by_recording(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]), names("b", "a", "b"))
    assert listed == ["a", "b"]
    np.testing.assert_allclose(means, [[0, 1], [0.75, 0.25]])
    assert first.tolist() == [1, 0]


def test_nothing_to_score_is_refused():
    with pytest.raises(ParameterError, match="n at least 1"):
        score_classes(np.zeros((0, 2)), np.zeros(0, dtype=int), recordings=names(), classes=["a", "b"])
    with pytest.raises(ParameterError, match=r"Received \(2, 3\)"):
        score_classes(np.zeros((2, 3)), np.zeros(2, dtype=int), recordings=names("a", "b"), classes=["a", "b"])
