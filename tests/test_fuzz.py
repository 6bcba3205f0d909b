"""The readers and damaged files: a few of what `benchmarks/fuzz.py` tries."""

import json
import random

import pytest
from benchmarks import fuzz


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "seeds").mkdir()
    fuzz.seeds(folder / "seeds")
    return folder


def test_no_reader_raises_anything_but_our_errors(seeded):
    problems = {}
    for target in fuzz.targets(seeded / "seeds"):
        place = seeded / target.name
        place.mkdir()
        target.read_valid(place)
        few = 3 if "ffmpeg" in target.name or "keras" in target.name else 40
        for number in range(few):
            problem = fuzz.try_one(target, 7, number, place)
            if problem:
                problems[target.name, number] = problem
    assert problems == {}


def test_a_failure_is_found_and_kept(tmp_path):
    """A reader that fails in each way."""
    (tmp_path / "work" / "one").mkdir(parents=True)
    (tmp_path / "a.json").write_text('{"a": 1}')

    def broken(path):
        raise KeyError("a")

    target = fuzz.Target("broken", [tmp_path / "a.json"], broken, fuzz.damaged_json)
    assert "KeyError" in fuzz.try_one(target, 0, 3, tmp_path / "work" / "one")
    assert "KeyError" in (tmp_path / "work" / "failures" / "broken-3" / "problem.txt").read_text()
    assert (tmp_path / "work" / "failures" / "broken-3" / "a.json").exists()


def test_damage_depends_on_the_seed_alone_and_does_damage():
    data = json.dumps({"a": [1, 2, {"b": "c"}], "d": 0.5}).encode()
    for damage in (fuzz.damaged_bytes, fuzz.damaged_json):
        first = [damage(data, random.Random(i), [data]) for i in range(50)]
        assert first == [damage(data, random.Random(i), [data]) for i in range(50)]
        assert sum(one != data for one in first) > 40
