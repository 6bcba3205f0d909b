import json
import signal
import subprocess
import sys
import time

import librosa
import numpy as np
import pandas
import pytest
import soundfile

from sori.datasets import Dataset, build, read_catalog
from sori.errors import DatasetError, ParameterError, UnreachableError
from sori.features import FrontEnd, Preprocessor, Segmenting
from sori.folders import building_folder
from tests.audio.test_files import write_bad
from tests.conftest import FRONT_END, REAL, Said, needs_real, tone

MFCC = FrontEnd(kind="mfcc", sr=8000, n_fft=512, hop_length=128, n_mels=40)
ONE_SECOND = Segmenting(duration_s=1, segments=2)


def made(source, out, *, front_end=MFCC, segmenting=ONE_SECOND, **arguments):
    return build(read_catalog(source), out, preprocessor=Preprocessor(front_end, segmenting), **arguments)


def content(path):
    """Every byte of a dataset but the place of its source."""
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


@pytest.mark.parametrize(("segments", "samples", "frames"), [(5, 132300, 259), (10, 66150, 130)])
def test_thirty_seconds_as_in_the_classic_example(tmp_path, segments, samples, frames):
    (tmp_path / "in" / "blues").mkdir(parents=True)
    y = np.random.default_rng(0).uniform(-0.5, 0.5, 22050 * 30).astype(np.float32)
    soundfile.write(tmp_path / "in" / "blues" / "1.wav", y, 22050, subtype="FLOAT")
    segmenting = Segmenting(duration_s=30, segments=segments)
    assert segmenting.samples(22050) == samples
    dataset = made(tmp_path / "in", tmp_path / "out", front_end=FrontEnd(kind="mfcc", sr=22050), segmenting=segmenting)
    data = dataset.load()
    assert data.x.shape == (segments, frames, 13)
    np.testing.assert_allclose(data.start_s, np.arange(segments) * samples / 22050)
    third = librosa.feature.mfcc(y=y[2 * samples : 3 * samples], sr=22050, n_mfcc=13)
    np.testing.assert_allclose(data.x[2], third.T, atol=1e-3)


def test_a_segment_is_kept_if_its_frames_are_all_there():
    segmenting = Segmenting(duration_s=2, segments=2)
    n = segmenting.samples(8000)
    y = np.ones(2 * n, dtype=np.float32)
    whole = MFCC.shape(n)[0]
    for length, kept in [
        (2 * n, 2),
        (2 * n - 1, 2),
        (n + (whole - 1) * 128, 2),
        (n + (whole - 1) * 128 - 1, 1),
        (n, 1),
        (5, 0),
    ]:
        assert len(segmenting.cut(y[:length], front_end=MFCC)[1]) == kept, length
    padded = Segmenting(duration_s=2, segments=2, pad=True)
    assert [len(padded.cut(y[:length], front_end=MFCC)[1]) for length in (5, n, n + 1)] == [1, 1, 2]


def test_windows_slide():
    segmenting = Segmenting(duration_s=4, segments=4, overlap=0.5)
    clips, starts = segmenting.cut(np.arange(32000, dtype=np.float32), front_end=MFCC)
    assert starts == [0, 4000, 8000, 12000, 16000, 20000, 24000]
    np.testing.assert_array_equal(clips[3], np.arange(12000, 20000))


