import json

import numpy as np
import pytest

from sori import audio
from sori.datasets import build, read_catalog
from sori.errors import DatasetError, ParameterError
from sori.experiments.examples import ExamplesExperiment, Point, compare_examples, table
from sori.features import FrontEnd, Preprocessor, Segmenting
from tests.conftest import Said

SR = 8000


def recordings(folder, n=40, seed=0):
    """Tones of two pitches in noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(2000) / SR
    for i in range(n):
        name, hz = ("low", 500) if i % 2 else ("high", 1500)
        y = 0.3 * np.sin(2 * np.pi * hz * t) + 0.1 * rng.standard_normal(len(t))
        (folder / name).mkdir(parents=True, exist_ok=True)
        audio.save(folder / name / f"{i}.wav", y.astype(np.float32), sr=SR)
    return folder


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    tones, others = recordings(folder / "tones"), recordings(folder / "others", seed=1)
    for name, source, n_mfcc in (("thirteen", tones, 13), ("five", tones, 5), ("other", others, 13)):
        front_end = FrontEnd(kind="mfcc", sr=SR, n_fft=256, hop_length=128, n_mfcc=n_mfcc)
        segmenting = Segmenting(duration_s=0.25, segments=1)
        build(read_catalog(source), folder / name, preprocessor=Preprocessor(front_end, segmenting))
    return folder


def test_more_examples_are_tried_on_the_same_test(datasets, tmp_path):
    said = []
    found = compare_examples(
        [datasets / "thirteen", datasets / "five"],
        tmp_path / "결과",
        counts=[10, 2, 500],
        draws=2,
        epochs=15,
        reporter=Said(said),
    )
    assert [(point.name, point.examples) for point in found.points] == [
        ("mlp (thirteen)", 2),
        ("mlp (thirteen)", 10),
        ("mlp (five)", 2),
        ("mlp (five)", 10),
    ]
    assert found.points[1].accuracy > 0.8
    for point in found.points:
        assert 0 <= point.interval[0] <= point.accuracy <= point.interval[1] <= 1
    assert any("larger counts are left out" in line for line in said)
    kept = json.loads((tmp_path / "결과" / "examples.json").read_text(encoding="utf-8"))
    assert kept["settings"]["examples"] == [2, 10]
    assert "12 recordings" in kept["settings"]["test"]
    assert "<svg" in (tmp_path / "결과" / "report.html").read_text(encoding="utf-8")


def test_the_answer_names_the_best_of_each_count():
    points = [
        Point("a", 5, 0.6, (0.5, 0.7)),
        Point("a", 10, 0.9, (0.8, 1.0)),
        Point("b", 5, 0.7, (0.6, 0.8)),
        Point("b", 10, 0.8, (0.7, 0.9)),
    ]
    found = ExamplesExperiment({}, tuple(points))
    assert found.answer == "With 5 a class, b is best: 70.0%. With 10 a class, a is best: 90.0%."
    assert table(found)[0] == ["model", "5 a class", "10 a class"]
    assert table(found)[1][0] == ["a", "60.0% (50% to 70%)", "90.0% (80% to 100%)"]


def test_what_cannot_be_compared_is_refused(datasets, tmp_path):
    with pytest.raises(DatasetError, match="other recordings"):
        compare_examples([datasets / "thirteen", datasets / "other"], tmp_path / "out")
    with pytest.raises(ParameterError, match="smallest class has 14"):
        compare_examples([datasets / "thirteen"], tmp_path / "out", counts=[100])
    with pytest.raises(ParameterError, match="at least 2"):
        compare_examples([datasets / "thirteen"], tmp_path / "out", counts=[1])
    assert not (tmp_path / "out").exists()
