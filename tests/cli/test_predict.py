import json
import os
import subprocess

from tests.cli.test_cli import SORI, fails, sori


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
