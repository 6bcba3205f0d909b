import json

import numpy as np
import pytest

from sori import features
from sori.errors import ParameterError
from sori.features import FrontEnd
from sori.features.registry import differences

ALL = [
    FrontEnd(kind="waveform", sr=8000),
    FrontEnd(kind="spectrogram", sr=16000, n_fft=258, hop_length=129),
    FrontEnd(kind="mel", sr=22050, n_fft=1024, n_mels=64, fmin=30, fmax=8000),
    FrontEnd(kind="mfcc", sr=22050),
    FrontEnd(kind="spectrogram", sr=22050, fmin=27.5, fmax=4186, top_db=np.inf),
]


@pytest.mark.parametrize("front_end", ALL, ids=str)
class TestContract:
    def test_survives_json(self, front_end):
        assert FrontEnd.from_dict(json.loads(json.dumps(front_end.to_dict()))) == front_end

    @pytest.mark.parametrize("n_samples", [1, 100, 3000, 22051])
    def test_shape_is_what_it_says(self, front_end, n_samples, rng):
        out = front_end(rng.standard_normal(n_samples).astype(np.float32))
        assert out.shape == front_end.shape(n_samples)
        assert out.dtype == np.float32
        assert out.flags.c_contiguous

    def test_batch_mates_do_not_change_each_other(self, front_end, rng):
        quiet, loud = 1e-4 * rng.standard_normal(5000), 100 * rng.standard_normal(5000)
        pair = front_end(np.stack([quiet, loud]).astype(np.float32))
        np.testing.assert_allclose(pair[0], front_end(quiet.astype(np.float32)), atol=1e-3)

    def test_refuses_what_is_not_finite(self, front_end):
        with pytest.raises(ParameterError, match="finite"):
            front_end(np.array([0.0, np.nan], dtype=np.float32))

    def test_silence_is_finite(self, front_end):
        assert np.isfinite(front_end(np.zeros(3000, dtype=np.float32))).all()


def test_gives_the_features_of_the_functions(rng):
    y = rng.standard_normal(9000).astype(np.float32)
    np.testing.assert_array_equal(ALL[3](y), features.mfcc(y, sr=22050, n_mfcc=13).T)
    mel = features.mel_spectrogram(y, sr=22050, n_fft=1024, n_mels=64, fmin=30, fmax=8000)
    np.testing.assert_array_equal(ALL[2](y), features.power_to_db(mel).T)
    np.testing.assert_array_equal(ALL[0](y)[:, 0], y)
    piano = features.amplitude_to_db(features.spectrogram(y, sr=22050, hop_length=512)[3:389], top_db=None)
    np.testing.assert_array_equal(ALL[4](y), piano.T)


def test_frames_need_not_be_centred(rng):
    y = rng.standard_normal(9000).astype(np.float32)
    front_end = FrontEnd(kind="mel", sr=22050, n_mels=40, center=False)
    mel = features.mel_spectrogram(y, sr=22050, n_mels=40, center=False)
    np.testing.assert_array_equal(front_end(y), features.power_to_db(mel).T)
    assert front_end.shape(9000) == front_end(y).shape == (14, 40)
    assert front_end.shape(2047) == (0, 40)
    with pytest.raises(ParameterError, match="shorter than n_fft=2048"):
        front_end(y[:2047])


def test_what_a_kind_does_not_use_does_not_tell_two_apart():
    assert FrontEnd(kind="mel", sr=8000, n_mfcc=20) == FrontEnd(kind="mel", sr=8000)
    assert FrontEnd(kind="waveform", sr=8000, n_fft=99).to_dict() == {"kind": "waveform", "sr": 8000}


def test_any_rate_up_to_a_million_will_do():
    assert [FrontEnd(kind="waveform", sr=sr).sr for sr in (1, 1_000_000)] == [1, 1_000_000]


def test_names_differences():
    assert differences(FrontEnd(kind="mfcc", sr=8000), FrontEnd(kind="mfcc", sr=16000, n_mfcc=20)) == [
        "sr: 8000, not 16000",
        "n_mfcc: 13, not 20",
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "mel"}, "needs 'sr'"),
        ({"kind": "mell", "sr": 8000}, "did you mean 'mel'"),
        ({"kind": "mel", "sr": 8000, "n_mells": 64}, "unknown key 'n_mells' in FrontEnd; did you mean 'n_mels'"),
        ({"kind": "mel", "sr": "8000"}, "sr must be a whole number"),
        ({"kind": "waveform", "sr": 0}, "sr must be a whole number, at least 1"),
        ({"kind": "waveform", "sr": 1_000_001}, "sr must be 1 to 1e"),
        ({"kind": "mel", "sr": 8000, "hop_length": 0}, "hop_length must be"),
        ({"kind": "mel", "sr": 8000, "hop_length": 4096}, "hop_length must be at most n_fft=2048"),
        ({"kind": "mel", "sr": 8000, "center": 1}, "center must be true or false"),
        ({"kind": "mel", "sr": 8000, "top_db": -1}, "top_db must be at least 0 dB"),
        ({"kind": "spectrogram", "sr": 8000, "fmin": 51, "fmax": 54}, "no bin lies between fmin=51 and fmax=54 Hz"),
        ({"kind": "mel", "sr": 8000, "fmin": "low"}, "fmin must be a number"),
        ({"kind": "mel", "sr": 8000, "fmax": 9000}, "fmax must be 0 to 4000 Hz"),
        ({"kind": "mfcc", "sr": 8000, "n_mels": 20, "n_mfcc": 21}, r"n_mfcc must be 1 to 20 \(n_mels\)"),
        ([], "must be a table of settings"),
    ],
)
def test_strict_about_what_it_is_made_of(values, message):
    with pytest.raises(ParameterError, match=message):
        FrontEnd.from_dict(values)


@pytest.mark.parametrize("n_fft", [1023, 1024])
@pytest.mark.parametrize("n_samples", [1, 799, 800, 16000])
def test_odd_frames_are_counted_as_they_come(n_fft, n_samples):
    front_end = FrontEnd(kind="mel", sr=16000, n_fft=n_fft, hop_length=400, n_mels=20)
    assert front_end(np.ones(n_samples, dtype=np.float32)).shape == front_end.shape(n_samples)
