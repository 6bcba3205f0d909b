import shutil

import numpy as np
import pytest

from sori.errors import BundleError, ParameterError
from sori.inference.transcriber import NoteDecoding, Transcriber, Transcription
from sori.music import Note, notes_array
from sori.music.midi import read_notes


def test_a_model_of_the_spectrum_cleans_what_is_transcribed(made, cleaner, rng):
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
    assert 0 < len(inside) < len(everything.notes)
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


def test_a_transcription_is_written_as_midi(tmp_path):
    notes = (Note(0.25, 0.75, 69, 80), Note(1.0, 1.5, 60, 40))
    Transcription(notes, 2.0, None, 0.02).to_midi(str(tmp_path / "음.mid"))
    written = read_notes(tmp_path / "음.mid")
    np.testing.assert_allclose(notes_array(written), notes_array(notes), atol=5e-4)
