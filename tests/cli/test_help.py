import re

import pytest
from typer.testing import CliRunner

from sori.cli import app


def help_of(*command, width=110):
    done = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": str(width)})
    assert done.exit_code == 0
    return done.stdout


def groups(text):
    """Return the options of a help by the heading that they stand under."""
    found, heading = {}, ""
    for line in text.splitlines():
        if re.fullmatch(r"\S.*:", line):
            heading = line[:-1]
        elif option := re.match(r"  (?:-\w, )?(--[\w-]+)", line):
            found.setdefault(heading, []).append(option[1])
    return found


def test_options_stand_in_their_groups_the_commonest_first():
    found = groups(help_of("train"))
    assert list(found) == ["Options", "Network", "Fitting", "Augmentation", "Testing", "For a folder of recordings"]
    assert found["Options"][:2] == ["--out", "--model"]
    assert found["Network"] == ["--dropout", "--l2", "--width", "--depth", "--scale"]
    assert "--mixup" in found["Augmentation"]
    assert found["For a folder of recordings"] == ["--embedding", "--own-word", "--group-by", "--fold-by", "--columns"]


def test_arguments_have_a_group_of_their_own():
    text = help_of("transcribe")
    assert re.search(r"^Arguments:\n  FILE\.\.\. ", text, re.MULTILINE)
    assert set(groups(text)) == {"Options", "Notes", "Model"}


@pytest.mark.parametrize("width", [80, 110])
def test_the_help_of_a_training_is_short_enough_to_read(width):
    lines = help_of("train", width=width).splitlines()
    assert len(lines) <= 61
    assert max(map(len, lines)) <= width


def test_the_argument_of_earlier_versions_is_not_shown():
    text = help_of("dataset", "build")
    listed = text[text.index("Arguments:") : text.index("Options:")]
    assert "Folder of class folders" in listed
    assert "old_out" not in listed.lower()


def test_it_is_plain_text():
    assert not re.search("[│╭╰\x1b]", help_of("train"))
    assert help_of("train") == CliRunner().invoke(app, ["train", "-h"], env={"COLUMNS": "110"}).stdout
