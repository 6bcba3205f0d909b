"""Whatever its header says, a recording is read to its end, and everything agrees on what it holds."""

import os
import struct
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from sori import audio
from sori.audio.reader import open_recording
from sori.errors import AudioError, UnreachableError
from tests.conftest import recording, tone

SR = 22050
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*arguments, cwd):
    """Run ffmpeg; its output through a pipe, which cannot be sought in to correct a header."""
    done = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], cwd=cwd, capture_output=True, check=True)
    return done.stdout


def varying(duration_s=4.0):
    """Noise, then a soft tone: with a varying bit rate, the first frames say nothing of the length."""
    y = 0.2 * tone(440, sr=44100, duration_s=duration_s)
    y[: len(y) // 5] += 0.3 * np.random.default_rng(0).standard_normal(len(y) // 5).astype(np.float32)
    return y


def odd_files(folder):
    """Write recordings whose header gives no length or a wrong one; return them with what they hold, in seconds."""
    recording(folder / "ref.wav", varying(), sr=44100)
    short = recording(folder / "short.wav", tone(440, sr=SR), SR).read_bytes()
    held = {}

    def write(name, content, seconds):
        (folder / name).write_bytes(content)
        held[name] = seconds

    write("vbr.mp3", ffmpeg("-i", "ref.wav", "-q:a", "2", "-write_xing", "0", "-f", "mp3", "-", cwd=folder), 4)
    whole = ffmpeg("-i", "ref.wav", "-b:a", "64k", "-f", "mp3", "-", cwd=folder)
    ffmpeg("-i", "ref.wav", "-q:a", "4", "counted.mp3", cwd=folder)
    counted = (folder / "counted.mp3").read_bytes()
    assert b"Xing" in counted[:400] or b"Info" in counted[:400]
    write("joined.mp3", counted + counted, 8)
    write("tagged.mp3", b"ID3\x03\0\0\0\0\x10\0" + bytes(2048) + whole, 4)
    write("middle.mp3", whole + b"TAG" + bytes(125) + whole, 8)
    flac = ffmpeg("-i", "ref.wav", "-f", "flac", "-", cwd=folder)
    write("piped.flac", flac, 4)
    write("joined-piped.flac", flac + flac, 8)
    stated = recording(folder / "stated.flac", tone(440, sr=SR, duration_s=3), SR).read_bytes()
    write("joined.flac", stated + stated, 6)
    less = bytearray(stated)
    less[22:26] = (SR).to_bytes(4, "big")
    write("less.flac", bytes(less), 3)
    for name, codec in (("a.ogg", "VORBIS"), ("a.opus", "OPUS")):
        content = recording(folder / name, tone(440, sr=24000), 24000, format="OGG", subtype=codec).read_bytes()
        write(f"joined-{name}", content * 3, 3)
    write("joined.wav", short + short, 2)
    write("listed.wav", short + b"LIST" + struct.pack("<I", 4) + b"INFO", 1)
    write("crashed.wav", short[:40] + bytes(4) + short[44:], 1)
    write("stale.wav", short[:40] + struct.pack("<I", 4410) + short[44:], 1)
    piped = short[:4] + b"\xff" * 4 + short[8:40] + b"\xff" * 4 + short[44:]
    write("piped.wav", piped, 1)
    write("joined-piped.wav", piped + piped, 2)
    write("mp3-inside.wav", ffmpeg("-i", "ref.wav", "-c:a", "mp3", "-f", "wav", "-", cwd=folder), 4)
    write("ac3-inside.wav", ffmpeg("-i", "ref.wav", "-c:a", "ac3", "-f", "wav", "-", cwd=folder), 4)
    write("browser.webm", ffmpeg("-i", "ref.wav", "-c:a", "libopus", "-f", "webm", "-", cwd=folder), 4)
    write("raw.aac", ffmpeg("-i", "ref.wav", "-f", "adts", "-", cwd=folder), 4)
    return held


NOTED = {"joined-a.ogg", "joined-a.opus", "joined.flac", "joined-piped.flac", "less.flac", "joined.wav", "crashed.wav",
         "stale.wav", "joined-piped.wav"}  # fmt: skip


def test_recordings_are_read_to_their_end_and_everything_agrees(tmp_path):
    for name, seconds in odd_files(tmp_path).items():
        path = tmp_path / name
        caught = [] if name not in NOTED else [UserWarning]
        with pytest.warns(*caught) if caught else open(os.devnull):
            y, sr = audio.load(path)
            joined = np.concatenate(list(audio.blocks(path)))
            late, _ = audio.load(path, offset_s=0.5, duration_s=0.25)
        assert len(y) / sr == pytest.approx(seconds, rel=0.03), name
        np.testing.assert_array_equal(joined, y, err_msg=name)
        np.testing.assert_allclose(late, y[round(0.5 * sr) :][: len(late)], atol=1e-5, err_msg=name)
        assert np.abs(y[-sr // 4 : -sr // 20]).max() > 0.02, name
        header = audio.info(path)
        assert header.sr == sr
        if header.duration_s is None:
            assert name in ("browser.webm", "raw.aac", "ac3-inside.wav")
        else:
            assert header.duration_s == pytest.approx(len(y) / sr, rel=0.03), name
        assert audio.duration_s(path) == pytest.approx(len(y) / sr, rel=0.03), name


def test_a_real_truncation_is_still_told(tmp_path):
    odd_files(tmp_path)
    for name in ("counted.mp3", "stated.flac", "short.wav"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / f"cut-{name}").write_bytes(content[: len(content) // 2])
        with pytest.raises(AudioError, match=r"truncated|damaged"):
            audio.load(tmp_path / f"cut-{name}")
    ffmpeg("-i", "ref.wav", "-c:a", "aac", "-movflags", "faststart", "whole.m4a", cwd=tmp_path)
    content = (tmp_path / "whole.m4a").read_bytes()
    (tmp_path / "cut.m4a").write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match="truncated"):
        audio.load(tmp_path / "cut.m4a")


def test_an_empty_recording_with_chunks_behind_is_empty(tmp_path):
    path = recording(tmp_path / "a.wav", np.zeros(0), SR)
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO")
    with pytest.raises(AudioError, match="no samples"):
        audio.load(path)


def test_what_follows_at_another_rate_is_left_out_and_told(tmp_path):
    first = recording(tmp_path / "a.flac", tone(440, sr=SR), SR).read_bytes()
    other = recording(tmp_path / "b.flac", tone(440, sr=8000), 8000).read_bytes()
    (tmp_path / "both.flac").write_bytes(first + other)
    with pytest.warns(UserWarning, match=r"other channels follows at 1\.0 s; it is left out"):
        y, sr = audio.load(tmp_path / "both.flac")
    assert (len(y), sr) == (SR, SR)


def test_a_playlist_that_is_called_a_recording_reads_no_other_file(tmp_path):
    secret = recording(tmp_path / "secret.wav", tone(440, sr=SR), SR)
    listed = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n"
    (tmp_path / "a.m4a").write_text(listed)
    (tmp_path / "b.mkv").write_text(f"ffconcat version 1.0\nfile {secret}\n")
    for name in ("a.m4a", "b.mkv"):
        for read in (audio.load, audio.info):
            with pytest.raises(AudioError, match="not readable as audio"):
                read(tmp_path / name)


def test_too_many_channels_rates_and_expansion_are_refused(tmp_path, monkeypatch):
    many = recording(tmp_path / "many.wav", np.zeros((100, 65)), SR)
    with pytest.raises(AudioError, match="has 65 channels; at most 64 are read"):
        audio.info(many)
    slow = recording(tmp_path / "slow.wav", np.zeros(4000) + 0.1, 1)
    with pytest.raises(AudioError, match="at 1 Hz cannot be resampled to 16000 Hz: at most 256 times its rate"):
        audio.load(slow, sr=16000)
    with pytest.raises(AudioError, match="at most 256"):
        next(audio.blocks(slow, sr=16000))
    monkeypatch.setattr("sori.audio.reader._EXPANSION_FROM", 2**16)
    monkeypatch.setattr("sori.audio.reader._MOST_EXPANSION", 100)
    silent = recording(tmp_path / "silent.flac", np.zeros(10**6), SR)
    with pytest.raises(AudioError, match="expand to more than"):
        audio.load(silent)


def test_what_may_pass_is_told_from_what_is_wrong_with_the_file(tmp_path):
    with pytest.raises(UnreachableError, match="No such file"):
        audio.load(tmp_path / "gone.wav")
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioError, match="empty") as error:
        audio.load(tmp_path / "empty.wav")
    assert not isinstance(error.value, UnreachableError)


def test_reads_exactly_what_is_asked_for(tmp_path):
    y = np.arange(-50, 50, dtype=np.float32)[:, np.newaxis] / 100
    path = recording(tmp_path / "a.wav", y, SR, subtype="FLOAT")
    with open_recording(path) as reader:
        assert (reader.sr, reader.channels, reader.frames, reader.format) == (SR, 1, 100, "WAV")
        reader.seek(10)
        np.testing.assert_array_equal(reader.read(20), y[10:30])
        np.testing.assert_array_equal(reader.read(1000), y[30:])
        assert len(reader.read(5)) == 0
    assert soundfile.info(path).frames == 100


def test_pictures_and_late_sound_are_not_taken_for_truncation(tmp_path):
    """The length of a video is that of its longest stream."""
    recording(tmp_path / "a.wav", tone(440, sr=SR, duration_s=2), SR)
    picture = ["-f", "lavfi", "-i", "testsrc=d=5:s=64x64:r=5"]
    ffmpeg(*picture, "-i", "a.wav", "-c:v", "mpeg4", "-c:a", "aac", "longer.mp4", cwd=tmp_path)
    ffmpeg("-itsoffset", "3", "-i", "a.wav", "-c:a", "aac", "late.mka", cwd=tmp_path)
    for name in ("longer.mp4", "late.mka"):
        y, sr = audio.load(tmp_path / name)
        assert len(y) / sr == pytest.approx(2, abs=0.1)
        assert len(audio.load(tmp_path / name, duration_s=1.5)[0]) == round(1.5 * sr)
        assert audio.info(tmp_path / name).frames is None


def test_tags_behind_a_flac_are_passed_over(tmp_path):
    y = tone(440, sr=SR, duration_s=2)
    content = recording(tmp_path / "a.flac", y, SR).read_bytes()
    (tmp_path / "tagged.flac").write_bytes(content + b"TAG" + bytes(125))
    assert len(audio.load(tmp_path / "tagged.flac")[0]) == len(y)
    tag = b"ID3\x03\0\0\0\0\x00\x40" + bytes(64)
    (tmp_path / "both.flac").write_bytes(content + tag + content)
    with pytest.warns(UserWarning, match="holds 2 recordings"):
        assert len(audio.load(tmp_path / "both.flac")[0]) == 2 * len(y)


def test_many_recordings_in_a_row_do_not_need_many_open_files(tmp_path):
    resource = pytest.importorskip("resource")
    short = recording(tmp_path / "a.wav", tone(440, sr=8000, duration_s=0.05), 8000).read_bytes()
    (tmp_path / "many.wav").write_bytes(short * 300)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, before[1]))
    try:
        with pytest.warns(UserWarning, match="holds 300 recordings"):
            assert len(audio.load(tmp_path / "many.wav")[0]) == 300 * 400
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_an_encoding_without_places_is_read_on_to_the_start(tmp_path):
    path = recording(tmp_path / "a.wav", tone(440, sr=8000, duration_s=2), 8000, subtype="GSM610")
    whole, _ = audio.load(path)
    np.testing.assert_array_equal(audio.load(path, offset_s=1.0)[0], whole[8000:])
