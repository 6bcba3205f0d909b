"""`sori listen`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console

FORMATS = ("text", "json", "vtt")


def listen(
    run: Annotated[Path, typer.Argument(help="A trained model (folder), or keywords, which ships with Sori.")],
    file: Annotated[Path | None, typer.Argument(help="A recording of any length.")] = None,
    microphone: Annotated[bool, typer.Option("--microphone", help="Listen to the microphone until Ctrl-C.")] = False,
    threshold: Annotated[float, typer.Option(help="How sure it must be of a word, 0 to 1.")] = 0.8,
    hop: Annotated[float, typer.Option(help="Seconds from one look to the next.")] = 0.1,
    smooth: Annotated[int, typer.Option(help="Looks that are averaged.")] = 3,
    ignore: Annotated[
        str | None, typer.Option(help="Classes that are no word, with commas between (default: silence, unknown).")
    ] = None,
    format: Annotated[str, typer.Option(help="text, json (a line per word), or vtt (captions).")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write to a file: .txt, .jsonl or .vtt says the format.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Say which words are spoken, and when: in a recording of any length, or live.

    Example: sori listen keywords meeting.flac --out meeting.vtt
    """
    from sori.atomic import replacing_file
    from sori.errors import ParameterError, SoriError, check_choice
    from sori.progress import silent
    from sori.tasks.spot import NOT_WORDS, Event, Listening, Spotter, json_line, spot, text_line, webvtt

    kind = "json" if json else format
    if out is not None:
        kind = {".txt": "text", ".jsonl": "json", ".vtt": "vtt"}.get(out.suffix.lower(), "")
        if not kind:
            raise ParameterError(f"{out}: the name must end in .txt, .jsonl or .vtt")
        if out.exists() and not overwrite:
            raise SoriError(f"{out}: is there already; give --overwrite to replace it, or another name")
    check_choice("format", kind, FORMATS)
    if (file is None) != microphone:
        raise ParameterError("give a recording, or --microphone, and not both.")
    listening = Listening(
        threshold=threshold,
        hop_s=hop,
        smooth=smooth,
        ignore=NOT_WORDS if ignore is None else tuple(name.strip() for name in ignore.split(",") if name.strip()),
    )

    def live() -> Iterator[Event]:
        from sori.audio import microphone as open_microphone

        spotter = Spotter(run, listening)
        try:
            for y in open_microphone(sr=spotter.sr, say=console.say):
                yield from spotter(y)
        except KeyboardInterrupt:
            console.say("stopped")
        yield from spotter.finish()

    with nullcontext(silent) if microphone else console.showing_progress() as progress:
        found = live() if file is None else spot(run, file, listening=listening, progress=progress, say=console.say)
        written: Iterator[str] = (
            webvtt(found)
            if kind == "vtt"
            else (f"{line}\n" for line in map(json_line if kind == "json" else text_line, found))
        )
        if out is None:
            for text in written:
                print(text, end="", flush=True)
            return
        out.parent.mkdir(parents=True, exist_ok=True)
        with replacing_file(out) as temporary, temporary.open("w", encoding="utf-8") as stream:
            stream.writelines(written)
    console.out.print(f"words: {out}")
