import msgspec
import pytest

from sori.datasets.schema import Description, ShardOutcome

USED = {"file": "a/1.wav", "label": "a", "group": "a/1.wav", "fold": "", "segments": 2, "digest": "00"}
FILES = {"used": [USED], "dropped": [], "failed": [{"file": "b", "reason": "damaged"}], "ignored": []}
COUNTS = {"segments": 2, "segments_dropped": 0, "recordings": 1, "groups": 1, "folds": [], "per_class": {}}
DESCRIPTION = {
    "schema_version": 1, "front_end": None, "segmenting": {}, "classes": ["a"], "shape": [44, 13], "counts": COUNTS,
    "files": FILES, "shards": ["shard-00000.parquet"], "source": "", "plan": "", "fingerprint": "00",
}  # fmt: skip


def test_a_description_of_an_import_and_one_with_settings_are_ones():
    msgspec.convert(DESCRIPTION, Description)
    settings = {"duration_s": 3, "segments": 2, "overlap": 0.0, "pad": True}
    msgspec.convert({**DESCRIPTION, "front_end": {"kind": "mel"}, "segmenting": settings, "more": 1}, Description)


@pytest.mark.parametrize(
    "change",
    [
        {"classes": []},
        {"shape": [44, 13, 1]},
        {"shape": [0, 13]},
        {"shape": [2**40, 13]},
        {"shards": ["../../shard-00000.parquet"]},
        {"shards": ["/etc/passwd"]},
        {"segmenting": {"duration_s": -1}},
        {"segmenting": {"durations": 1}},
        {"segmenting": {"segments": 10**9}},
        {"files": {**FILES, "used": [{**USED, "segments": 0}]}},
        {"files": {**FILES, "failed": ["b"]}},
        {"counts": {**COUNTS, "segments": "2"}},
        {"source": None},
    ],
)
def test_what_a_description_may_not_say(change):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**DESCRIPTION, **change}, Description)


def test_the_outcome_of_a_shard():
    outcome = {**FILES, "segments_dropped": 0, "recordings": [["a", "a/1.wav", "g", "", 100, 5]]}
    msgspec.convert(outcome, ShardOutcome)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**outcome, "recordings": [["a", "a/1.wav"]]}, ShardOutcome)
