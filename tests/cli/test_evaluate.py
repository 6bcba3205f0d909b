import json

from tests.cli.test_cli import sori


def test_what_was_heard_in_training_is_left_out_of_the_score(trained):
    scores = json.loads(sori("evaluate", trained / "run", trained / "data", "--json").stdout)
    assert scores["left_out"] > 0
