import mido
import numpy as np
import pretty_midi
import pytest

from sori.errors import AudioError, ParameterError
from sori.music import Note
from sori.music.events import in_order
from sori.music.midi import read_events, read_notes, read_pedals, write_midi, write_played
from sori.music.smf import compose
from tests.conftest import REAL, needs_real


def song(path, *, drums=True, notes=True):
    midi = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    if notes:
        piano.notes.append(pretty_midi.Note(100, 60, 0.5, 1.0))
        piano.control_changes.append(pretty_midi.ControlChange(64, 127, 0.4))
        piano.pitch_bends.append(pretty_midi.PitchBend(1000, 0.7))
    violin = pretty_midi.Instrument(40)
    violin.notes += [pretty_midi.Note(80, 72, 1.0, 2.0)] if notes else []
    midi.instruments += [piano, violin]
    if drums:
        kit = pretty_midi.Instrument(0, is_drum=True)
        kit.notes.append(pretty_midi.Note(90, 36, 0.0, 0.1))
        midi.instruments.append(kit)
    midi.write(str(path))
    return path


def test_everything_that_sounds_is_read_in_order(tmp_path):
    events = read_events(song(tmp_path / "song.mid"))
    assert events == in_order(events)
    told = {(event.kind, event.channel, event.a) for event in events}
    assert {("program", 0, 0), ("program", 1, 40), ("note_on", 0, 60), ("note_on", 1, 72)} <= told
    assert {("note_on", 9, 36), ("control", 0, 64), ("bend", 0, 1000)} <= told
    struck = next(event for event in events if event.kind == "note_on" and event.a == 60)
    assert struck.time_s == pytest.approx(0.5, abs=0.003)
    assert struck.b == 100


def test_a_key_is_let_go_before_it_is_struck_again(tmp_path):
    midi = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    piano.notes += [pretty_midi.Note(100, 60, 0, 1), pretty_midi.Note(100, 60, 1, 2)]
    midi.instruments.append(piano)
    midi.write(str(tmp_path / "again.mid"))
    at_one = [event.kind for event in read_events(tmp_path / "again.mid") if event.time_s == pytest.approx(1, abs=0.01)]
    assert at_one == ["note_off", "note_on"]


@needs_real
def test_performances_are_read_whole():
    files = sorted((REAL / "piano" / "midi").glob("*.mid"))[:3]
    assert len(files) == 3
    for file in files:
        events = read_events(file)
        assert sum(event.kind == "note_on" for event in events) > 100
        assert any(event.kind == "control" and event.a == 64 for event in events)


def test_what_is_no_midi_is_named(tmp_path):
    (tmp_path / "text.mid").write_text("hello")
    (tmp_path / "cut.mid").write_bytes(song(tmp_path / "whole.mid").read_bytes()[:40])
    song(tmp_path / "silent.mid", drums=False, notes=False)
    for name, message in (
        ("text.mid", "not a MIDI file"),
        ("cut.mid", r"has no notes \(track 1 ends too early\)"),
        ("silent.mid", "has no notes"),
        ("none.mid", "No such file"),
    ):
        with pytest.raises(AudioError, match=rf"{name}: {message}"):
            read_events(tmp_path / name)


def test_controls_of_one_time_keep_their_order(tmp_path):
    """A registered parameter is chosen, then set, then let go: in another order it is another parameter."""
    told = [(101, 0), (100, 0), (6, 12), (38, 0), (101, 127), (100, 127)]
    track = mido.MidiTrack(mido.Message("control_change", control=a, value=b) for a, b in told)
    track.append(mido.Message("note_on", note=60, velocity=100))
    track.append(mido.Message("note_off", note=60, time=480))
    mido.MidiFile(tracks=[track]).save(tmp_path / "bend.mid")
    read = [(event.a, event.b) for event in read_events(tmp_path / "bend.mid") if event.kind == "control"]
    assert read == told


