"""Notes as text: tables of tab-separated values, and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sori.folders import replacing_file
from sori.music.notes import Note

_DECIMALS = 4  # of times in seconds


def write_tsv(notes: Sequence[Note], path: Path) -> None:
    """Write a table with a line for each note: onset and offset in seconds, pitch and velocity."""
    lines = [f"{n.onset_s:.{_DECIMALS}f}\t{n.offset_s:.{_DECIMALS}f}\t{n.pitch}\t{n.velocity}" for n in notes]
    _write("\n".join(["onset_s\toffset_s\tpitch\tvelocity", *lines]) + "\n", path)


def write_json(
    notes: Sequence[Note], path: Path, *, duration_s: float, pedals: Sequence[tuple[float, float]] = ()
) -> None:
    """Write JSON: the duration of the recording, the fields of each note, and when the pedal goes down and up."""
    rows = [
        {**asdict(n), "onset_s": round(n.onset_s, _DECIMALS), "offset_s": round(n.offset_s, _DECIMALS)} for n in notes
    ]
    pressed = [{"down_s": round(down_s, _DECIMALS), "up_s": round(up_s, _DECIMALS)} for down_s, up_s in pedals]
    values = {"duration_s": round(duration_s, _DECIMALS), "notes": rows, "pedals": pressed}
    _write(json.dumps(values, indent=1) + "\n", path)


def _write(text: str, path: Path) -> None:
    with replacing_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
