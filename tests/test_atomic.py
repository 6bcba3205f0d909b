import pytest

from sori.atomic import replacing_file, replacing_folder


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a.txt"
    with replacing_file(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"
    with pytest.raises(RuntimeError), replacing_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "run"
    for text in ("one", "two"):
        with replacing_folder(path) as temporary:
            (temporary / "x").write_text(text)
    with pytest.raises(RuntimeError), replacing_folder(path) as temporary:
        (temporary / "x").write_text("half")
        raise RuntimeError
    assert (path / "x").read_text() == "two"
    assert [file.name for file in tmp_path.iterdir()] == ["run"]
