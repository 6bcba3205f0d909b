import mir_eval
import numpy as np
import pretty_midi
import pytest

import sori
from sori.errors import AudioError
from sori.music import Note
from sori.music.midi import write_midi
from sori.tasks.score import score_midi


@pytest.fixture
def played(tmp_path, rng):
    """A truth, and an estimate that lacks some of its notes, has others, and is not exact."""
    onsets_s = np.cumsum(rng.uniform(0.1, 0.3, 30))
    truth = [Note(float(t), float(t) + 0.4, 40 + i, 60 + i) for i, t in enumerate(onsets_s)]
    found = [Note(n.onset_s + 0.01, n.offset_s + 0.02, n.pitch, n.velocity) for n in truth[::2]]
    found += [Note(n.onset_s + 0.2, n.offset_s + 0.5, n.pitch, n.velocity) for n in truth[1:10:2]]
    write_midi(truth, tmp_path / "truth.mid")
    write_midi(found, tmp_path / "estimate.mid")
    return tmp_path, truth, found


def test_scores_are_those_of_mir_eval(played):
    folder, truth, found = played
    scores = score_midi(folder / "estimate.mid", folder / "truth.mid")
    arrays = []
    for notes in (truth, found):
        arrays += [
            np.array([[n.onset_s, n.offset_s] for n in notes]),
            440 * 2 ** ((np.array([n.pitch for n in notes]) - 69) / 12),
        ]
    given = {"offset_ratio": None}
    precision, recall, f1, _ = mir_eval.transcription.precision_recall_f1_overlap(*arrays, **given)
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx((precision, recall, f1))
    assert (scores.precision, scores.recall) == pytest.approx((15 / 20, 15 / 30))
    assert (scores.notes, scores.estimated) == (30, 20)


def test_the_pedal_extends_the_truth_if_that_is_asked_for(tmp_path):
    song = pretty_midi.PrettyMIDI()
    hand = pretty_midi.Instrument(0)
    hand.notes = [pretty_midi.Note(80, 60, 0.5, 0.6), pretty_midi.Note(80, 64, 3.0, 3.5)]
    hand.control_changes = [pretty_midi.ControlChange(64, 127, 0.4), pretty_midi.ControlChange(64, 0, 2.5)]
    song.instruments.append(hand)
    song.write(str(tmp_path / "truth.mid"))
    write_midi([Note(0.5, 2.5, 60, 80), Note(3.0, 3.5, 64, 80)], tmp_path / "estimate.mid")
    keys, pedalled = (score_midi(tmp_path / "estimate.mid", tmp_path / "truth.mid", pedal=p) for p in (False, True))
    assert keys.f1 == pedalled.f1 == 1
    assert (keys.offset_f1, pedalled.offset_f1) == (0.5, 1)


def test_a_picture_is_drawn_where_it_is_wanted(played):
    folder, *_ = played
    scores = score_midi(str(folder / "estimate.mid"), str(folder / "truth.mid"), plot=folder / "roll.svg")
    assert (folder / "roll.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert scores == score_midi(folder / "estimate.mid", folder / "truth.mid")


def test_an_estimate_may_be_empty_and_a_truth_may_not(played):
    folder, *_ = played
    write_midi([], folder / "empty.mid")
    assert score_midi(folder / "empty.mid", folder / "truth.mid").f1 == 0
    with pytest.raises(AudioError, match="no notes"):
        score_midi(folder / "truth.mid", folder / "empty.mid")
    with pytest.raises(AudioError, match=r"none\.mid"):
        score_midi(folder / "none.mid", folder / "truth.mid")


def test_it_is_what_sori_score_is():
    assert sori.score is score_midi
