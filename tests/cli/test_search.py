import json

from tests.cli.test_cli import fails, sori


def test_a_search_shows_its_trials_and_the_command_to_go_on_with(trained, tmp_path):
    given = ["search", trained / "data", "--model", "mlp", "--epochs", 3, "--trials", 1]
    done = sori(*given, "--out", tmp_path / "search")
    assert done.returncode == 0, done.stderr
    assert "validation loss" in done.stdout
    assert "sori train " in done.stdout
    assert f"page: {tmp_path / 'search' / 'report.html'}" in done.stdout
    found = json.loads(sori(*given, "--out", tmp_path / "other", "--json").stdout)
    assert len(found["trials"]) == 1
    assert "give --overwrite" in fails(*given, "--out", tmp_path / "search").replace("`", "")
