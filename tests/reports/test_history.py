import pytest

from sori.errors import BundleError
from sori.reports.history import FILE, read_history


def test_a_row_for_each_epoch(tmp_path):
    (tmp_path / FILE).write_text("penalty,loss,val_loss\n1,2.5,3\n2,1,1e-3\n")
    assert read_history(tmp_path) == [
        {"penalty": 1, "loss": 2.5, "val_loss": 3},
        {"penalty": 2, "loss": 1, "val_loss": 0.001},
    ]


def test_a_run_writes_what_is_read(trained):
    rows = read_history(trained / "run")
    assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1))
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} < set(rows[0])


@pytest.mark.parametrize("text", [None, "epoch,loss\n1,x\n", "epoch,loss\n1\n"])
def test_what_is_missing_or_damaged_is_told(tmp_path, text):
    if text is not None:
        (tmp_path / FILE).write_text(text)
    with pytest.raises(BundleError, match=r"history\.csv is missing or damaged"):
        read_history(tmp_path)