def test_every_file_ends_in_one_place(sounds, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    source = sounds()
    bad = source / "low" / "나쁜 소리"
    bad.mkdir()
    n_bad = len([name for name in write_bad(bad) if not name.startswith(("missing", "a folder"))])
    soundfile.write(bad / "silent.wav", np.zeros(8000), 8000)
    soundfile.write(bad / "short.wav", tone(300, sr=8000, duration_s=0.1), 8000)
    dataset = made(source, tmp_path / "out")
    assert dataset.counts["recordings"] == 12
    assert len(dataset.files["failed"]) == n_bad
    assert {entry["file"].rpartition("/")[2]: entry["reason"] for entry in dataset.files["dropped"]} == {
        "silent.wav": "silent: every sample is zero, or the channels cancel each other",
        "short.wav": "too short: 0.1 s, one segment is 0.5 s (`pad=True` fills it with zeros)",
    }
    assert all(entry["reason"] and str(tmp_path) not in entry["reason"] for entry in dataset.files["failed"])
    assert dataset.counts["segments"] == len(dataset.load()) == 24


def test_where_a_class_is_silence_nothing_at_all_is_a_sound_of_it(sounds, tmp_path):
    source = sounds()
    (source / "silence").mkdir()
    soundfile.write(source / "silence" / "nothing.wav", np.zeros(8000), 8000)
    dataset = made(source, tmp_path / "out")
    assert dataset.files["dropped"] == []
    assert np.isfinite(dataset.load().x).all()
    assert dataset.classes == ("high", "low", "silence")


def test_the_columns_are_readable_without_sori(sounds, tmp_path):
    import pandas

    dataset = made(sounds(), tmp_path / "out")
    frame = pandas.read_parquet(tmp_path / "out" / dataset.shards[0])
    assert list(frame.columns) == ["recording", "group", "fold", "label", "start_s", "x"]
    np.testing.assert_array_equal(np.stack(frame.x).reshape(-1, *dataset.shape), dataset.load().x)
    description = json.loads((tmp_path / "out" / "_dataset.json").read_text())
    assert description["front_end"] == MFCC.to_dict()
    assert description["classes"] == ["high", "low"]


def test_threads_do_not_change_the_result(sounds, tmp_path):
    source = sounds()
    made(source, tmp_path / "one", jobs=1)
    made(source, tmp_path / "four", jobs=4)
    assert content(tmp_path / "one") == content(tmp_path / "four")


def test_an_existing_dataset_is_kept_unless_told(sounds, tmp_path):
    source = sounds()
    made(source, tmp_path / "out")
    before = content(tmp_path / "out")
    with pytest.raises(DatasetError, match="is there already; give `resume=True` to add what is new, `overwrite=True`"):
        made(source, tmp_path / "out", front_end=FrontEnd(kind="mel", sr=8000, n_mels=20))
    assert content(tmp_path / "out") == before
    assert (
        made(source, tmp_path / "out", front_end=FrontEnd(kind="mel", sr=8000, n_mels=20), overwrite=True).shape[1]
        == 20
    )
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("x")
    with pytest.raises(DatasetError, match=r"thesis.txt was not made by sori dataset build; choose another name"):
        made(source, tmp_path / "precious", overwrite=True)
    assert (tmp_path / "precious" / "thesis.txt").is_file()


def test_nothing_is_left_of_a_build_that_fails(sounds, tmp_path):
    source = sounds()
    (source / "low" / "bad.wav").write_text("no sound")
    with pytest.raises(DatasetError, match=r"1 of 13 recordings are unusable: 7\.7%, `max_bad` is 5\.0%.*low/bad\.wav"):
        made(source, tmp_path / "out", max_bad=0.05)
    with pytest.raises(DatasetError, match=r"no usable segment in 13 recordings\. First: low/bad\.wav"):
        made(source, tmp_path / "out", segmenting=Segmenting(duration_s=9, segments=1))
    assert [path.name for path in tmp_path.iterdir()] == ["sounds"]


def test_killed_and_resumed_is_as_never_killed(sounds, tmp_path, monkeypatch):
    source = sounds(recordings=40, duration_s=4, sr=44100)
    front_end = FrontEnd(kind="spectrogram", sr=44100, n_fft=2048, hop_length=256)
    segmenting = Segmenting(duration_s=4, segments=4)
    made(source, tmp_path / "straight", front_end=front_end, segmenting=segmenting)
    script = (
        "import sys; from pathlib import Path; from sori.features import FrontEnd, Preprocessor, Segmenting;"
        "from sori.datasets import build, read_catalog;"
        "build(read_catalog(Path(sys.argv[1])), Path(sys.argv[2]), jobs=1,"
        "preprocessor=Preprocessor(FrontEnd(kind='spectrogram', sr=44100, n_fft=2048, hop_length=256),"
        "Segmenting(duration_s=4, segments=4)))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(source), str(tmp_path / "out")])
    building = building_folder(tmp_path / "out")
    while not (building / "shard-00000.parquet").exists():
        assert process.poll() is None, "it finished before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out").exists()
    with pytest.raises(DatasetError, match="interrupted; run `sori dataset build` again with `resume=True`"):
        Dataset.open(tmp_path / "out")
    with pytest.raises(DatasetError, match=r"an interrupted build is in out\.building; give `resume=True`"):
        made(source, tmp_path / "out", front_end=front_end, segmenting=segmenting)
    with pytest.raises(DatasetError, match="the settings changed since that build"):
        made(source, tmp_path / "out", front_end=MFCC, segmenting=segmenting, resume=True)
    kept = (building / "shard-00000.parquet").stat().st_mtime_ns
    made(source, tmp_path / "out", front_end=front_end, segmenting=segmenting, resume=True)
    assert (tmp_path / "out" / "shard-00000.parquet").stat().st_mtime_ns == kept
    assert content(tmp_path / "out") == content(tmp_path / "straight")
    made(source, tmp_path / "out", front_end=front_end, segmenting=segmenting, resume=True)  # complete: nothing to do


def test_copies_of_a_recording_share_a_group(sounds, tmp_path):
    source = sounds(recordings=3)
    (source / "low" / "copy.wav").write_bytes((source / "low" / "low_s0_0.wav").read_bytes())
    data = made(source, tmp_path / "out").load()
    groups = {recording: group for recording, group in zip(data.recording, data.group, strict=True)}
    assert groups["low/copy.wav"] == groups["low/low_s0_0.wav"]
    assert len(set(groups.values())) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration_s": 0}, "duration_s must be above 0"),
        ({"segments": 0}, "segments must be"),
        ({"overlap": 1.0}, r"overlap must be 0 to 0\.95"),
    ],
)
def test_segmenting_is_checked(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Segmenting(**arguments)
    with pytest.raises(ParameterError, match="at least one sample"):
        Segmenting(duration_s=0.001, segments=100).samples(8000)


@needs_real
def test_the_real_folders(tmp_path):
    catalog = read_catalog(REAL / "spoken_digits", group_by=r"_(\w+)_\d+$")
    dataset = build(
        catalog, tmp_path / "digits", preprocessor=Preprocessor(MFCC, Segmenting(duration_s=1, segments=1, pad=True))
    )
    assert (dataset.counts["recordings"], dataset.counts["groups"]) == (3000, 6)
    assert dataset.classes == tuple("0123456789")
    catalog = read_catalog(REAL / "instruments")
    empty = [r.file for r in catalog.recordings if not (REAL / "instruments" / r.file).stat().st_size]
    front_end = FrontEnd(kind="mel", sr=22050, n_mels=64)
    dataset = build(
        catalog,
        tmp_path / "notes",
        preprocessor=Preprocessor(front_end, Segmenting(duration_s=1, segments=1, pad=True)),
    )
    assert [entry["file"] for entry in dataset.files["failed"]] == empty
    assert dataset.counts["recordings"] == 1200 - len(empty)


def test_a_folder_of_somebody_elses_is_left_alone(sounds, tmp_path):
    (tmp_path / "out.building").mkdir()
    (tmp_path / "out.building" / "thesis.txt").write_text("x")
    for overwrite in (False, True):
        with pytest.raises(DatasetError, match="was not made by Sori"):
            made(sounds(name=f"s{overwrite}"), tmp_path / "out", overwrite=overwrite)
    assert (tmp_path / "out.building" / "thesis.txt").is_file()


def test_resume_does_not_pass_off_another_dataset(sounds, tmp_path):
    source = sounds()
    made(source, tmp_path / "out")
    with pytest.raises(DatasetError, match="was built with other settings"):
        made(source, tmp_path / "out", front_end=FrontEnd(kind="mel", sr=8000), resume=True)
    with pytest.raises(ParameterError, match="not both"):
        made(source, tmp_path / "out", resume=True, overwrite=True)


def test_what_a_killed_writer_left_is_swept_up(sounds, tmp_path):
    source = sounds()
    made(source, tmp_path / "out")
    building = building_folder(tmp_path / "out")
    (tmp_path / "out").rename(building)
    # As after a kill between the description and the last move.
    plan = {"front_end": MFCC.to_dict(), "segmenting": ONE_SECOND.__dict__}
    (building / "build.json").write_text(json.dumps(plan))
    (building / ".shard-00000.parquet.0123abcd.tmp").write_bytes(b"half")
    made(source, tmp_path / "out", resume=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_dataset.json", "shard-00000.parquet"]


@pytest.mark.parametrize("level", [1e30, 3e38])
def test_samples_beyond_all_measure_are_no_ground_for_features(sounds, tmp_path, level):
    source = sounds()
    soundfile.write(source / "low" / "huge.wav", np.full((8000, 2), level, dtype=np.float32), 8000, subtype="FLOAT")
    dataset = made(source, tmp_path / "out")
    bad = [*dataset.files["failed"], *dataset.files["dropped"]]
    assert [entry["file"] for entry in bad] == ["low/huge.wav"]
    assert np.isfinite(dataset.load().x).all()


def test_rounding_in_a_change_of_rate_costs_no_segment(tmp_path):
    (tmp_path / "in" / "a").mkdir(parents=True)
    soundfile.write(tmp_path / "in" / "a" / "1.wav", tone(300, sr=11025, duration_s=60), 11025)
    waveform = FrontEnd(kind="waveform", sr=22050)
    dataset = made(
        tmp_path / "in", tmp_path / "out", front_end=waveform, segmenting=Segmenting(duration_s=0.5, segments=1)
    )
    assert dataset.shape == (11025, 1)
    assert dataset.counts["segments"] == 1


def test_what_is_put_beside_the_shards_is_not_deleted(sounds, tmp_path):
    catalog = read_catalog(sounds())
    settings = {"preprocessor": Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=1))}
    build(catalog, tmp_path / "data", **settings)
    (tmp_path / "data" / "thesis.txt").write_text("years of work")
    with pytest.raises(DatasetError, match=r"thesis.txt was not made by sori dataset build"):
        build(catalog, tmp_path / "data", **settings, overwrite=True)
    assert (tmp_path / "data" / "thesis.txt").is_file()


