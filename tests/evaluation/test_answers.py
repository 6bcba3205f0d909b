import numpy as np
import pytest

from sori.errors import BundleError, ParameterError
from sori.evaluation.answers import FILE, Answer, answers_of, difference, read_answers, write_answers


def answers(right, *, group=lambda i: str(i), first=0):
    return [Answer(f"{i}.wav", group(i), "a", "a" if ok else "b", 0.9) for i, ok in enumerate(right, first)]


def test_the_answer_for_a_recording_is_the_mean_over_its_segments():
    found = answers_of(
        np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]),
        np.array([0, 0, 0]),
        recordings=np.array(["x", "x", "y"], dtype=object),
        groups=np.array(["g", "g", "h"], dtype=object),
        classes=["no", "yes"],
        digests={"x": "12", "y": "34"},
    )
    assert found == [Answer("x", "g", "no", "no", pytest.approx(0.65), "12"), Answer("y", "h", "no", "yes", 0.8, "34")]
    assert [one.right for one in found] == [True, False]


def test_a_table_comes_back(tmp_path):
    some = [Answer("새/a,b.wav", "g", "a", "b", 0.25)]
    write_answers(some, tmp_path / FILE)
    assert read_answers(tmp_path) == some


def test_a_run_without_or_with_a_damaged_table_is_told(tmp_path):
    with pytest.raises(BundleError, match=f"has no {FILE}"):
        read_answers(tmp_path)
    (tmp_path / FILE).write_text("recording,group\na,b\n")
    with pytest.raises(BundleError, match="damaged"):
        read_answers(tmp_path)


def test_a_difference_is_of_the_shared_recordings():
    one, other = answers([1, 0, 0, 1] * 25), answers([1, 1, 0, 1] * 30)
    found = difference(one, other)
    assert (found.recordings, found.groups) == (100, 100)
    assert found.difference == pytest.approx(0.25)
    assert found.is_clear
    assert difference(one, one).difference == 0
    low, high = difference(one, one).interval
    assert low < 0 < high  # equal answers are no proof
    assert not difference(one, one).is_clear


def test_of_two_groups_hardly_anything_is_clear():
    one = answers([1, 0, 0, 1] * 10, group=lambda i: str(i % 2))
    other = answers([1, 1, 0, 1] * 10, group=lambda i: str(i % 2))
    assert not difference(one, other).is_clear


def test_other_recordings_of_the_same_name_are_not_the_same():
    one, other = ([Answer("1.wav", "g", "a", "a", 0.9, digest)] for digest in ("12", "34"))
    with pytest.raises(ParameterError, match="different recordings"):
        difference(one, other)
    renamed = [Answer("2.wav", "g", "a", "b", 0.9, "12")]
    assert difference(one, renamed).recordings == 1


def test_a_few_recordings_are_never_clear():
    assert not difference(answers([0, 0]), answers([1, 1])).is_clear
    assert difference(answers([0] * 30), answers([1] * 30)).is_clear


def test_runs_without_a_shared_test_are_refused():
    with pytest.raises(ParameterError, match="different recordings"):
        difference(answers([1]), answers([1], first=5))
    with pytest.raises(ParameterError, match="do not agree"):
        difference(answers([1]), [Answer("0.wav", "g", "c", "c", 0.9)])
