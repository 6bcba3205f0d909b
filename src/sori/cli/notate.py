"""`sori notate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite, names, parsed
from sori.errors import ParameterError

if TYPE_CHECKING:
    from sori.notation.notate import NotationOptions

_KNOWN = "What is known of the music"


def notate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="MIDI files, piano recordings, or folders of them.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("scores"),
    format: Annotated[
        str, typer.Option(help="musicxml, pdf, svg, html (plays) or mid (with bars), comma-separated.")
    ] = "musicxml",
    detail: Annotated[
        str, typer.Option(help="simple (one voice a hand), usual, or faithful (any division of a beat).")
    ] = "usual",
    title: Annotated[str, typer.Option(help="Title; otherwise the file's name.")] = "",
    composer: Annotated[str, typer.Option(help="Composer.")] = "",
    quantised: Annotated[
        bool, typer.Option("--quantised", help="MIDI on the grid of the score, instead of as played.")
    ] = False,
    instruments: Annotated[
        str, typer.Option(help="Instruments of a MIDI file to write, as in 1,2; otherwise all but drums.")
    ] = "",
    overwrite: Overwrite = False,
    json: Json = False,
    metre: Annotated[
        str, typer.Option(help="Metre, as in 3/4 or 6/8; auto; none: free rhythm.", rich_help_panel=_KNOWN)
    ] = "auto",
    tempo: Annotated[
        str, typer.Option(help="Beats a minute, lowest and highest, as in 80-100.", rich_help_panel=_KNOWN)
    ] = "auto",
    beats: Annotated[
        Path | None,
        typer.Option(
            help="Text file of beats: on each line a time in seconds and the place in the bar, as in 1.25 1.",
            rich_help_panel=_KNOWN,
        ),
    ] = None,
    key: Annotated[
        str, typer.Option(help="Key signature: sharps, or flats below 0, as in 3 or -2.", rich_help_panel=_KNOWN)
    ] = "auto",
) -> None:
    """Write played notes as sheet music: beats, bars, hands, note values, keys and spelling.

    Example: sori notate waltz.mid --format musicxml,pdf --metre 3/4 --out scores
    """
    from sori.tasks.notate import notate_files

    options = _options(metre, tempo, beats, key, detail, title, composer)
    numbers = parsed("instruments", instruments, int, "numbers, as in 1,2") if instruments else ()
    with console.reporting() as reporter:
        results = notate_files(
            files,
            out,
            formats=names(format),
            options=options,
            instruments=numbers,
            quantised=quantised,
            overwrite=overwrite,
            reporter=reporter,
        )
        console.report_each(results, json=json)


def _options(
    metre: str, tempo: str, beats: Path | None, key: str, detail: str, title: str, composer: str
) -> NotationOptions:
    from sori.music.score import Metre
    from sori.notation.notate import NotationOptions
    from sori.notation.rhythm import read_beats

    between: tuple[float, float] | None = None
    if tempo != "auto":
        low, _, high = tempo.partition("-")
        try:
            between = (float(low), float(high or low) + (0 if high else 0.01))
        except ValueError as error:
            raise ParameterError(
                f"a tempo is one or two numbers, as in 80-100. Received {tempo!r}.", "tempo"
            ) from error
    return NotationOptions(
        metre=None if metre in ("auto", "none") else Metre.parse(metre),
        is_free=metre == "none",
        tempo=between,
        key=None if key == "auto" else parsed("key", key, int, "a number from -7 to 7, or auto")[0],
        detail=detail,
        beats=None if beats is None else read_beats(beats),
        title=title,
        composer=composer,
    )
