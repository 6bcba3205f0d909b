import xml.etree.ElementTree as ET

import pypdf
import pytest

from sori.errors import MissingDependencyError, SoriError
from sori.notation.musicxml import musicxml
from sori.notation.pages import pages_in_time, svg_long, svg_pages, write_pdf


def test_pages_and_pdf(waltz, tmp_path):
    pages = svg_pages(musicxml(waltz))
    assert len(pages) == 1
    assert "Waltz" in pages[0]
    assert "\ueca5" not in pages[0]  # a letter of a music font that other programs lack
    ET.fromstring(pages[0])
    write_pdf(pages * 2, tmp_path / "waltz.pdf")
    document = pypdf.PdfReader(tmp_path / "waltz.pdf")
    assert len(document.pages) == 2
    assert float(document.pages[0].mediabox.width) == pytest.approx(595, abs=2)  # A4


def test_the_moments_of_a_page_are_those_of_the_notes(waltz):
    pages, moments = pages_in_time(musicxml(waltz))
    assert sorted({float(n.onset) for n in waltz.notes}) == [at for at, on, _ in moments if on]
    assert all(f'id="{name}"' in pages[0] for _, on, _ in moments for name in on)


def test_one_long_page(waltz):
    assert svg_long(musicxml(waltz)).count("<svg") >= 1


def test_what_is_no_score_is_told():
    with pytest.raises(SoriError, match="could not be engraved"):
        svg_pages("no score")


def test_a_system_without_cairo_is_told(monkeypatch, tmp_path):
    def lacking(name):
        raise OSError("no library called cairo")

    monkeypatch.setattr("sori.notation.pages.require", lacking)
    with pytest.raises(MissingDependencyError, match="libcairo2"):
        write_pdf(["<svg/>"], tmp_path / "a.pdf")
