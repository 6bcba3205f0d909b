"""Pages of a score, engraved by verovio: SVG and PDF."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

from sori.errors import MissingDependencyError, SoriError, require
from sori.folders import replacing_file

_A4 = (2100, 2970)  # tenths of a millimetre
_SCALE = 40  # percent
# Notes in tempo marks are letters of a music font, which other programs lack: ordinary note signs are drawn instead.
_NOTE_SIGNS = {"\ueca3": "𝅗𝅥", "\ueca5": "♩", "\ueca7": "♪", "\uecb7": "."}
_TEXT = '<tspan font-family="DejaVu Sans, Noto Music, Noto Sans Symbols2, Apple Symbols, Segoe UI Symbol, serif"'


def svg_pages(musicxml: str) -> list[str]:
    """Engrave MusicXML; return each page as SVG.

    Raises
    ------
    SoriError
        If verovio does not understand it.
    """
    toolkit = engraver(musicxml)
    return [_with_signs(toolkit.renderToSVG(number)) for number in range(1, toolkit.getPageCount() + 1)]


def pages_in_time(musicxml: str) -> tuple[list[str], list[tuple[float, list[str], list[str]]]]:
    """Engrave MusicXML; return its pages, and for each moment in quarters the elements that begin and end there."""
    toolkit = engraver(musicxml, svgHtml5=False)
    pages = [_with_signs(toolkit.renderToSVG(number)) for number in range(1, toolkit.getPageCount() + 1)]
    moments = [
        (float(moment["qstamp"]), list(moment.get("on", ())), list(moment.get("off", ())))
        for moment in toolkit.renderToTimemap()
    ]
    return pages, moments


def svg_long(musicxml: str) -> str:
    """Engrave MusicXML as one SVG, as long as the music."""
    return _with_signs(engraver(musicxml, adjustPageHeight=True, pageHeight=60_000).renderToSVG(1))


def engraver(musicxml: str, **options: Any) -> Any:
    """Return verovio's toolkit with a score loaded."""
    verovio = require("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {"pageWidth": _A4[0], "pageHeight": _A4[1], "scale": _SCALE, "footer": "none",
         "justifyVertically": False, "svgViewBox": True, "condense": "none", **options}
    )  # fmt: skip
    if not toolkit.loadData(musicxml):
        raise SoriError("the score could not be engraved: verovio does not read it")
    return toolkit


def _with_signs(svg: str) -> str:
    def plain(match: re.Match[str]) -> str:
        text = "".join(_NOTE_SIGNS.get(letter, letter) for letter in match[2])
        return f"{_TEXT}{match[1]}>{text}<"

    return re.sub(r'<tspan font-family="Leipzig"([^>]*)>([^<]*)<', plain, svg)


def write_pdf(pages: list[str], path: Path) -> None:
    """Write SVG pages as one PDF of A4.

    Raises
    ------
    MissingDependencyError
        If the system lacks the cairo library.
    """
    try:
        cairosvg = require("cairosvg")
        pypdf = require("pypdf")
    except OSError as error:  # the Python package is there, the library is not
        raise MissingDependencyError(
            "writing PDF needs the cairo library of the system (Debian: libcairo2; macOS: brew install cairo)"
        ) from error
    document = pypdf.PdfWriter()
    for page in pages:
        data = cairosvg.svg2pdf(bytestring=_with_fonts(page).encode(), output_width=_A4[0] / 10 / 25.4 * 96)
        document.append(pypdf.PdfReader(io.BytesIO(data)))
    with replacing_file(path) as temporary:
        document.write(temporary)


def _with_fonts(page: str) -> str:
    """Name a font of the system that has the letters of a text beyond Europe's; cairo looks for none by itself."""

    def named(match: re.Match[str]) -> str:
        family = _font_with(max(match[2]))
        return f'<tspan font-family="{family}"{match[1]}>{match[2]}<' if family else match[0]

    return re.sub(r"<tspan((?: [^>]*)?)>([^<]*[\u2e80-\uffdc][^<]*)<", named, page)


@lru_cache(maxsize=64)
def _font_with(letter: str) -> str:
    """Return a font of the system that has a letter, as fontconfig knows it; empty if that is not there."""
    if shutil.which("fc-list") is None:
        return ""
    listed = subprocess.run(
        ["fc-list", f":charset={ord(letter):x}", "family"], capture_output=True, text=True, check=False, timeout=20
    )
    return min((line.split(",")[0] for line in listed.stdout.splitlines() if line), default="").replace('"', "")
