import json

import pytest

from tests.cli.test_cli import fails, sori


def test_neuron():
    done = sori("learn", "neuron", 1, 2, 3, "--weights", 0.5, -0.2, 0.1)
    assert "1 * 0.5 + 2 * -0.2 + 3 * 0.1 = 0.4" in done.stdout
    assert "= 0.598688" in done.stdout
    values = json.loads(sori("learn", "neuron", -1, "--weights", -2, "--bias", -2, "--json").stdout)
    assert (values["net_input"], values["activation"]) == (0.0, 0.5)
    assert "needs weights" in fails("learn", "neuron", 1)
    assert "inputs must be 1 numbers" in fails("learn", "neuron", 1, 2, "--weights", 1)
    assert "inputs must be numbers" in fails("learn", "neuron", "one", "--weights", 1)


def test_forward():
    assert "a2 = sigmoid(a1 . W1)" in sori("learn", "forward", 2, 3, 1).stdout
    values = json.loads(sori("learn", "forward", 2, 3, 1, "--inputs", "0.3,0.1", "--json").stdout)
    assert [len(a) for a in values["activations"]] == [2, 3, 1]
    assert "two layers or more" in fails("learn", "forward", 2)
    assert "seed must be" in fails("learn", "forward", 2, 1, "--seed", -1)
    assert "seed must be" in fails("learn", "sum", "--seed", -1)
    assert "at least 1" in fails("learn", "forward", 2, 0, 1)


def test_backprop(tmp_path):
    text = sori("learn", "backprop", "--example", "--decimals", 5, "--plot", tmp_path / "a.png").stdout
    for number in ("0.32000", "0.22000", "0.07000", "0.04200", "0.04900", "0.00735", "0.01470", "0.00875", "0.01750"):
        assert number in text
    assert (tmp_path / "a.png").is_file()
    values = json.loads(sori("learn", "backprop", "--example", "--json").stdout)
    assert list(values) == ["exact", "rounded", "quarter"]
    assert "W0 + rate * dW0" in sori("learn", "backprop", "--layers", "2,3,1").stdout


def test_sum(tmp_path):
    done = sori("learn", "sum", "--samples", 100, "--epochs", 3, "--plot", tmp_path / "합.png")
    assert done.stdout.count("mean error") == 3
    assert "0.3 + 0.1 = " in done.stdout
    assert (tmp_path / "합.png").is_file()
    assert len(json.loads(sori("learn", "sum", "--samples", 10, "--epochs", 2, "--json").stdout)["losses"]) == 2
    assert "learning_rate must be" in fails("learn", "sum", "--lr", 0)
    assert "must be one of .png" in fails("learn", "sum", "--samples", 5, "--epochs", 1, "--plot", tmp_path / "a.gif")


@pytest.mark.parametrize("command", ["neuron", "forward", "backprop", "sum"])
def test_help_has_an_example(command):
    assert f"Example: sori learn {command}" in sori("learn", command, "--help").stdout


def test_the_twin():
    values = json.loads(sori("learn", "sum", "--compare", "keras", "--samples", 100, "--epochs", 2, "--json").stdout)
    assert values["largest_weight_difference"] < 1e-4
    done = sori("learn", "sum", "--compare", "keras", "--samples", 100, "--epochs", 2)
    for expected in ("from scratch", "Keras", "train loss", "test loss", "seconds", "0.3 + 0.1"):
        assert expected in done.stdout
    assert "compare must be one of keras" in fails("learn", "sum", "--compare", "torch")
