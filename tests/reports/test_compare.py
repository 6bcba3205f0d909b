import shutil

import pytest

from sori.errors import BundleError, ParameterError
from sori.reports.compare import compare, render_comparison


def test_a_run_is_as_good_as_itself(trained, tmp_path):
    shutil.copytree(trained / "run", tmp_path / "<i>다시")
    first, again = compare([trained / "run", tmp_path / "<i>다시"])
    assert first.difference is None
    assert again.difference.difference == 0
    assert "not clear" in again.row()[-1]
    assert again.to_dict()["difference"]["clear"] is False
    text = render_comparison([first, again])
    assert "&lt;i&gt;다시" in text
    assert text.count("<svg") == 1


def test_what_cannot_be_compared_is_told(trained, tmp_path):
    with pytest.raises(ParameterError, match="two runs or more"):
        compare([trained / "run"])
    shutil.copytree(trained / "run", tmp_path / "old")
    (tmp_path / "old" / "predictions.csv").unlink()
    with pytest.raises(BundleError, match=r"has no predictions\.csv"):
        compare([trained / "run", tmp_path / "old"])
    with pytest.raises(BundleError, match="compare classifiers"):
        compare([trained / "run", "piano"])
