import pytest

from sori.errors import ParameterError
from sori.synth.plan import COLUMNS, Rendering, plan_chords, plan_mixtures, plan_notes

ADDITIVE = Rendering(engine="additive", sr=8000, duration_s=0.5)


def test_every_key_at_every_velocity():
    items = plan_notes(["piano", "guitar"], rendering=ADDITIVE, pitches=range(21, 109), velocities=[40, 80, 110])
    assert len(items) == 2 * 88 * 3
    assert len({item.file for item in items}) == len(items)
    own = plan_notes(["guitar"], rendering=ADDITIVE, velocities=[80])
    assert (own[0].notes[0].pitch, own[-1].notes[0].pitch) == (40, 83)


def test_groups_keep_near_copies_together():
    several = plan_notes(["piano", "flute"], rendering=ADDITIVE, pitches=[60, 61])
    assert {item.label for item in several} == {"piano", "flute"}
    assert {item.group for item in several if item.label == "piano"} == {"piano octave 4"}
    by_pitch = plan_notes(["piano", "flute"], rendering=ADDITIVE, pitches=[60, 61], label="pitch")
    assert {item.group for item in by_pitch} == {"piano", "flute"}
    alone = plan_notes(["piano"], rendering=ADDITIVE, pitches=[60], velocities=[40, 80])
    assert [(item.label, item.group) for item in alone] == [("C4", "velocity 40"), ("C4", "velocity 80")]


def test_chords_and_their_inversions():
    items = plan_chords(["major", "minor"], rendering=ADDITIVE, roots=[60, 107], inversions=True)
    assert [tuple(note.pitch for note in item.notes) for item in items] == [
        (60, 64, 67),
        (64, 67, 72),
        (67, 72, 76),
        (60, 63, 67),
        (63, 67, 72),
        (67, 72, 75),
    ]  # none on 107: it would leave the piano
    assert {item.label for item in items} == {"major", "minor"}
    assert {item.group for item in items} == {"piano octave 4"}


def test_the_same_notes_are_one_chord_and_an_ambiguous_one_is_none():
    augmented = plan_chords(["augmented"], rendering=ADDITIVE, roots=range(60, 72), inversions=True)
    sounds = [item.notes for item in augmented]
    assert len(set(sounds)) == len(sounds)
    sus = plan_chords(["sus2", "sus4"], rendering=ADDITIVE, roots=range(48, 72), inversions=True)
    by_sound = {item.notes: item.label for item in sus}
    assert len(by_sound) == len(sus)
    assert (67, 72, 74) not in {tuple(note.pitch for note in item.notes) for item in sus}  # Csus2 turned, and Gsus4


def test_what_is_given_twice_is_rendered_once():
    assert len(plan_notes(["piano", "Piano"], rendering=ADDITIVE, pitches=[60, 60], velocities=[80])) == 1
    assert len(plan_mixtures("piano:noise", rendering=ADDITIVE, snrs_db=[6, 6.0], pitches=[60])) == 3


def test_a_note_keeps_its_companion_at_every_level():
    items = plan_mixtures("piano:flute", rendering=ADDITIVE, snrs_db=[0, 6, 12], pitches=[60, 61], velocities=[80])
    companions = {}
    for item in items:
        companions.setdefault(item.notes[0].pitch, set()).add(item.other_note)
    assert all(len(notes) == 1 for notes in companions.values())
    assert len({notes.pop() for notes in companions.values()}) == 2


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (lambda: plan_notes(["piamo"], rendering=ADDITIVE), "did you mean 'piano'"),
        (lambda: plan_notes(["piano"], rendering=ADDITIVE, velocities=[0]), "velocity must be"),
        (lambda: plan_notes(["piano"], rendering=ADDITIVE, label="note"), "label must be one of"),
        (lambda: plan_chords(["mayor"], rendering=ADDITIVE), "did you mean 'major'"),
        (lambda: plan_mixtures("piano", rendering=ADDITIVE), "a mixture must be two instruments"),
        (lambda: plan_mixtures("piano:violin", rendering=ADDITIVE, snrs_db=[1000]), "snr must be"),
        (lambda: Rendering(engine="fluid"), "engine must be one of soundfont, additive"),
        (lambda: Rendering(duration_s=0), "duration must be"),
        (lambda: Rendering(duration_s=1, held_s=2), "hold must be"),
        (lambda: Rendering(engine="additive", soundfont="a.sf2"), "are for the engine soundfont"),
    ],
)
def test_bad_plans_are_refused(plan, message):
    with pytest.raises(ParameterError, match=message):
        plan()


def test_a_row_says_what_is_rendered():
    (item,) = plan_mixtures("piano:flute", rendering=ADDITIVE, snrs_db=[6], pitches=[61], velocities=[80])
    row = item.row()
    assert list(row) == list(COLUMNS)
    assert row["file"] == "piano+flute/piano_Cs4_v80_snr6.flac"
    assert (row["label"], row["pitches"], row["velocities"], row["snr_db"]) == ("C#4", "61", "80", "6")
    assert row["mixture"] == f"flute:{item.other_note.pitch}"
    assert (row["onset_s"], row["offset_s"]) == ("0", "0.375")  # three quarters of the clip


def test_a_key_is_held_as_long_as_it_is_said():
    assert Rendering(duration_s=2.0).note(60, 80).offset_s == 1.5
    assert Rendering(duration_s=2.0, held_s=0.3).note(60, 80).offset_s == 0.3


def test_no_file_name_is_refused_by_a_system():
    items = plan_notes(["piano"], rendering=ADDITIVE, pitches=[61], velocities=[80])
    items += plan_mixtures("piano:pink", rendering=ADDITIVE, snrs_db=[0], pitches=[61], velocities=[80])
    items += plan_chords(["major"], rendering=ADDITIVE, roots=[61], inversions=True)
    assert not set('#: "<>|?*') & set("".join(item.file for item in items))


def test_a_mixture_is_the_same_whatever_else_is_planned():
    given = {"rendering": ADDITIVE, "snrs_db": [6], "velocities": [80]}
    alone = plan_mixtures("piano:flute", pitches=[60], **given)
    assert alone[0] in plan_mixtures("piano:flute", pitches=[59, 60, 61], **given)
    assert plan_mixtures("piano:flute", pitches=[60], **given, seed=1)[0].seed != alone[0].seed
