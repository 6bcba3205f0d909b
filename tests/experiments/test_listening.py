import json
import shutil

import pytest

from sori.errors import BundleError, DatasetError
from sori.experiments.listening import THRESHOLDS, WORDLESS, compare_thresholds, table
from sori.inference import SpotterSettings


def test_unheard_words_are_found_in_a_stream(trained, tmp_path):
    out = tmp_path / "listening"
    listening = SpotterSettings(hop_s=0.25, smooth=1, ignore=())
    found = compare_thresholds(trained / "run", trained / "data", out, minutes=0.4, settings=listening)
    assert len(found.points) == 2 * len(THRESHOLDS)
    for condition in ("silence", "noise"):
        points = [point.scores for point in found.points if point.condition == condition]
        true = {scores.hits + scores.misses for scores in points}
        assert len(true) == 1 and true.pop() >= 5
        assert points[0].hours == pytest.approx(0.4 / 60, rel=0.2)
    assert found.points[0].scores.hit_rate > 0.3
    assert table(found)[0][0] == "threshold"
    written = json.loads((out / "listening.json").read_text())
    assert written["settings"]["unheard words"] > 0
    assert "<svg" in (out / "report.html").read_text()
    with pytest.raises(DatasetError, match="give `overwrite=True`"):
        compare_thresholds(trained / "run", trained / "data", out, minutes=0.4)


def test_what_is_reported_where_no_word_is_is_false(trained, tmp_path):
    listening = SpotterSettings(hop_s=0.25, smooth=1, ignore=())
    given = {"minutes": 0.1, "settings": listening, "wordless": trained / "sounds" / "mid"}
    found = compare_thresholds(trained / "run", trained / "data", tmp_path / "out", **given)
    points = [point.scores for point in found.points if point.condition == WORDLESS]
    assert len(points) == len(THRESHOLDS)
    assert all(scores.hits == scores.misses == 0 for scores in points)
    assert points[0].false_alarms > 0, "they are words of this model, after all"
    assert points[0].false_alarms >= points[-1].false_alarms
    heads, rows = table(found)
    assert heads[-1] == "wordless: false alarms/h"
    assert rows[0][-1] == f"{points[0].false_alarms_per_hour:.1f}"
    assert found.settings["unreadable"] == {"0-empty.wav": "the file is empty (0 bytes)"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no recordings in this folder"):
        compare_thresholds(trained / "run", trained / "data", tmp_path / "no", wordless=tmp_path / "empty")


def test_words_it_was_trained_on_prove_nothing(trained, tmp_path):
    shutil.copytree(trained / "run", tmp_path / "run")
    split = json.loads((tmp_path / "run" / "split.json").read_text())
    split["train"] += split["test"]
    (tmp_path / "run" / "split.json").write_text(json.dumps(split))
    with pytest.raises(BundleError, match="was trained on every word in it"):
        compare_thresholds(tmp_path / "run", trained / "data", tmp_path / "out", minutes=0.2)
