import json

import pytest

from sori.datasets import Dataset, build, read_catalog
from sori.errors import DatasetError
from sori.features import FrontEnd, Preprocessor, Segmenting


@pytest.fixture
def dataset(sounds, tmp_path):
    front_end = FrontEnd(kind="mel", sr=8000, n_fft=256, hop_length=64, n_mels=20)
    return build(
        read_catalog(sounds()),
        tmp_path / "data",
        preprocessor=Preprocessor(front_end, Segmenting(duration_s=1, segments=1)),
    )


def test_opens_what_was_built(dataset):
    again = Dataset.open(dataset.path)
    assert again == dataset
    assert again.counts["segments"] == len(again.load()) == 12
    assert len(again.digests()) == 12


def test_no_dataset_there(tmp_path):
    with pytest.raises(DatasetError, match=r"not a dataset \(no _dataset\.json\)"):
        Dataset.open(tmp_path)


@pytest.mark.parametrize("key", ["front_end", "classes", "shards", "shape", "fingerprint"])
def test_a_missing_key_is_damage(dataset, key):
    file = dataset.path / "_dataset.json"
    values = json.loads(file.read_text())
    del values[key]
    file.write_text(json.dumps(values))
    with pytest.raises(DatasetError, match=f"damaged .*{key}"):
        Dataset.open(dataset.path)


def test_an_unknown_front_end_key_is_named(dataset):
    file = dataset.path / "_dataset.json"
    file.write_text(file.read_text().replace('"n_mels"', '"n_mells"'))
    with pytest.raises(DatasetError, match="unknown key 'n_mells'"):
        Dataset.open(dataset.path)


def test_other_damage_is_one_line(dataset):
    file = dataset.path / "_dataset.json"
    good = file.read_text()
    for text, message in [
        ("{", "damaged"),
        ("[]", "damaged"),
        (good.replace('"schema_version": 1', '"schema_version": 7'), "format 7"),
    ]:
        file.write_text(text)
        with pytest.raises(DatasetError, match=message):
            Dataset.open(dataset.path)
    file.write_text(good)
    shard = dataset.path / dataset.shards[0]
    shard.write_bytes(shard.read_bytes()[:500])
    with pytest.raises(DatasetError, match="not a readable shard"):
        Dataset.open(dataset.path).load()
    shard.unlink()
    with pytest.raises(DatasetError, match="is missing; build it again"):
        Dataset.open(dataset.path)
