import numpy as np
import pytest
import soundfile

from sori.datasets import read_catalog
from sori.errors import DatasetError
from sori.training.choose import choose
from tests.conftest import REAL, needs_real


def folder(root, *, sr, lengths_s):
    (root / "a").mkdir()
    for i, length_s in enumerate(lengths_s):
        soundfile.write(root / "a" / f"{i}.wav", np.full(int(sr * length_s), 0.1), sr)
    return choose(read_catalog(root), model="cnn")


@pytest.mark.parametrize(
    ("sr", "lengths_s", "segment", "features"),
    [
        (8000, [0.4, 0.6, 1.0], (1.0, 1), (8000, 512, 128)),
        (44100, [5.0] * 4, (5.0, 1), (22050, 1024, 512)),
        (22050, [30.0, 31.0], (30.0, 10), (22050, 1024, 512)),
        (16000, [7.0, 8.0, 100.0], (6.0, 2), (16000, 1024, 512)),
    ],
)
def test_fits_the_recordings(tmp_path, sr, lengths_s, segment, features):
    choice = folder(tmp_path, sr=sr, lengths_s=lengths_s)
    cut = choice.preprocessor.segmenting
    assert (cut.duration_s, cut.segments) == pytest.approx(segment, rel=0.06)
    front_end = choice.preprocessor.front_end
    assert (front_end.sr, front_end.n_fft, front_end.hop_length) == features
    assert len(choice.reasons) == 3


def test_recordings_that_cannot_be_read_are_no_ground_to_choose_on(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.wav").touch()
    with pytest.raises(DatasetError, match="none of the recordings checked can be read"):
        choose(read_catalog(tmp_path))


@pytest.mark.parametrize(
    ("model", "kind", "shape"),
    [
        ("cnn", "mel", (63, 64)),
        ("mlp", "mfcc", (63, 13)),
        ("wave-skip", "waveform", (8000, 1)),
        ("spectrogram-cnn", "spectrogram", (126, 65)),
    ],
)
def test_features_are_those_that_the_model_takes(tmp_path, model, kind, shape):
    (tmp_path / "a").mkdir()
    soundfile.write(tmp_path / "a" / "1.wav", np.full(8000, 0.1), 8000)
    choice = choose(read_catalog(tmp_path), model=model)
    assert choice.preprocessor.front_end.kind == kind
    assert choice.preprocessor.front_end.shape(choice.preprocessor.segmenting.samples(8000)) == shape


@needs_real
@pytest.mark.parametrize(("name", "sr"), [("esc10", 22050), ("spoken_digits", 8000), ("speech_commands_12", 16000)])
def test_real_folders(name, sr):
    assert choose(read_catalog(REAL / name), model="cnn").preprocessor.front_end.sr == sr


def catalog(root, *, a_class):
    for label in ("a", "b", "c"):
        (root / label).mkdir()
        for i in range(a_class):
            (root / label / f"{i}.wav").touch()
    soundfile.write(root / "a" / "0.wav", np.full(40000, 0.1), 8000)
    return read_catalog(root)


@pytest.mark.parametrize(("a_class", "kind"), [(99, "embedding"), (100, "mel")])
def test_few_recordings_get_embeddings(tmp_path, a_class, kind):
    choice = choose(catalog(tmp_path, a_class=a_class))
    assert choice.preprocessor.front_end.kind == kind
    assert ("a class has 99 recordings" in choice.reasons[1]) == (kind == "embedding")


def test_embeddings_can_be_asked_for_and_refused(tmp_path):
    few = catalog(tmp_path, a_class=3)
    assert choose(few, model="cnn").preprocessor.front_end.kind == "mel"
    assert choose(few, model="embedding").preprocessor.front_end.model == "sounds"
    assert choose(few, model="embedding", embedding="speech").preprocessor.front_end.model == "speech"
