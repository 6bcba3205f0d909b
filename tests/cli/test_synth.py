import csv
import json
import os
import signal
import subprocess
import time

import pytest

from sori.audio import load
from sori.music import Note
from sori.music.midi import write_midi
from tests.cli.test_cli import SORI, fails, sori
from tests.conftest import needs_fluidsynth


def additive(*arguments):
    return sori("synth", *arguments, "--engine", "additive", "--sr", 8000, "--duration", 0.3)


def test_notes_become_a_dataset(tmp_path):
    out = tmp_path / "notes"
    done = additive("notes", out, "--instruments", "piano,flute", "--pitches", "C4-D4", "--velocities", "60,100")
    assert done.returncode == 0, done.stderr
    assert "12 files of 0.3 s, and labels.csv" in done.stdout
    assert f"next: sori dataset build {out} --out DATASET --labels" in done.stderr
    assert done.stderr.strip().endswith("--duration 0.3 --segments 1")
    built = sori(
        "dataset", "build", out, tmp_path / "data", "--labels", out / "labels.csv", "--duration", 0.3, "--segments", 1,
        "--sr", 8000, "--n-mels", 40, "--json",
    )  # fmt: skip
    counts = json.loads(built.stdout)["counts"]
    assert (counts["recordings"], counts["groups"]) == (12, 2)
    assert "is there already; give --overwrite" in fails(
        "synth", "notes", out, "--engine", "additive", "--pitches", "60", "--instruments", "piano"
    )


def test_chords_and_mixtures(tmp_path):
    done = additive(
        "chords", tmp_path / "chords", "--kinds", "major,minor7", "--roots", "60,62", "--inversions", "--json"
    )
    assert json.loads(done.stdout)["written"] == 14
    done = additive(
        "mix", tmp_path / "mixed", "--with", "piano:pink", "--snr", "-6,0", "--pitches", "60", "--velocities", "80"
    )
    assert "only one instrument" in done.stderr
    assert done.returncode == 0, done.stderr
    with (tmp_path / "mixed" / "labels.csv").open(newline="") as file:
        assert [row["snr_db"] for row in csv.DictReader(file)] == ["-6", "0"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("notes", "OUT", "--instruments", "pianno"), "did you mean 'piano'"),
        (("notes", "OUT", "--pitches", "H4"), "pitches must be MIDI numbers, note names or ranges"),
        (("notes", "OUT", "--velocities", "loud"), "velocities must be comma-separated whole numbers"),
        (("notes", "OUT", "--velocities", "200"), "velocity must be 1 to 127"),
        (("notes", "OUT", "--soundfont", "none.sf2"), "none.sf2: No such file"),
        (("notes", "OUT", "--reverb", "big"), "reverb is room"),
        (("notes", "OUT", "--tuning", "4400"), "--tuning must be 380 to 500 Hz"),
        (("mix", "OUT", "--with", "piano"), "a mixture must be two instruments"),
        (("mix", "OUT", "--snr", "loud"), "snr must be comma-separated numbers"),
        (("mix", "OUT", "--seed", "-1"), "seed must be"),
        (("chords", "OUT", "--kinds", "mayor"), "did you mean 'major'"),
        (("midi", "none.mid", "OUT"), "none.mid: No such file"),
    ],
)
@needs_fluidsynth
def test_mistakes_are_one_line_and_leave_nothing(tmp_path, arguments, message):
    out = tmp_path / "out.flac"
    assert message in fails("synth", *(out if word == "OUT" else word for word in arguments))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_stopped_goes_on(tmp_path, number):
    out = tmp_path / "notes"
    command = ["synth", "notes", out, "--engine", "additive", "--pitches", "21-108", "--sr", 44100, "--duration", 1]
    running = subprocess.Popen([SORI, *map(str, command)], stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 30
    building = out.with_name("notes.building")
    while not list(building.rglob("*.flac")) and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(running.pid, number)
    _, errors = running.communicate(timeout=30)
    assert not out.exists()
    assert "Traceback" not in errors
    if number == signal.SIGINT:
        assert running.returncode == 130
        assert "--resume to finish" in errors
    done = sori(*command, "--resume", "--json")
    assert json.loads(done.stdout)["written"] == 264
    assert len(list(out.rglob("*.flac"))) == 264
    assert not list(out.rglob("*.tmp"))


@needs_fluidsynth
def test_a_midi_file(tmp_path, monkeypatch):
    import pretty_midi

    monkeypatch.setenv("CI", "true")  # where pyfluidsynth, which pretty_midi imports too, prints what it found
    midi = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    piano.notes.append(pretty_midi.Note(100, 69, 0.0, 0.5))
    midi.instruments.append(piano)
    midi.write(str(tmp_path / "a.mid"))
    done = sori("synth", "midi", tmp_path / "a.mid", tmp_path / "a.flac", "--reverb", 0.7, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["duration_s"] > 0.5
    assert "give --overwrite" in fails("synth", "midi", tmp_path / "a.mid", tmp_path / "a.flac")
    assert "must end in .wav" in fails("synth", "midi", tmp_path / "a.mid", tmp_path / "a.txt")


@needs_fluidsynth
def test_a_folder_of_midi_files_is_rendered_and_a_broken_one_stops_nothing(tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.mid", "sub/b.MID"):
        write_midi([Note(0.0, 0.3, 60, 80)], tmp_path / "in" / name)
    (tmp_path / "in" / "broken.mid").write_bytes(b"MThd")
    done = sori("synth", "midi", tmp_path / "in", "--out", tmp_path / "out", "--json")
    assert done.returncode == 1
    assert "broken.mid: not a MIDI file" in done.stderr
    told = json.loads(done.stdout)
    assert [one.get("file") for one in told] == [
        str(tmp_path / "out" / "a.flac"), None, str(tmp_path / "out" / "sub" / "b.flac"),
    ]  # fmt: skip
    assert all(load(tmp_path / "out" / name)[0].any() for name in ("a.flac", "sub/b.flac"))
