"""Making data, training a small network on it, going on where it was cut, and transcribing with what came of it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from sori.datasets.piano import PianoData, make_piano_data
from sori.errors import BundleError, DatasetError, ParameterError, SoriError
from sori.evaluation.notes import score_notes
from sori.inference.transcriber import NoteDecoding, Transcriber
from sori.music import Note, notes_array
from sori.music.midi import read_notes, write_midi
from sori.synth.soundfont import default_soundfont
from sori.training import transcriber as piano_train
from sori.training.note_batches import transcription_loss
from sori.training.transcriber import PianoSettings, train_piano
from tests.conftest import Said, needs_fluidsynth

SCORES = ("precision", "recall", "f1", "offset_f1", "velocity_f1", "frame_f1")
SMALL = PianoSettings(epochs=2, steps=2, batch_size=2, clip_s=1.0, options={"width": 0.1})


def move_out_of_reach(path):
    """Make a MIDI file's notes higher than any piano goes."""
    import pretty_midi

    song = pretty_midi.PrettyMIDI(str(path))
    for note in song.instruments[0].notes:
        note.pitch = 120
    song.write(str(path))


def melodies(folder):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for composer in ("Bach", "Bach", "슈만", "Liszt"):
        i = len(list(folder.iterdir()))
        onsets = np.cumsum(rng.uniform(0.1, 0.5, 60))
        write_midi(
            [
                Note(float(t), float(t) + 0.3, int(p), 80)
                for t, p in zip(onsets, rng.permutation(88)[:60] + 21, strict=True)
            ],
            folder / f"{composer}_{i}.mid",
        )
    return folder


