import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sori.datasets import Segments, fold_splits, split
from sori.datasets.split import _divide, folds
from sori.errors import DatasetError, ParameterError


def segments(labels, groups=None, folds=None):
    n = len(labels)
    groups = [f"g{i}" for i in range(n)] if groups is None else groups
    return Segments(
        x=np.zeros((n, 2, 2), dtype=np.float32),
        label=np.array(labels),
        recording=np.array([f"r{i}" for i in range(n)], dtype=object),
        group=np.array(groups, dtype=object),
        fold=np.array([""] * n if folds is None else folds, dtype=object),
        start_s=np.zeros(n),
    )


def parts(division):
    return division.train, division.valid, division.test


@settings(deadline=None, max_examples=60)
@given(
    n_groups=st.integers(8, 60),
    per_group=st.integers(1, 12),
    n_classes=st.integers(2, 5),
    seed=st.integers(0, 1000),
    test_size=st.sampled_from([0.1, 0.3, 0.5]),
)
def test_groups_never_straddle_and_nothing_is_lost(n_groups, per_group, n_classes, seed, test_size):
    groups = [f"g{i}" for i in range(n_groups) for _ in range(per_group)]
    labels = [(i + j) % n_classes for i in range(n_groups) for j in range(per_group)]
    data = segments(labels, groups)
    try:
        division = split(data, test_size=test_size, seed=seed)
    except DatasetError as error:  # too few groups for every class to be trained on
        assert "left for training" in str(error)
        return
    together = np.concatenate(parts(division))
    assert sorted(together) == list(range(len(data)))
    sets = [set(data.group[part]) for part in parts(division)]
    assert all(sets)
    assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])
    assert not division.leaky


def test_sizes_and_classes_come_out_as_asked():
    data = segments(np.repeat(np.arange(10), 100))
    division = split(data, test_size=0.3, valid_size=0.2, seed=3)
    assert [len(part) for part in parts(division)] == [560, 140, 300]
    for part in parts(division):
        counts = np.bincount(data.label[part], minlength=10)
        assert counts.max() - counts.min() <= 1


def test_three_tenths_are_tested_on_and_a_fifth_of_the_rest_validates_unless_it_is_said_otherwise():
    division = split(segments([0, 1] * 50))
    assert [len(part) for part in parts(division)] == [56, 14, 30]
    assert (division.kind, division.seed) == ("group", 0)


@pytest.mark.parametrize(
    ("sizes", "part", "second"),
    [
        ([6, 3, 1], 0.4, 4),
        ([1, 3, 6], 0.4, 4),
        ([5, 2, 1], 0.1, 1),
        ([5, 2, 1], 0.01, 1),
        ([8, 5, 1], 0.2, 5),
        ([5, 5], 0.1, 5),
    ],
)
def test_groups_go_where_their_classes_are_lacking_most(sizes, part, second):
    groups = np.repeat(np.array(list("abc")[: len(sizes)], dtype=object), sizes)
    labels = np.zeros(len(groups), dtype=np.int64)
    one, other = _divide(np.arange(len(groups)), labels, groups, part, np.random.default_rng(0))
    assert (len(one), len(other)) == (len(groups) - second, second)


def test_of_two_groups_and_a_small_part_the_smaller_is_the_part():
    groups = np.array(["a"] * 3 + ["b"] * 7, dtype=object)
    _, other = _divide(np.arange(10), np.zeros(10, dtype=np.int64), groups, 0.01, np.random.default_rng(0))
    assert other.tolist() == [0, 1, 2]


def test_six_speakers():
    groups = [f"s{i}" for i in range(6) for _ in range(50)]
    division = split(segments([i % 10 for i in range(300)], groups))
    assert [len(part) for part in parts(division)] == [150, 50, 100]


def test_a_seed_is_a_split_and_another_is_another():
    data = segments(np.repeat([0, 1], 50))
    one, same, other = split(data, seed=1), split(data, seed=1), split(data, seed=2)
    np.testing.assert_array_equal(one.test, same.test)
    assert set(one.test) != set(other.test)


