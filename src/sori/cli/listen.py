"""`sori listen`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console

FORMATS = ("text", "json", "vtt")


def listen(
    run: Annotated[Path, typer.Argument(help="A trained model (folder), or keywords, which ships with Sori.")],
    file: Annotated[Path | None, typer.Argument(help="A recording of any length.")] = None,
    microphone: Annotated[bool, typer.Option("--microphone", help="Listen to the microphone until Ctrl-C.")] = False,
    threshold: Annotated[float, typer.Option(help="Lowest probability of a word, 0 to 1.")] = 0.8,
    hop: Annotated[float, typer.Option(help="Seconds between windows.")] = 0.1,
    smooth: Annotated[int | None, typer.Option(help="Windows to average (default: those of 0.3 s).")] = None,
    ignore: Annotated[
        str | None, typer.Option(help="Classes that are not words, comma-separated (default: silence, unknown).")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="text, json (a line per word), or vtt (captions); default: text.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write: .txt, .jsonl or .vtt.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Spot words in a recording of any length, or live.

    Example: sori listen keywords meeting.flac --out meeting.vtt
    """
    from sori.errors import ParameterError, SoriError, check_choice
    from sori.folders import replacing_file
    from sori.inference import NOT_WORDS, Event, Spotter, SpotterSettings
    from sori.reporter import SILENT
    from sori.tasks.listen import json_line, spot, text_line, webvtt

    given = "json" if json else format
    kind = given or "text"
    if out is not None:
        kind = {".txt": "text", ".jsonl": "json", ".vtt": "vtt"}.get(out.suffix.lower(), "")
        if not kind:
            raise ParameterError(f"{out}: the name must end in .txt, .jsonl or .vtt")
        if given and given != kind:
            raise ParameterError(f"{out}: the name means {kind}, but the format given is {given}; give one of them")
        if out.exists() and not overwrite:
            raise SoriError(f"{out}: is there already; give `overwrite=True` to replace it, or another name")
    check_choice("format", kind, FORMATS)
    if (file is None) != microphone:
        raise ParameterError("give a recording, or `microphone`, and not both.")
    settings = SpotterSettings(
        threshold=threshold,
        hop_s=hop,
        smooth=smooth,
        ignore=NOT_WORDS if ignore is None else tuple(name.strip() for name in ignore.split(",") if name.strip()),
    )

    def live() -> Iterator[Event]:
        from sori.audio import microphone as open_microphone

        spotter = Spotter(run, settings)
        try:
            for y in open_microphone(sr=spotter.sr, reporter=console.TerminalReporter()):
                yield from spotter(y)
        except KeyboardInterrupt:
            console.say("stopped")
        yield from spotter.finish()

    with nullcontext(SILENT) if microphone else console.reporting() as reporter:
        found = live() if file is None else spot(run, file, settings=settings, reporter=reporter)

        def written(events: Iterable[Event]) -> Iterator[str]:
            if kind == "vtt":
                return webvtt(events)
            return (f"{line}\n" for line in map(json_line if kind == "json" else text_line, events))

        if out is None:
            for text in written(found):
                print(text, end="", flush=True)
            return
        out.parent.mkdir(parents=True, exist_ok=True)
        if file is None:  # live words cannot be recovered: each is written at once
            first = list(islice(found, 1))
            with out.open("w", encoding="utf-8") as stream:
                for text in written(chain(first, found)):
                    stream.write(text)
                    stream.flush()
                    print(text, end="", flush=True)
        else:
            with replacing_file(out) as temporary, temporary.open("w", encoding="utf-8") as stream:
                stream.writelines(written(found))
    console.out.print(f"words: {out}")
