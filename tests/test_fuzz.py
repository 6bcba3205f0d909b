"""The readers and damaged files: a few of what `benchmarks/fuzz.py` tries."""

import json
import random
import subprocess
import sys

from benchmarks import fuzz

from tests.conftest import ROOT


def test_no_reader_raises_anything_but_our_errors(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "fuzz.py", "--inputs", "1500", "--seed", "7", "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    kept = [(path.parent.name, path.read_text()) for path in (tmp_path / "out").rglob("problem.txt")]
    assert kept == [], done.stdout
    assert done.returncode == 0, done.stderr
    assert "audio with ffmpeg" in done.stdout


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
