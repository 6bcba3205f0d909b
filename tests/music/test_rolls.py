import numpy as np

from sori.music import targets


def test_what_should_be_said_of_a_note():
    said = targets(np.array([[0.103, 0.207, 60, 64]]), frames=30, frame_s=0.01)
    t = 0.01 * np.arange(30)
    onset, offset = (np.maximum(0, 1 - np.abs(t - at_s) / 0.05) for at_s in (0.103, 0.207))
    sounding = (t > 0.103) & (t < 0.207)
    expected = np.stack([onset, sounding, offset, (onset > 0) * 64 / 127], axis=1)
    np.testing.assert_allclose(said[:, 60 - 21], expected, atol=1e-6)
    assert not np.delete(said, 60 - 21, axis=1).any()


def test_the_first_and_the_last_frame_are_said_too():
    said = targets(np.array([[0.0, 0.2, 21, 127], [0.29, 0.4, 108, 127]]), frames=30, frame_s=0.01)
    np.testing.assert_allclose(said[:3, 0], [[1, 1, 0, 1], [0.8, 1, 0, 1], [0.6, 1, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(said[-2:, 87], [[0.8, 0, 0, 1], [1, 1, 0, 1]], atol=1e-6)


def test_of_two_strokes_on_a_key_the_nearer_one_is_said():
    for notes in ([[0.1, 0.14, 60, 127], [0.15, 0.3, 60, 64]], [[0.15, 0.3, 60, 64], [0.1, 0.14, 60, 127]]):
        said = targets(np.array(notes), frames=40, frame_s=0.01)[:, 39]
        np.testing.assert_allclose(said[[10, 11, 12, 13, 14, 15], 0], [1, 0.8, 0.6, 0.6, 0.8, 1], atol=1e-6)
        np.testing.assert_allclose(said[[10, 11, 12, 13, 14, 15], 3] * 127, [127, 127, 127, 64, 64, 64], rtol=1e-6)
