import json

import pytest
from typer.testing import CliRunner

from sori.cli import app
from tests.conftest import ROOT

PRELUDE = ROOT / "examples" / "prelude.mid"


def sori(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_what_is_known_is_used(tmp_path):
    done = sori("notate", PRELUDE, "--out", tmp_path, "--metre", "4/4", "--tempo", "60-80", "--key", "0", "--json")
    assert done.exit_code == 0, done.output
    (one,) = json.loads(done.stdout)
    assert (one["metre"], one["key"], one["notes"]) == ("4/4", "0 sharps", 549)
    assert 60 <= one["tempo"] <= 80


def test_free_music_and_beats_of_ones_own(tmp_path):
    assert sori("notate", PRELUDE, "--out", tmp_path, "--metre", "none").exit_code == 0
    (tmp_path / "beats.txt").write_text(
        "".join(f"{0.19 + 0.87 * k} {k % 4 + 1}\n" for k in range(140)), encoding="utf-8"
    )
    done = sori("notate", PRELUDE, "--out", tmp_path, "--beats", tmp_path / "beats.txt", "--overwrite")
    assert done.exit_code == 0
    assert "bars of 4/4" in done.stdout


@pytest.mark.parametrize(
    "wrong",
    [
        ("--metre", "x"),
        ("--tempo", "fast"),
        ("--tempo", "90-80"),
        ("--key", "12"),
        ("--detail", "exact"),
        ("--format", "doc"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, wrong):
    from sori.errors import SoriError

    done = sori("notate", PRELUDE, "--out", tmp_path, *wrong)
    assert done.exit_code != 0
    assert isinstance(done.exception, (SoriError, SystemExit))
    assert not list(tmp_path.iterdir())


def test_a_file_that_fails_makes_the_command_fail(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"")
    assert sori("notate", tmp_path / "a.mid", "--out", tmp_path).exit_code == 1
