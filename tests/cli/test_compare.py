import json
import shutil

from typer.testing import CliRunner

from sori.cli import app

run = CliRunner().invoke


def test_two_runs_side_by_side(trained, tmp_path):
    shutil.copytree(trained / "run", tmp_path / "again")
    page = tmp_path / "page.html"
    done = run(app, ["compare", str(trained / "run"), str(tmp_path / "again"), "--out", str(page)])
    assert done.exit_code == 0, done.output
    assert "again" in done.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    rows = json.loads(run(app, ["compare", str(trained / "run"), str(tmp_path / "again"), "--json"]).stdout)
    assert [row["accuracy"] for row in rows] == [rows[0]["accuracy"]] * 2
    refused = run(app, ["compare", str(trained / "run"), str(tmp_path / "again"), "--out", str(page)])
    assert "is there already" in str(refused.exception)