def test_by_fold():
    folds = [str(1 + i % 5) for i in range(100)]
    data = segments([i // 5 % 2 for i in range(100)], folds=folds)
    for number, division in enumerate(fold_splits(data, seed=0), 1):
        assert set(data.fold[division.test]) == {str(number)}
        assert str(number) not in set(data.fold[np.concatenate([division.train, division.valid])])
        assert f"fold {number} held out" in division.description
    np.testing.assert_array_equal(split(data, kind="fold").test, split(data, kind="fold", test_fold="5").test)


def test_a_group_in_two_folds_is_a_leak_that_is_refused():
    data = segments([0, 1] * 10, groups=["a", "b"] * 10, folds=["1", "2", "2", "1"] * 5)
    with pytest.raises(DatasetError, match=r"group '.', or a copy of one of its files, is in both"):
        split(data, kind="fold")


def test_by_segment_leaks_and_says_so():
    data = segments([i // 50 for i in range(100)], groups=[f"g{i // 10}" for i in range(100)])
    division = split(data, kind="segment")
    assert division.leaky
    assert "LEAKY" in division.description
    assert not split(segments([0, 1] * 30), kind="segment").leaky


@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        (segments([0] * 9), {}, r"one class.*\(dog\)"),
        (segments([0, 1], groups=["a", "a"]), {}, r"too few groups.*\ba\b"),
        (segments([0, 1, 0, 1], groups=["a", "a", "b", "b"]), {}, "too few groups"),
        (segments([0, 1], groups=["", ""]), {}, "does not say which segments belong to one recording"),
        (segments([0, 1] * 5), {"kind": "fold"}, "no folds of its own"),
        (
            segments([0] * 20 + [1], groups=[f"g{i}" for i in range(21)]),
            {"test_size": 0.9},
            "no group left for training",
        ),
    ],
)
def test_what_cannot_be_split_is_refused(data, arguments, message):
    with pytest.raises(DatasetError, match=message):
        split(data, classes=["dog", "cat"], **arguments)


def test_arguments_are_checked():
    data = segments([0, 1] * 10, folds=["1", "2"] * 10)
    for size in ("test_size", "valid_size"):
        for value in (0.009, 0.901):
            with pytest.raises(ParameterError, match=f"{size} must be 0.01 to 0.9"):
                split(data, **{size: value})
    assert [len(part) for part in parts(split(segments([0, 1] * 50), test_size=0.9, valid_size=0.4))] == [6, 4, 90]
    assert len(split(segments([0, 1] * 50), test_size=0.02, valid_size=0.01).test) == 2
    with pytest.raises(ParameterError, match="test_size"):
        split(data, test_size=0)
    with pytest.raises(ParameterError, match="did you mean 'group'"):
        split(data, kind="groups")
    with pytest.raises(ParameterError, match="test_fold must be one of 1, 2"):
        split(data, kind="fold", test_fold="3")


def test_a_class_that_the_test_lacks_is_noted():
    data = segments([0] * 10 + [1], groups=[f"g{i}" for i in range(11)])
    assert any("has no recording of cat" in note for note in split(data, classes=["dog", "cat"]).notes)


def test_what_no_fold_tests_and_what_no_recording_trains_is_noted():
    data = segments([0, 1] * 10, folds=["1", "2", "2", "1", ""] * 4)
    assert any("4 segments have no fold" in note for note in split(data, kind="fold").notes)
    assert any("no usable recording of fish" in note for note in split(data, classes=["dog", "cat", "fish"]).notes)


def test_of_many_classes_that_are_missing_five_are_named():
    names = [f"c{i}" for i in range(9)]
    (unused,) = split(segments([0, 1] * 10), classes=names).notes
    assert re.findall(r"c\d", unused) == names[2:7]
    data = segments([0] * 10 + [1, 2, 3, 4, 5, 6], groups=[f"g{i}" for i in range(16)])
    division = split(data, classes=names[:7])
    (absent,) = (note for note in division.notes if "test part" in note)
    tested = set(data.label[division.test])
    assert re.findall(r"c\d", absent) == [f"c{i}" for i in range(7) if i not in tested][:5]
    with pytest.raises(DatasetError, match=r"one class.*\(0\)"):
        split(segments([0] * 9))


def test_folds_are_two_or_more():
    assert folds(segments([0, 1] * 2, folds=["b", "a", "", "b"])) == ["a", "b"]
    with pytest.raises(DatasetError, match="no folds of its own"):
        folds(segments([0, 1] * 2, folds=["a", "", "a", ""]))


def test_a_split_says_what_it_keeps_together():
    assert "split by segment" in split(segments([0, 1] * 30), kind="segment").description
    assert "LEAKY" not in split(segments([0, 1] * 30), kind="segment").description
    assert "split by recording, seed 0" in split(segments([0, 1] * 10)).description
    groups = [f"g{i // 2}" for i in range(20)]
    assert "split by group, seed 0" in split(segments([0, 1] * 10, groups=groups)).description


def parted(parts, groups=None):
    """Four segments of two classes in each part, each of its own group."""
    folds = np.repeat(np.array(parts, dtype=object), 8)
    n = len(folds)
    names = np.array([f"g{i}" for i in range(n)], dtype=object) if groups is None else np.array(groups, dtype=object)
    x, recordings = np.zeros((n, 1, 1), dtype=np.float32), np.arange(n).astype(str).astype(object)
    return Segments(x=x, label=np.arange(n) % 2, recording=recordings, group=names, fold=folds, start_s=np.zeros(n))


def test_a_given_split_is_used_as_it_is():
    segments_ = parted(("train", "valid", "test"))
    for kind in (None, "given"):
        parts = split(segments_, kind=kind)
        assert parts.kind == "given"
        assert [parts.train.tolist(), parts.valid.tolist(), parts.test.tolist()] == [
            list(range(8)), list(range(8, 16)), list(range(16, 24)),
        ]  # fmt: skip
    assert not parts.leaky
    assert parts.description == "the data's own split into training and test (seed 0)"
    assert split(segments_, kind="group").kind == "group"
    assert split(parted(("1", "2")), kind=None).kind == "group"
    with pytest.raises(DatasetError, match="divided into training and test, not into folds"):
        folds(segments_)


def test_a_part_that_is_missing_is_taken_from_another():
    parts = split(parted(("train", "test")), kind=None, valid_size=0.25)
    assert set(parts.test) == set(range(8, 16))
    assert len(parts.valid) == 2
    assert set(parts.train) | set(parts.valid) == set(range(8))
    parts = split(parted(("train", "valid")), kind=None, valid_size=0.25)
    assert set(parts.test) == set(range(8, 16))
    parts = split(parted(("train", "", "test")), kind=None)
    assert {*parts.train, *parts.valid} == set(range(16))
    assert "8 segments have no fold" in parts.notes[0]
    with pytest.raises(DatasetError, match="no recordings for training"):
        split(parted(("valid", "test")), kind=None)
    with pytest.raises(DatasetError, match="does not say which recordings are for training"):
        split(parted(("1", "2")), kind="given")


def test_a_given_split_that_leaks_is_called_leaky():
    groups = [f"g{i % 12}" for i in range(24)]
    parts = split(parted(("train", "valid", "test"), groups), kind=None)
    assert parts.leaky
    assert parts.description.startswith("LEAKY")
    assert "is in both" in parts.notes[0]
