"""General MIDI instruments by name, with the range of the real instruments."""

from __future__ import annotations

from dataclasses import dataclass

from sori.errors import ParameterError, check_choice


@dataclass(frozen=True)
class Instrument:
    """A name, its General MIDI program (from 0), its lowest and highest MIDI pitch, and whether its notes decay."""

    name: str
    program: int
    lowest: int = 0
    highest: int = 127
    decays: bool = False


_KNOWN = (
    Instrument("piano", 0, 21, 108, decays=True),
    Instrument("electric-piano", 4, 28, 103, decays=True),
    Instrument("harpsichord", 6, 29, 89, decays=True),
    Instrument("celesta", 8, 60, 108, decays=True),
    Instrument("glockenspiel", 9, 79, 108, decays=True),
    Instrument("vibraphone", 11, 53, 89, decays=True),
    Instrument("marimba", 12, 45, 96, decays=True),
    Instrument("xylophone", 13, 65, 108, decays=True),
    Instrument("organ", 19, 24, 96),
    Instrument("accordion", 21, 53, 89),
    Instrument("guitar", 24, 40, 83, decays=True),
    Instrument("steel-guitar", 25, 40, 84, decays=True),
    Instrument("electric-guitar", 27, 40, 86, decays=True),
    Instrument("bass", 32, 28, 67, decays=True),
    Instrument("electric-bass", 33, 28, 67, decays=True),
    Instrument("violin", 40, 55, 103),
    Instrument("viola", 41, 48, 91),
    Instrument("cello", 42, 36, 76),
    Instrument("double-bass", 43, 28, 67),
    Instrument("harp", 46, 23, 103, decays=True),
    Instrument("strings", 48, 28, 96),
    Instrument("choir", 52, 48, 79),
    Instrument("trumpet", 56, 54, 86),
    Instrument("trombone", 57, 40, 72),
    Instrument("tuba", 58, 28, 58),
    Instrument("horn", 60, 34, 77),
    Instrument("soprano-sax", 64, 56, 88),
    Instrument("alto-sax", 65, 49, 81),
    Instrument("tenor-sax", 66, 44, 76),
    Instrument("oboe", 68, 58, 91),
    Instrument("english-horn", 69, 52, 81),
    Instrument("bassoon", 70, 34, 75),
    Instrument("clarinet", 71, 50, 94),
    Instrument("piccolo", 72, 74, 102),
    Instrument("flute", 73, 60, 96),
    Instrument("recorder", 74, 60, 96),
)
INSTRUMENTS = {instrument.name: instrument for instrument in _KNOWN}


def instrument(name: str) -> Instrument:
    """Return an instrument by its name, or by its General MIDI program, 0 to 127, as ``gm:N``.

    Raises
    ------
    ParameterError
        If no instrument has that name.

    >>> instrument("violin").program, instrument("gm:105").name
    (40, 'gm:105')
    """
    name = name.strip().lower().replace(" ", "-").replace("_", "-")
    if name.startswith("gm:"):
        number = name.removeprefix("gm:")
        if not number.isdecimal() or int(number) > 127:
            raise ParameterError(f"a General MIDI program must be gm:0 to gm:127. Received {name!r}.")
        return Instrument(f"gm:{int(number)}", int(number))
    check_choice("an instrument", name, INSTRUMENTS)
    return INSTRUMENTS[name]
