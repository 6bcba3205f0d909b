import io

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sori.errors import AudioError
from sori.music.smf import _as_number, _number, compose, parse

ON, OFF = b"\x90\x3c\x50", b"\x80\x3c\x40"


def chunk(kind, body):
    return kind + len(body).to_bytes(4, "big") + body


def midi(*tracks, division=480):
    head = (1).to_bytes(2, "big") + len(tracks).to_bytes(2, "big") + division.to_bytes(2, "big")
    return chunk(b"MThd", head) + b"".join(chunk(b"MTrk", track) for track in tracks)


def read_by_mido(data):
    """Return the channel messages of a file with their times, as mido has them."""
    now, found = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        now += message.time
        if not message.is_meta:
            found.append((now, bytes(message.bytes())))
    return found


def as_bytes(song):
    length = {0xC: 2, 0xD: 2}
    return [(m.time_s, bytes([m.kind << 4 | m.channel, m.a, m.b])[: length.get(m.kind, 3)]) for m in song.messages]


def test_it_reads_what_mido_writes_with_tempi_and_running_status():
    file = mido.MidiFile(type=1, ticks_per_beat=384)
    conductor, hands = mido.MidiTrack(), mido.MidiTrack()
    conductor += [
        mido.MetaMessage("set_tempo", tempo=700_000, time=0),
        mido.MetaMessage("set_tempo", tempo=250_000, time=500),
    ]
    hands.append(mido.MetaMessage("track_name", name="hands"))  # of no interest
    for i in range(40):
        hands.append(mido.Message("note_on", note=40 + i, velocity=i + 1, channel=i % 3, time=37 * (i % 4)))
    hands += [mido.Message("program_change", program=5, time=9), mido.Message("pitchwheel", pitch=-3, time=1)]
    hands.append(mido.Message("sysex", data=(1, 2, 3), time=5))
    hands.append(mido.Message("control_change", control=64, value=127, time=700))
    file.tracks += [conductor, hands]
    written = io.BytesIO()
    file.save(file=written)
    song = parse(written.getvalue(), name="x")
    expected = [(time_s, event) for time_s, event in read_by_mido(written.getvalue()) if event[0] != 0xF0]
    assert [event for _, event in as_bytes(song)] == [event for _, event in expected]
    assert [time_s for time_s, _ in as_bytes(song)] == pytest.approx([time_s for time_s, _ in expected], abs=1e-9)
    assert song.damage == ""
    assert {message.track for message in song.messages} == {1}


def test_what_is_composed_is_read_by_mido_and_by_itself():
    events = [(0, ON), (200, OFF), (200, b"\xb0\x40\x7f"), (70_000, b"\x91\x24\x01"), (70_001, b"\xc1\x07")]
    data = compose(events, division=960, name="피아노")
    for read in (read_by_mido(data), as_bytes(parse(data, name="x"))):
        assert [event for _, event in read] == [event for _, event in events]
        assert [time_s for time_s, _ in read] == pytest.approx([tick / 1920 for tick, _ in events])
    (track,) = mido.MidiFile(file=io.BytesIO(data), charset="utf-8").tracks
    assert track.name == "피아노"


@given(st.integers(0, 2**28 - 1))
def test_numbers_of_any_length_are_read_as_they_were_written(value):
    written = _as_number(value)
    assert _number(written + b"\x05", 0) == (value, len(written))
    assert len(written) == max(1, -(-value.bit_length() // 7))


def test_frames_of_film_are_seconds():
    """25 frames a second of 40 ticks each."""
    division = (256 - 25) << 8 | 40
    song = parse(midi(b"\x00" + ON + b"\x87\x68" + OFF, division=division), name="x")  # 1000 ticks later
    assert [message.time_s for message in song.messages] == [0, 1]
    dropped = (256 - 29) << 8 | 100
    song = parse(midi(b"\x00" + ON + b"\x87\x68" + OFF, division=dropped), name="x")
    assert song.messages[1].time_s == pytest.approx(1000 / 100 / 29.97, rel=1e-5)


def test_running_status_and_a_high_data_byte_are_understood():
    song = parse(midi(b"\x00\x90\x3c\x50\x0a\x3e\x51\x0a\x40\xd1\x00\xff\x2f\x00"), name="x")
    assert [(m.kind, m.a, m.b) for m in song.messages] == [(9, 60, 80), (9, 62, 81), (9, 64, 0x51)]


def test_a_wrapper_and_strange_chunks_are_passed_over():
    inner = midi(b"\x00" + ON)
    strange = inner[:14] + chunk(b"XFIH", b"\x01\x02") + inner[14:]
    for data in (strange, b"RIFF\x00\x00\x00\x00RMIDdata\x00\x00\x00\x00" + inner):
        assert [message.a for message in parse(data, name="x").messages] == [60]


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_track_that_was_cut_keeps_what_came_before(cut):
    whole = midi(b"\x00" + ON + b"\x60" + OFF + b"\x60" + ON + b"\x00\xff\x2f\x00")
    song = parse(whole[:-cut], name="x")
    assert song.damage == "track 1 ends too early"
    assert [message.kind for message in song.messages] == [9, 8, 9][: 3 if cut <= 4 else 2 if cut <= 8 else 1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF" + bytes(100), "not a MIDI file"),
        (b"MThd\x00\x00\x00\x06", "not a MIDI file"),
        (midi(b"\x00" + ON, division=0), "division is 0"),
    ],
)
def test_what_is_no_midi_is_refused_by_its_name(data, message):
    with pytest.raises(AudioError, match=f"waltz.mid: .*{message}"):
        parse(data, name="waltz.mid")


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(data):
    song = parse(midi(data), name="x")
    assert all(m.time_s >= 0 and 0 <= m.a < 128 and 0 <= m.b < 128 for m in song.messages)
