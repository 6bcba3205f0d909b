import dataclasses
import inspect

from typer.testing import CliRunner

from sori.cli import app
from sori.cli.train import train
from sori.errors import SoriError
from sori.tasks.evaluate import evaluate
from sori.tasks.train import TrainingResult
from sori.training import Diagnosis, TrainingOptions
from tests.cli.test_cli import sori


def test_a_training_tells_its_score_and_where_its_report_is(trained, tmp_path):
    done = sori("train", trained / "data", "--out", tmp_path / "run", "--model", "mlp", "--epochs", 3, "--lr", "1e-3")
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert f"report: {tmp_path / 'run' / 'report.html'}" in done.stdout
    assert "test recordings " in done.stderr


def test_every_setting_of_a_training_is_an_option_and_has_its_default():
    fields = {one.name: one for one in dataclasses.fields(TrainingOptions)} | {"model_options": None}
    of_model = {"dropout", "l2", "width", "depth", "scale"}
    options = inspect.signature(train).parameters
    assert set(options) == {"source", "out", "resume", "overwrite", "json", *of_model, *fields} - {"model_options"}
    for name, field in fields.items():
        if field is not None:
            assert options[name].default == field.default, name


def test_options_reach_the_training(trained, tmp_path, monkeypatch):
    seen = {}

    def stop(source, out, options, **given):
        seen.update(options=options, **given)
        raise SoriError("enough")

    monkeypatch.setattr("sori.tasks.train.train", stop)
    arguments = ["--out", str(tmp_path), "--width", "0.5", "--mixup", "0.2", "--test-fold", "3", "--overwrite"]
    done = CliRunner().invoke(app, ["train", str(trained / "data"), *arguments])
    assert str(done.exception) == "enough"
    assert seen["options"] == TrainingOptions(model_options={"width": 0.5}, mixup=0.2, test_fold="3", split="fold")
    assert seen["overwrite"] is True


def test_advice_is_given_as_options(trained, tmp_path, monkeypatch):
    diagnosis = Diagnosis(
        "overfitted", 0.3, 2, "a gap", ("`l2=0.001` and `dropout=0.3`", "`patience=10`: stop", "more")
    )
    scores = evaluate(trained / "run", trained / "data")
    result = TrainingResult(tmp_path, scores, (), 1, 2, 3, diagnosis)
    monkeypatch.setattr("sori.tasks.train.train", lambda *arguments, **options: result)
    done = CliRunner().invoke(app, ["train", str(trained / "data"), "--out", str(tmp_path)])
    assert "overfitted: a gap\nnext, try --l2 0.001 and --dropout 0.3; or --patience 10: stop\n" in done.stdout
