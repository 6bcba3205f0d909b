import numpy as np

from sori.notation.reading import hands, key_of_bars, note_features, sight_read, spelled, spelling_class


def test_names_are_told_by_their_class_within_a_key():
    pitch = np.arange(60, 72)
    for key in (-4, 0, 5):
        for kind in (0, 1, 2):
            fifths = spelled(pitch, np.full(12, key), np.full(12, kind))
            assert ((7 * fifths - pitch) % 12 == 0).all()
            assert (spelling_class(fifths, np.full(12, key)) == kind).all()


def test_a_scale_in_its_key_is_spelled_by_the_signature():
    pitch = np.array([57, 59, 61, 62, 64, 66, 68, 69] * 6)
    bass = np.full(len(pitch), 45)
    onset = np.repeat(np.arange(len(pitch)) / 2, 2)
    notes = np.stack([bass, pitch], axis=1).ravel()
    read = sight_read(onset, np.full(len(onset), 0.5), notes, (onset // 4).astype(int))
    assert set(read.keys) == {3}
    assert set(read.fifths) == {3, 5, 7, 2, 4, 6, 8}
    assert (read.hand[notes == 45] == 2).all()
    assert (
        sight_read(onset, np.full(len(onset), 0.5), notes, (onset // 4).astype(int), key=-2).keys.tolist() == [-2] * 6
    )


def test_the_lower_notes_of_a_chord_are_the_left_hands():
    left = np.array([2.0, 3.0, -4.0, 1.0, -3.0])
    assert hands(left, np.array([0, 0, 0, 1, 1.0]), np.array([40, 47, 64, 43, 67])).tolist() == [2, 2, 1, 2, 1]
    assert hands(np.array([-1.0, 2.0]), np.zeros(2), np.array([50, 60])).tolist() == [2, 2]
    assert hands(np.array([-9.0, 9.0]), np.zeros(2), np.array([50, 60])).tolist() == [1, 2]  # crossed


def test_keys_change_seldom():
    logits = np.zeros((60, 12))
    logits[:30, 1] = 3
    logits[30:, 4] = 3
    logits[10, 7] = 9
    keys = key_of_bars(logits, np.repeat(np.arange(10), 6), 10)
    assert keys.tolist() == [1] * 5 + [4] * 5


def test_nothing_to_read():
    assert note_features(np.zeros(0), np.zeros(0), np.zeros(0, int)).shape[0] == 0
