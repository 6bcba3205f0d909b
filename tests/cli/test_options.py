from pathlib import Path

import pytest

from sori.cli.options import check_new, names, out_of, parsed, whole_numbers
from sori.errors import ParameterError, SoriError

NEW, OLD = Path("new"), Path("old")


def test_the_option_is_taken_without_a_word(capsys):
    assert out_of(NEW, None, command="sori x --out PATH") == NEW
    assert capsys.readouterr() == ("", "")


def test_the_spelling_of_earlier_versions_still_works_and_says_what_to_write(capsys):
    assert out_of(None, OLD, command="sori x --out PATH") == OLD
    out, err = capsys.readouterr()
    assert out == ""
    assert "write --out old: sori x --out PATH" in err


def test_neither_and_both_are_refused():
    with pytest.raises(SoriError, match="give --out PATH: sori x"):
        out_of(None, None, command="sori x")
    with pytest.raises(SoriError, match="give --out once: sori x"):
        out_of(NEW, OLD, command="sori x")


def test_lists_are_separated_by_commas_and_hold_nothing_twice():
    assert names(" mid, tsv,,mid ,") == ["mid", "tsv"]
    assert names("") == []
    assert whole_numbers("velocities", "40,80, 40") == [40, 80]
    assert parsed("snrs", "0,-1.5,6", float, "numbers") == [0.0, -1.5, 6.0]


def test_what_is_no_number_is_refused_by_its_name():
    with pytest.raises(ParameterError, match=r"velocities must be .* whole numbers\. Received '40,x'") as caught:
        whole_numbers("velocities", "40,x")
    assert caught.value.parameter == "velocities"


def test_a_file_that_may_not_be_written_is_told_before_the_work(tmp_path):
    check_new(tmp_path / "a.CSV", ".csv", overwrite=False)
    with pytest.raises(ParameterError, match=r"a\.txt: the name must end in \.csv$"):
        check_new(tmp_path / "a.txt", ".csv", overwrite=False)
    with pytest.raises(ParameterError, match=r"must end in \.txt, \.jsonl or \.vtt$"):
        check_new(tmp_path / "a", ".txt", ".jsonl", ".vtt", overwrite=False)
    (tmp_path / "a.csv").touch()
    check_new(tmp_path / "a.csv", ".csv", overwrite=True)
    with pytest.raises(SoriError, match="is there already"):
        check_new(tmp_path / "a.csv", overwrite=False)
