import json

import numpy as np
import pytest

from sori.datasets import import_npz
from sori.errors import DatasetError, ParameterError
from sori.experiments import overfitting as overfitting_experiment
from sori.experiments.overfitting import OverfittingExperiment, Run, compare_remedies, remedies, table
from sori.features import FrontEnd

EPOCH = {"loss": 0.5, "accuracy": 0.9, "val_loss": 0.6, "val_accuracy": 0.8}


def made(**scores):
    """An experiment of two seeds each whose accuracies (train, valid, test) are given."""
    runs = [
        Run(name, seed, dict(zip(("train", "valid", "test"), values, strict=True)), (EPOCH,), 1, "fitted", 10, 1.0)
        for name, both in scores.items()
        for seed, values in enumerate(both)
    ]
    settings = {"model": "mlp", "dataset": "d", "seeds": 2, "split": "s", "sizes": {"train": 9, "valid": 4, "test": 4}}
    return OverfittingExperiment(settings, tuple(runs))


def test_the_answer_is_chosen_by_validation_and_weighed_against_the_spread():
    found = made(
        plain=[(1.0, 0.7, 0.70), (1.0, 0.7, 0.72)],
        tempting=[(1.0, 0.6, 0.95), (1.0, 0.6, 0.95)],
        good=[(0.9, 0.8, 0.80), (0.9, 0.8, 0.84)],
    )
    assert found.winner == "good"
    assert "a gap of 29.0 points" in found.answer
    assert "82.0% ± 2.8% in test, +11.0 points, more than the spread of the seeds (± 3.2)" in found.answer
    lucky = made(plain=[(1, 0.7, 0.6), (1, 0.7, 0.8)], other=[(1, 0.8, 0.65), (1, 0.8, 0.8)])
    assert "no more than the spread" in lucky.answer
    worse = made(plain=[(1, 0.7, 0.8)] * 2, other=[(1, 0.8, 0.7)] * 2)
    assert "is not better in test" in worse.answer
    assert "there is no winner" in made(plain=[(1, 0.9, 0.8)] * 2, other=[(1, 0.8, 0.9)] * 2).answer
    assert [row[0] for row in table(found)[1]] == ["plain", "tempting", "good"]


def test_one_seed_has_no_spread():
    found = made(plain=[(1.0, 0.5, 0.5)], better=[(1.0, 0.6, 0.6)])
    assert "60.0% in test, +10.0 points, and one seed cannot show whether that is chance." in found.answer
    assert "±" not in found.answer
    assert table(found)[1][1][:4] == ["better", "100.0%", "60.0%", "60.0%"]


def test_all_of_them_is_every_one():
    alone, every = remedies("mlp", augment="spectrogram")[1:-1], remedies("mlp", augment="spectrogram")[-1]
    assert every.options == {"l2": 0.001, "dropout": 0.3, "width": 0.5, "depth": -1}
    assert every.changes == {"patience": 10, "augment": "spectrogram", "mixup": 0.2}
    assert {name for remedy in alone for name in (*remedy.options, *remedy.changes)} == {*every.options, *every.changes}


def test_what_cannot_be_done_to_imported_features_is_said_before_the_first_network(tmp_path, rng):
    npz = {"wav_vals": rng.uniform(-1, 1, (12, 800)).astype(np.float32), "label_vals": np.array(["a", "b"] * 6)}
    np.savez(tmp_path / "in.npz", **npz)
    import_npz(
        tmp_path / "in.npz",
        tmp_path / "data",
        front_end=FrontEnd(kind="mel", sr=8000, n_fft=256, hop_length=128, n_mels=20),
    )
    with pytest.raises(ParameterError, match="imported without its waveforms"):
        compare_remedies(tmp_path / "data", tmp_path / "out", augment="speech", epochs=1)
    with pytest.raises(ParameterError, match=r'remedy must be one of "plain", "L2 0\.001", .*Received "L2"'):
        compare_remedies(tmp_path / "data", tmp_path / "out", only=["L2"], epochs=1)
    assert not (tmp_path / "out").exists()


def test_the_classic_case_is_among_them():
    tried = {remedy.name: remedy for remedy in remedies("mlp", augment="spectrogram")}
    assert next(iter(tried)) == "plain"
    assert tried["L2 0.001, dropout 0.3"].options == {"l2": 0.001, "dropout": 0.3}
    assert len(tried) == 9


def test_from_a_dataset_to_a_page_and_on_after_a_stop(trained, tmp_path, monkeypatch):
    given = {
        "model": "mlp", "epochs": 3, "lr": 1e-3, "seeds": 2, "only": ["dropout 0.3", "half the width, one layer less"]
    }  # fmt: skip
    out = tmp_path / "실험"
    run, done = overfitting_experiment._run, []

    def stopped(*arguments):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(arguments[1])
        return run(*arguments)

    monkeypatch.setattr(overfitting_experiment, "_run", stopped)
    with pytest.raises(KeyboardInterrupt):
        compare_remedies(trained / "data", out, **given)
    assert len(json.loads((out / "overfitting.json").read_text(encoding="utf-8"))["runs"]) == 3
    with pytest.raises(DatasetError, match="give `resume=True` to finish it"):
        compare_remedies(trained / "data", out, **given)
    with pytest.raises(DatasetError, match="is of other data or settings"):
        compare_remedies(trained / "data", out, **{**given, "epochs": 4}, resume=True)
    monkeypatch.setattr(overfitting_experiment, "_run", run)
    found = compare_remedies(trained / "data", out, **given, resume=True)
    assert [(r.remedy, r.seed) for r in found.runs] == [
        (name, seed) for name in ("plain", *given["only"]) for seed in (0, 1)
    ]
    sizes = {r.remedy: r.parameters for r in found.runs}
    assert sizes["half the width, one layer less"] < sizes["plain"] == sizes["dropout 0.3"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert found.answer.split(":")[0] in page
    with pytest.raises(DatasetError, match="is of other data or settings"):
        compare_remedies(trained / "data", out, **{**given, "seeds": 1}, resume=True)
    more = compare_remedies(trained / "data", out, **{**given, "seeds": 3}, resume=True)
    assert more.runs[: len(found.runs)] == found.runs
    assert sorted(r.seed for r in more.runs) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    (out / "mine.txt").touch()
    with pytest.raises(DatasetError, match=r"mine\.txt was not made by"):
        compare_remedies(trained / "data", out, **given, overwrite=True)
    with pytest.raises(ParameterError, match="remedy must be one of"):
        compare_remedies(trained / "data", tmp_path / "other", **{**given, "only": ["prayer"]})
