import io

import numpy as np
import pytest
import soundfile

from sori.audio import containers
from sori.audio.containers import Pieces, contents
from tests.conftest import recording, tone


def test_a_file_of_pieces_reads_like_their_bytes(tmp_path):
    (tmp_path / "a").write_bytes(bytes(range(100)))
    whole = bytes(range(10, 20)) + b"new" + bytes(range(50, 100))
    with Pieces(tmp_path / "a", [(10, 20), b"new", (50, 100)]) as file:
        assert file.read() == whole
        for at, n in ((0, 5), (8, 10), (12, 1), (13, 50), (60, 9)):
            assert file.seek(at) == at
            assert file.read(n) == whole[at : at + n]
        assert file.seek(-3, io.SEEK_END) == len(whole) - 3
        assert file.read(10) == whole[-3:]
        assert file.seek(-1, io.SEEK_CUR) == len(whole) - 1
        assert file.tell() == len(whole) - 1


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
def test_a_file_with_a_right_header_is_read_as_it_is(tmp_path, name):
    path = recording(tmp_path / name, tone(440, sr=22050))
    assert contents(path).parts == ()
    assert contents(path).note == ""


@pytest.mark.parametrize("block", [16, 192, 576, 1152, 4096, 4608])
def test_the_length_of_a_flac_is_found_in_its_last_frame(tmp_path, block, rng):
    n = 5 * block + block // 3 + 1
    path = recording(tmp_path / "a.flac", 0.1 * rng.standard_normal(n), 16000)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    (pieces,) = contents(path).parts
    with Pieces(path, pieces) as source, soundfile.SoundFile(source) as file:
        assert file.frames == n
        assert len(file.read()) == n


def test_compressed_samples_that_look_like_a_frame_are_not_its_last_one(tmp_path, rng):
    path = recording(tmp_path / "a.flac", 0.1 * rng.standard_normal(16000), 16000)
    head, content = path.read_bytes()[:42], path.read_bytes()
    # The header of a frame of 4096 samples, the 98th, with a right checksum; but at 44.1 kHz, of two channels.
    frame = bytes([0xFF, 0xF8, 0xC9, 0x18, 0x61])
    frame += bytes([containers._crc8(frame)])
    assert containers._flac_samples(content + frame + bytes(20), head) == 16000
    own = bytes([0xFF, 0xF8, 0xC5, 0x08, 0x61])
    own += bytes([containers._crc8(own)])
    assert containers._flac_samples(content + own + bytes(20), head) == 98 * 4096


def test_every_beginning_of_a_file_is_parsed_without_an_error(tmp_path):
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        whole = recording(tmp_path / name, tone(440, sr=8000), 8000).read_bytes()
        for n in [*range(1, 120), *np.linspace(120, len(whole), 40, dtype=int)]:
            (tmp_path / "cut").write_bytes(whole[:n])
            contents(tmp_path / "cut")