def small_shards(monkeypatch, recordings):
    """Make shards hold this many recordings of one second."""
    monkeypatch.setattr(sys.modules["sori.datasets.build"], "rows_per_shard", lambda shape: 2 * recordings)


def test_what_is_new_or_changed_is_built_and_the_rest_is_kept(sounds, tmp_path, monkeypatch):
    small_shards(monkeypatch, 4)
    source, out = sounds(), tmp_path / "out"
    made(source, out)
    before = {file.name: file.read_bytes() for file in out.glob("*.parquet")}
    assert len(before) == 3
    same = Said()
    made(source, out, resume=True, reporter=same)
    assert same.said == []
    soundfile.write(source / "low" / "new.wav", tone(500, sr=8000), 8000)
    soundfile.write(source / "low" / "low_s2_5.wav", tone(600, sr=8000), 8000)  # in the last shard
    said = Said()
    grown = made(source, out, resume=True, reporter=said)
    assert said.said == ["8 of 13 recordings were built before; 5 are new or have changed"]
    after = {file.name: file.read_bytes() for file in out.glob("*.parquet")}
    assert [name for name in sorted(before) if after.get(name) == before[name]] == [
        "shard-00000.parquet",
        "shard-00001.parquet",
    ]
    fresh = made(source, tmp_path / "fresh")
    assert sorted(map(str, grown.files["used"])) == sorted(map(str, fresh.files["used"]))
    one, other = grown.load(), fresh.load()
    order, other_order = (np.lexsort((part.start_s, part.recording.astype(str))) for part in (one, other))
    np.testing.assert_array_equal(one.x[order], other.x[other_order])
    (source / "low" / "new.wav").unlink()
    assert made(source, out, resume=True).counts["recordings"] == 12


