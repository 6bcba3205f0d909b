"""Writing a score as MusicXML 4."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from fractions import Fraction
from itertools import groupby
from math import lcm
from pathlib import Path

from sori.folders import replacing_file
from sori.music.score import Key, Mark, Metre, Score, ScoreNote
from sori.notation.layout import Event, lay_out_bar
from sori.notation.staves import Clef, Octave, clefs, octaves

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 '
    'Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_SIGNS = {
    -3: "triple-flat",
    -2: "flat-flat",
    -1: "flat",
    0: "natural",
    1: "sharp",
    2: "double-sharp",
    3: "triple-sharp",
}
_STAVES = (1, 2)


def write_musicxml(score: Score, path: Path) -> None:
    """Write a score as MusicXML, one part with two staves."""
    with replacing_file(path) as temporary:
        temporary.write_text(musicxml(score), encoding="utf-8")


def musicxml(score: Score) -> str:
    """Return a score as MusicXML."""
    root = ET.Element("score-partwise", version="4.0")
    if score.title:
        _text(ET.SubElement(root, "work"), "work-title", score.title)
    identification = ET.SubElement(root, "identification")
    if score.composer:
        _text(identification, "creator", score.composer, type="composer")
    _text(ET.SubElement(identification, "encoding"), "software", "Sori")
    part_list = ET.SubElement(ET.SubElement(root, "part-list"), "score-part", id="P1")
    _text(part_list, "part-name", "Piano")
    instrument = ET.SubElement(part_list, "score-instrument", id="P1-I1")
    _text(instrument, "instrument-name", "Piano")
    midi = ET.SubElement(part_list, "midi-instrument", id="P1-I1")
    _text(midi, "midi-channel", "1")
    _text(midi, "midi-program", "1")
    part = ET.SubElement(root, "part", id="P1")
    writer = _Writer(score)
    for i in range(len(score.bars) - 1):
        part.append(writer.measure(i))
    ET.indent(root)
    return _HEAD + ET.tostring(root, encoding="unicode") + "\n"


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


class _Writer:
    """What is the same in all bars, and what one bar leaves for the next."""

    def __init__(self, score: Score) -> None:
        self.score = score
        self.divisions = lcm(*(at.denominator for note in score.notes for at in (note.onset, note.end)), 1)
        self.divisions = lcm(self.divisions, *(bar.denominator for bar in score.bars))
        self.divisions *= 4 if self.divisions < 64 else 1  # so that parts of split notes have whole numbers
        self.voices: dict[tuple[int, int], list[tuple[ScoreNote, ...]]] = {}
        for staff in _STAVES:
            notes = [note for note in score.notes if note.staff == staff and not note.is_grace]
            for voice in sorted({note.voice for note in notes}):
                own = sorted((n for n in notes if n.voice == voice), key=lambda n: (n.onset, n.length, n.pitch))
                self.voices[staff, voice] = [tuple(c) for _, c in groupby(own, key=lambda n: (n.onset, n.length))]
        self.graces: dict[tuple[int, int, Fraction], list[ScoreNote]] = defaultdict(list)
        for note in score.notes:
            if note.is_grace:
                self.graces[note.staff, note.voice, note.onset].append(note)
        self.clefs = {staff: clefs(score, staff) for staff in _STAVES}
        self.octaves = {staff: octaves(score, staff) for staff in _STAVES}
        self.marks: dict[int, list[tuple[Fraction, ET.Element, int]]] = defaultdict(list)
        for mark in score.marks:
            self._mark(mark)
        for staff in _STAVES:
            for octave in self.octaves[staff]:
                self._octave(octave, staff)

    def measure(self, i: int) -> ET.Element:
        """Return the element of a bar."""
        begin, end = self.score.bars[i], self.score.bars[i + 1]
        metre, key = self.score.metre_at(begin), self.score.key_at(begin)
        is_pickup = i == 0 and end - begin < metre.bar
        number = i if self._has_pickup() else i + 1
        measure = ET.Element("measure", {"number": str(number)} | ({"implicit": "yes"} if is_pickup else {}))
        self._attributes(measure, i, begin, metre, key)
        at = begin
        accidentals: dict[tuple[int, str, int], int] = {}
        for staff in _STAVES:
            several = sum(self._sounds(staff, voice, begin, end) for s, voice in self.voices if s == staff) > 1
            for voice in [v for s, v in self.voices if s == staff] or [1]:
                sounding = self._sounding(staff, voice, begin, end)
                if voice > 1 and not sounding:
                    continue
                events = lay_out_bar(begin, end, metre, sounding, hidden=voice > 1)
                at = self._move(measure, at, begin)
                marks = sorted(self.marks.get(i, ()), key=lambda m: m[0]) if voice == 1 else []
                marks = [mark for mark in marks if mark[2] == staff]
                for event in events:
                    while marks and marks[0][0] <= event.at:
                        at = self._place(measure, marks.pop(0), at)
                    at = self._move(measure, at, event.at)
                    stem = ("up" if voice == 1 else "down") if several else None
                    self._event(measure, event, staff, voice, stem, key, accidentals)
                    at = event.at + event.length
                for mark in marks:
                    at = self._place(measure, mark, at)
        self._move(measure, at, end)
        is_last = i == len(self.score.bars) - 2
        if is_last or self.score.is_free:
            style = "light-heavy" if is_last else "none"
            _text(ET.SubElement(measure, "barline", location="right"), "bar-style", style)
        return measure

    def _has_pickup(self) -> bool:
        first = self.score.bars[1] - self.score.bars[0]
        return first < self.score.metre_at(self.score.bars[0]).bar

    def _sounding(self, staff: int, voice: int, begin: Fraction, end: Fraction) -> list[tuple[ScoreNote, ...]]:
        chords = self.voices.get((staff, voice), [])
        return [chord for chord in chords if chord[0].onset < end and chord[0].end > begin]

    def _sounds(self, staff: int, voice: int, begin: Fraction, end: Fraction) -> bool:
        return bool(self._sounding(staff, voice, begin, end))

    def _ticks(self, length: Fraction) -> int:
        return round(length * self.divisions)

    def _move(self, measure: ET.Element, at: Fraction, to: Fraction) -> Fraction:
        """Go back or on in time."""
        ticks = self._ticks(to) - self._ticks(at)
        if ticks:
            element = ET.SubElement(measure, "forward" if ticks > 0 else "backup")
            _text(element, "duration", str(abs(ticks)))
        return to

    def _place(self, measure: ET.Element, mark: tuple[Fraction, ET.Element, int], at: Fraction) -> Fraction:
        """Add a mark at the present place, or away from it by an offset."""
        place, element, _ = mark
        if place != at:
            offset = ET.Element("offset")
            offset.text = str(self._ticks(place) - self._ticks(at))
            element.insert(1, offset)
        measure.append(element)
        return at

    def _attributes(self, measure: ET.Element, i: int, begin: Fraction, metre: Metre, key: Key) -> None:
        new_key = i == 0 or key != self.score.key_at(self.score.bars[i - 1])
        new_metre = i == 0 or metre != self.score.metre_at(self.score.bars[i - 1])
        changed = [(staff, clef) for staff in _STAVES for at, clef in self.clefs[staff] if at == begin]
        if not (new_key or new_metre or changed):
            return
        attributes = ET.SubElement(measure, "attributes")
        if i == 0:
            _text(attributes, "divisions", str(self.divisions))
        if new_key:
            element = ET.SubElement(attributes, "key")
            _text(element, "fifths", str(key.fifths))
            if key.minor is not None:
                _text(element, "mode", "minor" if key.minor else "major")
        if new_metre:
            element = ET.SubElement(attributes, "time", {"print-object": "no"} if self.score.is_free else {})
            _text(element, "beats", str(metre.count))
            _text(element, "beat-type", str(metre.unit))
        if i == 0:
            _text(attributes, "staves", "2")
        for staff, clef in changed:
            element = ET.SubElement(attributes, "clef", number=str(staff))
            _text(element, "sign", "G" if clef is Clef.TREBLE else "F")
            _text(element, "line", "2" if clef is Clef.TREBLE else "4")

    def _event(
        self,
        measure: ET.Element,
        event: Event,
        staff: int,
        voice: int,
        stem: str | None,
        key: Key,
        accidentals: dict[tuple[int, str, int], int],
    ) -> None:
        number = voice if staff == 1 else 4 + voice
        if not event.notes:
            note = ET.SubElement(measure, "note")
            ET.SubElement(note, "rest", {"measure": "yes"} if event.is_bar_rest else {})
            _text(note, "duration", str(self._ticks(event.length)))
            _text(note, "voice", str(number))
            if not event.is_bar_rest:
                self._type(note, event)
            _text(note, "staff", str(staff))
            self._notations(note, event, None, is_first=True)
            return
        if not event.tied_from:
            graces = sorted(
                self.graces.get((staff, voice, event.notes[0].onset), ()), key=lambda n: (n.onset_s, n.pitch)
            )
            for grace in graces:
                note = ET.SubElement(measure, "note")
                ET.SubElement(note, "grace", slash="yes")
                sign = self._pitch(note, grace, staff, key, accidentals)
                _text(note, "voice", str(number))
                _text(note, "type", "eighth")
                if sign:
                    _text(note, "accidental", sign)
                _text(note, "staff", str(staff))
        for k, printed in enumerate(event.notes):
            note = ET.SubElement(measure, "note", self._dynamics(printed))
            if k:
                ET.SubElement(note, "chord")
            sign = self._pitch(note, printed, staff, key, accidentals, is_tied=event.tied_from)
            _text(note, "duration", str(self._ticks(event.length)))
            if event.tied_from:
                ET.SubElement(note, "tie", type="stop")
            if event.tied_on:
                ET.SubElement(note, "tie", type="start")
            _text(note, "voice", str(number))
            _text(note, "type", event.name)
            for _ in range(event.dots):
                ET.SubElement(note, "dot")
            if sign:
                _text(note, "accidental", sign)
            self._modification(note, event)
            if stem:
                _text(note, "stem", stem)
            _text(note, "staff", str(staff))
            for level, beam in enumerate(event.beams if k == 0 else (), 1):
                _text(note, "beam", beam, number=str(level))
            self._notations(note, event, printed, is_first=k == 0)

    @staticmethod
    def _dynamics(note: ScoreNote) -> dict[str, str]:
        """Return the loudness as MusicXML has it, in percent of a forte of velocity 90."""
        return {"dynamics": f"{note.velocity / 0.9:.2f}"} if note.velocity else {}

    def _type(self, note: ET.Element, event: Event) -> None:
        _text(note, "type", event.name)
        for _ in range(event.dots):
            ET.SubElement(note, "dot")
        self._modification(note, event)

    @staticmethod
    def _modification(note: ET.Element, event: Event) -> None:
        if event.tuplet:
            element = ET.SubElement(note, "time-modification")
            _text(element, "actual-notes", str(event.tuplet[0]))
            _text(element, "normal-notes", str(event.tuplet[1]))

    def _pitch(
        self,
        note: ET.Element,
        printed: ScoreNote,
        staff: int,
        key: Key,
        accidentals: dict[tuple[int, str, int], int],
        *,
        is_tied: bool = False,
    ) -> str | None:
        """Write the pitch; return the sign it needs, if any, which holds to the end of the bar."""
        name = printed.spelling
        pitch = ET.SubElement(note, "pitch")
        _text(pitch, "step", name.step)
        if name.alter:
            _text(pitch, "alter", str(name.alter))
        _text(pitch, "octave", str(name.octave))
        holds = accidentals.get((staff, name.step, name.octave), key.alter(name.step))
        if is_tied:
            return None
        accidentals[staff, name.step, name.octave] = name.alter
        return None if holds == name.alter else _SIGNS[name.alter]

    @staticmethod
    def _notations(note: ET.Element, event: Event, printed: ScoreNote | None, *, is_first: bool) -> None:
        notations = ET.Element("notations")
        if printed is not None and event.tied_from:
            ET.SubElement(notations, "tied", type="stop")
        if printed is not None and event.tied_on:
            ET.SubElement(notations, "tied", type="start")
        if event.stops and is_first:
            ET.SubElement(notations, "tuplet", type="stop")
        if event.starts and is_first:
            ET.SubElement(notations, "tuplet", type="start", bracket="no" if event.beams else "yes")
        if printed is not None and printed.is_staccato and not event.tied_from and not event.tied_on and is_first:
            ET.SubElement(ET.SubElement(notations, "articulations"), "staccato")
        if printed is not None and printed.is_spread and not event.tied_from and len(event.notes) > 1:
            ET.SubElement(notations, "arpeggiate")
        if len(notations):
            note.append(notations)

    def _mark(self, mark: Mark) -> None:
        """Prepare the elements of a mark, at the bars they belong to."""
        if mark.kind == "tempo":
            self._add(mark.at, _tempo(mark.text), 1)
        elif mark.kind == "dynamic":
            self._add(mark.at, _direction("dynamics", mark.text), 1)
        elif mark.kind == "hairpin" and mark.until is not None:
            self._add(mark.at, _direction("wedge", None, type=mark.text, number="1"), 1)
            self._add(mark.until, _direction("wedge", None, type="stop", number="1"), 1)
        elif mark.kind == "pedal" and mark.until is not None:
            self._add(mark.at, _direction("pedal", None, type="start", line="yes", sign="no"), 2)
            self._add(mark.until, _direction("pedal", None, type="stop", line="yes", sign="no"), 2)

    def _octave(self, octave: Octave, staff: int) -> None:
        kind = "down" if octave.shift > 0 else "up"
        placement = "above" if octave.shift > 0 else "below"
        self._add(octave.begin, _direction("octave-shift", None, placement, type=kind, size="8", number="1"), staff)
        self._add(octave.end, _direction("octave-shift", None, placement, type="stop", size="8", number="1"), staff)

    def _add(self, at: Fraction, element: ET.Element, staff: int) -> None:
        _text(element, "staff", str(staff))
        sound = element.find("sound")
        if sound is not None:  # comes last
            element.remove(sound)
            element.append(sound)
        last = len(self.score.bars) - 2
        self.marks[min(last, self.score.bar_at(at))].append((at, element, staff))


def _direction(kind: str, text: str | None, placement: str = "below", **attributes: str) -> ET.Element:
    element = ET.Element("direction", placement=placement)
    inner = ET.SubElement(ET.SubElement(element, "direction-type"), kind, attributes)
    if text:
        ET.SubElement(inner, text)
    return element


def _tempo(text: str) -> ET.Element:
    """Return a tempo mark from "Allegro|3/2|96": words, the beat in quarters and beats a minute."""
    words, beat, count = text.split("|")
    element = ET.Element("direction", placement="above")
    if words:
        _text(ET.SubElement(element, "direction-type"), "words", words, **{"font-weight": "bold"})
    length = Fraction(beat)
    name = {1: "quarter", 2: "half"}.get(length.numerator if length.denominator == 1 else 0, "eighth")
    metronome = ET.SubElement(ET.SubElement(element, "direction-type"), "metronome", parentheses="no")
    dotted = length.numerator == 3
    base = {Fraction(3, 2): "quarter", Fraction(3): "half", Fraction(3, 4): "eighth"}.get(length, name)
    _text(metronome, "beat-unit", base)
    if dotted:
        ET.SubElement(metronome, "beat-unit-dot")
    _text(metronome, "per-minute", count)
    ET.SubElement(element, "sound", tempo=f"{float(count) * float(length):g}")
    return element
