import json
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from sori.audio import load, resample
from sori.errors import ParameterError, SoriError
from sori.evaluation.notes import score_notes
from sori.inference import ENGINES, NoteDecoding, Transcriber
from sori.music import Note, notes_array
from sori.music.midi import read_notes, write_midi
from sori.synth.render import Rendering, render_midi
from sori.tasks.transcribe import Transcribed, transcribe_files
from tests.conftest import ROOT, Said, needs_fluidsynth

NOTES = [Note(0.1234567, 0.5, 60, 64), Note(0.25, 1.5, 64, 100)]
LOW = NoteDecoding(threshold=0.01, min_note_s=0, doubt=False)


@pytest.fixture
def file(tmp_path, rng):
    path = tmp_path / "가락.wav"
    soundfile.write(path, (0.2 * rng.standard_normal(32000)).clip(-0.9, 0.9), 16000, subtype="FLOAT")
    return path


@pytest.fixture
def engine(monkeypatch):
    """An engine whose notes are known, for what comes after it."""
    heard = []

    class Known:
        sr = 16000

        def __call__(self, y):
            heard.append(len(y))
            return NOTES

    monkeypatch.setitem(ENGINES._things, "known", Known)
    return heard


def test_what_is_written_is_what_the_transcriber_finds(made, file, tmp_path):
    y, sr = soundfile.read(file, dtype="float32")
    expected = Transcriber(made / "run")(y, sr=sr, decoding=LOW).notes
    given = {"model": made / "run", "decoding": LOW, "formats": ("json",)}
    (done,) = transcribe_files([file], tmp_path / "out", **given)
    rows = json.loads((tmp_path / "out" / "가락.json").read_text(encoding="utf-8"))["notes"]
    assert done.notes == len(rows) == len(expected) > 0
    assert [row["pitch"] for row in rows] == [note.pitch for note in expected]
    assert [row["onset_s"] for row in rows] == pytest.approx([note.onset_s for note in expected], abs=1e-3)


def test_each_format_holds_the_same_notes(made, file, engine, tmp_path):
    given = {"model": made / "run", "engine": "known", "formats": ("mid", "tsv", "json", "png")}
    (done,) = transcribe_files([str(file)], str(tmp_path / "out"), **given)
    assert engine == [32000]
    out = tmp_path / "out" / "가락.mid"
    assert [path.name for path in done.written] == [f"가락.{kind}" for kind in ("mid", "tsv", "json", "png")]
    for read, note in zip(read_notes(out), NOTES, strict=True):
        assert (read.pitch, read.velocity) == (note.pitch, note.velocity)
        assert (read.onset_s, read.offset_s) == pytest.approx((note.onset_s, note.offset_s), abs=6e-4)
    lines = out.with_suffix(".tsv").read_text().splitlines()
    assert lines == ["onset_s\toffset_s\tpitch\tvelocity", "0.1235\t0.5000\t60\t64", "0.2500\t1.5000\t64\t100"]
    values = json.loads(out.with_suffix(".json").read_text())
    assert values["duration_s"] == 2
    assert values["notes"][0] == {"onset_s": 0.1235, "offset_s": 0.5, "pitch": 60, "velocity": 64}
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert (done.notes, done.lowest, done.highest, done.duration_s) == (2, 60, 64, 2)


def test_a_recording_at_another_rate_is_heard_at_the_models(made, file, engine, tmp_path):
    y, _ = soundfile.read(file, dtype="float32")
    soundfile.write(tmp_path / "other.wav", resample(y, from_sr=16000, to_sr=44100), 44100, subtype="FLOAT")
    (done,) = transcribe_files([tmp_path / "other.wav"], tmp_path / "out", model=made / "run", engine="known")
    assert engine == [pytest.approx(32000, abs=2)]
    assert done.written == (tmp_path / "out" / "other.mid",)


def test_a_bad_recording_is_told_and_the_others_go_on(made, file, engine, tmp_path):
    (tmp_path / "bad.wav").write_text("no sound")
    done = list(transcribe_files([tmp_path / "bad.wav", file], tmp_path / "out", model=made / "run", engine="known"))
    assert [one.error is None for one in done] == [False, True]
    assert "bad.wav: " in done[0].summary()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["가락.mid"]
    json.dumps([one.to_dict() for one in done])