@pytest.fixture(scope="module")
def short_notes():
    """Pianos whose notes are short, and soon recorded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sori.synth.notebank._LONGEST_S", (0.6, 0.4))
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory, short_notes):
    """A folder with `midi`, `data`, and `run`, a training that went through."""
    root = tmp_path_factory.mktemp("piano")
    melodies(root / "midi")
    for composer in ("Bach", "Liszt"):
        (root / "midi" / f"{composer}_broken.mid").write_bytes(b"MThd no")
    write_midi([Note(0.0, 1.0, 60, 80)], root / "midi" / "Bach_높다.mid")
    move_out_of_reach(root / "midi" / "Bach_높다.mid")
    (root / "others").mkdir()
    soundfile.write(root / "others" / "말.wav", np.random.default_rng(0).normal(0, 0.1, 9000), 8000)
    (root / "others" / "broken.wav").touch()
    make_piano_data(root / "data", midi=root / "midi", strings=1, others=root / "others", valid=["liszt"], hours=0.01)
    train_piano(root / "data", root / "run", settings=SMALL)
    return root


def test_data_holds_out_whole_composers_and_an_unseen_piano(made):
    data = PianoData.open(made / "data")
    assert [p.title for p in data.performances()] == ["Bach_0", "Bach_1", "슈만_2"]
    assert set(data.facts["failed"]) == {"Bach_broken.mid", "Bach_높다.mid", "Liszt_broken.mid", "broken.wav"}
    assert "no note that a piano has" in data.facts["failed"]["Bach_높다.mid"]
    assert [len(other) for other in data.others()] == [18000]
    assert data.facts["pianos"]["valid"] not in data.facts["pianos"]["drawn"]
    assert sorted(h.condition for h in data.held_out("valid")) == ["heavy", "light"]
    assert {h.name for h in data.held_out("valid")} == {"Liszt_3"}


def test_held_out_notes_are_where_they_are_heard(made):
    for held in PianoData.open(made / "data").held_out("valid"):
        envelope = np.abs(held.y)
        rises = 0
        for onset_s in held.notes[1:, 0]:
            at = round(onset_s * 16000)
            rises += envelope[at + 80 : at + 800].max() > 1.05 * envelope[max(0, at - 800) : at - 80].max(initial=0)
        assert rises > 0.7 * (len(held.notes) - 1)


def test_what_is_heard_can_be_listened_to(made):
    assert soundfile.info(made / "data" / "heard" / "00000.flac").duration == pytest.approx(60, abs=0.01)
    assert read_notes(made / "data" / "heard" / "00000.mid")


def test_a_training_makes_a_model_that_transcribes(made):
    facts = json.loads((made / "run" / "bundle.json").read_text())
    assert facts["scores"]["valid"].keys() == {"light", "heavy"}
    transcriber = Transcriber(made / "run")
    assert transcriber(np.zeros(16000, dtype=np.float32), sr=16000).posteriors.shape == (51, 88, 4)
    for held in PianoData.open(made / "data").held_out("valid"):
        notes = transcriber(held.y, sr=16000, decoding=NoteDecoding(doubt=False), posteriors=False).notes
        found = score_notes(held.notes, notes_array(notes)).to_dict()
        assert {name: found[name] for name in SCORES} == pytest.approx(
            {name: facts["scores"]["valid"][held.condition][name] for name in SCORES}, abs=1e-3
        )


def test_what_is_heard_is_scored_for_each_condition(made):
    """By an ear that hears all of the heavy touch and every other note of the light one."""
    held = PianoData.open(made / "data").held_out("valid")

    def heard(y):
        one = next(recording for recording in held if recording.y is y)
        return one.notes if one.condition == "heavy" else one.notes[::2]

    scores = piano_train._scored(heard, held)
    assert {name: scores["heavy"][name] for name in SCORES} == dict.fromkeys(SCORES, 1.0)
    assert [scores["light"][name] for name in ("precision", "recall", "f1")] == pytest.approx([1, 1 / 2, 2 / 3])
    assert [scores[condition]["recordings"] for condition in ("heavy", "light")] == [1, 1]


def test_a_training_that_was_cut_ends_as_if_it_had_not_been(made, tmp_path):
    import keras

    class Cut(SoriError):
        pass

    def cut(line):
        if line.startswith("epoch 2"):
            raise Cut

    with pytest.raises(Cut):  # the last epoch was trained, and is lost
        train_piano(made / "data", tmp_path / "run", settings=SMALL, reporter=Said(on_say=cut))
    assert json.loads((tmp_path / "run" / "training.json").read_text())["state"]["epoch"] == 1
    assert [path.name for path in (tmp_path / "run").glob("*.keras")] == ["epoch-1.keras"]
    said = []
    train_piano(made / "data", tmp_path / "run", settings=SMALL, reporter=Said(said))
    assert "goes on after epoch 1" in said[0]
    one, other = (
        keras.saving.load_model(run / "epoch-2.keras", compile=False).get_weights()
        for run in (made / "run", tmp_path / "run")
    )
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    with np.load(made / "run" / "mean-2.npz") as mean, np.load(tmp_path / "run" / "mean-2.npz") as again:
        for name in mean.files:
            np.testing.assert_allclose(again[name], mean[name], atol=1e-5)


def test_a_training_that_is_made_anew_keeps_nothing_of_the_old(made, tmp_path):
    shutil.copytree(made / "run", tmp_path / "run")

    class Cut(BaseException):
        pass

    def cut(stage, done, total, values=None):
        raise Cut

    settings = replace(SMALL, seed=1)
    with pytest.raises(Cut):
        train_piano(made / "data", tmp_path / "run", settings=settings, overwrite=True, reporter=Said(on_progress=cut))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["training.json"]
    with pytest.raises(BundleError, match="without an epoch"):
        train_piano(made / "data", tmp_path / "next", settings=SMALL, start_from=tmp_path / "run")


def test_a_training_that_diverges_says_so(made, tmp_path, monkeypatch):
    def no_number(y_true, y_pred):
        return 0 * transcription_loss(y_true, y_pred) + float("nan")

    monkeypatch.setitem(piano_train._LOSSES, "notes", no_number)
    with pytest.raises(SoriError, match="lower `lr`"):
        train_piano(made / "data", tmp_path / "run", settings=SMALL)


def test_one_training_begins_with_the_weights_of_another(made, tmp_path):
    settings = PianoSettings(epochs=1, steps=1, batch_size=1, clip_s=1.0, lr=1e-6, options={"width": 0.1})
    train_piano(made / "data", tmp_path / "next", settings=settings, start_from=made / "run")
    from keras.saving import load_model

    facts = json.loads((made / "run" / "training.json").read_text())
    with np.load(made / "run" / facts["state"]["best_weights"]) as file:
        one = file[file.files[-2]]
    other = load_model(tmp_path / "next" / "epoch-1.keras", compile=False).get_weights()[-2]
    np.testing.assert_allclose(one, other, atol=1e-4)
    with pytest.raises(ParameterError, match="another size"):
        wider = PianoSettings(epochs=1, steps=1, batch_size=1, clip_s=1.0, options={"width": 0.2})
        train_piano(made / "data", tmp_path / "wider", settings=wider, start_from=made / "run")


def test_other_settings_and_foreign_folders_are_refused(made, tmp_path):
    with pytest.raises(DatasetError, match="other data or settings"):
        train_piano(made / "data", made / "run", settings=PianoSettings(epochs=3))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(DatasetError, match="was not made by sori piano train"):
        train_piano(made / "data", tmp_path / "mine", settings=SMALL)
    with pytest.raises(DatasetError, match="no data for a piano"):
        train_piano(tmp_path, tmp_path / "x", settings=SMALL)


def test_data_that_cannot_be_made_is_refused(made, tmp_path):
    with pytest.raises(ParameterError, match="no piece by 'Satie'"):
        make_piano_data(tmp_path / "d", midi=made / "midi", valid=["Satie"])
    with pytest.raises(DatasetError, match="no MIDI files"):
        make_piano_data(tmp_path / "d", midi=tmp_path)
    with pytest.raises(ParameterError, match="no piano"):
        make_piano_data(tmp_path / "d", midi=made / "midi", strings=0)
    with pytest.raises(DatasetError, match="there already"):
        make_piano_data(made / "data", midi=made / "midi")
    for name in ("grand.sf2", "strings-0.sf2"):
        (tmp_path / name).touch()
    grand, strings = tmp_path / "grand.sf2", tmp_path / "strings-0.sf2"
    with pytest.raises(ParameterError, match="would be called grand"):
        make_piano_data(tmp_path / "e", midi=made / "midi", soundfonts=[grand, tmp_path / "b" / "grand.sf3"])
    with pytest.raises(ParameterError, match="would be called strings-0"):
        make_piano_data(tmp_path / "e", midi=made / "midi", soundfonts=[strings])
    with pytest.raises(ParameterError, match="cannot be trained on"):
        make_piano_data(tmp_path / "e", midi=made / "midi", soundfonts=[grand], valid_soundfont=grand)
    with pytest.raises(ParameterError, match="both the validation and the test"):
        make_piano_data(tmp_path / "e", midi=made / "midi", test=["liszt"], valid_soundfont=grand, test_soundfont=grand)
    with pytest.raises(ParameterError, match="needs `test`"):
        make_piano_data(tmp_path / "e", midi=made / "midi", test_soundfont=grand)
    shutil.copytree(made / "midi", tmp_path / "midi")
    (tmp_path / "midi" / "manifest.csv").write_bytes("file,composer\nBach_0.mid,Fauré\n".encode("cp1252"))
    with pytest.raises(DatasetError, match="UTF-8 table"):
        make_piano_data(tmp_path / "e", midi=tmp_path / "midi")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "mine.txt").touch()
    with pytest.raises(DatasetError, match=r"mine\.txt was not made by sori piano synth"):
        make_piano_data(tmp_path / "d", midi=made / "midi", overwrite=True)
    assert (tmp_path / "d" / "mine.txt").exists()


@pytest.fixture(scope="module")
def cleaner(made):
    """A small model of a spectrum."""
    settings = replace(SMALL, target="spectrum", mixed_precision=True, lr=0.05)
    train_piano(made / "data", made / "cleaner", settings=settings)
    return made / "cleaner"


def test_a_model_of_the_spectrum_cleans_what_is_transcribed(made, cleaner, rng):
    facts = json.loads((cleaner / "bundle.json").read_text())
    scores = facts["scores"]["valid"]["mixed"]
    assert scores["before_db"] > 1
    assert scores["after_db"] < 1.2 * scores["before_db"]
    y = (0.1 * rng.standard_normal(250_000)).astype(np.float32)
    plain, cleaned = Transcriber(made / "run"), Transcriber(made / "run", clean=cleaner)
    whole = np.concatenate(list(cleaned.posteriors([y])))
    assert np.abs(whole - np.concatenate(list(plain.posteriors([y])))).max() > 1e-6
    pieces = np.concatenate(list(cleaned.posteriors(y[i : i + 100_001] for i in range(0, len(y), 100_001))))
    np.testing.assert_allclose(pieces, whole, atol=1e-4)
    with pytest.raises(BundleError, match="is a cleaner, not a transcriber"):
        Transcriber(cleaner)
    with pytest.raises(BundleError, match="is a transcriber, not a cleaner"):
        Transcriber(made / "run", clean=made / "run")


def test_what_was_trained_in_bfloat16_is_deployed_in_float32(cleaner):
    import keras

    trained = keras.saving.load_model(cleaner / "epoch-2.keras", compile=False)
    assert {"bfloat16", "float32"} <= {layer.compute_dtype for layer in trained.layers}
    assert keras.config.dtype_policy().name == "float32"


def random_model(made, tmp_path):
    """The small network, which says something everywhere if the threshold is low enough."""
    shutil.copytree(made / "run", tmp_path / "모델")
    return Transcriber(tmp_path / "모델")


@pytest.mark.parametrize("cut", [1, 700, 16000, 100_001])
def test_however_a_recording_is_cut_its_posteriors_are_the_same(made, cut, rng):
    transcriber = Transcriber(made / "run")
    y = (0.1 * rng.standard_normal(250_000)).astype(np.float32)[: 40_000 if cut == 1 else None]
    whole = np.concatenate(list(transcriber.posteriors([y])))
    assert len(whole) == transcriber.front_end.frames(len(y))
    pieces = np.concatenate(list(transcriber.posteriors(y[i : i + cut] for i in range(0, len(y), cut))))
    np.testing.assert_allclose(pieces, whole, atol=1e-4)


def test_a_clip_of_another_rate_is_resampled(made, rng):
    y = (0.1 * rng.standard_normal(44100)).astype(np.float32)
    heard = Transcriber(made / "run")(y, sr=44100)
    assert heard.duration_s == 1
    assert len(heard.posteriors) == 51
    assert Transcriber(made / "run")(y, sr=44100, posteriors=False).posteriors is None


def test_a_band_leaves_other_keys_out(made, tmp_path, rng):
    y = (0.1 * rng.standard_normal(32000)).astype(np.float32)
    transcriber = random_model(made, tmp_path)
    everything = transcriber(y, sr=16000, decoding=NoteDecoding(threshold=0.01, min_note_s=0))
    some = transcriber(y, sr=16000, decoding=NoteDecoding(threshold=0.01, min_note_s=0, lowest=60, highest=71))
    inside = [note for note in everything.notes if 60 <= note.pitch <= 71]
    np.testing.assert_allclose(notes_array(list(some.notes)), notes_array(inside))


def test_what_is_no_clip_or_no_piano_model_is_refused(made, trained, tmp_path):
    transcriber = Transcriber(made / "run")
    for y in (np.zeros((2, 100), np.float32), np.zeros(100, np.int16), np.array([np.nan], np.float32)):
        with pytest.raises(ParameterError, match="finite floating-point"):
            transcriber(y, sr=16000)
    with pytest.raises(BundleError, match="is a classifier, not a transcriber"):
        Transcriber(trained / "run")
    with pytest.raises(BundleError, match=r"bundle\.json"):
        Transcriber(tmp_path)
    with pytest.raises(ParameterError, match="band"):
        NoteDecoding(lowest=70, highest=60)


def test_composers_that_are_held_out_are_not_trained_on_even_without_a_piano_to_test_them(made, tmp_path, short_notes):
    data = make_piano_data(tmp_path / "d", midi=made / "midi", strings=1, valid=["슈만"], test=["Liszt"])
    assert data.facts["performances"] == {"train": ["Bach_0", "Bach_1"], "valid": ["슈만_2"], "test": ["Liszt_3"]}
    assert not (tmp_path / "d" / "test").exists()


@needs_fluidsynth
def test_a_sampled_piano_plays_the_notes_that_its_labels_say(tmp_path, short_notes):
    """Whatever else a file holds: here a program and a pedal that only one of two hands has."""
    import pretty_midi

    song = pretty_midi.PrettyMIDI()
    for pitch, pedal in ((48, True), (72, False)):
        hand = pretty_midi.Instrument(48)  # strings, which go on as long as a key is held
        hand.notes = [pretty_midi.Note(90, pitch + i, 0.5 + 2 * i, 0.8 + 2 * i) for i in range(12)]
        if pedal:
            hand.control_changes = [pretty_midi.ControlChange(64, 127, 0.2), pretty_midi.ControlChange(64, 0, 60.0)]
        song.instruments.append(hand)
    (tmp_path / "midi").mkdir()
    for name in ("Satie_1", "Ravel_1"):
        song.write(str(tmp_path / "midi" / f"{name}.mid"))
    data = make_piano_data(
        tmp_path / "d", midi=tmp_path / "midi", strings=1, valid=["satie"], valid_soundfont=default_soundfont()
    )
    held = next(one for one in data.held_out("valid") if one.condition == "light")
    for pitch in (48, 72):
        onset_s, offset_s = held.notes[held.notes[:, 2] == pitch][0, :2]
        assert offset_s - onset_s > 5
        late = held.y[round((onset_s + 1.4) * 16000) : round((onset_s + 1.9) * 16000)]
        power = np.abs(np.fft.rfft(late * np.hanning(len(late)))) ** 2
        hz = np.fft.rfftfreq(len(late), 1 / 16000)
        f0 = 440 * 2 ** ((pitch - 69) / 12)
        assert power[np.abs(hz - f0) < 6].max() > 100 * np.median(power[np.abs(hz - f0 * 1.03) < 6])
