from types import SimpleNamespace

import numpy as np
import pytest

from sori.datasets.piano import PianoData
from sori.features import LogFrequency
from sori.models.backend import keras as load_keras
from sori.music import targets
from sori.music.rolls import pedal_roll
from sori.synth import Playing
from sori.training import note_batches
from sori.training.note_batches import MusicBatches, onset_weights, spectrum_loss, transcription_loss

FRAME_S = 0.02


def weights_at(notes, at_s, pitch):
    weights = onset_weights(np.array(notes, dtype=float).reshape(-1, 4), frames=100, frame_s=FRAME_S)
    return float(weights[round(at_s / FRAME_S), pitch - 21])


def test_an_onset_counts_twice_and_only_near_it():
    note = [[0.5, 1.0, 60, 80]]
    assert [weights_at(note, at_s, 60) for at_s in (0.4, 0.46, 0.5, 0.54, 0.6)] == [1, 2, 2, 2, 1]
    assert weights_at(note, 0.5, 61) == 1
    assert weights_at([], 0.5, 60) == 1


def test_what_is_easily_missed_counts_more():
    assert weights_at([[0.5, 1.0, 30, 80]], 0.5, 30) == 2.75  # a low key
    again = [[0.1, 0.5, 60, 80], [0.5, 0.9, 60, 80]]
    assert [weights_at(again, at_s, 60) for at_s in (0.1, 0.5)] == [2, 3.5]  # a string that rings
    assert weights_at([[0.1, 0.3, 60, 80], [0.5, 0.9, 60, 80]], 0.5, 60) == 2  # one that does not
    chord = [[0.5, 1.0, 60, 100], [0.5, 1.0, 64, 74], [0.5, 1.0, 67, 76]]
    assert [weights_at(chord, 0.5, pitch) for pitch in (60, 64, 67)] == [2, 2.75, 2]  # one much softer than another
    assert weights_at([[0.1, 0.2, 60, 100], [0.5, 1.0, 64, 74]], 0.5, 64) == 2  # but not long after it


def example(notes, frames=50, pedals=((0.2, 0.6),)):
    rows = np.array(notes, dtype=float).reshape(-1, 4)
    weights = onset_weights(rows, frames=frames, frame_s=FRAME_S)[..., np.newaxis]
    pedal = np.full(frames, -1.0) if pedals is None else pedal_roll(np.array(pedals), frames=frames, frame_s=FRAME_S)
    pedal = np.tile(pedal[:, np.newaxis, np.newaxis], (1, 88, 1))
    return np.concatenate([targets(rows, frames=frames, frame_s=FRAME_S), weights, pedal], axis=-1)[np.newaxis]


def by_hand(y_true, logits):
    """The loss as its description says, with NumPy and probabilities, for one clip."""
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    t, struck, weight = y_true[..., :3], y_true[..., 0], y_true[..., 4]
    entropy = -(t * np.log(p[..., :3]) + (1 - t) * np.log(1 - p[..., :3]))
    onset = (entropy[..., 0] * (1 + struck * (weight - 1))).mean()
    error, strokes = p[..., 3] - y_true[..., 3], struck.sum() + 1
    relative = error - (error * struck).sum() / strokes
    velocity = ((error**2 + relative**2) * struck).sum() / strokes / 2
    down = y_true[0, :, 0, 5]
    pedal = -(down * np.log(p[0, :, 0, 4]) + (1 - down) * np.log(1 - p[0, :, 0, 4])).sum() / (len(down) + 1)
    return 88 * (2 * onset + entropy[..., 1].mean() + entropy[..., 2].mean() + 2 * velocity + 0.01 * pedal)


def test_the_loss_is_the_one_that_is_described(rng):
    y_true = example([[0.1, 0.5, 60, 90], [0.4, 0.8, 64, 40]])
    logits = rng.standard_normal((1, 50, 88, 5)).astype(np.float32)
    found = float(transcription_loss(load_keras().ops.convert_to_tensor(y_true.astype(np.float32)), logits))
    assert found == pytest.approx(by_hand(y_true, logits), rel=1e-4)


def test_the_loss_is_lowest_where_the_answer_is_right(rng):
    y_true = example([[0.1, 0.5, 60, 90], [0.4, 0.8, 64, 40]]).astype(np.float32)
    p = np.clip(y_true[..., [0, 1, 2, 3, 5]], 1e-4, 1 - 1e-4)
    right = np.log(p / (1 - p))
    best = float(transcription_loss(y_true, right))
    for channel in range(5):
        other = right.copy()
        other[..., channel] += 2.0
        assert float(transcription_loss(y_true, other)) > best


def test_a_pedal_that_is_not_known_costs_nothing(rng):
    y_true = example([[0.1, 0.5, 60, 90]], pedals=None).astype(np.float32)
    logits = rng.standard_normal((1, 50, 88, 5)).astype(np.float32)
    other = logits.copy()
    other[..., 4] += 3.0
    assert float(transcription_loss(y_true, other)) == pytest.approx(float(transcription_loss(y_true, logits)))


def test_large_logits_are_no_trouble():
    y_true = example([[0.1, 0.5, 60, 90]]).astype(np.float32)
    logits = np.full((1, 50, 88, 5), 1e4, dtype=np.float32)
    assert np.isfinite(float(transcription_loss(y_true, logits)))


def test_the_loss_of_a_spectrum_is_in_decibels():
    """80 dB are 1."""
    assert float(spectrum_loss(np.zeros((2, 3)), np.full((2, 3), -0.5))) == pytest.approx(40)


@pytest.fixture(scope="module")
def batches(made):
    data, front_end = PianoData.open(made / "data"), LogFrequency()

    def make(**changes):
        given = {"front_end": front_end, "batch_size": 2, "clip_s": 1.0, "playing": Playing(), "target": "notes"}
        return MusicBatches(data.performances(), data.banks(), data.others(), seed=3, **{**given, **changes})

    return make


def test_a_batch_depends_on_its_number_alone(batches):
    one, other = batches(), batches()
    one(0)
    x, y = one(5)
    assert x.shape == (2, 51, 296, 2)
    assert y.shape == (2, 51, 88, 6)
    for mine, theirs in zip((x, y), other(5), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert not np.array_equal(one(6)[0], x)


def test_the_targets_are_those_of_the_notes_that_are_heard(batches, monkeypatch):
    notes = np.array([[0.2, 0.6, 69, 80.0]])
    silent, loud = np.zeros(16000, dtype=np.float32), np.ones(16000, dtype=np.float32)
    clip = SimpleNamespace(y=silent, piano=loud, notes=notes, pedals=np.array([[0.2, 0.6]]))
    monkeypatch.setattr(note_batches, "draw_clip", lambda *arguments, **options: clip)
    _, y = batches()(0)
    np.testing.assert_array_equal(y[0], y[1])
    np.testing.assert_allclose(y[0], example(notes, frames=51)[0])
    x, piano = batches(target="spectrum")(0)
    assert piano.shape == (2, 51, 264, 2)
    assert x.max() == 0 < piano.max()  # the piano alone, of what was heard
