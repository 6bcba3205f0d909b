"""A figure of its own for a picture that was not given axes, and its way into a page."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from sori.errors import check_choice
from sori.folders import replacing_file

INK, GRID = "#1f2933", "#d9dee4"
TRAIN, VALID, BAD = "#2a6fbb", "#d9822b", "#c23b3b"
# Fonts that have Hangul and Han letters, the first that is installed being the fallback of the default one.
_WIDE_FONTS = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "Noto Sans CJK JP",
)


def own_axes(*, width: float = 6.0, height: float = 3.6) -> Axes:
    """Axes in a new figure of that size in inches, which no window manager knows of."""
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def tidy(ax: Axes) -> Axes:
    """Take away what carries no information."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def to_svg(ax: Axes) -> str:
    """Draw the figure that ``ax`` is in as an SVG element; its words stay words."""
    file = io.StringIO()
    with _settled():
        _lettered(ax).savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def save(ax: Axes, path: str | Path) -> None:
    """Draw the figure that ``ax`` is in into a PNG, SVG or PDF file.

    Raises
    ------
    ParameterError
        If the ending of the name is of another kind.
    """
    path = Path(path)
    check_choice("the ending of the image's name", path.suffix.lower(), (".png", ".svg", ".pdf"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with _settled(), replacing_file(path) as temporary:
        _lettered(ax).savefig(temporary, format=path.suffix[1:].lower(), dpi=150)


def _lettered(ax: Axes) -> Figure:
    """Return the figure that ``ax`` is in, its words in fonts that have every letter: they chose theirs when made."""
    figure = ax.figure
    whole = figure if isinstance(figure, Figure) else figure.figure
    for text in whole.findobj(Text):
        if isinstance(text, Text) and text.get_fontfamily() == ["sans-serif"]:
            text.set_fontfamily(_families())
    return whole


@contextmanager
def _settled() -> Iterator[None]:
    """Fonts that have every letter we know of, words as words, and the same bytes for the same picture."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with (
        rc_context({"svg.fonttype": "none", "font.family": _families(), "svg.hashsalt": "sori"}),
        warnings.catch_warnings(),
    ):
        # A browser has fonts of its own for letters that these lack.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@cache
def _families() -> list[str]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *[name for name in _WIDE_FONTS if name in installed][:1]]
