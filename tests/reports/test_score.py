import json
import re

import numpy as np
import pytest

from sori.evaluation.scores import compare_scores
from sori.music.midi import read_notes
from sori.music.musicxml import read_score
from sori.notation.notate import NotationOptions, notate
from sori.reports.score import check_engraver, write_comparison, write_player, write_score
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def prelude():
    notes = [note for note in read_notes(ROOT / "examples" / "prelude.mid") if note.onset_s < 12]
    return notate(notes, options=NotationOptions(title="Prelude & more", composer="J. S. Bach")), notes


def test_a_page_plays_the_score(prelude, tmp_path):
    score, notes = prelude
    write_player(score, tmp_path / "page.html", notes, recording=ROOT / "examples" / "prelude.flac")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    moments = json.loads(re.search(r'id="moments">(.*?)</script>', page)[1])
    onsets = np.array([note.onset_s for note in notes])
    far = [np.abs(onsets - at).min() for at, on, _ in moments if on]
    assert np.median(far) < 0.02
    assert page.count("<audio") == page.count('type="range"') == 2
    assert "Prelude &amp; more" in page
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page.replace("<desc>", ""))[:2000]


@pytest.mark.parametrize("kind", ["musicxml", "pdf", "svg", "html"])
def test_every_format_is_written(prelude, tmp_path, kind):
    score, notes = prelude
    check_engraver([kind])
    write_score(score, tmp_path / f"score.{kind}", notes)
    data = (tmp_path / f"score.{kind}").read_bytes()
    assert data.startswith({"musicxml": b"<?xml", "pdf": b"%PDF", "svg": b"<svg", "html": b"<!doctype html>"}[kind])
    if kind == "musicxml":
        assert len(read_score(tmp_path / "score.musicxml").notes) == len(notes)


def test_two_scores_are_shown_one_above_the_other(prelude, tmp_path):
    score, _ = prelude
    write_comparison(score, score, compare_scores(score, score), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.index("Estimate") < page.index("Truth")
    assert page.count("1.000") == 8
