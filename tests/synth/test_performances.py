import numpy as np
import pytest

from sori.music import Note, notes_array
from sori.synth import MATERIALS, NoteBank, Performance, Playing, draw_clip, mixed
from sori.units import midi_to_hz

SR = 8000
STILL = Playing(
    transpose=0,
    tempo=(1.0, 1.0),
    recolour=0,
    cents=0.0,
    touch_db=0.0,
    hammer=0.0,
    layered=0,
    room=0,
    noise=0,
    random_keys=0,
    dry=0,
    saturated=0,
    others=0,
    alone=0,
)


@pytest.fixture(scope="module")
def bank():
    def sine(note, duration_s):
        t = np.arange(round(0.4 * SR)) / SR
        return (0.3 * np.sin(2 * np.pi * float(midi_to_hz(min(note.pitch, 100))) * t)).astype(np.float32)

    return NoteBank.record(sine, sr=SR)


@pytest.fixture(scope="module")
def performances():
    notes = notes_array([Note(0.5 * i, 0.5 * i + 0.4, 60 + i % 12, 64) for i in range(1, 60)])
    return [Performance("scale", notes, notes, np.array([[0.5 * i, 0.5 * i + 0.3] for i in range(1, 60)]))]


def strongest_hz(y):
    return float(np.fft.rfftfreq(len(y), 1 / SR)[np.abs(np.fft.rfft(y)).argmax()])


@pytest.mark.parametrize("playing", [STILL, Playing(**{**vars(STILL), "recolour": 3.0, "cents": 20.0})])
def test_labels_say_what_is_heard(performances, bank, playing):
    for seed in range(6):
        y, _, notes, _ = draw_clip(performances, [bank], np.random.default_rng(seed), samples=3 * SR, playing=playing)
        assert len(y) == 3 * SR
        inside = [row for row in notes if 0 < row[0] < 2.5]
        assert inside
        for onset_s, _, pitch, _ in inside:
            heard = y[round((onset_s + 0.05) * SR) : round((onset_s + 0.35) * SR)]
            assert abs(12 * np.log2(strongest_hz(heard) / float(midi_to_hz(pitch)))) < 0.7


def test_the_pedal_moves_with_the_notes(performances, bank):
    playing = Playing(**{**vars(STILL), "dry": 0.0, "tempo": (0.9, 1.1)})
    for seed in range(6):
        clip = draw_clip(performances, [bank], np.random.default_rng(seed), samples=3 * SR, playing=playing)
        assert len(clip.pedals)
        for down_s, up_s in clip.pedals:
            assert np.abs(clip.notes[:, 0] - down_s).min() < 1e-6 or down_s < 0
            assert 0.3 / 1.1 - 1e-6 <= up_s - down_s <= 0.3 / 0.9 + 1e-6


def test_without_the_pedal_it_stays_up_and_of_random_keys_nobody_knows(performances, bank):
    def pedals(**changes):
        playing = Playing(**{**vars(STILL), **changes})
        return draw_clip(performances, [bank], np.random.default_rng(0), samples=SR, playing=playing).pedals

    assert pedals(dry=1.0).shape == (0, 2)
    assert pedals(alone=1.0).shape == (0, 2)
    assert pedals(random_keys=1.0) is None


def test_music_moves_up_and_down_the_keyboard(performances, bank):
    playing = Playing(**{**vars(STILL), "transpose": 5})
    lowest = {
        int(
            draw_clip(performances, [bank], np.random.default_rng(seed), samples=6 * SR, playing=playing)
            .notes[:, 2]
            .min()
        )
        for seed in range(30)
    }
    assert min(lowest) < 60 < max(lowest)


