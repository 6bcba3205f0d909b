"""Every code block in the documentation runs, in order, and the Korean page has the same ones."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if not path.name.endswith(".ko.md")),
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# These set up the machine this test already runs on; what they do is checked by whoever runs the suite with them.
SET_UP = re.compile(r"^make (demo|test)$")


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def test_there_is_something_to_run():
    assert len(blocks(ROOT / "README.md")) >= 5
    assert {language for page in PAGES for language, _ in blocks(page)} <= {"sh", "python"}


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_every_block_runs(page, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copy(ROOT / "Makefile", tmp_path)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for language, code in blocks(page):
        lines = [line for line in code.splitlines() if not SET_UP.match(line)]
        if language == "sh":
            command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
        else:
            command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{code}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_korean_stands_beside_it_with_the_same_code(page):
    korean = page.with_name(f"{page.stem}.ko.md")
    assert korean.is_file()
    assert re.search("[가-힣]", korean.read_text(encoding="utf-8"))
    strip = re.compile(r"\s*#.*$", re.MULTILINE)  # comments are translated
    assert [(language, strip.sub("", code)) for language, code in blocks(korean)] == [
        (language, strip.sub("", code)) for language, code in blocks(page)
    ]


@pytest.mark.parametrize(
    "page", [*PAGES, *(page.with_name(f"{page.stem}.ko.md") for page in PAGES)], ids=lambda p: p.name
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
