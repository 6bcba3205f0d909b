import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

import sori
from sori import audio
from sori.audio import encode_mp3, rms_db, save
from sori.errors import AudioError, ParameterError
from tests.conftest import REAL, needs_real, tone

SR = 22050
PCM = [("wav", "PCM_U8", 2**-6), ("wav", "PCM_16", 2**-14), ("wav", "PCM_24", 2**-22), ("wav", "PCM_32", 1e-7)]
FORMATS = [
    *PCM,
    ("wav", "FLOAT", 0),
    ("wav", "DOUBLE", 1e-7),
    ("flac", "PCM_16", 2**-14),
    ("aiff", "PCM_16", 2**-14),
    ("au", "PCM_16", 2**-14),
    ("ogg", "VORBIS", 0.05),
    ("mp3", "MPEG_LAYER_III", 0.05),
]


@pytest.mark.parametrize(("suffix", "subtype", "tolerance"), FORMATS)
def test_reads_every_format_as_it_was_written(tmp_path, suffix, subtype, tolerance):
    y = tone(440, sr=SR)
    path = tmp_path / f"소리 한 조각.{suffix}"
    soundfile.write(path, y, SR, subtype=subtype)
    loaded, sr = sori.load(path)
    assert (loaded.dtype, loaded.shape, sr) == (np.float32, y.shape, SR)
    np.testing.assert_allclose(loaded, y, atol=tolerance)
    header = sori.info(path)
    assert (header.sr, header.channels, header.frames, header.duration_s) == (SR, 1, SR, 1.0)
    depths = {"PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}
    assert header.bit_depth == depths.get(subtype)


def test_channels_are_averaged_or_kept(tmp_path):
    both = np.stack([tone(440, sr=SR), np.zeros(SR, dtype=np.float32)])
    soundfile.write(tmp_path / "a.wav", both.T, SR, subtype="FLOAT")
    np.testing.assert_allclose(sori.load(tmp_path / "a.wav")[0], both.mean(axis=0), atol=1e-7)
    np.testing.assert_array_equal(sori.load(tmp_path / "a.wav", mono=False)[0], both)


def test_reads_a_stretch(tmp_path):
    y = np.linspace(-1, 1, SR, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", y, SR, subtype="FLOAT")
    np.testing.assert_array_equal(sori.load(tmp_path / "a.wav", offset_s=0.5)[0], y[SR // 2 :])
    np.testing.assert_array_equal(sori.load(tmp_path / "a.wav", offset_s=0.5, duration_s=0.1)[0], y[11025:13230])
    assert len(sori.load(tmp_path / "a.wav", duration_s=9)[0]) == SR
    with pytest.raises(AudioError, match=r"a\.wav: no samples after 2 s"):
        sori.load(tmp_path / "a.wav", offset_s=2)


def test_resamples_a_tone_to_the_same_tone(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(440, sr=44100), 44100, subtype="FLOAT")
    y, sr = sori.load(tmp_path / "a.wav", sr=16000)
    assert (sr, len(y)) == (16000, 16000)
    np.testing.assert_allclose(y[800:-800], tone(440, sr=16000)[800:-800], atol=1e-3)


def test_arguments_are_checked(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(440, sr=SR), SR)
    for bad in ({"sr": 0}, {"sr": 2.5}, {"sr": 10**9}, {"offset_s": -1}, {"duration_s": float("nan")}):
        with pytest.raises(ParameterError, match=next(iter(bad))):
            sori.load(tmp_path / "a.wav", **bad)


def write_bad(folder: Path) -> dict[str, str]:
    """Write every kind of bad file; return what its error must say."""
    y = tone(440, sr=SR)
    (folder / "empty.wav").touch()
    (folder / "text.mp3").write_text("this is not sound\n" * 50)
    (folder / "zeros.flac").write_bytes(bytes(5000))
    soundfile.write(folder / "no-samples.wav", y[:0], SR)
    soundfile.write(folder / "nan.wav", np.where(np.arange(SR) == 11025, np.nan, y), SR, subtype="FLOAT")
    for suffix in ("wav", "w64", "rf64", "flac", "ogg", "aiff", "au"):
        path = folder / f"cut.{suffix}"
        soundfile.write(path, y, SR)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (folder / "a folder.wav").mkdir()
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    return {
        "empty.wav": r"the file is empty \(0 bytes\)",
        "text.mp3": "not readable as audio",
        "zeros.flac": "not readable as audio",
        "no-samples.wav": "no samples",
        "nan.wav": r"not finite \(NaN or infinity\), the first at 0\.500 s",
        "cut.wav": "truncated",
        "cut.w64": "truncated",
        "cut.rf64": "truncated",
        "cut.aiff": "truncated",
        "cut.au": "truncated",
        "cut.flac": "damaged",
        "cut.ogg": "not readable as audio",
        "a folder.wav": "Is a directory",
        "loop.wav": "Too many levels of symbolic links",
        "missing.wav": "No such file",
    }


def test_bad_files_are_named_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    for name, message in write_bad(tmp_path).items():
        with pytest.raises(AudioError, match=message) as error:
            sori.load(tmp_path / name)
        assert str(error.value).startswith(f"{tmp_path / name}: ")
        assert "\n" not in str(error.value)


def test_ffmpeg_which_makes_do_with_what_there_is_is_not_asked_of_a_damaged_file(tmp_path):
    write_bad(tmp_path)
    with pytest.raises(AudioError, match=r"cut\.flac: damaged \(flac decoder lost sync\)"):
        sori.load(tmp_path / "cut.flac")


def test_a_stream_of_unannounced_length_is_not_taken_for_truncated(tmp_path):
    path = tmp_path / "stream.wav"
    soundfile.write(path, tone(440, sr=SR), SR)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert len(sori.load(path)[0]) == SR


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """A PATH on which the one program is a real ffmpeg."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def make_m4a(path: Path) -> None:
    wav = path.with_suffix(".source.wav")
    soundfile.write(wav, tone(440, sr=44100, duration_s=2), 44100)
    os.system(f"'{imageio_ffmpeg.get_ffmpeg_exe()}' -v error -y -i '{wav}' '{path}'")


def test_ffmpeg_reads_the_rest(tmp_path, ffmpeg):
    make_m4a(tmp_path / "a.m4a")
    y, sr = sori.load(tmp_path / "a.m4a", sr=22050)
    assert sr == 22050
    assert abs(len(y) - 44100) < 3000  # AAC pads to whole frames
    np.testing.assert_allclose(np.abs(y[5000:40000]).max(), 0.5, atol=0.05)
    assert len(sori.load(tmp_path / "a.m4a", offset_s=1, duration_s=0.5)[0]) == 22050
    assert sori.info(tmp_path / "a.m4a").sr == 44100
    (tmp_path / "b.m4a").write_bytes(b"nothing that ffmpeg knows" * 40)
    with pytest.raises(AudioError, match=r"b\.m4a: not readable as audio"):
        sori.load(tmp_path / "b.m4a")


def test_without_ffmpeg_it_says_so(tmp_path, monkeypatch):
    make_m4a(tmp_path / "a.m4a")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert shutil.which("ffmpeg") is None
    for read in (sori.load, sori.info):
        with pytest.raises(AudioError, match=r"install ffmpeg to read this format, or pip install 'sori\[ffmpeg\]'"):
            read(tmp_path / "a.m4a")


@pytest.mark.parametrize("sr", [8000, 22050, 7000])
def test_mp3_for_a_page(tmp_path, sr):
    (tmp_path / "a.mp3").write_bytes(encode_mp3(tone(440, sr=sr), sr=sr))
    y, own = sori.load(tmp_path / "a.mp3")
    assert len(y) == pytest.approx(own, rel=0.01)


@needs_real
def test_every_real_recording_loads_or_says_why():
    files = sorted(p for p in REAL.glob("[a-z]*/*/*") if p.suffix in {".wav", ".mp3", ".ogg", ".flac"})[::40]
    files += sorted((REAL / "music").glob("*.ogg"))
    assert len(files) > 100
    for file in files:
        y, sr = sori.load(file, duration_s=2)
        assert y.dtype == np.float32
        assert np.abs(y).max() <= 1.5
        assert sori.info(file).sr == sr


def test_a_pipe_or_a_raw_file_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(AudioError, match=r"pipe\.wav: not a file"):
        sori.load(tmp_path / "pipe.wav")
    (tmp_path / "a.raw").write_bytes(bytes(100))
    with pytest.raises(AudioError, match=r"a\.raw: not readable as audio \(no header\)"):
        sori.load(tmp_path / "a.raw")
    with pytest.raises(AudioError, match="null"):
        sori.load("a\0b.wav")


def test_the_mean_of_channels_does_not_overflow(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full((100, 2), 3e38, dtype=np.float32), SR, subtype="FLOAT")
    assert np.isfinite(sori.load(tmp_path / "a.wav")[0]).all()


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_what_is_saved_is_what_is_loaded(tmp_path, ending):
    y = tone(440, sr=44100, duration_s=70)  # longer than the Vorbis encoder takes at once
    path = tmp_path / "새 폴더" / f"소리.{ending}"
    save(path, y, sr=44100)
    again, sr = sori.load(path)
    assert sr == 44100
    assert abs(len(again) - len(y)) <= (0 if ending != "mp3" else 4000)
    if ending in ("wav", "flac"):
        assert np.abs(again - y).max() < 1e-4
    assert rms_db(again) == pytest.approx(rms_db(y), abs=0.1)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_what_cannot_be_saved_is_said_and_leaves_nothing(tmp_path):
    y = tone(440, sr=8000)
    with pytest.raises(AudioError, match=r"a.m4a: the name must end in .wav, .flac, .ogg or .mp3"):
        save(tmp_path / "a.m4a", y, sr=8000)
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(AudioError, match=r"folder.wav: is a folder"):
        save(tmp_path / "folder.wav", y, sr=8000)
    with pytest.raises(AudioError, match=r"a.mp3: cannot be written"):
        save(tmp_path / "a.mp3", y, sr=96000)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.wav"]


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
@pytest.mark.parametrize("sr", [16000, 11025])
def test_blocks_joined_are_the_whole(tmp_path, name, sr, rng):
    y = 0.3 * rng.standard_normal((40_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / name, y, 16000)
    whole, _ = audio.load(tmp_path / name, sr=sr)
    for block_s in (0.1, 1.0, 60.0):
        parts = list(audio.blocks(tmp_path / name, sr=sr, block_s=block_s))
        joined = np.concatenate(parts)
        assert abs(len(joined) - len(whole)) <= 1
        n = min(len(joined), len(whole))
        np.testing.assert_allclose(joined[:n], whole[:n], atol=2e-4)
        assert max(map(len, parts)) <= block_s * sr * 1.2 + 2000


def test_blocks_refuse_as_load_does(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    (tmp_path / "short.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:9000])
    (tmp_path / "text.wav").write_text("no sound")
    soundfile.write(tmp_path / "nan.wav", np.array([0, np.nan]), 8000, subtype="FLOAT")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 8000)
    for name, message in {
        "short.wav": "truncated",
        "text.wav": "not readable as audio",
        "nan.wav": "not finite",
        "none.wav": "no samples",
        "gone.wav": "No such file",
    }.items():
        with pytest.raises(AudioError, match=message):
            list(audio.blocks(tmp_path / name, sr=8000))


@pytest.mark.parametrize("ending", ["flac", "ogg"])
def test_a_hole_in_the_middle_is_told_in_a_line(tmp_path, ending, rng):
    path = tmp_path / f"구멍.{ending}"
    soundfile.write(path, 0.1 * rng.standard_normal(40 * 8000), 8000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 30_000] = bytes(30_000)
    path.write_bytes(content)
    try:
        got = sum(map(len, audio.blocks(path, sr=8000)))
    except AudioError as error:
        assert "구멍" in str(error)
    else:  # what reads on behind the hole is read
        assert ending == "ogg"
        assert got > 0


def test_an_mp3_whose_header_counts_more_than_there_is_to_hear_is_damaged(tmp_path, rng):
    content = bytearray(audio.encode_mp3(0.1 * rng.standard_normal(20 * 16000).astype(np.float32), sr=16000))
    assert any(mark in content[:4000] for mark in (b"Xing", b"Info"))
    third = len(content) // 3
    path = tmp_path / "구멍.mp3"
    for noise, message in ((b"", "truncated"), (rng.integers(0, 256, 4096, dtype=np.uint8).tobytes(), "구멍")):
        path.write_bytes(content[:third] + noise)
        with pytest.raises(AudioError, match=message):
            list(audio.blocks(path, sr=16000))
    path.write_bytes(content[:third])
    with pytest.raises(AudioError, match="truncated"):
        audio.load(path)


@pytest.mark.parametrize("off", [0.0, 1 / 32768])
def test_channels_that_cancel_are_replaced_by_one(tmp_path, off):
    """One plug is wired wrongly; converters leave the last bit apart."""
    y = tone(440, sr=SR, duration_s=20)
    path = tmp_path / "inverted.wav"
    soundfile.write(path, np.stack([y, -0.98 * y + off], axis=1), SR, subtype="FLOAT")
    with pytest.warns(UserWarning, match="the channels cancel each other; channel 1 alone is used"):
        loaded, _ = sori.load(path)
    np.testing.assert_allclose(loaded, y, atol=1e-6)
    with pytest.warns(UserWarning, match="cancel"):
        np.testing.assert_array_equal(np.concatenate(list(audio.blocks(path))), loaded)
    assert sori.load(path, mono=False)[0].shape == (2, len(y))


@pytest.mark.parametrize("side", [0.0, 0.3, -0.7, 1.0])
def test_channels_that_do_not_cancel_are_averaged(tmp_path, side):
    y = tone(440, sr=SR)
    soundfile.write(tmp_path / "a.wav", np.stack([y, side * y], axis=1), SR, subtype="FLOAT")
    np.testing.assert_allclose(sori.load(tmp_path / "a.wav")[0], y * (1 + side) / 2, atol=1e-6)
    soundfile.write(tmp_path / "silent.wav", np.zeros((SR, 2)), SR)
    assert not sori.load(tmp_path / "silent.wav")[0].any()


def test_a_length_that_is_not_known_is_measured(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440, sr=SR), SR)
    assert audio.duration_s(path) == 1.0
    known = audio.info(path)
    monkeypatch.setattr("sori.audio.files.info", lambda path: replace(known, frames=None))
    assert audio.duration_s(path) == 1.0
    assert replace(known, frames=None).duration_s is None