def test_progress_ends_at_the_end(made, file, engine, tmp_path):
    seen = []
    reporter = Said(on_progress=lambda stage, done, total, values: seen.append((stage, done, total)))
    list(transcribe_files([file], tmp_path / "out", model=made / "run", engine="known", reporter=reporter))
    assert seen[-1] == ("Transcribing 가락.wav", 2, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"formats": ("mp4",)}, "format must be one of mid, tsv, json, png"),
        ({"formats": ()}, "one or more formats"),
        ({"engine": "pianno"}, "did you mean 'piano'"),
        ({"method": "demuks"}, "did you mean 'demucs'"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(made, file, tmp_path, changes, message):
    with pytest.raises(ParameterError, match=message):
        list(transcribe_files([file], tmp_path / "out", **{"model": made / "run", **changes}))
    assert not (tmp_path / "out").exists()


def test_what_is_in_a_folder_keeps_its_place(made, file, engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "music" / "disc 1").mkdir(parents=True)
    for name in ("a.wav", "disc 1/a.wav"):
        (tmp_path / "music" / name).write_bytes(file.read_bytes())
    done = list(transcribe_files([tmp_path / "music", file], model=made / "run", engine="known"))
    written = sorted(path.relative_to("notes").as_posix() for one in done for path in one.written)
    assert written == ["a.mid", "disc 1/a.mid", "가락.mid"]
    assert sorted(path.name for path in (tmp_path / "music").rglob("*.mid")) == []


def test_a_piano_that_is_out_of_tune_is_told_and_compensated(tmp_path):
    """The prelude, played too fast by a tape: a third of a semitone too high."""
    y, sr = load(ROOT / "examples" / "prelude.flac", duration_s=12)
    sharp = resample(y, from_sr=round(sr * 1.02), to_sr=sr)
    soundfile.write(tmp_path / "sharp.wav", sharp, sr)
    truth = [note for note in read_notes(ROOT / "examples" / "prelude.mid") if note.onset_s < 11.5]
    rows = notes_array([replace(n, onset_s=n.onset_s / 1.02, offset_s=n.offset_s / 1.02) for n in truth])
    found = {}
    for tuning_hz in (None, 440.0):
        (done,) = transcribe_files(
            [tmp_path / "sharp.wav"], tmp_path / "out", tuning_hz=tuning_hz, formats=("mid",), overwrite=True
        )
        estimate = notes_array([n for n in read_notes(tmp_path / "out" / "sharp.mid") if n.onset_s < 11.5 / 1.02])
        found[tuning_hz] = score_notes(rows, estimate).f1
        assert done.tuning_hz == pytest.approx(440 if tuning_hz else 440 * 1.02, abs=1)
    assert "tuned to A = 44" in replace(done, tuning_hz=448.8).summary()
    assert "tuned" not in done.summary()
    assert found[None] > 0.97
    assert found[None] >= found[440.0]
    with pytest.raises(ParameterError, match="tuning_hz must be 380 to 500"):
        list(transcribe_files([tmp_path / "sharp.wav"], tmp_path / "out", tuning_hz=220.0))


def test_a_recording_that_begins_inside_an_attack_keeps_its_first_note(tmp_path):
    y, sr = load(ROOT / "examples" / "prelude.flac", duration_s=6)
    truth = read_notes(ROOT / "examples" / "prelude.mid")
    transcriber = Transcriber()
    for note in truth[:6]:
        for late_s in (0.0, 0.005, 0.02):
            clip = y[round((note.onset_s + late_s) * sr) :]
            first = [n for n in transcriber(clip, sr=sr, posteriors=False).notes if n.onset_s < 0.08]
            assert note.pitch in [n.pitch for n in first], (note, late_s)


def test_what_is_there_is_kept_unless_it_may_be_replaced(made, file, engine, tmp_path):
    given = {"out": tmp_path / "out", "model": made / "run", "engine": "known"}
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "가락.mid").write_text("mine")
    with pytest.raises(SoriError, match="`overwrite=True`"):
        list(transcribe_files([file], **given))
    assert (tmp_path / "out" / "가락.mid").read_text() == "mine"
    list(transcribe_files([file], **given, overwrite=True))
    assert len(read_notes(tmp_path / "out" / "가락.mid")) == 2


def test_a_summary_is_one_line():
    one = Transcribed("a.wav", (), 12, 60, 72, 30.0, 2.0)
    assert one.summary() == "a.wav: 12 notes, C4 to C5, 30.0 s in 2.0 s (15 times real time)"
    silent = Transcribed("a.wav", (), 0, None, None, 1.0, 0.0)
    assert silent.summary() == "a.wav: 0 notes, 1.0 s in 0.0 s (0 times real time)"


@needs_fluidsynth
def test_fast_repeats_of_one_key_are_written_and_none_is_held_back(tmp_path):
    import pretty_midi  # which brings a SoundFont

    melody = [Note(1 + 0.3 * i, 1.28 + 0.3 * i, pitch, 80) for i, pitch in enumerate([60, 64, 67, 72, 67, 64] * 3)]
    notes = [*melody, *(Note(8 + 0.1 * i, 8.06 + 0.1 * i, 72, 80) for i in range(40))]
    write_midi(notes, tmp_path / "truth.mid")
    bank = Path(pretty_midi.__file__).with_name("TimGM6mb.sf2")
    render_midi(tmp_path / "truth.mid", tmp_path / "played.wav", rendering=Rendering(soundfont=bank))
    (done,) = transcribe_files([tmp_path / "played.wav"], tmp_path / "out")
    assert done.held_back == 0
    scores = score_notes(notes_array(notes), notes_array(read_notes(tmp_path / "out/played.mid")))
    assert scores.recall == 1
    assert scores.precision > 0.85
