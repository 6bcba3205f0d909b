import json

from tests.cli.test_cli import fails, sori


def test_models_are_listed_with_what_they_cost():
    values = json.loads(sori("models", "--json").stdout)
    assert {row["name"]: row["parameters"] for row in values["models"]}["mlp"] == 1_014_218
    assert "FRAMESxBINS" in fails("models", "--shape", "big")
    assert "shape must be" in fails("models", "--shape", "0x5")
