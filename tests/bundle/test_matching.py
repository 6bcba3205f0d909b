from dataclasses import replace

import pytest

from sori.bundle import Bundle
from sori.bundle.matching import input_differences
from sori.datasets import Dataset


@pytest.fixture
def both(trained):
    return Bundle.open(trained / "run"), Dataset.open(trained / "data")


def test_the_data_of_a_run_fit_it(both):
    assert input_differences(*both) == []


def test_each_difference_is_named(both):
    bundle, dataset = both
    other = replace(bundle, front_end=replace(bundle.front_end, sr=4000))
    assert input_differences(other, dataset) == [f"sr: {dataset.front_end.sr}, not 4000"]
    longer = replace(bundle, input_shape=(bundle.input_shape[0] + 1, bundle.input_shape[1]))
    (shape,) = input_differences(longer, dataset)
    assert shape == f"segments of {dataset.shape} (frames, bins), not {longer.input_shape}"
    unknown = replace(bundle, front_end=None, segmenting=None)
    assert input_differences(unknown, dataset) == [f"the front end is not stated in {bundle.path}"]
