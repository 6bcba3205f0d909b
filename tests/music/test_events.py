from hypothesis import given
from hypothesis import strategies as st

from sori.music import Note
from sori.music.events import DRUM_CHANNEL, Event, in_order, notes_to_events


def test_a_note_is_a_key_pressed_and_let_go():
    assert notes_to_events([Note(0.5, 1.5, 60, 80)], channel=3) == [
        Event(0.5, 3, 3, "note_on", 60, 80),
        Event(1.5, 0, 3, "note_off", 60, 0),
    ]
    assert [event.channel for event in notes_to_events([Note(0.5, 1.5, 60, 80)])] == [0, 0]


def test_a_key_is_let_go_before_it_is_struck_again():
    events = in_order(notes_to_events([Note(1.0, 2.0, 60, 80), Note(0.0, 1.0, 60, 90)]))
    assert [(event.time_s, event.kind) for event in events] == [
        (0.0, "note_on"),
        (1.0, "note_off"),
        (1.0, "note_on"),
        (2.0, "note_off"),
    ]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3))))
def test_events_of_one_time_and_order_stay_as_they_are(keys):
    events = [Event(float(time_s), order, 0, "control", a=i) for i, (time_s, order) in enumerate(keys)]
    told = [(event.time_s, event.order, event.a) for event in in_order(events)]
    assert told == sorted(told)
    assert len(told) == len(events)


def test_drums_are_the_tenth_channel():
    assert DRUM_CHANNEL == 9  # counted from 0: General MIDI's channel 10
