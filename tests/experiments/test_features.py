import csv
import json
from html import escape

import numpy as np
import pytest

from sori.errors import DatasetError, ParameterError
from sori.experiments import features as feature_experiment
from sori.experiments.features import compare_features, table
from sori.synth.plan import Rendering

ADDITIVE = Rendering(engine="additive", sr=11025, duration_s=0.4)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = tmp_path_factory.mktemp("experiment") / "out"
    return out, compare_features(
        out,
        rendering=ADDITIVE,
        instruments=("piano", "guitar", "flute"),
        pitches=range(60, 66),
        velocities=(70, 110),
    )


def test_every_cell_is_measured(found):
    _, experiment = found
    assert len(experiment.cells) == 2 * 2 * 3 * 2
    assert len({(c.target, c.condition, c.kind, c.band) for c in experiment.cells}) == len(experiment.cells)
    for cell in experiment.cells:
        right = 12 * np.array(cell.folds)  # of the twelve clips that each of three folds tests
        np.testing.assert_allclose(right, right.round(), atol=1e-9)
        assert cell.accuracy == pytest.approx(right.sum() / 36)
    assert experiment.clips == {"clean": 36, "mixed": 36}
    assert experiment.cell("pitch", "clean", "spectrogram", "full").bins == 1025
    assert experiment.cell("pitch", "clean", "mfcc", "full").bins == 13
    assert experiment.cell("pitch", "clean", "mel", "full").chance == pytest.approx(1 / 6)
    # Pitch lies in the mel bands and hardly in 13 cosines: nothing about this is close.
    assert (
        experiment.cell("pitch", "clean", "mel", "full").accuracy
        > experiment.cell("pitch", "clean", "mfcc", "full").accuracy + 0.2
    )


def test_a_classifier_that_is_told_the_answer_is_right_and_one_that_is_told_nothing_is_at_chance():
    labels, groups = np.tile(np.arange(6), 6), np.repeat(["piano", "guitar", "flute"], 12)
    told = np.eye(6, dtype=np.float32)[labels]
    assert feature_experiment._scores(told, labels, groups, seed=0) == [1.0, 1.0, 1.0]
    nothing = np.zeros((36, 6), dtype=np.float32)
    assert feature_experiment._scores(nothing, labels, groups, seed=0) == pytest.approx([1 / 6] * 3)
    # What only tells in which group a clip is cannot be used in another.
    where = np.repeat(np.eye(3, dtype=np.float32), 12, axis=0)
    assert feature_experiment._scores(where, labels, groups, seed=0) == pytest.approx([1 / 6] * 3)


def test_it_is_written_and_said_in_words(found):
    out, experiment = found
    kept = json.loads((out / "features.json").read_text())
    assert len(kept["cells"]) == 24
    assert kept["settings"]["engine"] == "additive"
    page = (out / "report.html").read_text(encoding="utf-8")
    heads, rows = table(experiment)
    assert len(rows) == 7
    assert all(len(row) == len(heads) for row in rows)
    assert all(cell in page for row in rows for cell in row)
    assert len(experiment.answer) == 7
    assert kept["made_by"] == "sori experiment features"
    assert all(escape(line) in page for line in experiment.answer)
    with (out / "mixed" / "labels.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert {row["mixture"].split(":")[0] for row in listed} <= set(feature_experiment.BACKGROUNDS)


def test_what_is_tested_was_never_in_training(monkeypatch, tmp_path):
    """Pitch is tested on instruments, and instruments on thirds of the pitches, that were held out whole."""
    from sklearn.model_selection import GroupKFold

    seen = []
    honest = GroupKFold.split

    def watch(self, x, labels, groups):
        for train, test in honest(self, x, labels, groups):
            seen.append((set(np.asarray(groups)[train]), set(np.asarray(groups)[test])))
            yield train, test

    monkeypatch.setattr(GroupKFold, "split", watch)
    monkeypatch.setattr(feature_experiment, "KINDS", ("mfcc",))
    monkeypatch.setattr(feature_experiment, "_answer", lambda found: ())
    monkeypatch.setattr(feature_experiment, "_write", lambda found, out: None)
    compare_features(
        tmp_path / "out",
        rendering=ADDITIVE,
        instruments=("piano", "guitar", "flute"),
        pitches=range(60, 66),
        velocities=(70,),
    )
    assert len(seen) == 2 * 2 * 2 * 3
    assert all(not train & test for train, test in seen)
    assert {group for _, test in seen for group in test} == {"piano", "guitar", "flute", 0, 1, 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"instruments": ("piano", "flute")}, "holds out thirds"),
        ({"pitches": (60, 61)}, "holds out thirds"),
        ({"instruments": ("piano", "flute", "kazooo")}, "an instrument must be one of"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 2**33}, "seed must be"),
        ({"backgrounds": ("piano",)}, "backgrounds must be one or more instruments that are not classified"),
    ],
)
def test_bad_questions_are_refused(arguments, message, tmp_path):
    with pytest.raises(ParameterError, match=message):
        compare_features(tmp_path / "out", rendering=ADDITIVE, **arguments)
    assert not (tmp_path / "out").exists()


def test_what_is_not_ours_is_not_touched(tmp_path):
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(DatasetError, match=r"report.html was not made by"):
        compare_features(tmp_path, rendering=ADDITIVE)
    assert (tmp_path / "report.html").read_text() == "mine"
