import pytest

from sori.datasets.table import Finder, parse_columns, read_table
from sori.errors import DatasetError, ParameterError


def lines(path, **options):
    return [(one.file, one.label, one.group, one.fold) for one in read_table(path, **options).lines]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-32", "cp949"])
def test_tables_of_any_encoding_and_delimiter(tmp_path, delimiter, encoding):
    text = f"file{delimiter}label\r\n소리/개.wav{delimiter}개\r\ncat.wav{delimiter}고양이\r\n\r\n"
    data = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    (tmp_path / "list.csv").write_bytes(data)
    assert lines(tmp_path / "list.csv") == [("소리/개.wav", "개", "", ""), ("cat.wav", "고양이", "", "")]
    notes = read_table(tmp_path / "list.csv").notes
    assert bool(notes) == (encoding not in ("utf-8", "utf-8-sig"))


def test_common_names_of_columns_are_known_and_said(tmp_path):
    (tmp_path / "esc50.csv").write_text("filename,fold,target,category,src_file\n1-100032-A-0.wav,1,0,dog,100032\n")
    assert lines(tmp_path / "esc50.csv") == [("1-100032-A-0.wav", "dog", "", "1")]
    (note,) = read_table(tmp_path / "esc50.csv").notes
    assert note == "columns of esc50.csv: filename is the file, category is the label, fold is the fold"
    (tmp_path / "us8k.csv").write_text(
        "slice_file_name,fsID,fold,classID,class\n100032-3-0-0.wav,100032,5,3,dog_bark\n"
    )
    assert lines(tmp_path / "us8k.csv") == [("100032-3-0-0.wav", "dog_bark", "", "5")]
    (tmp_path / "file.csv").write_text("File, Label,Speaker\na.wav, dog , kim\n")
    assert lines(tmp_path / "file.csv") == [("a.wav", "dog", "kim", "")]


def test_columns_may_be_named(tmp_path):
    (tmp_path / "a.csv").write_text("clip,animal,recordist\na.wav,dog,kim\n")
    with pytest.raises(DatasetError, match=r"has clip,animal,recordist; name them by `columns`"):
        lines(tmp_path / "a.csv")
    columns = parse_columns("file=clip, label=animal,group=recordist")
    assert lines(tmp_path / "a.csv", columns=columns) == [("a.wav", "dog", "kim", "")]
    with pytest.raises(ParameterError, match=r"names 'animals', which .* does not have; it has clip,animal"):
        lines(tmp_path / "a.csv", columns={"label": "animals", "file": "clip"})
    for bad in ("file", "file=", "folder=x", "fiel=x"):
        with pytest.raises(ParameterError, match="columns must be"):
            parse_columns(bad)


def test_what_is_not_text_is_refused(tmp_path):
    for content in (b"\x80\x81\xff\xfe" * 9, b"file,label\0\0", b"\xff\xfe\x00"):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(DatasetError, match=r"a\.csv: n"):
            lines(tmp_path / "a.csv")
    with pytest.raises(DatasetError, match="No such file"):
        lines(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("file,label\n" + '"' + "x" * 200_000 + ",dog\n")
    with pytest.raises(DatasetError):
        lines(tmp_path / "a.csv")


def test_files_are_found_where_they_are_now(tmp_path):
    for name in ("audio/dog/1.wav", "audio/cat/1.wav", "audio/cat/나.wav", "b.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    find = Finder(tmp_path)
    assert find("b.wav") == "b.wav"
    assert find("audio\\dog\\1.wav") == "audio/dog/1.wav"
    assert find("C:\\Users\\kim\\audio\\dog\\1.wav") == "audio/dog/1.wav"
    assert find("/home/kim/data/audio/cat/1.wav") == "audio/cat/1.wav"
    assert find("나.wav") == "audio/cat/나.wav"
    assert find("1.wav") == "1.wav"  # there are two
    assert find("none.wav") == "none.wav"
    assert find("a\0b.wav") == "a\0b.wav"


def test_western_letters_are_not_taken_for_korean(tmp_path):
    (tmp_path / "a.csv").write_bytes("file,label\na.wav,Äpfel\nb.wav,Åska\n".encode("cp1252"))
    table = read_table(tmp_path / "a.csv")
    assert [one.label for one in table.lines] == ["Äpfel", "Åska"]
    assert table.notes == ("a.csv is read as CP1252",)


@pytest.mark.parametrize("before", ["\n\n", "sep=;\n", "SEP=;\r\n", "\r\n"])
def test_what_spreadsheets_put_before_the_columns_is_passed_over(tmp_path, before):
    (tmp_path / "a.csv").write_bytes((before + "file;label\na.wav;dog\n").encode())
    assert lines(tmp_path / "a.csv") == [("a.wav", "dog", "", "")]


def test_a_column_called_split_is_the_fold(tmp_path):
    (tmp_path / "a.csv").write_text("file,label,split\na.wav,dog,train\n")
    assert lines(tmp_path / "a.csv") == [("a.wav", "dog", "", "train")]
