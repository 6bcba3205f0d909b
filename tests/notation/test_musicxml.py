import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sori.music.midi import read_notes
from sori.music.musicxml import read_score
from sori.music.score import Key, Mark, Metre, Score, ScoreNote
from sori.notation.musicxml import musicxml, write_musicxml
from sori.notation.voices import separate_voices
from tests.conftest import ALL


def same(found, score):
    key = lambda n: (n.onset, n.pitch, n.length, n.fifths, n.staff, n.is_grace)  # noqa: E731
    return sorted(map(key, found.notes)) == sorted(map(key, score.notes))


def test_what_is_written_is_read_again(waltz, tmp_path):
    write_musicxml(waltz, tmp_path / "왈츠.musicxml")
    found = read_score(tmp_path / "왈츠.musicxml")
    assert same(found, waltz)
    assert (found.bars, found.metres, found.title, found.composer) == (waltz.bars, waltz.metres, "Waltz", "Nobody")
    assert found.keys[0][1].fifths == 2


def test_signs_are_written_where_the_key_and_the_bar_do_not_say_it(waltz):
    notes = [
        ScoreNote(onset=Fraction(k), length=Fraction(1), pitch=pitch, fifths=fifths)
        for k, (pitch, fifths) in enumerate([(61, 7), (60, 0), (60, 0), (61, 7)])
    ]
    root = ET.fromstring(
        musicxml(replace(waltz, notes=tuple(notes))).partition("\n<score")[0]
        and musicxml(replace(waltz, notes=tuple(notes)))
    )
    signs = [note.findtext("accidental") for note in root.iter("note") if note.find("pitch") is not None]
    assert signs == [None, "natural", None, None]  # C sharp is in the signature, and again after the bar line


def test_marks_have_their_elements(waltz):
    marks = (
        Mark(Fraction(0), "tempo", "Allegro|1|120"),
        Mark(Fraction(0), "dynamic", "mf"),
        Mark(Fraction(3), "hairpin", "crescendo", Fraction(6)),
        Mark(Fraction(1), "pedal", "", Fraction(3)),
    )
    root = ET.fromstring(musicxml(replace(waltz, marks=marks)))
    assert root.find(".//dynamics/mf") is not None
    assert [wedge.get("type") for wedge in root.iter("wedge")] == ["crescendo", "stop"]
    assert [pedal.get("type") for pedal in root.iter("pedal")] == ["start", "stop"]
    assert root.findtext(".//metronome/per-minute") == "120"
    assert root.find(".//sound[@tempo]").get("tempo") == "120"


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from([Fraction(n, 4) for n in range(40)] + [Fraction(n, 3) for n in range(30)]),
            st.sampled_from([Fraction(n, 12) for n in (3, 4, 6, 8, 12, 30)]),
            st.integers(21, 108), st.integers(1, 2),
        ),
        min_size=1, max_size=25, unique_by=lambda n: (n[0], n[2]),
    ),
    metre=st.sampled_from(["4/4", "3/4", "6/8", "5/4", "2/2", "3/8", "7/8"]),
)  # fmt: skip
def test_any_notes_fill_their_bars_and_are_all_there(tmp_path, drawn, metre):
    one = Metre.parse(metre)
    bars = [Fraction(0)]
    while bars[-1] < 13:
        bars.append(bars[-1] + one.bar)
    notes = []
    for staff in (1, 2):
        own = [
            ScoreNote(onset=onset, length=length, pitch=pitch, fifths=(7 * pitch + 5) % 12 - 5, staff=staff)
            for onset, length, pitch, hand in drawn
            if hand == staff
        ]
        for pitch in {note.pitch for note in own}:  # a key ends where it is struck again
            again = sorted(note for note in own if note.pitch == pitch)
            for note, after in pairwise(again):
                own[own.index(note)] = replace(note, length=min(note.length, after.onset - note.onset))
        notes += separate_voices(own)
    score = Score(
        notes=tuple(sorted(notes)), bars=tuple(bars), metres=((Fraction(0), one),), keys=((Fraction(0), Key(0)),)
    )
    write_musicxml(score, tmp_path / "a.musicxml")
    found = read_score(tmp_path / "a.musicxml")
    assert found.bars == score.bars
    assert sorted((n.onset, n.pitch, n.staff) for n in found.notes) == sorted(
        (n.onset, n.pitch, n.staff) for n in notes
    )


@pytest.mark.skipif(not shutil.which("mscore3") and not ALL, reason="MuseScore is not installed")
def test_musescore_opens_it(waltz, tmp_path):
    write_musicxml(waltz, tmp_path / "a.musicxml")
    command = ["mscore3", "-o", str(tmp_path / "a.mid"), str(tmp_path / "a.musicxml")]
    place = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=place)
    assert sorted(n.pitch for n in read_notes(tmp_path / "a.mid")) == sorted(n.pitch for n in waltz.notes)
