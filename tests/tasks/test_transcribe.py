import json

import pytest
import soundfile

from sori.audio import resample
from sori.errors import ParameterError, SoriError
from sori.inference import ENGINES, NoteDecoding, Transcriber
from sori.music import Note
from sori.music.midi import read_notes
from sori.tasks.transcribe import Transcribed, parse_band, transcribe_files
from tests.conftest import Said

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

    def load():
        return lambda y, sr: heard.append((len(y), sr)) or NOTES

    monkeypatch.setitem(ENGINES._things, "known", load)
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
    assert engine == [(32000, 16000)]
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
    (done,) = transcribe_files([tmp_path / "other.wav"], model=made / "run", engine="known")
    assert engine == [(pytest.approx(32000, abs=2), 16000)]
    assert done.written == (tmp_path / "other.mid",)


def test_a_bad_recording_is_told_and_the_others_go_on(made, file, engine, tmp_path):
    (tmp_path / "bad.wav").write_text("no sound")
    done = list(transcribe_files([tmp_path / "bad.wav", file], model=made / "run", engine="known"))
    assert [one.error is None for one in done] == [False, True]
    assert "bad.wav: " in done[0].summary()
    assert not (tmp_path / "bad.mid").exists()
    json.dumps([one.to_dict() for one in done])


def test_progress_ends_at_the_end(made, file, engine):
    seen = []
    reporter = Said(on_progress=lambda stage, done, total, values: seen.append((stage, done, total)))
    list(transcribe_files([file], model=made / "run", engine="known", reporter=reporter))
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


def test_what_is_there_is_kept_unless_it_may_be_replaced(made, file, engine):
    given = {"model": made / "run", "engine": "known"}
    file.with_suffix(".mid").write_text("mine")
    with pytest.raises(SoriError, match="`overwrite=True`"):
        list(transcribe_files([file], **given))
    assert file.with_suffix(".mid").read_text() == "mine"
    list(transcribe_files([file], **given, overwrite=True))
    assert len(read_notes(file.with_suffix(".mid"))) == 2


def test_a_summary_is_one_line():
    one = Transcribed("a.wav", (), 12, 60, 72, 30.0, 2.0)
    assert one.summary() == "a.wav: 12 notes, C4 to C5, 30.0 s in 2.0 s (15 times real time)"
    silent = Transcribed("a.wav", (), 0, None, None, 1.0, 0.0)
    assert silent.summary() == "a.wav: 0 notes, 1.0 s in 0.0 s (0 times real time)"


def test_a_band_is_two_keys():
    assert parse_band("piano") == (21, 108)
    assert parse_band("C2-C6") == (36, 84)
    assert parse_band("A4") == (69, 69)
    for bad in ("C2,C6", "", "H2-C6"):
        with pytest.raises(ParameterError):
            parse_band(bad)
