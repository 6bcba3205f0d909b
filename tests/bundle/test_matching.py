from dataclasses import replace

import pytest

from sori.bundle import Bundle
from sori.bundle.matching import ids_of_model, input_differences
from sori.datasets import Dataset
from sori.errors import BundleError


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


def test_classes_are_known_by_their_names(both):
    bundle, dataset = both
    assert ids_of_model(bundle, dataset).tolist() == [0, 1, 2]
    turned = replace(bundle, classes=(*reversed(bundle.classes), "another"))
    assert ids_of_model(turned, dataset).tolist() == [2, 1, 0]
    with pytest.raises(BundleError, match=f"unknown to the model: {dataset.classes[0]}; it knows"):
        ids_of_model(replace(bundle, classes=bundle.classes[1:]), dataset)
