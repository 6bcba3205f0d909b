import pytest

import sori
from sori.bundle.bundle import TASKS
from sori.errors import BundleError
from sori.inference import Classifier, Cleaner, Embedder, Spotter, Transcriber, open_model
from sori.inference.open import _CLASSES


def test_each_task_has_its_class(trained, made, cleaner, embedder):
    opened = {
        "classifier": open_model(trained / "run"),
        "spotter": open_model("keywords"),
        "transcriber": open_model(made / "run"),
        "cleaner": open_model(cleaner),
        "embedder": open_model(embedder),
    }
    expected = (Classifier, Spotter, Transcriber, Cleaner, Embedder)
    assert [type(model) for model in opened.values()] == list(expected)
    assert {task: model.bundle.task for task, model in opened.items()} == {task: task for task in opened}


def test_no_task_is_left_out():
    assert set(_CLASSES) == set(TASKS)


def test_it_is_what_sori_open_is():
    assert sori.open is open_model


def test_a_folder_may_be_text(trained):
    assert open_model(str(trained / "run")).bundle.path == trained / "run"


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(BundleError, match="not a trained model"):
        open_model(tmp_path)
