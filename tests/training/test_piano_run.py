import json
from types import SimpleNamespace

import numpy as np
import pytest

from sori.errors import BundleError, ParameterError
from sori.models.piano import PEDAL, piano
from sori.training import piano_run
from sori.training.piano_run import carry_on, checked_state, read_training, read_weights

STATE = {
    "epoch": 1, "weights": "epoch-1.keras", "mean": "mean-1.npz", "best": 0.5, "best_epoch": 1,
    "best_weights": "mean-1.npz", "valid": {"light": {"f1": 0.5}}, "history": [{"epoch": 1, "loss": 2.0}],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"epoch": -1}, {"best_weights": "../mean.npz"}, {"mean": "/etc/passwd"}, {"history": [1]}, {"best": None}],
)
def test_a_damaged_state_is_refused(tmp_path, change):
    assert checked_state(tmp_path, {"state": STATE}) == STATE
    with pytest.raises(BundleError, match=r"training\.json: damaged"):
        checked_state(tmp_path, {"state": {**STATE, **change}})


def test_a_training_is_read_if_it_has_finished_an_epoch(tmp_path):
    for made in (
        {},
        {"made_by": "sori train", "state": STATE},
        {"made_by": "sori piano train", "state": {**STATE, "best_weights": ""}},
    ):
        (tmp_path / "training.json").write_text(json.dumps(made))
        with pytest.raises(BundleError, match="not a piano training, or one without a finished epoch"):
            read_training(tmp_path)
    (tmp_path / "training.json").write_text(json.dumps({"made_by": "sori piano train", "state": STATE, "more": 1}))
    made, state = read_training(tmp_path)
    assert (made["more"], state) == (1, STATE)


def test_weights_are_finite_numbers(tmp_path):
    np.savez(tmp_path / "a.npz", np.ones((2, 3), dtype=np.float16), np.zeros(4, dtype=np.float16))
    assert [(w.shape, w.dtype) for w in read_weights(tmp_path / "a.npz")] == [((2, 3), np.float32), ((4,), np.float32)]
    for bad in (np.array([np.nan], dtype=np.float16), np.array(["a"]), np.array([1])):
        np.savez(tmp_path / "b.npz", bad)
        with pytest.raises(BundleError, match=r"b\.npz: missing or damaged"):
            read_weights(tmp_path / "b.npz")


def test_a_network_that_does_not_hear_the_pedal_is_gone_on_from(monkeypatch, tmp_path):
    network, other = (piano((None, 296, 2), width=0.25) for _ in range(2))
    before = [np.asarray(w) for w in other.weights if not w.path.startswith(PEDAL)]
    own = [np.asarray(w) for w in network.weights if w.path.startswith(PEDAL)]
    assert 0 < len(own) < len(before)
    monkeypatch.setattr(
        piano_run, "Bundle", SimpleNamespace(open=lambda folder: SimpleNamespace(weights=lambda: before))
    )
    carry_on(network, tmp_path)
    for is_pedal, expected in ((False, before), (True, own)):
        found = [np.asarray(w) for w in network.weights if w.path.startswith(PEDAL) == is_pedal]
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(ParameterError, match="another size"):
        carry_on(piano((None, 296, 2), width=0.5), tmp_path)