def pedalled(path):
    """C4 let go at 1 s with the pedal down until 2 s and struck again at 1.5 s; E4 let go at 1 s; G4 without pedal."""
    midi = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    piano.notes += [
        pretty_midi.Note(100, 60, 0.0, 1.0),
        pretty_midi.Note(90, 60, 1.5, 1.7),
        pretty_midi.Note(80, 64, 0.5, 1.0),
        pretty_midi.Note(70, 67, 3.0, 3.5),
    ]
    piano.control_changes += [pretty_midi.ControlChange(64, 127, 0.8), pretty_midi.ControlChange(64, 0, 2.0)]
    midi.instruments.append(piano)
    midi.write(str(path))
    return path


def test_notes_end_where_keys_do_or_where_the_pedal_comes_up(tmp_path):
    path = pedalled(tmp_path / "p.mid")
    keys = [(n.pitch, round(n.offset_s, 2)) for n in read_notes(path)]
    assert keys == [(60, 1.0), (64, 1.0), (60, 1.7), (67, 3.5)]
    sounding = [(n.pitch, round(n.offset_s, 2)) for n in read_notes(path, pedal=True)]
    assert sounding == [(60, 1.5), (64, 2.0), (60, 2.0), (67, 3.5)]


def test_notes_come_back_from_a_file(tmp_path):
    notes = [Note(0.1, 0.5, 60, 64), Note(0.3, 2.25, 108, 1), Note(1.0, 1.5, 21, 127)]
    write_midi(notes, tmp_path / "곡.mid")
    back = read_notes(tmp_path / "곡.mid")
    assert [(n.pitch, n.velocity) for n in back] == [(n.pitch, n.velocity) for n in notes]
    for one, other in zip(back, notes, strict=True):
        assert one.onset_s == pytest.approx(other.onset_s, abs=1e-3)
        assert one.offset_s == pytest.approx(other.offset_s, abs=1e-3)


def test_a_file_without_notes_is_refused_unless_it_may_be(tmp_path):
    write_midi([], tmp_path / "empty.mid")
    assert read_notes(tmp_path / "empty.mid", allow_empty=True) == []
    with pytest.raises(AudioError, match="no notes"):
        read_notes(tmp_path / "empty.mid")


def test_two_hands_share_a_pedal(tmp_path):
    midi = pretty_midi.PrettyMIDI()
    right, left = pretty_midi.Instrument(0), pretty_midi.Instrument(0)
    right.notes.append(pretty_midi.Note(80, 72, 0.0, 0.5))
    left.notes.append(pretty_midi.Note(80, 48, 0.0, 0.5))
    right.control_changes += [pretty_midi.ControlChange(64, 127, 0.1), pretty_midi.ControlChange(64, 0, 2.0)]
    midi.instruments += [right, left]
    midi.write(str(tmp_path / "hands.mid"))
    assert [round(note.offset_s, 2) for note in read_notes(tmp_path / "hands.mid", pedal=True)] == [2.0, 2.0]


def test_hours_and_overlaps_come_back(tmp_path):
    notes = [Note(0.0, 2.0, 60, 64), Note(1.0, 3.0, 60, 64), Note(20_000.0, 20_001.0, 61, 64)]
    write_midi(notes, tmp_path / "long.mid")
    back = read_notes(tmp_path / "long.mid")
    assert [note.onset_s for note in back] == pytest.approx([0, 1, 20_000], abs=0.003)
    assert back[0].offset_s == pytest.approx(1.0, abs=0.003)


def raw(*tracks, division=480, form=1):
    """A MIDI file of tracks of (delta, bytes), put together by hand."""

    def number(n):
        out = [n & 127]
        while n := n >> 7:
            out.append(n & 127 | 128)
        return bytes(reversed(out))

    def chunk(events):
        body = b"".join(number(delta) + event for delta, event in events)
        return b"MTrk" + len(body).to_bytes(4, "big") + body

    head = b"MThd" + (6).to_bytes(4, "big") + form.to_bytes(2, "big") + len(tracks).to_bytes(2, "big")
    return head + division.to_bytes(2, "big") + b"".join(chunk(track) for track in tracks)


