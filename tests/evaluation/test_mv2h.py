import pytest

from sori.evaluation.mv2h import MV2H, Music, TimedNote, Tolerance, mv2h

# The example that the authors of the measure publish with their program (MIT licence), with the scores it prints.
MELODY = (
    (74, 0, 1000), (67, 1000, 1500), (69, 1500, 2000), (71, 2000, 2500), (72, 2500, 3000), (74, 3000, 4000),
    (67, 4000, 5000), (67, 5000, 6000), (76, 6000, 7000), (72, 7000, 7500), (74, 7500, 8000), (76, 8000, 8500),
    (77, 8500, 9000), (79, 9000, 10000), (67, 10000, 11000), (67, 11000, 12000),
)  # fmt: skip
BASS = ((55, 0, 2000), (57, 2000, 3000), (59, 3000, 6000), (60, 6000, 9000), (59, 9000, 12000))


def voice(notes, number):
    return [TimedNote(pitch, begin, begin, end, number) for pitch, begin, end in notes]


def levels(beats, parts, tatums=4, tatum=125, length=12000):
    """Groupings of bars, beats and their parts."""
    found = []
    for step in (tatums, tatums * parts, tatums * parts * beats):
        edges = range(0, length, tatum * step)
        found += [(a, a + tatum * step) for a in edges if a + tatum * step < length]
    return found


TRUTH = Music(
    notes=voice(BASS, 0) + voice([(59, 0, 2000)], 1) + voice([(62, 0, 2000)], 2) + voice(MELODY, 3),
    groupings=levels(3, 2),
    keys=[(0, 7, True)],
)


def test_the_scores_of_the_published_example():
    bass = ((55, 0, 2000), (57, 2000, 3000), (59, 3000, 4500), (60, 6000, 7500), (59, 9000, 12000), (67, 5000, 6000))
    melody = (
        (74, 0, 1500), (69, 1500, 2000), (71, 2000, 2500), (72, 2500, 3000), (74, 3000, 4000), (67, 4000, 6000),
        (76, 6000, 7500), (74, 7500, 8000), (76, 8000, 8500), (77, 8500, 9000), (79, 9000, 10000), (67, 10000, 12000),
    )  # fmt: skip
    estimate = Music(
        notes=voice(bass, 0) + voice([(59, 0, 2000)], 1) + voice([(62, 0, 2000)], 2) + voice(melody, 3),
        groupings=levels(2, 3),
        keys=[(0, 7, True)],
    )
    scores = mv2h(TRUTH, estimate)
    assert scores == pytest.approx(MV2H(0.9302325581395349, 0.8125, scores.metre, 0.9642857142857143, 1.0))
    assert scores.metre == pytest.approx(0.7368421052631577, abs=0.02)
    assert mv2h(TRUTH, TRUTH) == MV2H(1, 1, 1, 1, 1)


def test_a_fault_is_counted_in_one_place():
    moved = [note._replace(voice=9) if note.begin == 5000 else note for note in TRUTH.notes]
    scores = mv2h(TRUTH, Music(notes=moved, groupings=TRUTH.groupings, keys=TRUTH.keys))
    assert scores.voice < 1
    assert (scores.pitch, scores.metre, scores.value, scores.harmony) == (1, 1, 1, 1)


def test_nothing_is_no_score():
    assert mv2h(TRUTH, Music(notes=[])) == MV2H(0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("tonic", "major", "score"), [(2, True, 0.5), (0, True, 0.5), (4, False, 0.3), (7, False, 0.2), (1, True, 0.0)]
)
def test_keys_that_are_near_count_in_part(tonic, major, score):
    estimate = Music(notes=TRUTH.notes, groupings=TRUTH.groupings, keys=[(0, tonic, major)])
    assert mv2h(TRUTH, estimate).harmony == score


def test_tolerances_hold():
    late = [note._replace(onset=note.onset + 60) for note in TRUTH.notes]
    estimate = Music(notes=late, groupings=TRUTH.groupings, keys=TRUTH.keys)
    assert mv2h(TRUTH, estimate).pitch == 0
    assert mv2h(TRUTH, estimate, Tolerance(onset=60)).pitch == 1
