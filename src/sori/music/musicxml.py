"""MusicXML: reading the piano part of a score."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from sori.errors import AudioError, ParameterError, reason
from sori.music.score import SEMITONES, Key, Metre, Score, ScoreNote, changes, fifths_of, spelling

ENDINGS = (".musicxml", ".mxl", ".xml")
_MOST_BYTES = 256 << 20  # of a score when unpacked


def read_score(path: Path) -> Score:
    """Read the piano part of a score: the first part with two staves, or the first two parts as two hands.

    Grace notes are kept, with length 0; cue notes and notes that are not printed are not. Tied notes become one.

    Raises
    ------
    AudioError
        If the file cannot be read, is not MusicXML, or has no notes or no bars.

    Source: W3C Music Notation Community Group, MusicXML 4.0 (2021).
    """
    root = _root(path)
    if root.tag != "score-partwise":
        raise AudioError(f"{path}: not a MusicXML score by parts (score-partwise)")
    parts = root.findall("part")
    two = [part for part in parts if any(staff.text == "2" for staff in part.iter("staff"))]
    chosen = two[:1] or parts[:2]
    read = [_Part(path, part, hand=None if two else i + 1) for i, part in enumerate(chosen)]
    if not read or len(read[0].bars) < 2:
        raise AudioError(f"{path}: has no measures")
    notes = sorted(note for part in read for note in part.notes)
    if not notes:
        raise AudioError(f"{path}: has no notes")
    first = read[0]
    tempo = next((float(sound.get("tempo", 0)) for sound in root.iter("sound") if sound.get("tempo")), None)
    return Score(
        notes=tuple(notes),
        bars=tuple(first.bars),
        metres=changes(first.metres) or ((Fraction(0), Metre(4, 4)),),
        keys=changes(first.keys) or ((Fraction(0), Key(0)),),
        tempo=tempo,
        repeats=first.order(),
        title=root.findtext("work/work-title") or root.findtext("movement-title") or "",
        composer=next((c.text or "" for c in root.iter("creator") if c.get("type") == "composer"), ""),
    )


def _root(path: Path) -> ET.Element:
    try:
        data = path.read_bytes()
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                container = ET.fromstring(_unpacked(archive, "META-INF/container.xml", path))
                name = next(e.get("full-path") for e in container.iter() if e.tag.endswith("rootfile"))
                data = _unpacked(archive, str(name), path)
        return ET.fromstring(data)
    except OSError as error:
        raise AudioError(f"{path}: {reason(error)}") from error
    except (ET.ParseError, zipfile.BadZipFile, KeyError, StopIteration, zlib.error, ValueError, LookupError) as error:
        raise AudioError(f"{path}: not readable as MusicXML ({error or 'it names no score'})") from error


def _unpacked(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    if archive.getinfo(name).file_size > _MOST_BYTES:
        raise AudioError(f"{path}: unpacks to more than {_MOST_BYTES >> 20} MiB")
    return archive.read(name)


class _Part:
    """One part, read from its first bar to its last."""

    def __init__(self, path: Path, part: ET.Element, *, hand: int | None) -> None:
        self.notes: list[ScoreNote] = []
        self.bars = [Fraction(0)]
        self.metres: list[tuple[Fraction, Metre]] = []
        self.keys: list[tuple[Fraction, Key]] = []
        self._hand = hand
        self._divisions = Fraction(1)
        self._held: dict[tuple[int, int], int] = {}  # pitch and staff of a note that is tied on, and its place in notes
        self._transpose = 0
        self._begins: list[int] = []  # bars with a repeat sign at their beginning
        self._ends: dict[int, int] = {}  # and at their end: how often they are played
        self._endings: dict[int, set[int]] = {}  # bars that are played in some of the times alone
        self._ending: set[int] = set()
        try:
            for i, measure in enumerate(part.findall("measure")):
                self._measure(i, measure)
        except (ValueError, ZeroDivisionError, ParameterError, KeyError) as error:
            raise AudioError(f"{path}: measure {len(self.bars)} is not readable ({error})") from error

    def _measure(self, i: int, measure: ET.Element) -> None:
        begin = at = end = onset = self.bars[-1]
        for element in measure:
            if element.tag == "attributes":
                self._attributes(element, at)
            elif element.tag in ("backup", "forward"):
                step = Fraction(element.findtext("duration") or 0) / self._divisions
                at = max(begin, at + (step if element.tag == "forward" else -step))
            elif element.tag == "barline":
                self._barline(i, element)
            elif element.tag == "note" and element.find("cue") is None:
                length = Fraction(element.findtext("duration") or 0) / self._divisions
                if element.find("chord") is None:
                    onset, at = at, at + length
                if element.find("pitch") is not None and element.get("print-object") != "no":
                    self._note(element, onset, length)
            end = max(end, at)
        if self._ending:
            self._endings[i] = set(self._ending)
        for barline in measure.findall("barline"):
            ending = barline.find("ending")
            if ending is not None and ending.get("type") in ("stop", "discontinue"):
                self._ending = set()
        if end > begin:
            self.bars.append(end)
        else:  # an empty measure keeps its number by its metre
            self.bars.append(begin + (self.metres[-1][1].bar if self.metres else Fraction(4)))

    def _attributes(self, element: ET.Element, at: Fraction) -> None:
        if element.findtext("divisions"):
            self._divisions = Fraction(element.findtext("divisions") or 1)
        fifths = element.findtext("key/fifths")
        if fifths is not None:
            mode = element.findtext("key/mode")
            minor = None if mode not in ("major", "minor") else mode == "minor"
            self.keys.append((at, Key(int(fifths), minor)))
        counts, unit = element.findtext("time/beats"), element.findtext("time/beat-type")
        if counts and unit:
            self.metres.append((at, Metre(sum(int(count) for count in counts.split("+")), int(unit))))
        self._transpose = int(element.findtext("transpose/chromatic") or self._transpose)

    def _note(self, element: ET.Element, onset: Fraction, length: Fraction) -> None:
        step = (element.findtext("pitch/step") or "C").strip()
        alter = round(float(element.findtext("pitch/alter") or 0))
        octave = int(element.findtext("pitch/octave") or 4)
        pitch = 12 * (octave + 1) + SEMITONES[step] + alter + self._transpose
        if not 0 <= pitch <= 127 or abs(alter) > 3:
            return
        staff = self._hand or min(2, int(element.findtext("staff") or 1))
        fifths = fifths_of(step, alter) + 7 * self._transpose
        if self._transpose:
            fifths = min((fifths + 12 * k for k in range(-9, 9)), key=abs)
        spelling(pitch, fifths)
        ties = {tie.get("type") for tie in element.findall("tie")}
        is_grace = element.find("grace") is not None
        held = self._held.pop((pitch, staff), None) if "stop" in ties else None
        if held is not None and not is_grace:
            self.notes[held] = replace(self.notes[held], length=onset + length - self.notes[held].onset)
        else:
            held = len(self.notes)
            self.notes.append(
                ScoreNote(
                    onset=onset, length=Fraction(0) if is_grace else length, pitch=pitch, fifths=fifths, staff=staff,
                    voice=_number(element.findtext("voice")), is_grace=is_grace,
                    is_staccato=element.find("notations/articulations/staccato") is not None,
                    is_spread=element.find("notations/arpeggiate") is not None,
                )
            )  # fmt: skip
        if "start" in ties and not is_grace:
            self._held[pitch, staff] = held

    def _barline(self, i: int, element: ET.Element) -> None:
        repeat, ending = element.find("repeat"), element.find("ending")
        if repeat is not None and repeat.get("direction") == "forward":
            self._begins.append(i)
        elif repeat is not None:
            self._ends[i] = int(repeat.get("times") or 2)
        if ending is not None and ending.get("type") == "start":
            numbers = (ending.get("number") or "1").replace(",", " ").split()
            self._ending = {int(number.rstrip(".")) for number in numbers}

    def order(self) -> tuple[int, ...]:
        """Return the numbers of the bars as they are played; empty: each once."""
        if not self._ends:
            return ()
        order: list[int] = []
        i, begin, turn = 0, 0, 1
        while i < len(self.bars) - 1 and len(order) < 100_000:
            if i in self._begins and i != begin:
                begin, turn = i, 1
            if i in self._endings and turn not in self._endings[i]:
                i += 1
                continue
            order.append(i)
            if i in self._ends and turn < max(self._ends[i], max(self._endings.get(i, {1})) + (i in self._endings)):
                i, turn = begin, turn + 1
                continue
            if i in self._ends:
                begin, turn = i + 1, 1
            i += 1
        return tuple(order)


def _number(text: str | None) -> int:
    return int(text) if text and text.strip().isdecimal() else 1
