import pytest

from sori.errors import ParameterError
from sori.experiments.addition import compare_with_keras, draw_sum, learn_sum, verdict
from tests.conftest import Said


def test_learns_to_add_the_same_way_every_time(tmp_path):
    seen = []
    result = learn_sum(samples=400, epochs=30, reporter=Said(on_progress=lambda *report: seen.append(report)))
    assert result.losses == learn_sum(samples=400, epochs=30).losses
    assert result.losses != learn_sum(samples=400, epochs=30, seed=1).losses
    assert [report[1] for report in seen] == list(range(1, 31))
    assert result.predictions == pytest.approx([0.4, 0.3], abs=0.1)
    draw_sum(result, tmp_path / "sum.png")
    assert (tmp_path / "sum.png").stat().st_size > 10_000


def test_the_twin_is_the_very_same_network():
    twin = compare_with_keras(samples=300, epochs=4)
    assert twin.largest_weight_difference < 1e-4
    assert twin.scratch.train_loss == pytest.approx(twin.keras.train_loss, rel=1e-6)
    assert twin.scratch.test_loss == pytest.approx(twin.keras.test_loss, rel=1e-6)
    assert twin.scratch.predictions == pytest.approx(twin.keras.predictions, abs=1e-6)


def test_the_verdict():
    assert verdict(1e-3, 1.2e-3, 0.04) == "train and test loss are close, and its sums are right: it learned addition"
    assert verdict(1e-3, 5e-3, 0.04) == "the test loss is 5.0 times the train loss: it memorised its examples"
    assert verdict(1e-3, 1.2e-3, 0.22).startswith("its sums are off by up to 0.220: it has not learned addition yet")


def test_arguments_are_checked():
    for bad in ({"samples": 0}, {"epochs": 0}, {"hidden": 0}, {"learning_rate": 0}):
        with pytest.raises(ParameterError, match=next(iter(bad))):
            learn_sum(**bad)
        with pytest.raises(ParameterError, match=next(iter(bad))):
            compare_with_keras(**bad)
