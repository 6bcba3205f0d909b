"""Every code block in the documentation runs, in order; numbers in a lesson are ones that its code printed."""

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", *(path for path in DOCS if not path.name.endswith(".ko.md"))]
BOTH = [*PAGES, *(page.with_name(f"{page.stem}.ko.md") for page in PAGES)]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")
# Pages whose blocks are the cells of one notebook.
NOTEBOOKS = ("python.md",)
# Blocks that run elsewhere: js in a browser, in the tests of the web page; kotlin nowhere, as the page says.
ELSEWHERE = ("js", "kotlin")
# These set up the machine this test already runs on; what they do is checked by whoever runs the suite with them.
SET_UP = re.compile(r"^make (demo|test)$")


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def name(page: Path) -> str:
    return page.name


def test_there_is_something_to_run():
    assert len(blocks(ROOT / "README.md")) >= 5
    assert len(list((ROOT / "docs" / "lessons").glob("*.ko.md"))) >= 1
    assert {language for page in BOTH for language, _ in blocks(page)} <= {"sh", "python", "pycon", *ELSEWHERE}


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=name)
def test_every_block_runs(page, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copy(ROOT / "Makefile", tmp_path)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    cells = [code for language, code in blocks(page) if language == "python"]
    together = [("python", "\n".join(cells))] if page.name in NOTEBOOKS else blocks(page)
    for language, code in together:
        if language in ("pycon", *ELSEWHERE):
            continue
        if language == "sh":
            lines = [line for line in code.splitlines() if not SET_UP.match(line)]
            command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
        else:
            # TensorFlow, which trains in a notebook page, warns of its own internals.
            strict = [] if page.name in NOTEBOOKS else ["-W", "error"]
            command = [sys.executable, *strict, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{code}\n{done.stderr}"


@pytest.mark.parametrize("page", [page for page in PAGES if "pycon" in dict(blocks(page))], ids=name)
def test_every_session_prints_what_it_says(page):
    session = "\n".join(code for language, code in blocks(page) if language == "pycon")
    test = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    assert len(test.examples) > 20
    shown: list[str] = []
    doctest.DocTestRunner().run(test, out=shown.append)
    assert not shown, "".join(shown)


@pytest.mark.parametrize("page", [page for page in BOTH if page.parent.name == "lessons"], ids=name)
def test_every_number_in_a_lesson_was_printed(page):
    printed = set(NUMBER.findall("".join(code for _, code in blocks(page))))
    told = set(NUMBER.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))))
    assert told
    assert told <= printed


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_korean_stands_beside_it_with_the_same_code(page):
    korean = page.with_name(f"{page.stem}.ko.md")
    assert re.search("[가-힣]", korean.read_text(encoding="utf-8"))
    strip = re.compile(r"\s*#.*$", re.MULTILINE)  # comments are translated
    assert [(language, strip.sub("", code)) for language, code in blocks(korean)] == [
        (language, strip.sub("", code)) for language, code in blocks(page)
    ]


@pytest.mark.parametrize("page", BOTH, ids=name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
