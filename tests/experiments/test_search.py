import csv
import json

import pytest

from sori.datasets import Dataset, split
from sori.errors import DatasetError, ParameterError, SoriError
from sori.experiments.search import Search, Trial, search, table
from sori.reporter import Cancelled
from sori.training import Trainer, TrainingOptions
from tests.conftest import Said

SHORT = {"model": "mlp", "epochs": 4}


@pytest.fixture
def quick(monkeypatch):
    """Trainings that take no time; the loss falls, faster with a lower rate."""

    def fit(self, segments, train, valid, stage):
        epochs = self.settings.epochs
        for epoch in range(1, epochs + 1):
            self.reporter.progress(stage, epoch, epochs, {"epoch": epoch})
            self.after_epoch({"val_loss": 1 / epoch + self.settings.lr, "val_accuracy": 0.5})

    monkeypatch.setattr(Trainer, "fit", fit)


def test_a_search_ends_with_the_options_of_its_best_trial(trained, tmp_path):
    said = Said()
    found = search(trained / "data", tmp_path / "탐색", trials=3, reporter=said, **SHORT)
    assert [one.number for one in found.trials] == list(range(1, 4))
    assert found.trials[0].options == {}  # the usual ones
    assert len({str(one.options) for one in found.trials}) == 3
    assert found.best.loss == min(one.loss for one in found.trials if not one.stopped)
    assert sum(line.startswith("trial ") for line in said.said) == 3
    _, rows = table(found)
    assert len(rows) == 3
    assert rows[0][0] == str(found.best.number)
    told = json.loads((tmp_path / "탐색" / "search.json").read_text())
    assert told == json.loads(json.dumps(found.to_dict()))
    lines = list(csv.DictReader((tmp_path / "탐색" / "trials.csv").read_text(encoding="utf-8").splitlines()))
    assert [float(line["loss"]) for line in lines] == pytest.approx([one.loss for one in found.trials])
    page = (tmp_path / "탐색" / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "sori.train(" in page


def test_its_options_train_and_tests_on_what_was_not_looked_at(trained, tmp_path, monkeypatch):
    seen = []
    fit = Trainer.fit

    def watched(self, segments, train, valid, stage):
        seen.append({*train, *valid})
        return fit(self, segments, train, valid, stage)

    monkeypatch.setattr(Trainer, "fit", watched)
    found = search(trained / "data", tmp_path / "search", trials=1, seed=3, test_size=0.4, **SHORT)
    TrainingOptions(**found.options)
    common = {"model": "mlp", "epochs": 4, "test_size": 0.4, "valid_size": 0.2, "seed": 3}
    flat = {**found.options, **found.options.get("model_options", {})}
    assert {name: flat[name] for name in flat if name != "model_options"} == {**common, **found.best.options}
    dataset = Dataset.open(trained / "data")
    parts = split(dataset.load(), kind=None, test_size=0.4, valid_size=0.2, seed=3, classes=dataset.classes)
    assert len(parts.test)
    assert not any(set(parts.test) & one for one in seen)


def test_the_time_ends_a_search_after_its_first_trial(trained, tmp_path):
    found = search(trained / "data", tmp_path / "search", minutes=0.01, **{**SHORT, "epochs": 30})
    assert 1 <= len(found.trials) <= 3
    assert found.trials[0].epochs == 30


def test_what_was_found_is_kept_if_it_is_interrupted(trained, quick, tmp_path):
    def stop(stage, done, total, values):
        if values["trial"] == 3 and values.get("epoch", 0) > 2:
            raise Cancelled

    found = search(trained / "data", tmp_path / "search", trials=9, reporter=Said(on_progress=stop), **SHORT)
    assert len(found.trials) == 2
    assert len(json.loads((tmp_path / "search" / "search.json").read_text())["trials"]) == 2
    with pytest.raises(Cancelled):
        search(
            trained / "data",
            tmp_path / "none",
            reporter=Said(on_progress=lambda *report: (_ for _ in ()).throw(Cancelled)),
            **SHORT,
        )
    assert not (tmp_path / "none").exists()


def test_what_was_found_is_there_after_every_trial(trained, quick, tmp_path):
    written = []

    def look(stage, done, total, values):
        facts = tmp_path / "search" / "search.json"
        written.append((values["trial"], len(json.loads(facts.read_text())["trials"]) if facts.exists() else 0))
        assert 0 <= done <= total == 30

    search(trained / "data", tmp_path / "search", minutes=0.5, trials=3, reporter=Said(on_progress=look), **SHORT)
    assert sorted(set(written)) == [(1, 0), (2, 1), (3, 2)]


def test_a_trial_that_is_worse_than_others_were_is_stopped(trained, quick, tmp_path, monkeypatch):
    monkeypatch.setattr("optuna.trial.Trial.should_prune", lambda trial: trial.number == 1)
    found = search(trained / "data", tmp_path / "search", trials=2, **SHORT)
    assert [(one.stopped, one.epochs) for one in found.trials] == [(False, 4), (True, 1)]
    assert found.best.number == 1
    assert table(found)[1][1][3] == "1 (stopped)"


def test_a_trial_that_fails_does_not_end_the_search(trained, quick, tmp_path, monkeypatch):
    fit = Trainer.fit

    def failing(self, segments, train, valid, stage):
        if stage == "Trial 2":
            raise SoriError("the loss is no longer a number")
        return fit(self, segments, train, valid, stage)

    monkeypatch.setattr(Trainer, "fit", failing)
    said = Said()
    found = search(trained / "data", tmp_path / "search", trials=3, reporter=said, **SHORT)
    assert [one.number for one in found.trials] == [1, 3]
    assert "trial 2 failed: the loss is no longer a number" in said.said
    assert len(said.said) == len(set(said.said))
    monkeypatch.setattr(Trainer, "fit", lambda *arguments: failing(*arguments[:-1], "Trial 2"))
    with pytest.raises(SoriError, match="no longer a number"):
        search(trained / "data", tmp_path / "none", **SHORT)


def test_what_cannot_be_searched_is_told(trained, tmp_path):
    with pytest.raises(ParameterError, match="fitted in one step"):
        search(trained / "data", tmp_path / "search", model="embedding")
    with pytest.raises(ParameterError, match="minutes"):
        search(trained / "data", tmp_path / "search", minutes=0)
    with pytest.raises(DatasetError):
        search(tmp_path / "missing", tmp_path / "search")


def test_the_answer_says_so_if_nothing_better_was_found():
    settings = {"dataset": "data/a b", "model": "cnn", "epochs": None, "test_size": 0.3, "valid_size": 0.2, "seed": 0}
    usual = Trial(1, {}, 0.5, 0.8, 10, stopped=False, seconds=1.0)
    worse = Trial(2, {"lr": 0.01}, 0.6, 0.7, 10, stopped=False, seconds=1.0)
    better = Trial(3, {"lr": 1e-3, "augment": "none", "dropout": 0.5}, 0.4, 0.9, 10, stopped=False, seconds=1.0)
    assert Search(settings, (usual,)).answer[0].startswith("Only the usual options were tried")
    assert Search(settings, (usual, worse)).answer[0].startswith("Nothing better was found")
    found = Search(settings, (usual, worse, better))
    assert "number 3: lr 0.001, augment none, dropout 0.5." in found.answer[0]
    assert found.call == (
        "sori.train('data/a b', 'runs/best', model='cnn', test_size=0.3, valid_size=0.2, seed=0, lr=0.001, "
        "augment='none', model_options={'dropout': 0.5})"
    )
    TrainingOptions(model="cnn", model_options={"dropout": 0.5}, lr=1e-3, augment="none")  # are options of a training
