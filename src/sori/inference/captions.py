"""Times and captions as text."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Write a time as hours, minutes and seconds.

    >>> clock(3661.25)
    '01:01:01.250'
    """
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def caption(start_s: float, end_s: float, text: str) -> str:
    r"""Write a cue of a WebVTT file.

    >>> caption(0, 1.5, "rock & roll")
    '00:00:00.000 --> 00:00:01.500\nrock &amp; roll\n\n'
    """
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{clock(start_s)} --> {clock(end_s)}\n{shown}\n\n"
