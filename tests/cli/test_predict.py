import csv
import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from tests.cli.test_cli import SORI, fails, sori
from tests.conftest import recording, tone


def test_a_bad_file_is_told_and_the_others_are_predicted(trained, tmp_path):
    file = trained / "sounds" / "high" / "0-high_0.wav"
    bad = tmp_path / "bad.wav"
    bad.write_text("x")
    done = sori("predict", trained / "run", file, bad, "--top", 2)
    assert done.returncode == 1  # the batch goes on, and says that not all of it went well
    assert done.stdout.startswith(f"{file}: ")
    assert done.stdout.count("%") == 2
    assert "bad.wav: not readable as audio" in done.stderr
    rows = json.loads(sori("predict", trained / "run", file, bad, "--json", "--top", 3).stdout)
    assert len(rows[0]["top"]) == 3
    assert "error" in rows[1]
    assert "not readable as audio" in fails("predict", trained / "run", bad)


def test_predict_shows_a_name_that_is_not_text(trained, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff.wav"
    with open(name, "wb") as file:
        file.write((trained / "sounds" / "high" / "0-high_0.wav").read_bytes())
    done = subprocess.run([SORI, "predict", trained / "run", name], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_the_timeline_tells_what_is_heard_when(trained, tmp_path):
    low, high = (tone(hz, sr=8000, duration_s=3) for hz in (203, 807))
    path = recording(tmp_path / "both.wav", np.concatenate([low, high, high]), 8000)
    done = sori("predict", trained / "run", path, "--timeline", "--top", 1)
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{path}: high ")
    assert [line.split()[4] for line in lines[1:]] == ["낮은"] * 6 + ["high"] * 12
    assert lines[1].split()[:4] == ["0.00", "to", "0.50", "s"]
    (told,) = json.loads(sori("predict", trained / "run", path, "--timeline", "--json", "--top", 1).stdout)
    assert told["segments"] == len(told["timeline"]) == 18
    assert told["timeline"][-1]["top"][0]["class"] == "high"
    assert (told["timeline"][-1]["start_s"], told["timeline"][-1]["end_s"]) == (8.5, 9.0)
    assert "timeline" not in json.loads(sori("predict", trained / "run", path, "--json").stdout)[0]


def test_names_cannot_write_to_the_terminal(trained, tmp_path):
    name = "\x1b[2J\x1b]0;title\x07.wav"
    path = recording(tmp_path / name, tone(203, sr=8000), 8000)
    (tmp_path / "bad\x1b[31m.wav").write_text("no sound")
    done = sori("predict", trained / "run", path, tmp_path / "bad\x1b[31m.wav")
    assert "\x1b" not in done.stdout + done.stderr
    assert r"\x1b[2J" in done.stdout


def test_a_table_accounts_for_every_file_and_can_be_resumed(trained, tmp_path):
    folder = tmp_path / "새 소리"
    folder.mkdir()
    for name in ("a", "b", "c"):
        shutil.copy(trained / "sounds" / "high" / "0-high_0.wav", folder / f"{name}.wav")
    (folder / "bad.wav").write_text("x")
    out = tmp_path / "predictions.csv"
    done = sori("predict", trained / "run", folder, "--out", out)
    assert done.returncode == 1
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [row["file"].rpartition("/")[2] for row in rows] == ["a.wav", "b.wav", "bad.wav", "c.wav"]
    assert [row["class"] for row in rows] == ["high", "high", "", "high"]
    assert "not readable" in rows[2]["error"]
    assert sum(float(value) for name, value in rows[0].items() if name.startswith("p:")) == pytest.approx(1, abs=1e-4)
    whole = out.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    cut = lines[3].encode()
    cut = cut[: cut.index("새".encode()) + 1]  # as if killed while it wrote a line, inside a letter
    out.write_bytes("".join(lines[:3]).encode() + cut)
    done = sori("predict", trained / "run", folder, "--out", out, "--resume", "--json")
    assert json.loads(done.stdout) == {"out": str(out), "written": 2, "failed": 1, "known": 2}
    assert out.read_text(encoding="utf-8") == whole
    done = sori("predict", trained / "run", folder, "--out", out, "--resume", "--json")  # what failed is tried again
    assert (done.returncode, json.loads(done.stdout)["written"]) == (1, 1)
    assert "is there already" in fails("predict", trained / "run", folder, "--out", out)
    assert "another threshold" in fails(
        "predict", trained / "run", folder, "--out", out, "--resume", "--threshold", 0.5
    )
    out.write_text("something,else\n")
    assert "is of another model" in fails("predict", trained / "run", folder, "--out", out, "--resume")
    out.write_bytes(b"")  # as if killed before its first line
    assert sori("predict", trained / "run", folder, "--out", out, "--resume").returncode == 1
    assert out.read_text(encoding="utf-8") == whole


def test_below_the_threshold_it_is_none_of_them(trained, tmp_path):
    noise = np.random.default_rng(0).standard_normal(24000).astype(np.float32) * 0.1
    file = recording(tmp_path / "noise.wav", noise, 8000)
    best = json.loads(sori("predict", trained / "run", file, "--json").stdout)[0]["top"][0]
    rows = json.loads(sori("predict", trained / "run", file, "--threshold", 1, "--json").stdout)
    assert best["probability"] < 1
    assert rows[0]["class"] == "none of these"
    assert rows[0]["top"][0] == best
    assert "none of these; likeliest" in sori("predict", trained / "run", file, "--threshold", 1).stdout
    assert "threshold must be" in fails("predict", trained / "run", file, "--threshold", 2)


def test_the_learned_threshold_is_taken_where_asked_for(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained / "run", folder)
    half = [tone(hz, sr=8000, duration_s=1) for hz in (203, 807, 807)]
    file = recording(tmp_path / "both.wav", np.concatenate(half), 8000)
    learned = json.loads((folder / "bundle.json").read_text())
    for threshold, expected in ((0.9, "none of these"), (0.3, "high")):
        learned["training"]["threshold"] = threshold
        (folder / "bundle.json").write_text(json.dumps(learned))
        (row,) = json.loads(sori("predict", folder, file, "--none-of-these", "--json").stdout)
        assert row["class"] == expected
    assert "not both" in fails("predict", folder, file, "--none-of-these", "--threshold", "0.5")
    learned["training"]["threshold"] = 0.0
    (folder / "bundle.json").write_text(json.dumps(learned))
    assert "has no learned threshold" in fails("predict", folder, file, "--none-of-these")
