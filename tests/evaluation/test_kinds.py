import numpy as np
import pytest

from sori.evaluation.kinds import kinds_of, recall_by_kind

ROWS = np.array(
    [
        [0.0, 1.0, 60, 80],
        [1.02, 2.0, 60, 80],  # the string has just ended: it still rings
        [2.5, 3.0, 60, 80],  # it has been silent
        [5.0, 6.0, 40, 100],
        [5.2, 6.0, 70, 75],
        [5.25, 6.0, 71, 76],
    ]
)


def chosen(name):
    (mask,) = [mask for kind, mask in kinds_of(ROWS).items() if kind.startswith(name)]
    return np.flatnonzero(mask).tolist()


def test_notes_are_of_the_kinds_that_they_are():
    assert chosen("struck again") == [1]
    assert chosen("struck on a silent") == [0, 2, 3, 4, 5]
    assert chosen("below C3") == [3]
    assert chosen("softer") == [4]
    assert chosen("where 14") == []
    run = np.stack([np.arange(30) * 0.06, np.arange(30) * 0.06 + 0.05, 50 + np.arange(30), np.full(30, 80)], axis=1)
    dense = kinds_of(run)["where 14 or more begin in a second"]
    assert dense[10:20].all()
    assert not dense[0]


def test_the_order_of_notes_does_not_matter(rng):
    order = rng.permutation(len(ROWS))
    for name, mask in kinds_of(ROWS[order]).items():
        np.testing.assert_array_equal(mask, kinds_of(ROWS)[name][order])


def test_recall_counts_what_was_found():
    found = recall_by_kind([(ROWS, ROWS[[0, 1, 3]]), (ROWS[:2], np.zeros((0, 4)))])
    assert found["struck again while it rings"] == (1, 2)
    assert found["struck on a silent string"] == (2, 6)
    assert found["below C3"] == (1, 1)
    assert found["where 14 or more begin in a second"] == (0, 0)
    assert kinds_of(np.zeros((0, 4)))["below C3"].shape == (0,)
    assert recall_by_kind([]) == {}
    assert found["softer than others with it by 25 or more"] == pytest.approx((0, 1))
