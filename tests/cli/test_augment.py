import json

import soundfile

from tests.cli.test_cli import fails, sori
from tests.conftest import recording, tone


def test_variants_of_a_recording(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(440, sr=8000, duration_s=0.4), 8000)
    out = tmp_path / "variants"
    done = sori("augment", tmp_path / "a.wav", "--out", out, "--count", 2, "--recipe", "Speed", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"] == [str(out / f"a-00{i}.flac") for i in (1, 2)]
    assert "give --overwrite" in fails("augment", tmp_path / "a.wav", "--out", out)
    (tmp_path / "empty").mkdir()
    assert "no recording to use as a background" in fails(
        "augment", tmp_path / "a.wav", "--out", tmp_path / "b", "--background", tmp_path / "empty"
    )


def test_a_folder_is_augmented_file_by_file(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.wav", "b.wav"):
        recording(tmp_path / "in" / name, tone(440, sr=8000), 8000)
    (tmp_path / "in" / "broken.wav").write_text("no sound")
    done = sori("augment", tmp_path / "in", "--out", tmp_path / "out", "--count", 2, "--recipe", "Gain", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [len(one.get("files", ())) for one in told] == [2, 2, 0]
    assert "broken.wav" in told[2]["error"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "b"]