def test_a_source_that_disappears_stops_the_build_which_can_be_finished(sounds, tmp_path, monkeypatch):
    small_shards(monkeypatch, 4)
    source, out = sounds(), tmp_path / "out"
    away = tmp_path / "away"

    def vanish(stage, done, total, values):
        if done == 6 and source.exists():
            source.rename(away)

    with pytest.raises(DatasetError, match=r"sounds: is no longer there; the finished part is kept.*`resume=True`"):
        made(source, out, jobs=1, reporter=Said(on_progress=lambda *report: vanish(*report)))
    assert not out.exists()
    away.rename(source)
    dataset = made(source, out, resume=True)
    assert (dataset.counts["recordings"], dataset.files["failed"]) == (12, [])
    assert content(out) == content(made(source, tmp_path / "straight").path)


def test_what_could_not_be_reached_is_tried_again(sounds, tmp_path, monkeypatch):
    source, out = sounds(), tmp_path / "out"
    real = Preprocessor.segments_of_file

    def refused(self, path, **options):
        if path.name in ("low_s0_0.wav", "low_s1_1.wav"):
            raise UnreachableError(f"{path}: Permission denied")
        return real(self, path, **options)

    monkeypatch.setattr(Preprocessor, "segments_of_file", refused)
    (source / "low" / "bad.wav").write_text("no sound")
    dataset = made(source, out)
    assert [(one["file"], one.get("unreachable", False)) for one in dataset.files["failed"]] == [
        ("low/bad.wav", False), ("low/low_s0_0.wav", True), ("low/low_s1_1.wav", True),
    ]  # fmt: skip
    monkeypatch.setattr(Preprocessor, "segments_of_file", real)
    again = made(source, out, resume=True)
    assert [one["file"] for one in again.files["failed"]] == ["low/bad.wav"]
    assert again.counts["recordings"] == 12


