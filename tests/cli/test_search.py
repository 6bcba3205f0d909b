import json

from typer.testing import CliRunner

from sori.cli import app

run = CliRunner().invoke


def test_a_search_shows_its_trials_and_the_command_to_go_on_with(trained, tmp_path):
    given = ["search", str(trained / "data"), "--model", "mlp", "--epochs", "2", "--trials", "1"]
    done = run(app, [*given, "--out", str(tmp_path / "search")])
    assert done.exit_code == 0, done.output
    assert "validation loss" in done.stdout
    assert "sori train " in done.stdout
    assert "--model mlp --epochs 2 --test-size 0.3" in done.stdout
    assert f"page: {tmp_path / 'search' / 'report.html'}" in done.stdout
    again = run(app, [*given, "--out", str(tmp_path / "search")])
    assert "is there already" in str(again.exception)
    found = json.loads(run(app, [*given, "--out", str(tmp_path / "search"), "--overwrite", "--json"]).stdout)
    assert len(found["trials"]) == 1
