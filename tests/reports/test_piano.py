import shutil

import pytest

from sori.bundle import Bundle
from sori.errors import BundleError
from sori.reports.piano import render_piano_report, write_piano_report


def test_the_page_shows_the_curve_the_scores_and_what_is_missed(made, tmp_path):
    shutil.copytree(made / "run", tmp_path / "<b>피아노")
    text = write_piano_report(tmp_path / "<b>피아노").read_text(encoding="utf-8")
    assert "<h1>&lt;b&gt;피아노</h1>" in text
    assert text.count("<svg") == 2
    assert "Validation" in text
    assert "struck again while it rings" in text
    assert not [part for part in ('src="http', "<link", "<script") if part in text]


def test_what_is_missed_most_comes_first(made):
    bundle = Bundle.open(made / "run")
    kinds = {name: {"recall": recall, "notes": 5} for name, recall in (("easy", 0.9), ("hard", 0.2), ("so-so", 0.5))}
    for scores in bundle.scores["valid"].values():
        scores["recall_by_kind"] = kinds
    text = render_piano_report("a", bundle, [{"epoch": 1, "loss": 2.0, "score": 0.5}])
    assert text.index("hard") < text.index("so-so") < text.index("easy")


def test_a_run_that_is_not_finished_is_refused(made, tmp_path):
    shutil.copytree(made / "run", tmp_path / "run")
    (tmp_path / "run" / "history.csv").write_text("epoch,loss,score\n1,x,y\n")
    with pytest.raises(BundleError, match=r"history.csv is missing or damaged"):
        write_piano_report(tmp_path / "run")
