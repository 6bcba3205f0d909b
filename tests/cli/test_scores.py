import pytest

from sori.cli.scores import show_scores

SCORES = {
    "split": "test groups that were not in training",
    "leaky": False,
    "accuracy": 0.75,
    "accuracy_interval": (0.3, 0.95),
    "group_accuracy": 0.7,
    "groups": 3,
    "balanced_accuracy": 0.7,
    "macro_f1": 0.7123,
    "segment_accuracy": 0.6,
    "recordings": 1234,
    "segments": 2468,
}


@pytest.fixture
def shown(capsys):
    def show(**changes):
        show_scores({**SCORES, **changes})
        return capsys.readouterr()

    return show


def test_a_score_comes_with_its_interval_and_what_it_was_measured_on(shown):
    out, err = shown()
    assert out.startswith("accuracy 75.0% on 1,234 recordings of 3 groups (95 % interval 30.0% to 95.0%)")
    assert "mean over classes 70.0%, mean over groups 70.0%, macro F1 0.712" in out
    assert "60.0% of 2,468 single segments" in out
    assert err == f"{SCORES['split']}\n"


def test_segments_that_are_the_recordings_are_not_told_twice(shown):
    assert "single segments" not in shown(segments=1234).out


def test_recordings_that_are_the_groups_are_not_told_twice(shown):
    assert "groups" not in shown(groups=1234).out


def test_folds_have_a_spread(shown):
    out = shown(accuracy_std=0.05, folds=[{"fold": "1"}]).out
    assert "75.0% ± 5.0% on" in out
    assert "mean of the folds" in out


def test_a_leak_is_a_warning(shown, monkeypatch):
    warned = []
    monkeypatch.setattr("sori.cli.console.warn", warned.append)
    shown(leaky=True, split="LEAKY: everything")
    shown()
    assert warned == ["LEAKY: everything"]
