"""Spot words in a recording of any length, and write them as text, JSON or captions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sori.audio import blocks, info
from sori.inference import Event, open_spotter
from sori.inference.captions import caption, clock
from sori.reporter import SILENT, Reporter

_BLOCK_S = 10.0


def spot(
    run: str | Path,
    file: str | Path,
    *,
    reporter: Reporter = SILENT,
    **changes: Any,
) -> Iterator[Event]:
    """Yield the words in a recording of any length, at any rate, in the order in which they end.

    Parameters
    ----------
    run
        A trained model (folder, or the name of one that ships with Sori).
    changes
        Fields of its settings, as :func:`sori.inference.open_spotter` takes them.

    Raises
    ------
    AudioError
        If the recording cannot be read.
    BundleError
        If it is not a model, or cannot be used on recordings.
    """
    spotter = open_spotter(run, **changes)
    header = info(file)
    if header.sr != spotter.sr:
        reporter.say(f"{file}: resampled from {header.sr} to the model's {spotter.sr} Hz")
    total_s, done_s = header.duration_s or header.announced_s or 0.0, 0.0
    for y in blocks(file, sr=spotter.sr, block_s=_BLOCK_S):
        yield from spotter(y)
        done_s += len(y) / spotter.sr
        reporter.progress("Listening", round(done_s), round(max(done_s, total_s)))
    yield from spotter.finish()


def webvtt(events: Iterable[Event], *, width_s: float = 1.0) -> Iterator[str]:
    """Write events as a WebVTT file, line by line: captions that a player shows while the recording plays.

    >>> print("".join(webvtt([Event(3661.25, "yes", 0.9)])))
    WEBVTT
    <BLANKLINE>
    01:01:00.750 --> 01:01:01.750
    yes (90 %)
    <BLANKLINE>
    <BLANKLINE>
    """
    yield "WEBVTT\n\n"
    for event in events:
        start_s = max(0.0, event.time_s - width_s / 2)
        yield caption(start_s, start_s + width_s, f"{event.label} ({100 * event.confidence:.0f} %)")


def json_line(event: Event, file: str = "") -> str:
    """Write an event as a line of JSON, with the name of its recording if there are several."""
    values = asdict(event)
    rounded = {"time_s": round(values["time_s"], 3), "confidence": round(values["confidence"], 4)}
    return json.dumps({**({"file": file} if file else {}), **values, **rounded}, ensure_ascii=False)


def text_line(event: Event, file: str = "") -> str:
    """Write an event as a line of text: the recording if there are several, time, word and confidence."""
    return f"{file + '  ' if file else ''}{clock(event.time_s)}  {event.label}  {100 * event.confidence:.0f} %"
