import json

import pytest
from typer.testing import CliRunner

from sori.cli import app
from sori.errors import SoriError
from sori.tasks.evaluate import evaluate

run = CliRunner().invoke


def test_what_was_heard_in_training_is_left_out_of_the_score(trained):
    done = run(app, ["evaluate", str(trained / "run"), str(trained / "data"), "--json"])
    scores = json.loads(done.stdout)
    assert scores["left_out"] > 0
    assert scores == json.loads(json.dumps(evaluate(trained / "run", trained / "data")))


def test_a_score_that_is_asked_for_although_it_leaks_says_so(trained):
    done = run(app, ["evaluate", str(trained / "run"), str(trained / "data"), "--include-training"])
    assert done.exit_code == 0
    assert "LEAKY" in done.stderr
    assert "on 36 recordings" in done.stdout


def test_what_does_not_fit_is_an_error(trained, tmp_path):
    done = run(app, ["evaluate", str(trained / "run"), str(tmp_path)])
    assert isinstance(done.exception, SoriError)
    with pytest.raises(SoriError, match="no recordings found"):
        raise done.exception
