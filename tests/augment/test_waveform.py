import json
import random

import numpy as np
import pytest
import soundfile

from sori import audio
from sori.augment import TRANSFORMS, Chain
from sori.augment.waveform import (
    Background,
    Gain,
    HarmonicPercussive,
    Noise,
    OrderSwap,
    PitchShift,
    Room,
    Shift,
    Speed,
    TimeStretch,
)
from sori.errors import ParameterError
from tests.conftest import tone

SR = 8000


@pytest.fixture
def folder(tmp_path, rng):
    (tmp_path / "소음").mkdir()
    for i in range(3):
        y = rng.standard_normal(3 * SR).astype(np.float32) * 0.1
        soundfile.write(tmp_path / "소음" / f"비 {i}.wav", y, SR)
    return tmp_path / "소음"


def made(name, folder, **arguments):
    return TRANSFORMS[name](**({"folder": folder} if name == "Background" else {}), **arguments)


def pitch_hz(y):
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y))))
    return float(spectrum.argmax() * SR / len(y))


@pytest.mark.parametrize("name", TRANSFORMS)
class TestContract:
    def test_length_type_and_replay(self, name, folder, rng):
        transform = made(name, folder)
        y = tone(440, sr=SR, duration_s=0.5) * np.linspace(1, 0, SR // 2, dtype=np.float32)
        before = y.copy()
        changes = 0
        for _ in range(4):
            drawn = transform.draw(rng, samples=len(y), sr=SR)
            one = transform.apply(y, sr=SR, **drawn)
            random.seed(1)  # what audiomentations draws from, were anything left to draw
            np.random.default_rng(1)
            again = transform.apply(y, sr=SR, **json.loads(json.dumps(drawn)))
            assert one.shape == y.shape
            assert one.dtype == np.float32
            np.testing.assert_array_equal(one, again)
            changes += not np.array_equal(one, y)
        np.testing.assert_array_equal(y, before)
        assert changes >= 2

    @pytest.mark.parametrize("samples", [1, 7, 300])
    def test_short_and_silent_clips_pass(self, name, folder, samples, rng):
        transform = made(name, folder)
        for y in (np.zeros(samples, dtype=np.float32), np.full(samples, 0.5, dtype=np.float32)):
            out = transform.apply(y, sr=SR, **transform.draw(rng, samples=samples, sr=SR))
            assert out.shape == (samples,)
            assert np.isfinite(out).all()

    def test_one_seed_one_draw(self, name, folder):
        transform = made(name, folder)
        draws = [transform.draw(np.random.default_rng(seed), samples=4000, sr=SR) for seed in (1, 1, 2)]
        assert draws[0] == draws[1] != draws[2] or name == "OrderSwap"

    def test_probability_is_checked(self, name, folder):
        with pytest.raises(ParameterError, match="probability must be"):
            made(name, folder, probability=1.5)


def test_pitch_shift_moves_pitch_and_nothing_else():
    y = tone(440, sr=SR)
    out = PitchShift().apply(y, sr=SR, semitones=12.0)
    assert pitch_hz(out[2000:6000]) == pytest.approx(880, rel=0.01)


def test_time_stretch_keeps_pitch_and_changes_length():
    y = np.concatenate([np.zeros(2000, np.float32), tone(440, sr=SR, duration_s=0.5), np.zeros(2000, np.float32)])
    out = TimeStretch().apply(y, sr=SR, rate=2.0)
    assert pitch_hz(out) == pytest.approx(440, rel=0.01)
    loud = np.flatnonzero(np.abs(out) > 0.1)
    assert np.ptp(loud) == pytest.approx(2000, abs=400)
    assert loud.mean() == pytest.approx(4000, abs=300)  # about its middle


def test_speed_changes_both():
    y = np.concatenate([np.zeros(2000, np.float32), tone(440, sr=SR, duration_s=0.5), np.zeros(2000, np.float32)])
    out = Speed().apply(y, sr=SR, factor=1.25)
    assert pitch_hz(out) == pytest.approx(550, rel=0.01)
    assert np.ptp(np.flatnonzero(np.abs(out) > 0.1)) == pytest.approx(3200, abs=40)


def test_gain_is_in_decibels():
    y = tone(440, sr=SR)
    assert audio.rms_db(Gain().apply(y, sr=SR, gain_db=-6.0)) == pytest.approx(audio.rms_db(y) - 6, abs=1e-3)


def test_noise_and_background_lie_so_far_below(folder, rng):
    y = tone(440, sr=SR)
    for transform in (Noise(snr_db=(12, 12)), Background(folder=folder, snr_db=(12, 12))):
        out = transform.apply(y, sr=SR, **transform.draw(rng, samples=len(y), sr=SR))
        assert audio.snr_db(y, out) == pytest.approx(12, abs=0.05)


def test_shift_leaves_silence_behind():
    y = np.ones(800, dtype=np.float32)
    later, earlier = (Shift().apply(y, sr=SR, shift_s=s) for s in (0.05, -0.05))
    assert not later[:400].any() and later[450:].all()
    assert not earlier[400:].any() and earlier[:350].all()


def test_order_swap_keeps_every_piece():
    y = np.arange(10, dtype=np.float32)
    np.testing.assert_array_equal(OrderSwap(pieces=3).apply(y, sr=SR, order=[2, 0, 1]), [7, 8, 9, 0, 1, 2, 3, 4, 5, 6])


def test_harmonic_and_percussive_come_apart():
    y = tone(440, sr=SR) + audio.clicks([0.25, 0.5, 0.75], sr=SR, duration_s=1.0)
    fewer_clicks = HarmonicPercussive().apply(y, sr=SR, softer="percussive", by_db=60.0)
    assert np.abs(fewer_clicks[1990:2010]).max() < 0.8 < np.abs(y[1990:2010]).max()
    less_tone = HarmonicPercussive().apply(y, sr=SR, softer="harmonic", by_db=60.0)
    assert audio.rms_db(less_tone) < audio.rms_db(y) - 6


def test_a_room_rings_on_and_is_as_loud(rng):
    y = audio.clicks([0.1], sr=SR, duration_s=0.5)
    room = Room(absorption=(0.1, 0.1))
    out = room.apply(y, sr=SR, **room.draw(rng, samples=len(y), sr=SR))
    assert audio.rms_db(out) == pytest.approx(audio.rms_db(y), abs=0.01)
    assert np.count_nonzero(np.abs(out) > 1e-3) > 20
    assert not out[:700].any() or np.abs(out[:700]).max() < 0.05


def test_a_room_is_nearly_that_of_audiomentations(rng):
    drawn = Room().draw(rng, samples=SR, sr=SR)
    y = audio.clicks([0.05], sr=SR, duration_s=0.5)
    exact = {f"size_{axis}": side for axis, side in zip("xyz", drawn["size_m"], strict=True)}
    exact |= {f"source_{axis}": place for axis, place in zip("xyz", drawn["source_m"], strict=True)}
    exact |= {"absorption_value": drawn["absorption"], "mic_distance": drawn["distance_m"]}
    exact |= {"mic_azimuth": drawn["azimuth"], "mic_elevation": 0.0}
    theirs = pytest.importorskip("audiomentations").RoomSimulator(
        **{f"{end}_{name}": value for name, value in exact.items() for end in ("min", "max")},
        calculation_mode="absorption",
        use_ray_tracing=False,
        max_order=8,
        leave_length_unchanged=True,
        p=1.0,
    )
    assert np.corrcoef(Room().apply(y, sr=SR, **drawn), theirs(y, SR))[0, 1] > 0.99


def test_a_chain_logs_what_it_did_and_does_it_again(folder, rng):
    chain = Chain((Speed(probability=0.5), Noise(probability=0.5), Background(folder=folder), Gain()))
    y = tone(440, sr=SR)
    logs = [chain.draw(rng, samples=len(y), sr=SR) for _ in range(30)]
    assert {len(log) for log in logs} == {2, 3, 4}
    log = json.loads(json.dumps(logs[0]))
    np.testing.assert_array_equal(chain.apply(y, logs[0], sr=SR), chain.apply(y, log, sr=SR))
    with pytest.raises(ParameterError, match="drawn for another"):
        Chain((Gain(),)).apply(y, logs[0], sr=SR)
    json.dumps(chain.to_list())


def test_a_folder_without_audio_is_refused(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ParameterError, match="no recording to use as a background"):
        Background(folder=tmp_path)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: PitchShift(semitones=(3, -3)),
        lambda: TimeStretch(rate=(0, 1)),
        lambda: Noise(colours=("mauve",)),
        lambda: Noise(colours=()),
        lambda: OrderSwap(pieces=1),
        lambda: Room(absorption=(0, 0.5)),
    ],
)
def test_ranges_are_checked(bad):
    with pytest.raises(ParameterError, match="must"):
        bad()
