import numpy as np
import pytest

from sori.datasets import Dataset, build, import_npz, read_catalog, read_clips
from sori.errors import DatasetError
from sori.features import FrontEnd, Preprocessor, Segmenting

MEL = FrontEnd(kind="mel", sr=8000, n_fft=256, hop_length=128, n_mels=16)


@pytest.fixture
def dataset(sounds, tmp_path):
    # At another rate than the features', two segments each.
    catalog = read_catalog(sounds(sr=11025))
    return build(catalog, tmp_path / "data", preprocessor=Preprocessor(MEL, Segmenting(duration_s=0.9, segments=2)))


def test_clips_are_what_the_features_were_made_of(dataset, tmp_path):
    segments = dataset.load()
    which = np.array([7, 0, 3, 22])
    clips = read_clips(dataset, segments, which, tmp_path / "clips.npy")
    assert clips.shape == (4, 3600)
    assert isinstance(clips, np.memmap)
    np.testing.assert_allclose(MEL(np.asarray(clips)), segments.x[which], rtol=0, atol=1e-5)


def test_a_recording_that_changed_or_went_is_refused(dataset, tmp_path):
    segments = dataset.load()
    source = tmp_path / "sounds"
    path = source / segments.recording[0]
    content = path.read_bytes()
    path.write_bytes(content[:-2] + b"ab")
    with pytest.raises(DatasetError, match="has changed since the dataset was built"):
        read_clips(dataset, segments, np.array([0]), tmp_path / "clips.npy")
    path.unlink()
    with pytest.raises(DatasetError, match=r"cannot be read again .* or use `augment='spectrogram'`"):
        read_clips(dataset, segments, np.array([0]), tmp_path / "clips.npy")


def test_an_import_has_no_sound_behind_it(tmp_path, rng):
    np.savez(tmp_path / "a.npz", wav_vals=rng.standard_normal((4, 800)) * 0.1, label_vals=np.array(["a", "b"] * 2))
    import_npz(tmp_path / "a.npz", tmp_path / "data", front_end=MEL)
    dataset = Dataset.open(tmp_path / "data")
    with pytest.raises(DatasetError, match="was imported without waveforms"):
        read_clips(dataset, dataset.load(), np.array([0]), tmp_path / "clips.npy")
