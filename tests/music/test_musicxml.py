import zipfile
from fractions import Fraction

import pytest

from sori.errors import AudioError
from sori.music.musicxml import read_score
from sori.music.score import Key, Metre

HEAD = '<score-partwise version="4.0"><work><work-title>Étude</work-title></work><part-list/><part id="P1">'


def note(step, octave, duration, *, alter=0, staff=1, voice=1, more=""):
    pitch = f"<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"
    return f"<note>{more}{pitch}<duration>{duration}</duration><voice>{voice}</voice><staff>{staff}</staff></note>"


def attributes(fifths=0, beats="4", unit=4, divisions=4):
    return (
        f"<attributes><divisions>{divisions}</divisions><key><fifths>{fifths}</fifths></key><time><beats>{beats}</beats>"
        f"<beat-type>{unit}</beat-type></time><staves>2</staves></attributes>"
    )


@pytest.fixture
def read(tmp_path):
    def of(*measures, name="score.musicxml", tail=""):
        text = HEAD + "".join(f"<measure>{m}</measure>" for m in measures) + "</part>" + tail + "</score-partwise>"
        if name.endswith("mxl"):
            with zipfile.ZipFile(tmp_path / name, "w") as archive:
                root = '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
                archive.writestr("META-INF/container.xml", root)
                archive.writestr("a.xml", text)
        else:
            (tmp_path / name).write_text(text, encoding="utf-8")
        return read_score(tmp_path / name)

    return of


@pytest.mark.parametrize("name", ["score.musicxml", "score.mxl"])
def test_notes_have_their_places_hands_voices_and_names(read, name):
    score = read(
        attributes(fifths=3, beats="3") + note("C", 5, 4, alter=1) + note("E", 5, 4, more="<chord/>") + note("D", 5, 8)
        + "<backup><duration>12</duration></backup><forward><duration>2</duration></forward>"
        + note("A", 2, 10, staff=2, voice=5),
        name=name,
    )  # fmt: skip
    found = [(str(n.spelling), n.onset, n.length, n.staff, n.voice) for n in score.notes]
    assert found == [
        ("C#5", 0, 1, 1, 1), ("E5", 0, 1, 1, 1), ("A2", Fraction(1, 2), Fraction(5, 2), 2, 5), ("D5", 1, 2, 1, 1)
    ]  # fmt: skip
    assert score.metres == ((0, Metre(3, 4)),)
    assert score.keys == ((0, Key(3)),)
    assert (score.title, score.bars) == ("Étude", (0, 3))


def test_tied_notes_are_one_and_grace_notes_have_no_length(read):
    tie = '<tie type="{}"/>'
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch><voice>1</voice><staff>1</staff></note>"
    score = read(
        attributes()
        + grace
        + note("C", 5, 16, more=tie.format("start"))
        + "<backup><duration>16</duration></backup>"
        + note("C", 3, 4, staff=2),
        note("C", 5, 4, more=tie.format("stop")),
    )
    assert [(n.pitch, n.length, n.is_grace) for n in score.notes] == [(71, 0, True), (48, 1, False), (72, 5, False)]


def test_repeats_and_endings_are_played_in_their_order(read):
    begin = '<barline location="left"><repeat direction="forward"/></barline>'
    again = '<barline location="right">{}<repeat direction="backward"/></barline>'
    ending = '<ending number="{}" type="{}"/>'
    bar = note("C", 5, 16) + note("C", 3, 4, staff=2)
    score = read(
        attributes() + bar,
        begin + bar,
        f"<barline>{ending.format(1, 'start')}</barline>" + bar + again.format(ending.format(1, "stop")),
        f"<barline>{ending.format(2, 'start')}</barline>" + bar + f"<barline>{ending.format(2, 'stop')}</barline>",
    )
    assert score.repeats == (0, 1, 2, 1, 3)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not readable as MusicXML"),
        (b"PK\x03\x04 no archive", "not readable as MusicXML"),
        (b"<score-timewise/>", "by parts"),
        (b"<score-partwise/>", "no measures"),
        (f"{HEAD}<measure/></part></score-partwise>".encode(), "no notes"),
        (
            f"{HEAD}<measure><note><pitch/><duration>x</duration></note></measure></part></score-partwise>".encode(),
            "measure",
        ),
    ],
)
def test_what_is_no_score_is_told_in_one_line(tmp_path, content, why):
    (tmp_path / "악보.xml").write_bytes(content)
    with pytest.raises(AudioError, match=why) as told:
        read_score(tmp_path / "악보.xml")
    assert "악보.xml" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(AudioError, match=r"nothing\.mxl"):
        read_score(tmp_path / "nothing.mxl")
