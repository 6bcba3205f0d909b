import csv
import json

import numpy as np
import pretty_midi
import pytest
import soundfile

import sori
from sori.audio import rms_db, snr_db
from sori.datasets import build, read_catalog
from sori.errors import AudioError, DatasetError, MissingDependencyError
from sori.features import FrontEnd, Preprocessor, Segmenting
from sori.synth import render as synth
from sori.synth.plan import COLUMNS, Rendering, plan_chords, plan_mixtures, plan_notes
from sori.synth.render import render, render_midi
from tests.conftest import Said, needs_fluidsynth

ADDITIVE = Rendering(engine="additive", sr=8000, duration_s=0.5)


def rows(out):
    with (out / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_rendered_is_a_dataset(tmp_path):
    items = plan_notes(["piano", "flute"], rendering=ADDITIVE, pitches=[60, 64, 67], velocities=[60, 100])
    done = render(items, tmp_path / "notes", rendering=ADDITIVE)
    assert (done.written, done.failed) == (12, ())
    listed = rows(tmp_path / "notes")
    assert list(listed[0]) == list(COLUMNS)
    assert listed[0] == {
        "file": "piano/piano_C4_v60.flac",
        "label": "piano",
        "group": "piano octave 4",
        "instrument": "piano",
        "kind": "note",
        "pitches": "60",
        "velocities": "60",
        "onset_s": "0",
        "offset_s": "0.375",
        "mixture": "",
        "snr_db": "",
    }
    catalog = read_catalog(tmp_path / "notes", labels=tmp_path / "notes" / "labels.csv")
    dataset = build(
        catalog,
        tmp_path / "data",
        preprocessor=Preprocessor(
            FrontEnd(kind="mfcc", sr=8000, n_fft=512, hop_length=128, n_mels=40), Segmenting(duration_s=0.5, segments=1)
        ),
    )
    assert list(dataset.classes) == ["flute", "piano"]
    assert dataset.counts["recordings"] == 12
    assert dataset.counts["groups"] == 2


@pytest.mark.parametrize("pair", ["piano:flute", "piano:pink", "piano:noise"])
def test_a_mixture_has_the_level_it_says(tmp_path, pair):
    items = plan_mixtures(pair, rendering=ADDITIVE, snrs_db=[0, 12], pitches=[60, 62], velocities=[100])
    render(items, tmp_path / "mixed", rendering=ADDITIVE)
    notes = plan_notes(["piano"], rendering=ADDITIVE, pitches=[60, 62], velocities=[100])
    render(notes, tmp_path / "clean", rendering=ADDITIVE)
    listed = rows(tmp_path / "mixed")
    assert len(listed) == 4
    for row in listed:
        mixed, _ = sori.load(tmp_path / "mixed" / row["file"])
        clean, _ = sori.load(tmp_path / "clean" / "piano" / f"piano_{row['label']}_v100.flac")
        assert snr_db(clean, mixed) == pytest.approx(float(row["snr_db"]), abs=0.1)
        second = {"flute": "flute:", "pink": "pink noise", "noise": "white noise"}[pair.split(":")[1]]
        assert row["mixture"].startswith(second)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    def bytes_of(name, seed, jobs):
        items = plan_mixtures("piano:guitar", rendering=ADDITIVE, snrs_db=[3], pitches=range(60, 66), seed=seed)
        render(items, tmp_path / name, rendering=ADDITIVE, jobs=jobs)
        return {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.flac")}

    first = bytes_of("first", 1, 1)
    assert bytes_of("again", 1, 3) == first
    assert bytes_of("other", 2, 1) != first


def test_an_interrupted_run_goes_on(tmp_path):
    items = plan_notes(["piano"], rendering=ADDITIVE, pitches=range(60, 66), velocities=[80])

    def stop(stage, done, total, values=None):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(items, tmp_path / "notes", rendering=ADDITIVE, jobs=1, reporter=Said(on_progress=stop))
    assert not (tmp_path / "notes").exists()
    building = tmp_path / "notes.building"
    kept = {path.relative_to(building): path.stat().st_mtime_ns for path in building.rglob("*.flac")}
    assert 3 <= len(kept) < 6
    (building / "piano" / ".piano_C4_v80.flac.0123abcd.tmp").touch()
    with pytest.raises(DatasetError, match="give `resume=True` to finish it, or `overwrite=True`"):
        render(items, tmp_path / "notes", rendering=ADDITIVE)
    with pytest.raises(DatasetError, match="other notes or settings"):
        render(items[:-1], tmp_path / "notes", rendering=ADDITIVE, resume=True)
    done = render(items, tmp_path / "notes", rendering=ADDITIVE, resume=True)
    assert done.written == 6
    assert len(rows(tmp_path / "notes")) == 6
    assert all((tmp_path / "notes" / path).stat().st_mtime_ns == when for path, when in kept.items())
    assert not building.exists()
    assert not list(tmp_path.rglob("*.tmp"))
    assert render(items, tmp_path / "notes", rendering=ADDITIVE, resume=True) == done
    with pytest.raises(DatasetError, match="is there already; give `overwrite=True`"):
        render(items, tmp_path / "notes", rendering=ADDITIVE)
    assert render(items[:2], tmp_path / "notes", rendering=ADDITIVE, overwrite=True).written == 2
    assert len(list((tmp_path / "notes").rglob("*.flac"))) == 2


def test_a_replacement_that_was_interrupted_goes_on(tmp_path):
    first = plan_notes(["piano"], rendering=ADDITIVE, pitches=[60], velocities=[80])
    second = plan_notes(["piano"], rendering=ADDITIVE, pitches=range(61, 66), velocities=[80])
    render(first, tmp_path / "notes", rendering=ADDITIVE)

    def stop(stage, done, total, values=None):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(second, tmp_path / "notes", rendering=ADDITIVE, overwrite=True, reporter=Said(on_progress=stop))
    assert len(rows(tmp_path / "notes")) == 1  # the old one stands until the new one is complete
    with pytest.raises(DatasetError, match="is there already"):
        render(second, tmp_path / "notes", rendering=ADDITIVE)
    assert render(second, tmp_path / "notes", rendering=ADDITIVE, resume=True).written == 5
    assert len(rows(tmp_path / "notes")) == 5


def test_what_is_put_beside_our_files_is_not_deleted(tmp_path):
    items = plan_notes(["piano"], rendering=ADDITIVE, pitches=[60], velocities=[80])
    render(items, tmp_path / "notes", rendering=ADDITIVE)
    (tmp_path / "notes" / "thesis.txt").write_text("years of work")
    with pytest.raises(DatasetError, match=r"thesis.txt was not made by sori synth"):
        render(items, tmp_path / "notes", rendering=ADDITIVE, overwrite=True)
    assert (tmp_path / "notes" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("marker", ["", "{", "[]", '{"mine": 1}'])
def test_what_is_not_ours_is_not_touched(tmp_path, marker):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "synth.json").write_text(marker)
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    items = plan_notes(["piano"], rendering=ADDITIVE, pitches=[60], velocities=[80])
    for overwrite in (False, True):
        with pytest.raises(DatasetError, match="not made by sori synth"):
            render(items, tmp_path / "mine", rendering=ADDITIVE, overwrite=overwrite)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_without_fluidsynth_nothing_is_begun(tmp_path, monkeypatch):
    def missing(*args, **kwargs):
        raise MissingDependencyError("the FluidSynth library is not installed")

    monkeypatch.setattr(synth, "SoundFontSynth", missing)
    rendering = Rendering()
    items = plan_notes(["piano"], rendering=rendering, pitches=[60])
    with pytest.raises(MissingDependencyError):
        render(items, tmp_path / "notes", rendering=rendering)
    assert not (tmp_path / "notes").exists()


@needs_fluidsynth
class TestSoundFont:
    def test_notes_differ_by_instrument_and_rise_with_velocity(self, tmp_path):
        rendering = Rendering(sr=16000, duration_s=0.6)
        items = plan_notes(["piano", "guitar", "violin"], rendering=rendering, pitches=[60], velocities=[40, 80, 110])
        assert render(items, tmp_path / "notes", rendering=rendering).written == 9
        for name in ("piano", "guitar", "violin"):
            clips = [sori.load(tmp_path / "notes" / name / f"{name}_C4_v{v}.flac") for v in (40, 80, 110)]
            levels = [rms_db(y) for y, _ in clips]
            assert levels == sorted(levels)
            assert all((len(y), sr) == (9600, 16000) for y, sr in clips)

    def test_the_same_plan_gives_the_same_bytes_on_any_number_of_threads(self, tmp_path):
        rendering = Rendering(sr=16000, duration_s=0.3)
        items = plan_chords(
            ["major", "minor"], rendering=rendering, roots=range(60, 66), instruments=["piano", "organ"]
        )
        for name, jobs in (("one", 1), ("three", 3)):
            render(items, tmp_path / name, rendering=rendering, jobs=jobs)
        for item in items:
            assert (tmp_path / "one" / item.file).read_bytes() == (tmp_path / "three" / item.file).read_bytes()

    def test_what_the_bank_lacks_is_listed_or_replaced(self, tmp_path, monkeypatch):
        """A bank that is silent at and above C5, as some are in places."""
        honest = synth.SoundFontSynth.render

        def with_a_gap(self, instrument, notes, *, duration_s):
            y = honest(self, instrument, notes, duration_s=duration_s)
            return y * 0 if instrument.name == "flute" and notes[0].pitch >= 72 else y

        monkeypatch.setattr(synth.SoundFontSynth, "render", with_a_gap)
        rendering = Rendering(sr=8000, duration_s=0.3)
        done = render(
            plan_notes(["flute"], rendering=rendering, pitches=[71, 72], velocities=[80]),
            tmp_path / "notes",
            rendering=rendering,
        )
        assert done.written == 1
        assert done.failed == (("flute/flute_C5_v80.flac", "flute is almost silent at this pitch and velocity"),)
        items = plan_mixtures("piano:flute", rendering=rendering, snrs_db=[0], pitches=range(60, 72), velocities=[80])
        assert render(items, tmp_path / "mixed", rendering=rendering).written == 12
        assert all(60 <= int(row["mixture"].split(":")[1]) < 72 for row in rows(tmp_path / "mixed"))

    def test_a_midi_file_becomes_a_recording(self, tmp_path):
        midi = pretty_midi.PrettyMIDI()
        piano = pretty_midi.Instrument(0)
        piano.notes += [pretty_midi.Note(100, 69, 0.5, 1.5)]
        midi.instruments.append(piano)
        midi.write(str(tmp_path / "곡.mid"))
        rendering = Rendering(sr=22050)
        duration_s, gain_db = render_midi(tmp_path / "곡.mid", tmp_path / "곡.flac", rendering=rendering)
        y, sr = sori.load(tmp_path / "곡.flac")
        assert (sr, len(y)) == (22050, round(duration_s * 22050))
        assert gain_db == 0
        assert np.abs(y[: int(0.49 * sr)]).max() < 1e-3
        assert np.abs(y[int(0.5 * sr) : int(0.6 * sr)]).max() > 0.02
        with pytest.raises(AudioError, match="is there already"):
            render_midi(tmp_path / "곡.mid", tmp_path / "곡.flac", rendering=rendering)
        with pytest.raises(AudioError, match=r"must end in .wav, .flac"):
            render_midi(tmp_path / "곡.mid", tmp_path / "곡.m4a", rendering=rendering)

    def test_a_loud_piece_is_turned_down_and_not_clipped(self, tmp_path):
        midi = pretty_midi.PrettyMIDI()
        organ = pretty_midi.Instrument(19)
        organ.notes += [pretty_midi.Note(127, pitch, 0.0, 1.0) for pitch in range(30, 90)]
        midi.instruments.append(organ)
        midi.write(str(tmp_path / "loud.mid"))
        _, gain_db = render_midi(tmp_path / "loud.mid", tmp_path / "loud.wav", rendering=Rendering(sr=22050))
        y, _ = soundfile.read(tmp_path / "loud.wav")
        assert gain_db < -1
        assert 0.97 < np.abs(y).max() < 1

    def test_a_kept_plan_names_its_bank(self, tmp_path):
        rendering = Rendering(sr=8000, duration_s=0.2)
        render(plan_notes(["piano"], rendering=rendering, pitches=[60]), tmp_path / "n", rendering=rendering)
        kept = json.loads((tmp_path / "n" / "synth.json").read_text())
        assert kept["rendering"]["soundfont"].endswith((".sf2", ".sf3"))


def test_a_full_disk_stops_the_run_which_can_be_finished(tmp_path, monkeypatch):
    items = plan_notes(["piano"], rendering=ADDITIVE, pitches=range(60, 66), velocities=[80])
    real, written = synth.save, []

    def full(path, y, *, sr):
        if len(written) == 3:
            raise AudioError(f"{path}: cannot be written (No space left on device)") from OSError(28, "No space left")
        written.append(path)
        real(path, y, sr=sr)

    monkeypatch.setattr(synth, "save", full)
    with pytest.raises(AudioError, match="No space left on device"):
        render(items, tmp_path / "notes", rendering=ADDITIVE, jobs=1)
    assert not (tmp_path / "notes").exists()
    monkeypatch.setattr(synth, "save", real)
    assert render(items, tmp_path / "notes", rendering=ADDITIVE, resume=True).written == 6
