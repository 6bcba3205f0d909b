"""Writing a score to files: MusicXML, MIDI, engraved pages, a page that plays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy.typing as npt

from sori.errors import check_choice, check_installed
from sori.folders import replacing_file
from sori.music.notes import Note
from sori.music.score import Score
from sori.notation.musicxml import musicxml, write_musicxml
from sori.notation.pages import svg_long, svg_pages, write_pdf

SCORE_FORMATS = ("musicxml", "pdf", "svg", "html")


def check_engraver(formats: Sequence[str]) -> None:
    """Raise an error if a format needs a library that is not installed."""
    if {"pdf", "svg", "html"} & set(formats):
        check_installed("verovio")
    if "pdf" in formats:
        check_installed("cairosvg", "pypdf")


def write_score(
    score: Score, path: Path, notes: Sequence[Note], pedals: npt.ArrayLike, *, recording: Path | None = None
) -> None:
    """Write a score as its file's name ends: MusicXML, PDF, SVG (one long page) or HTML.

    Parameters
    ----------
    notes, pedals
        As they were played, for the page that plays them.
    recording
        The recording they were heard in, which that page plays, too.
    """
    kind = path.suffix[1:]
    check_choice("format", kind, SCORE_FORMATS)
    if kind == "musicxml":
        write_musicxml(score, path)
    elif kind == "pdf":
        write_pdf(svg_pages(musicxml(score)), path)
    elif kind == "svg":
        with replacing_file(path) as temporary:
            temporary.write_text(svg_long(musicxml(score)), encoding="utf-8")
    else:
        from sori.notation.player import write_player  # reads recordings

        write_player(score, path, notes, recording=recording)
