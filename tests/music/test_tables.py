import json

from sori.music import Note
from sori.music.tables import write_json, write_tsv

NOTES = (Note(0.12345, 0.5, 60, 64), Note(0.25, 1.5, 64, 100))


def test_a_table_has_a_line_for_each_note(tmp_path):
    write_tsv(NOTES, tmp_path / "가락.tsv")
    lines = (tmp_path / "가락.tsv").read_text().splitlines()
    assert lines == ["onset_s\toffset_s\tpitch\tvelocity", "0.1235\t0.5000\t60\t64", "0.2500\t1.5000\t64\t100"]


def test_json_has_the_duration_and_each_note(tmp_path):
    write_json(NOTES, tmp_path / "a.json", duration_s=2.00004)
    values = json.loads((tmp_path / "a.json").read_text())
    assert values["duration_s"] == 2
    assert values["notes"][0] == {"onset_s": 0.1235, "offset_s": 0.5, "pitch": 60, "velocity": 64}


def test_no_notes_are_an_empty_table(tmp_path):
    write_tsv((), tmp_path / "a.tsv")
    write_json((), tmp_path / "a.json", duration_s=1.0)
    assert len((tmp_path / "a.tsv").read_text().splitlines()) == 1
    assert json.loads((tmp_path / "a.json").read_text())["notes"] == []