def test_a_clip_is_its_seeds(performances, bank):
    one, again, other = (
        draw_clip(performances, [bank], np.random.default_rng(seed), samples=SR, playing=Playing()).y
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_everything_at_once_stays_finite_and_in_bounds(performances, bank):
    playing = Playing(layered=1, room=1, noise=1, random_keys=0.5)
    for seed in range(20):
        y, _, notes, _ = draw_clip(performances, [bank], np.random.default_rng(seed), samples=SR, playing=playing)
        assert y.dtype == np.float32
        assert np.isfinite(y).all()
        assert np.abs(y).max() < 2
        assert ((notes[:, 2] >= 21) & (notes[:, 2] <= 108)).all()


def test_random_keys_never_overlap_on_a_key(performances, bank):
    for seed in range(10):
        _, _, notes, _ = draw_clip(
            performances, [bank], np.random.default_rng(seed), samples=5 * SR, playing=Playing(random_keys=1)
        )
        for pitch in set(notes[:, 2]):
            on_key = notes[notes[:, 2] == pitch]
            assert (on_key[1:, 0] >= on_key[:-1, 1]).all()


def test_what_is_no_piano_has_no_labels(performances, bank):
    other = (3000 * np.sin(np.arange(3 * SR) * 0.3)).astype(np.int16)
    for seed in range(8):
        y, piano, notes, _ = draw_clip(
            performances, [bank], np.random.default_rng(seed), samples=SR, playing=Playing(alone=1.0), others=[other]
        )
        assert len(notes) == 0
        assert not piano.any()
        assert np.abs(y).max() > 0


def test_materials_go_from_one_key_to_many(performances, bank):
    def together(material):
        """Most keys that sound at once."""
        clips = (
            draw_clip(performances, [bank], np.random.default_rng(seed), samples=4 * SR, playing=MATERIALS[material])
            for seed in range(6)
        )
        return max(
            ((clip.notes[:, 0] <= at_s) & (at_s < clip.notes[:, 1])).sum()
            for clip in clips
            for at_s in clip.notes[:, 0]
        )

    assert together("notes") == 1
    assert together("chords") > 2


def test_the_piano_alone_is_what_is_heard_without_room_noise_and_others(performances, bank):
    rng = np.random.default_rng
    still = draw_clip(performances, [bank], rng(1), samples=2 * SR, playing=STILL)
    np.testing.assert_allclose(still.piano, still.y, atol=1e-6)
    quiet = Playing(**{**vars(STILL), "saturated": 1.0, "level_db": (-40.0, -39.0)})
    driven = draw_clip(performances, [bank], rng(1), samples=2 * SR, playing=quiet)
    np.testing.assert_allclose(driven.piano, driven.y, atol=1e-4)
    playing = Playing(**{**vars(STILL), "others": 1.0, "noise": 1.0})
    clip = draw_clip(performances, [bank], rng(1), samples=2 * SR, playing=playing)
    assert np.corrcoef(clip.piano, clip.y)[0, 1] > 0.5
    assert np.std(clip.y - clip.piano) > 0.02 * np.std(clip.piano)


def test_something_else_sounds_along(bank):
    y = np.sin(np.arange(SR) * 0.4).astype(np.float32)
    other = (3000 * np.sin(np.arange(3 * SR) * 0.1)).astype(np.int16)
    both = mixed(y, np.random.default_rng(0), sr=SR, others=[other])
    assert both.dtype == np.float32
    assert 0.02 < np.std(both - y) / np.std(y) < 1


def test_strokes_sound_harder_at_the_level_that_they_have():
    def struck(note, duration_s):
        t = np.arange(SR // 4) / SR
        wave = np.sin(2 * np.pi * 200 * t) + note.velocity / 127 * np.sin(2 * np.pi * 800 * t)
        return (note.velocity / 127 * wave).astype(np.float32)

    bank = NoteBank.record(struck, sr=SR)
    soft, harder = (bank.render([Note(0.0, 0.2, 60, 40)], samples=SR // 4, harder=by) for by in (0.0, 60.0))
    bright = [np.abs(np.fft.rfft(y[: SR // 5]))[[40, 160]] for y in (soft, harder)]
    assert bright[1][1] / bright[1][0] > 1.5 * bright[0][1] / bright[0][0]
    np.testing.assert_allclose(np.abs(harder).max(), np.abs(soft).max(), rtol=0.05)
