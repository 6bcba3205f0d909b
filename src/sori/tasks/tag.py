"""`sori tag`: the kinds of sound in recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sori.audio import recordings_of
from sori.errors import SoriError
from sori.inference import Tagger, TaggerSettings, Tags
from sori.reporter import Reporter, usual


def tag(
    files: Sequence[str | Path], *, settings: TaggerSettings | None = None, reporter: Reporter | None = None
) -> Iterator[tuple[Path, Tags | SoriError]]:
    """Yield each recording, also those in folders, with its tags, or the error if it cannot be read."""
    reporter, tagger, listed = usual(reporter), Tagger(settings=settings), recordings_of(files)
    for i, file in enumerate(listed, 1):
        try:
            yield file, tagger.tag_file(file)
        except SoriError as error:
            yield file, error
        reporter.progress("Tagging", i, len(listed))
