import shutil

import numpy as np
import pytest
import soundfile

from sori.datasets.piano import PianoData, make_piano_data
from sori.errors import DatasetError, ParameterError
from sori.music import Note
from sori.music.midi import read_notes, write_midi
from sori.synth.notebank import NoteBank
from sori.synth.soundfont import default_soundfont
from tests.conftest import needs_fluidsynth


def test_data_holds_out_whole_composers_and_an_unseen_piano(made):
    data = PianoData.open(made / "data")
    assert [p.title for p in data.performances()] == ["Bach_0", "Bach_1", "슈만_2"]
    assert set(data.facts["failed"]) == {"Bach_broken.mid", "Bach_높다.mid", "Liszt_broken.mid", "broken.wav"}
    assert "no note in the range of a piano" in data.facts["failed"]["Bach_높다.mid"]
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
    with pytest.raises(ParameterError, match="both a training piano and"):
        make_piano_data(tmp_path / "e", midi=made / "midi", soundfonts=[grand], valid_soundfont=grand)
    with pytest.raises(ParameterError, match="both the validation and the test piano"):
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


def performed(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        write_midi([Note(0.0, 0.5, 60, 80), Note(0.5, 1.0, 64, 80)], folder / f"{name}.mid")
    return folder


@pytest.fixture
def silent_pianos(monkeypatch):
    """Nothing is recorded or rendered: what is held out, and why, is known before that."""
    monkeypatch.setattr("sori.datasets.piano._hold_out", lambda folder, *arguments: folder.mkdir())


class NoPiano:
    """A drawn piano that takes no time."""

    def __init__(self, seed, sr):
        self.seed, self.sr = seed, sr

    def bank(self, *, reporter):
        starts = np.arange(88 * 6 + 1)
        return NoteBank(np.ones(88 * 6, dtype=np.int16), starts, np.ones(88 * 6, dtype=np.float32), self.sr)


@pytest.fixture
def quick(monkeypatch, silent_pianos):
    monkeypatch.setattr("sori.datasets.piano.StruckStrings", NoPiano)


def test_a_manifest_names_the_composers(quick, tmp_path):
    midi = performed(tmp_path / "midi", "one", "two", "Bach_3")
    (midi / "manifest.csv").write_text("file,composer\none.mid,Fauré\ntwo.mid,Bach\n", encoding="utf-8-sig")
    data = make_piano_data(tmp_path / "d", midi=midi, strings=1, valid=["fauré"])
    assert data.facts["performances"] == {"train": ["Bach_3", "two"], "valid": ["one"], "test": []}


def test_without_composers_every_sixteenth_piece_is_held_out_in_all_its_performances(quick, tmp_path):
    names = [f"X_{i:02d}__{player}" for i in range(20) for player in "ab"]
    data = make_piano_data(tmp_path / "d", midi=performed(tmp_path / "midi", *names), strings=1)
    assert data.facts["performances"]["valid"] == ["X_00__a", "X_00__b", "X_16__a", "X_16__b"]
    assert len(data.facts["performances"]["train"]) == 36


def test_one_composer_is_not_both_validated_and_tested_on(tmp_path):
    midi = performed(tmp_path / "midi", "Bach_1", "Ravel_1")
    with pytest.raises(ParameterError, match="bach: "):
        make_piano_data(tmp_path / "d", midi=midi, valid=["Bach"], test=["bach"])
    with pytest.raises(ParameterError, match="left to train on"):
        make_piano_data(tmp_path / "d", midi=midi, valid=["Bach"], test=["Ravel"])
    assert not (tmp_path / "d").exists()


def test_what_it_made_it_opens_again(quick, tmp_path):
    data = make_piano_data(tmp_path / "d", midi=performed(tmp_path / "midi", "Bach_1", "Ravel_1"), strings=2, seed=7)
    again = PianoData.open(tmp_path / "d")
    assert again.facts == data.facts
    (one,) = [p for p in again.performances() if p.title == "Ravel_1"]
    np.testing.assert_allclose(one.keys, [[0, 0.5, 60, 80], [0.5, 1, 64, 80]], atol=1e-3)
    assert len(again.banks()) == 2
    assert again.facts["pianos"]["drawn"] == ["strings-7", "strings-8"]
    assert again.others() == []


def test_few_sampled_pianos_are_heard_as_often_as_many_drawn_ones(quick, tmp_path):
    NoPiano(0, 16000).bank(reporter=None).save(tmp_path / "grand.npz")
    midi = performed(tmp_path / "midi", "Bach_1", "Ravel_1")
    data = make_piano_data(tmp_path / "d", midi=midi, strings=4, soundfonts=[tmp_path / "grand.npz"])
    assert data.facts["pianos"]["sampled"] == ["grand"]
    assert len(data.banks()) == 4 + 4


def test_what_is_no_data_or_damaged_is_refused(quick, tmp_path):
    with pytest.raises(DatasetError, match=r"no piano\.json"):
        PianoData.open(tmp_path)
    data = make_piano_data(tmp_path / "d", midi=performed(tmp_path / "midi", "Bach_1", "Ravel_1"), strings=1)
    (tmp_path / "d" / "performances.npz").write_bytes(b"PK nonsense")
    (tmp_path / "d" / "others.npz").write_bytes(b"PK nonsense")
    for read in (data.performances, data.others):
        with pytest.raises(DatasetError, match="damaged"):
            read()
