import json

import soundfile

from tests.cli.test_cli import fails, sori
from tests.conftest import tone


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
