import numpy as np
import pytest

from sori import audio
from sori.errors import AudioError, BundleError, ParameterError
from sori.inference import Embedder, Tagger, TaggerSettings, open_spotter
from sori.inference.tagger import SoundDecoder, Tags
from tests.conftest import REAL, needs_real


def decoded(rows, **settings):
    decoder = SoundDecoder(TaggerSettings(**settings))
    begun = [one for row in rows for one in decoder(np.array(row, dtype=np.float32))] + decoder.finish()
    return begun, sorted(decoder.ended)


def test_a_sound_begins_at_the_threshold_and_goes_on_to_half_of_it():
    rows = [(0.1, 0), (0.5, 0), (0.3, 0), (0.26, 0), (0.24, 0), (0.3, 0), (0.1, 0)]
    begun, ended = decoded(rows, threshold=0.5, smooth=1)
    assert begun == [(1, 0, 0.5)]
    assert ended == [(1, 3, 0, 0.5)]


def test_sounds_may_overlap_and_last_to_the_end():
    _, ended = decoded([(0.9, 0), (0.9, 0.8), (0, 0.8)], threshold=0.5, smooth=1)
    assert [(first, last, key) for first, last, key, _ in ended] == [(0, 1, 0), (1, 2, 1)]


def test_scores_are_averaged_over_their_neighbours():
    rows = [(0, 0), (0.9, 0), (0, 0), (0, 0)]
    assert decoded(rows, threshold=0.5, smooth=3) == ([], [])
    begun, ended = decoded(rows, threshold=0.3, smooth=3)
    assert [at for at, _, _ in begun] == [0]  # the mean of the first two is 0.45
    assert ended[0][:2] == (0, 2)
    assert decoded([(0.9, 0), (0, 0)], threshold=0.3, smooth=5)[1] == [(0, 1, 0, pytest.approx(0.45))]
    assert decoded([(0.9, 0), (0, 0)], threshold=0.3, smooth=3)[1] == [(0, 1, 0, pytest.approx(0.45))]
    one_by_one = decoded([(0.9, 0)], threshold=0.5, smooth=5)
    assert one_by_one[1] == [(0, 0, 0, pytest.approx(0.9))]


def test_silence_is_silence_and_a_stream_is_the_recording(tmp_path, rng):
    y = np.concatenate([np.zeros(32000, np.float32), 0.3 * rng.standard_normal(48000).astype(np.float32)])
    tagger = Tagger()
    whole = tagger.tag(y, sr=16000)
    assert whole.scores.shape == (len(whole.times_s), 521)
    assert whole.scores[0].argmax() == tagger.classes.index("Silence")
    assert whole.sounds[0].label == "Silence"
    assert whole.sounds[0].start_s == 0
    stream = Tagger()
    begun = [event for at in range(0, len(y), 1234) for event in stream(y[at : at + 1234])] + stream.finish()
    expected = sorted((sound.start_s, sound.label) for sound in whole.sounds)
    assert sorted((event.time_s, event.label) for event in begun) == expected
    audio.save(tmp_path / "a.flac", y, sr=16000)
    np.testing.assert_allclose(tagger.tag_file(tmp_path / "a.flac").scores, whole.scores, atol=0.1)  # 16 bits


@pytest.mark.parametrize("samples", [1, 7000, 15600, 15601, 40000])
def test_any_length_has_its_windows(samples):
    tags = Tagger().tag(np.full(samples, 0.1, dtype=np.float32), sr=16000)
    assert len(tags.scores) >= 1
    assert tags.duration_s == samples / 16000
    assert all(0 <= sound.start_s <= sound.end_s <= tags.duration_s for sound in tags.sounds)


def test_each_stream_begins_anew(rng):
    y = 0.3 * rng.standard_normal(40000).astype(np.float32)
    tagger = Tagger()

    def heard():
        begun = tagger(y[:30000])
        tagger.tag(y[:20000], sr=16000)  # in between, and apart
        return begun + tagger(y[30000:]) + tagger.finish()

    assert heard() == heard()
    with pytest.raises(ParameterError, match="finite floating-point"):
        tagger(np.full(100, np.nan, dtype=np.float32))


def test_what_is_ignored_is_not_told():
    quiet = np.zeros(32000, dtype=np.float32)
    assert [sound.label for sound in Tagger().tag(quiet, sr=16000).sounds] == ["Silence"]
    tagger = Tagger(settings=TaggerSettings(ignore=("Silence",)))
    assert tagger.tag(quiet, sr=16000).sounds == tagger(quiet) + tagger.finish() == []


def test_nothing_has_no_sounds():
    tags = Tagger().tag(np.zeros(0, dtype=np.float32), sr=16000)
    assert (tags.sounds, len(tags.scores)) == ([], 0)
    assert isinstance(tags, Tags)
    assert tags.top(2)[0][1] == 0


@needs_real
def test_a_bird_is_a_bird():
    tags = Tagger().tag_file(REAL / "music" / "456440__inspectorj__bird-whistling-robin-single-13.ogg")
    assert tags.top(1)[0][0] == "Bird"
    assert "Bird" in repr(tags)


def test_bad_settings_models_and_recordings_are_one_line(tmp_path):
    with pytest.raises(ParameterError, match="smooth must be odd"):
        TaggerSettings(smooth=2)
    with pytest.raises(BundleError, match="is a transcriber, not a tagger"):
        Tagger("piano")
    with pytest.raises(ParameterError, match="finite floating-point"):
        Tagger().tag(np.zeros((2, 100), dtype=np.float32), sr=16000)
    (tmp_path / "a.wav").touch()
    with pytest.raises(AudioError):
        Tagger().tag_file(tmp_path / "a.wav")


def test_its_embeddings_are_an_embedders():
    y = audio.tone(440, sr=44100, duration_s=2, amplitude=0.3)
    embedder = Embedder("sounds")
    assert embedder.size == 1024
    assert embedder.embed(y, sr=44100).shape == (3, 1024)


def test_it_listens_as_a_spotter_does():
    assert open_spotter("sounds", threshold=0.4).settings.threshold == 0.4
    assert isinstance(open_spotter("sounds"), Tagger)
    assert not isinstance(open_spotter("keywords"), Tagger)