def test_the_same_bytes_in_two_classes_are_told(sounds, tmp_path):
    source = sounds()
    (source / "low" / "copy.wav").write_bytes((source / "high" / "high_s0_0.wav").read_bytes())
    (source / "low" / "copy2.wav").write_bytes((source / "low" / "low_s0_0.wav").read_bytes())
    said = Said()
    dataset = made(source, tmp_path / "out", reporter=said)
    line = "high/high_s0_0.wav and low/copy.wav have the same bytes, but are labelled high and low"
    assert said.said == [line]
    assert Dataset.open(dataset.path).conflicts() == [line]


def test_readers_of_parquet_open_the_folder_as_it_is(sounds, tmp_path):
    dataset = made(sounds(), tmp_path / "out")
    frame = pandas.read_parquet(tmp_path / "out")
    assert len(frame) == dataset.counts["segments"]
    assert set(frame["label"]) == {"high", "low"}


def test_an_unfinished_build_that_others_put_files_into_is_not_deleted(sounds, tmp_path):
    source, building = sounds(), tmp_path / "out.building"
    building.mkdir()
    (building / "build.json").write_text('{"front_end": {}, "segmenting": {}}')
    (building / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match=r"out\.building: is in the way, and thesis\.txt was not made by Sori"):
        made(source, tmp_path / "out", overwrite=True)
    assert (building / "thesis.txt").read_text() == "mine"
