from base64 import b64decode
from html.parser import HTMLParser

import pytest

from sori.reports.page import facts_table, page, picture, plain, player, text_table

NAMES = '<b>비</b> & "A\'s"'


class Read(HTMLParser):
    """What a browser makes of a page: its tags, and the text of its cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.texts.append(data)


def test_a_name_is_text_wherever_it_stands():
    for html in (page(NAMES, []), facts_table({NAMES: NAMES}), text_table([NAMES], [[NAMES]]), plain(NAMES)):
        read = Read(html)
        assert "b" not in read.tags
        assert NAMES in read.texts


def test_parts_are_html_already_and_stand_in_their_order():
    text = page("title", ["<h1>one</h1>", "<p>two</p>"])
    assert text.startswith("<!doctype html>\n")
    assert text.index("<h1>one</h1>") < text.index("<p>two</p>") < text.index("</body>")


def test_what_stands_in_backticks_becomes_code():
    assert plain("give `width=<2>` or `l2`") == "give <code>width=&lt;2&gt;</code> or <code>l2</code>"
    assert plain("one ` alone") == "one ` alone"
    assert plain("it's") == "it's"


def test_a_player_carries_its_sound_within():
    (source,) = (value for name, value in Read(player(b"\x00mp3\xff")).attributes if name == "src")
    kind, _, data = source.partition(";base64,")
    assert (kind, b64decode(data)) == ("data:audio/mpeg", b"\x00mp3\xff")


def test_only_line_art_turns_dark():
    assert 'class="card grow picture line-art"' in picture("<svg/>")
    assert 'class="card grow picture"' in picture("<svg/>", line_art=False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        ([1, "a"], "1, a"),
        ({"sr": 8000, "windows": (512, 1024)}, "sr 8000, windows 512, 1024"),
        (None, "None"),
    ],
)
def test_values_are_shown_as_plain_text(value, shown):
    assert f"<td>{shown}</td>" in facts_table({"x": value})


def test_columns_of_numbers_stand_to_the_right():
    html = text_table(["name", "F1", "change"], [["a", "0.5", "-1"], ["3b", "0.75", "–"]])
    assert '<tr><th>name</th><th class="n">F1</th><th class="n">change</th></tr>' in html
    assert '<tr><td>a</td><td class="n">0.5</td><td class="n">-1</td></tr>' in html


def test_a_page_needs_nothing_beside_it():
    read = Read(page("title", [picture("<svg/>"), player(b"")]))
    assert not {"link", "script", "img"} & set(read.tags)
    assert all(value.startswith("data:") for name, value in read.attributes if name in ("src", "href"))
