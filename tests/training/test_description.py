from sori.bundle import Bundle
from sori.datasets import Dataset


def test_a_run_states_what_it_was_made_of(trained):
    bundle, dataset = Bundle.open(trained / "run"), Dataset.open(trained / "data")
    assert bundle.task == "classifier"
    assert bundle.front_end == dataset.front_end
    assert bundle.classes == dataset.classes
    assert bundle.dataset["fingerprint"] == dataset.fingerprint
    assert bundle.dataset["recordings"] == dataset.counts["recordings"]
    assert bundle.architecture["parameters"] > 0
    assert 1 <= bundle.training["best_epoch"] <= bundle.training["epochs"]
