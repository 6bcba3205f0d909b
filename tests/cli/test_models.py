import json
import re

from typer.testing import CliRunner

from sori.cli import app
from sori.models import SIZES
from tests.cli.test_cli import fails, sori


def test_models_are_listed_with_what_they_cost():
    values = json.loads(sori("models", "--json").stdout)
    assert {row["name"]: row["parameters"] for row in values["models"]}["mlp"] == 1_014_218
    assert "FRAMESxBINS" in fails("models", "--shape", "big")
    assert "shape must be" in fails("models", "--shape", "0x5")


def listed(*arguments):
    done = CliRunner().invoke(app, ["models", *arguments, "--json"])
    assert done.exit_code == 0, done.output
    return {row["name"]: row for row in json.loads(done.stdout)["models"]}


def test_sizes_for_ten_classes_are_listed_without_a_network(monkeypatch):
    def fails(*arguments, **options):
        raise AssertionError

    monkeypatch.setattr("sori.models.build", fails)
    rows = listed()
    assert {name: rows[name]["parameters"] for name in SIZES} == {name: size.parameters for name, size in SIZES.items()}


def test_sizes_for_a_shape_are_counted_and_what_does_not_fit_says_why():
    rows = listed("--shape", "8x4", "--classes", "3")
    assert rows["mlp"]["parameters"] == (32 * 512 + 512) + (512 * 256 + 256) + (256 * 64 + 64) + (64 * 3 + 3)
    assert rows["wave"]["parameters"] is None
    assert "waveform" in rows["wave"]["why"]


def test_the_table_ends_with_what_ships():
    done = CliRunner().invoke(app, ["models"], env={"COLUMNS": "120"})
    assert "1,014,218" in done.stdout
    for name, task, command in (("keywords", "spotter", "sori listen"), ("piano", "transcriber", "sori transcribe")):
        assert re.search(rf"^{name}: a {task} with [\d,]+ parameters \({command}\)$", done.stdout, re.MULTILINE)
