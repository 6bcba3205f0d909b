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
