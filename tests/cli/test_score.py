import json

import pytest
from typer.testing import CliRunner

from sori.cli import app
from sori.music import Note
from sori.music.midi import write_midi

run = CliRunner().invoke


def test_a_transcription_is_scored_and_drawn(tmp_path):
    truth = [Note(0.0, 0.5, 60, 64), Note(0.5, 1.0, 64, 64), Note(1.0, 1.5, 67, 64)]
    write_midi(truth, tmp_path / "truth.mid")
    write_midi(truth[:2], tmp_path / "estimate.mid")
    arguments = ["score", str(tmp_path / "estimate.mid"), str(tmp_path / "truth.mid")]
    done = run(app, [*arguments, "--plot", str(tmp_path / "roll.png")])
    assert done.exit_code == 0
    assert "onset, 50 ms                  1.000      0.667   0.800" in done.stdout
    assert (tmp_path / "roll.png").stat().st_size > 1000
    assert json.loads(run(app, [*arguments, "--json"]).stdout)["f1"] == pytest.approx(0.8)


def test_an_estimate_without_notes_scores_nothing_and_a_truth_without_is_refused(tmp_path):
    write_midi([Note(0.0, 0.5, 60, 64)], tmp_path / "truth.mid")
    write_midi([], tmp_path / "empty.mid")
    done = run(app, ["score", str(tmp_path / "empty.mid"), str(tmp_path / "truth.mid"), "--json"])
    assert json.loads(done.stdout)["f1"] == 0
    done = run(app, ["score", str(tmp_path / "truth.mid"), str(tmp_path / "empty.mid")])
    assert "has no notes" in str(done.exception)


def test_folders_are_scored_file_by_file(tmp_path):
    truth = [Note(0.0, 0.5, 60, 64), Note(0.5, 1.0, 64, 64)]
    for folder in ("truth/sub", "estimate/sub"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("a.mid", "sub/b.mid", "c.mid"):
        write_midi(truth, tmp_path / "truth" / name)
    write_midi(truth, tmp_path / "estimate" / "a.mid")
    write_midi(truth[:1], tmp_path / "estimate" / "sub" / "b.midi")
    arguments = ["score", str(tmp_path / "estimate"), str(tmp_path / "truth")]
    done = run(app, arguments)
    assert done.exit_code == 1
    assert "c.mid: has no estimate of this name" in done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["F1", "a", "sub/b", "mean"]
    assert [lines[1][1], lines[2][1], lines[3][3]] == ["1.000", "0.667", "0.833"]
    told = json.loads(run(app, [*arguments, "--json"]).stdout)
    assert [one.get("f1") for one in told] == [1, pytest.approx(2 / 3), None]
    assert "c.mid" in told[2]["error"]
    assert "`plot` is for two files" in str(run(app, [*arguments, "--plot", "a.png"]).exception)
    (tmp_path / "none").mkdir()
    assert "no MIDI files" in str(run(app, ["score", str(tmp_path / "none"), str(tmp_path / "none")]).exception)