ON, OFF = (lambda key: bytes([0x90, key, 80])), (lambda key: bytes([0x80, key, 64]))
TWO = [(0, ON(60)), (480, OFF(60)), (0, ON(62)), (480, OFF(62))]  # C4 0 to 0.5 s, D4 0.5 to 1 s
END = [(0, b"\xff\x2f\x00")]
HALVES = [(60, 0, 0.5), (62, 0.5, 1)]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (raw(TWO + END), HALVES),
        (raw([(0, b"\xff\x03\x01x"), *END], [(0, b"\xff\x51\x03\x0f\x42\x40"), *TWO, *END]), [(60, 0, 1), (62, 1, 2)]),
        (raw([(0, b"\xff\x59\x02\x08\x00"), (0, b"\xf0\x03abc"), *TWO, *END]), HALVES),
        (raw([(0, ON(60)), (480, OFF(60)), (0, ON(62)), (480, b"\xff\x2f\x00")]), HALVES),
        (raw([(0, ON(60)), (480, bytes([60, 0])), (0, bytes([62, 80])), (480, bytes([62, 0])), *END]), HALVES),
        (raw([(0, bytes([0x90, 60 | 128, 80 | 128])), (480, OFF(60)), *TWO[2:], *END]), HALVES),
        (raw([(0, ON(60)), (500, OFF(60)), (0, ON(62)), (500, OFF(62)), *END], division=(256 - 25 << 8) | 40), HALVES),
        (b"RIFF\x00\x00\x00\x00RMIDdata\x00\x00\x00\x00" + raw(TWO + END), HALVES),
        (raw(TWO + END)[:14] + b"XFIH\x00\x00\x00\x04abcd" + raw(TWO + END)[14:], HALVES),
    ],
    ids=["plain", "tempo elsewhere", "meta, sysex", "never let go", "running", "high bits", "SMPTE", "RIFF", "chunk"],
)  # fmt: skip
def test_files_as_people_have_them(tmp_path, data, wanted):
    (tmp_path / "a.mid").write_bytes(data)
    found = [(n.pitch, n.onset_s, n.offset_s) for n in read_notes(tmp_path / "a.mid")]
    assert [note[0] for note in found] == [note[0] for note in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one[1:] == pytest.approx(other[1:], abs=1e-6)


def test_events_of_one_time_come_in_the_order_that_a_synthesiser_needs(tmp_path):
    """Programs before notes, and keys let go before pedals go down and keys are struck."""
    pedal, bend = b"\xb0\x40\x7f", b"\xe0\x00\x50"
    track = [(0, ON(60)), (0, b"\xc0\x28"), (480, b"\xc0\x29"), (0, pedal), (0, ON(62)), (0, OFF(60)), (0, bend)]
    (tmp_path / "a.mid").write_bytes(raw([*track, (480, OFF(62)), *END]))
    events = [(event.time_s, event.kind, event.a) for event in read_events(tmp_path / "a.mid")]
    assert events == [
        (0.0, "program", 40),
        (0.0, "note_on", 60),
        (0.5, "note_off", 60),
        (0.5, "program", 41),
        (0.5, "control", 64),
        (0.5, "bend", 0x50 * 128 - 8192),
        (0.5, "note_on", 62),
        (1.0, "note_off", 62),
    ]


@pytest.mark.parametrize(("value", "offset_s"), [(63, 0.5), (64, 1.0), (127, 1.0)])
def test_a_pedal_is_down_from_the_middle_of_its_way(tmp_path, value, offset_s):
    track = [(0, ON(60)), (240, bytes([0xB0, 64, value])), (240, OFF(60)), (480, bytes([0xB0, 64, 0]))]
    (tmp_path / "a.mid").write_bytes(raw(track + END))
    assert [note.offset_s for note in read_notes(tmp_path / "a.mid", pedal=True)] == [offset_s]
    assert [note.offset_s for note in read_notes(tmp_path / "a.mid")] == [0.5]


@pytest.mark.parametrize(("rest", "offset_s"), [(0, 1.0), (120, 0.625), (1920, 2.5)])
def test_what_is_never_let_go_ends_with_its_track_or_rings_for_half_a_second(tmp_path, rest, offset_s):
    (tmp_path / "a.mid").write_bytes(raw([(480, ON(60)), (rest, b"\xff\x2f\x00")]))
    assert [(note.onset_s, note.offset_s) for note in read_notes(tmp_path / "a.mid")] == [(0.5, offset_s)]


def test_steps_are_half_a_millisecond_unless_a_piece_is_hours_long(tmp_path):
    for last_s, division in ((1.0, 960), (4000.0, 960), (20_000.0, 224)):  # 9 million ticks, two quarters a second
        write_midi([Note(0.0, last_s, 60, 64)], tmp_path / "a.mid")
        assert mido.MidiFile(tmp_path / "a.mid").ticks_per_beat == division
        assert read_notes(tmp_path / "a.mid")[0].offset_s == pytest.approx(last_s, abs=0.5 / division)


def test_a_note_of_no_length_is_left_out(tmp_path):
    (tmp_path / "a.mid").write_bytes(raw([(0, ON(72)), (0, OFF(72)), *TWO, *END]))
    assert [note.pitch for note in read_notes(tmp_path / "a.mid")] == [60, 62]


def test_each_of_240_instruments_has_a_channel_that_is_not_for_drums(tmp_path):
    (tmp_path / "a.mid").write_bytes(raw(*[TWO + END] * 240))
    channels = {event.channel for event in read_events(tmp_path / "a.mid")}
    assert channels == {channel for channel in range(256) if channel % 16 != 9}
    (tmp_path / "a.mid").write_bytes(raw(*[TWO + END] * 241))
    with pytest.raises(ParameterError, match="more than 240 instruments"):
        read_events(tmp_path / "a.mid")


def test_a_division_of_nothing_tells_no_time(tmp_path):
    (tmp_path / "a.mid").write_bytes(raw(TWO + END, division=0))
    with pytest.raises(AudioError, match="division is 0 ticks"):
        read_notes(tmp_path / "a.mid")


def test_what_is_left_of_a_damaged_file_is_read_and_that_is_said(tmp_path):
    (tmp_path / "a.mid").write_bytes(raw(TWO + END)[:-10])
    with pytest.warns(UserWarning, match="track 1 ends too early; only the readable part was used") as warned:
        assert read_notes(tmp_path / "a.mid")[0].pitch == 60
    assert warned[0].filename == __file__


def test_a_damaged_file_without_notes_is_refused_and_not_warned_of(tmp_path):
    (tmp_path / "a.mid").write_bytes(raw([(0, b"\xb0\x40\x7f"), *TWO, *END])[:-21])
    with pytest.raises(AudioError, match=r"has no notes \(track 1 ends too early\)"):
        read_notes(tmp_path / "a.mid")


@needs_real
def test_performances_are_read_as_pretty_midi_reads_them():
    files = sorted((REAL / "piano" / "midi").glob("*.mid"))[::40]
    assert len(files) >= 3
    for file in files:
        song = pretty_midi.PrettyMIDI(str(file))
        theirs = sorted((n.start, n.pitch, n.velocity) for i in song.instruments for n in i.notes)
        ours = sorted((n.onset_s, n.pitch, n.velocity) for n in read_notes(file))
        assert [note[1:] for note in ours] == [note[1:] for note in theirs]
        assert max(abs(a[0] - b[0]) for a, b in zip(ours, theirs, strict=True)) < 1e-6


def test_a_program_holds_from_where_it_changes(tmp_path):
    change = (0, b"\xc0\x28")
    (tmp_path / "a.mid").write_bytes(raw([*TWO[:2], change, *TWO[2:], *END]))
    programs = [(event.time_s, event.a) for event in read_events(tmp_path / "a.mid") if event.kind == "program"]
    assert programs == [(0.0, 0), (0.5, 40)]
    (tmp_path / "b.mid").write_bytes(raw([change, *TWO, *END]))
    assert [event.a for event in read_events(tmp_path / "b.mid") if event.kind == "program"] == [40]


def test_a_pedal_that_is_never_released_costs_no_more_time_than_notes(tmp_path):
    """Read 8,000 notes with as many pedal messages: quadratic work would take a minute."""
    events = []
    for i in range(8000):
        key = 21 + i % 80
        pressed = [bytes([0xB0, 64, 127]), bytes([0x90, key, 80])]
        events += [(i * 10, event) for event in pressed] + [(i * 10 + 5, bytes([0x80, key, 0]))]
    (tmp_path / "a.mid").write_bytes(compose(events, division=480, name="a"))
    notes = read_notes(tmp_path / "a.mid", pedal=True)
    assert len(notes) == 8000
    last_s = max(note.offset_s for note in notes)
    assert sum(note.offset_s == last_s for note in notes) == 80  # each key's last note rings to the end


def test_ticks_of_no_length_and_times_beyond_reason(tmp_path):
    note = [(0, bytes([0x90, 60, 80])), (480, bytes([0x80, 60, 0]))]
    content = compose(note, division=480, name="a")
    (tmp_path / "smpte.mid").write_bytes(content[:12] + b"\xe7\x00" + content[14:])
    with pytest.raises(AudioError, match="its division is 0"):
        read_notes(tmp_path / "smpte.mid")
    late = [*note, (2**40, bytes([0x90, 62, 80])), (2**40 + 480, bytes([0x80, 62, 0]))]
    (tmp_path / "late.mid").write_bytes(compose(late, division=480, name="a"))
    with pytest.warns(UserWarning, match=r"has events after 86400 s; only the readable part was used"):
        assert [one.pitch for one in read_notes(tmp_path / "late.mid")] == [60]


def test_the_pedal_comes_back(tmp_path):
    pedals = [[0.1, 0.9], [1.0, 2.25]]
    write_midi([Note(0.0, 0.5, 60, 80)], tmp_path / "a.mid", pedals=pedals)
    np.testing.assert_allclose(read_pedals(tmp_path / "a.mid"), pedals, atol=1e-3)
    write_midi([Note(0.0, 0.5, 60, 80)], tmp_path / "b.mid")
    assert read_pedals(tmp_path / "b.mid").shape == (0, 2)
    write_midi([], tmp_path / "c.mid", pedals=pedals)
    np.testing.assert_allclose(read_pedals(tmp_path / "c.mid")[0], pedals[0], atol=1e-3)


def test_what_was_played_sounds_as_it_was_heard(tmp_path):
    notes = [Note(0.0, 2.0, 60, 80), Note(0.5, 2.0, 64, 70), Note(2.2, 2.5, 72, 60)]
    write_played(notes, [[0.2, 2.0]], tmp_path / "played.mid")
    assert [round(n.offset_s, 2) for n in read_notes(tmp_path / "played.mid", pedal=True)] == [2.0, 2.0, 2.5]
    assert [round(n.offset_s, 2) for n in read_notes(tmp_path / "played.mid")] == [0.5, 1.97, 2.5]
    write_played(notes, (), tmp_path / "sounding.mid")
    assert [round(n.offset_s, 2) for n in read_notes(tmp_path / "sounding.mid")] == [2.0, 2.0, 2.5]
