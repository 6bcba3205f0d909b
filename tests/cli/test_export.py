from typer.testing import CliRunner

from sori.cli import app

run = CliRunner().invoke


def test_a_run_becomes_one_file(trained, tmp_path):
    out = tmp_path / "모델.onnx"
    done = run(app, ["export", str(trained / "run"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "samples at" in done.stdout
    assert out.is_file()
    assert "is there already" in str(run(app, ["export", str(trained / "run"), "--out", str(out)]).exception)
    assert "must end in .onnx" in str(
        run(app, ["export", str(trained / "run"), "--out", str(tmp_path / "a")]).exception
    )


def test_a_run_becomes_a_page(trained, tmp_path):
    out = tmp_path / "page"
    done = run(app, ["export", str(trained / "run"), "--to", "web", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "python -m http.server" in done.stdout
    assert (out / "index.html").is_file()
    assert "did you mean 'web'" in str(
        run(app, ["export", str(trained / "run"), "--to", "wep", "--out", "a"]).exception
    )
