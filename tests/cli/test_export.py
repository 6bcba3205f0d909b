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


def test_eight_bits_come_with_what_they_cost(trained, tmp_path):
    out, given = tmp_path / "small.onnx", ["export", str(trained / "run"), "--out"]
    done = run(app, [*given, str(out), "--quantise", "int8", "--data", str(trained / "data")])
    assert done.exit_code == 0, done.output
    assert " before, " in done.stdout
    assert "in 8 bits" in done.stdout
    assert "belong together" in str(run(app, [*given, str(tmp_path / "a.onnx"), "--quantise", "int8"]).exception)
    wrong = run(app, [*given, str(tmp_path / "a.onnx"), "--quantise", "int4", "--data", "data"])
    assert "quantise must be" in str(wrong.exception)
