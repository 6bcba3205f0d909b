"""`sori listen`."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sori.cli import console
from sori.cli.options import check_new
from sori.errors import ParameterError, SoriError, check_choice, printable

if TYPE_CHECKING:
    from sori.inference import Event

FORMATS = ("text", "json", "vtt")
_SUFFIXES = {".txt": "text", ".jsonl": "json", ".vtt": "vtt"}


def listen(
    run: Annotated[Path, typer.Argument(help="A trained model (folder), or keywords or sounds, which ship with Sori.")],
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Recordings of any length, or folders of them.")
    ] = None,
    microphone: Annotated[bool, typer.Option("--microphone", help="Listen to the microphone until Ctrl-C.")] = False,
    threshold: Annotated[
        float | None, typer.Option(help="Lowest probability, 0 to 1 (default: 0.8 for words, 0.3 for sounds).")
    ] = None,
    hop: Annotated[
        float | None, typer.Option(help="Seconds between windows (default: 0.1 for words, 0.48 for sounds).")
    ] = None,
    smooth: Annotated[
        int | None, typer.Option(help="Windows to average (default: those of 0.3 s; 3 for sounds).")
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(help="Classes not to be told, comma-separated (default for words: silence, unknown).")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="text, json (a line per word), or vtt (captions); default: text.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write: .txt, .jsonl or .vtt.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Spot words, or other sounds, in recordings of any length, or live.

    Example: sori listen keywords meeting.flac --out meeting.vtt
    """
    from sori.audio import recordings_of

    kind = _kind(out, "json" if json else format, overwrite=overwrite)
    if (not files) != microphone:
        raise ParameterError("give recordings, or `microphone`, and not both.")
    given: dict[str, Any] = {"threshold": threshold, "hop_s": hop, "smooth": smooth}
    if ignore is not None:
        given["ignore"] = tuple(name.strip() for name in ignore.split(",") if name.strip())
    settings = {name: value for name, value in given.items() if value is not None}
    if microphone:
        _listen_live(run, settings, kind, out)
        return
    recordings = recordings_of(files or ())
    if kind == "vtt" and len(recordings) > 1:
        raise ParameterError("captions are of one recording: give one, or another `format`.")
    failed = _listen_to(run, recordings, settings, kind, out)
    if out is not None:
        console.show(f"written: {out}")
    if failed:
        raise typer.Exit(1)


def _kind(out: Path | None, given: str | None, *, overwrite: bool) -> str:
    """Return the format to write."""
    kind = given or "text"
    if out is not None:
        check_new(out, *_SUFFIXES, overwrite=overwrite)
        kind = _SUFFIXES[out.suffix.lower()]
        if given and given != kind:
            raise ParameterError(f"{out}: the name means {kind}, but the format given is {given}; give one of them")
    check_choice("format", kind, FORMATS)
    return kind


def _written(events: Iterable[Event], kind: str, file: str = "") -> Iterator[str]:
    """Yield the text of events, line by line."""
    from sori.tasks.listen import json_line, text_line, webvtt

    if kind == "vtt":
        return webvtt(events)
    line = json_line if kind == "json" else text_line
    return (f"{line(event, file)}\n" for event in events)


def _listen_to(run: Path, files: list[Path], settings: Mapping[str, Any], kind: str, out: Path | None) -> int:
    """Write the words in each recording; return how many recordings could not be read."""
    from sori.folders import replacing_file
    from sori.tasks.listen import spot

    failed = 0
    with ExitStack() as stack:
        reporter = stack.enter_context(console.reporting())
        stream = None
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(replacing_file(out))
            stream = stack.enter_context(temporary.open("w", encoding="utf-8"))
        for file in files:
            name = printable(file) if len(files) > 1 else ""
            try:
                for text in _written(spot(run, file, reporter=reporter, **settings), kind, name):
                    if stream is None:
                        print(text if kind == "json" else _visible_lines(text), end="", flush=True)
                    else:
                        stream.write(text)
            except SoriError as error:
                if len(files) == 1:
                    raise
                failed += 1
                console.fail(console.described(error))
                if kind == "json":
                    text = console.json_text({"file": name, "error": printable(error)})
                    print(text, flush=True) if stream is None else stream.write(f"{text}\n")
    return failed


def _listen_live(run: Path, settings: Mapping[str, Any], kind: str, out: Path | None) -> None:
    """Write words as they are spoken; live words cannot be recovered, so each is written at once."""
    from sori.audio import microphone
    from sori.inference import open_spotter

    def live() -> Iterator[Event]:
        spotter = open_spotter(run, **settings)
        try:
            for y in microphone(sr=spotter.sr, reporter=console.TerminalReporter()):
                yield from spotter(y)
        except KeyboardInterrupt:
            console.say("stopped")
        yield from spotter.finish()

    signal.signal(signal.SIGINT, signal.default_int_handler)  # how listening ends
    found = live()
    first = list(islice(found, 1))  # before the file is replaced, the microphone and the model must work
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
    with nullcontext() if out is None else out.open("w", encoding="utf-8") as stream:
        for text in _written(chain(first, found), kind):
            if stream is not None:
                stream.write(text)
                stream.flush()
            print(text if kind == "json" else _visible_lines(text), end="", flush=True)
    if out is not None:
        console.show(f"written: {out}")


def _visible_lines(text: str) -> str:
    return "\n".join(map(console.visible, text.split("\n")))
