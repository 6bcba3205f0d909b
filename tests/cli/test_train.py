from tests.cli.test_cli import sori


def test_a_training_tells_its_score_and_where_its_report_is(trained, tmp_path):
    done = sori("train", trained / "data", "--out", tmp_path / "run", "--model", "mlp", "--epochs", 3, "--lr", "1e-3")
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert f"report: {tmp_path / 'run' / 'report.html'}" in done.stdout
    assert "test recordings " in done.stderr
