"""Pages that need nothing beside them: pictures, tables and sound in one HTML file."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_NUMBERS = tuple("0123456789+-–")
_STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --soft: #5b6875; --line: #d9dee4; --page: #f6f7f9; --card: #fff;
  --bad: #b42f2f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --soft: #9aa7b4; --line: #38424d; --page: #14181d;
  --card: #1d232a; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.2rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", "Noto Sans CJK KR", sans-serif; }
h1 { margin: 0; font-size: 1.7rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); } .warn { color: var(--bad); font-weight: 600; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; } .card { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: 1rem; } .grow { flex: 1 1 26rem; min-width: 0; overflow-x: auto; }
.big { font-size: 1.8rem; font-weight: 650; line-height: 1.25; white-space: nowrap; } .figure { flex: 1 1 9rem; }
.picture { background: #fff; } .picture svg { display: block; max-width: 100%; height: auto; margin: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { font-weight: 600; color: var(--soft); white-space: nowrap; } td.n, th.n { text-align: right; }
td.n { white-space: nowrap; } th.n { white-space: normal; vertical-align: bottom; }
.row + .card { margin-top: 1rem; }
@media (prefers-color-scheme: dark) { .line-art { background: #1c1c1c; }
  .line-art svg { filter: invert(.89) hue-rotate(180deg); } }
audio { height: 2rem; vertical-align: middle; max-width: 100%; } code { font-size: .9em; }
"""


def page(title: str, parts: Sequence[str]) -> str:
    """Make a page of ``parts``, which are HTML already."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def picture(svg: str, *, line_art: bool = True) -> str:
    """Put a picture on a card. Line art turns dark where the screen is; colours that mean something stay."""
    return f'<div class="card grow picture{" line-art" if line_art else ""}">{svg}</div>'


def player(mp3: bytes) -> str:
    """Make a player of an MP3 that the page carries within it."""
    data = b64encode(mp3).decode()
    return f'<audio controls preload="metadata" src="data:audio/mpeg;base64,{data}"></audio>'


def facts_table(rows: Mapping[str, Any]) -> str:
    """Make a table of names and values, which are shown as plain text."""
    cells = "".join(f"<tr><th>{escape(k)}</th><td>{escape(_plain(v))}</td></tr>" for k, v in rows.items())
    return f'<div class="card" style="overflow-x:auto"><table>{cells}</table></div>'


def plain(text: str) -> str:
    """Escape a text; what stands in backticks, as arguments do, becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, (list, tuple)) else str(value)


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Make a table of columns of plain text; those of numbers stand to the right, and never break."""
    of_numbers = [all(row[i][:1] in _NUMBERS for row in rows) for i in range(len(heads))]
    marks = [' class="n"' if numbers else "" for numbers in of_numbers]

    def line(kind: str, cells: Sequence[str]) -> str:
        tags = (f"<{kind}{mark}>{escape(cell)}</{kind}>" for mark, cell in zip(marks, cells, strict=True))
        return f"<tr>{''.join(tags)}</tr>"

    head, lines = line("th", heads), "".join(line("td", row) for row in rows)
    return f'<div class="card" style="overflow-x:auto"><table>{head}{lines}</table></div>'
