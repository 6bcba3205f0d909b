"""Pages of scores: one that plays with a cursor, and one that shows a score above the true one."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from sori import audio
from sori.errors import SoriError, check_installed
from sori.evaluation.scores import ScoreComparison
from sori.folders import replacing_file
from sori.music.notes import Note
from sori.music.score import Score
from sori.notation.musicxml import musicxml, write_musicxml
from sori.notation.pages import pages_in_time, svg_long, svg_pages, write_pdf
from sori.reports.page import page, picture, text_table
from sori.synth.additive import AdditiveSynth
from sori.synth.instruments import INSTRUMENTS
from sori.synth.soundfont import SoundFontSynth, default_soundfont

SCORE_FORMATS = ("musicxml", "pdf", "svg", "html")


def check_engraver(formats: Sequence[str]) -> None:
    """Raise an error if a format needs a library that is not installed."""
    if {"pdf", "svg", "html"} & set(formats):
        check_installed("verovio")
    if "pdf" in formats:
        check_installed("cairosvg", "pypdf")


def write_score(score: Score, path: Path, notes: Sequence[Note], *, recording: Path | None = None) -> None:
    """Write a score as its file's name ends: MusicXML, PDF, SVG (one long page) or HTML.

    Parameters
    ----------
    notes
        As they sounded, for the page that plays them.
    recording
        The recording they were heard in, which that page plays, too.
    """
    if path.suffix == ".musicxml":
        write_musicxml(score, path)
    elif path.suffix == ".pdf":
        write_pdf(svg_pages(musicxml(score)), path)
    elif path.suffix == ".svg":
        with replacing_file(path) as temporary:
            temporary.write_text(svg_long(musicxml(score)), encoding="utf-8")
    else:
        write_player(score, path, notes, recording=recording)


def write_comparison(truth: Score, estimate: Score, scores: ScoreComparison, path: Path) -> None:
    """Write the page; needs verovio."""
    figures = [["notes (F1)", f"{scores.f1:.3f}"], *([k, f"{v:.3f}"] for k, v in scores.parts().items())]
    figures += [["MV2H", f"{scores.mv2h.mean:.3f}"]]
    title = truth.title or estimate.title or "Score"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{scores.notes} notes in the true score, {scores.estimated} in the estimate; '
        "everything but the first and the last line is a part of the notes that match.</p>",
        text_table(["", "right"], figures),
        "<h2>Estimate</h2>",
        picture(svg_long(musicxml(estimate))),
        "<h2>Truth</h2>",
        picture(svg_long(musicxml(truth))),
    ]
    with replacing_file(path) as temporary:
        temporary.write_text(page(title, parts), encoding="utf-8")


_SR = 22050
_RINGS_S = 1.5  # after the last note
_STYLE = """<style>
.bar { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .6rem 1.4rem; align-items: center;
  margin: 1rem 0; padding: .7rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.bar button { font: inherit; padding: .35rem 1.1rem; border: 0; border-radius: 6px; background: #2b6cb0; color: #fff;
  cursor: pointer; } .bar label { display: flex; gap: .5rem; align-items: center; } .bar output { min-width: 6.5rem; }
.sheet { margin: 1rem 0; } .sheet svg { cursor: pointer; } g.sounding, g.sounding * { fill: #c05621; stroke: #c05621; }
@media (prefers-color-scheme: dark) { .line-art g.sounding, .line-art g.sounding * { fill: #2b6cb0; stroke: #2b6cb0; } }
@media print { .bar { display: none; } }
</style>"""
_SCRIPT = """
const moments = JSON.parse(document.getElementById('moments').textContent);
const players = [...document.querySelectorAll('audio')], clock = players[0], button = document.querySelector('button');
const shown = new Set(); let last = -1, page = null;
const noteOf = id => document.getElementById(id);
function show(at) {
  let low = 0, high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle][0] <= at) low = middle + 1; else high = middle;
  }
  if (low - 1 === last) return;
  if (low - 1 < last) { shown.forEach(id => noteOf(id)?.classList.remove('sounding')); shown.clear(); last = -1; }
  for (let i = last + 1; i < low; i++) {
    moments[i][2].forEach(id => { noteOf(id)?.classList.remove('sounding'); shown.delete(id); });
    moments[i][1].forEach(id => { noteOf(id)?.classList.add('sounding'); shown.add(id); });
  }
  last = low - 1;
  const first = shown.size ? noteOf([...shown][0]) : null, system = first?.closest('.system');
  if (system && system !== page && !clock.paused) {
    page = system;
    system.scrollIntoView({behavior: 'smooth', block: 'center'});
  }
}
function tick() {
  show(clock.currentTime);
  const s = Math.floor(clock.currentTime);
  document.querySelector('output').textContent = Math.floor(s / 60) + ':' + String(s % 60).padStart(2, '0');
  if (!clock.paused) requestAnimationFrame(tick);
}
button.onclick = () => {
  if (clock.paused) players.forEach(p => { p.currentTime = clock.currentTime; p.play(); });
  else players.forEach(p => p.pause());
};
clock.onplay = () => { button.textContent = 'Pause'; tick(); };
clock.onpause = clock.onended = () => { button.textContent = 'Play'; players.forEach(p => p.pause()); };
document.querySelectorAll('input[type=range]').forEach((fader, i) => {
  const set = () => { players[i].volume = fader.value / 100; }; fader.oninput = set; set();
});
const starts = new Map(); moments.forEach(m => m[1].forEach(id => { if (!starts.has(id)) starts.set(id, m[0]); }));
document.querySelectorAll('.sheet').forEach(sheet => sheet.addEventListener('click', event => {
  let note = event.target.closest('g.note, g.chord');
  while (note && !starts.has(note.id)) note = note.querySelector('g.note') || null;
  if (note) { players.forEach(p => { p.currentTime = starts.get(note.id); }); tick(); }
}));
"""


def write_player(score: Score, path: Path, notes: Sequence[Note], *, recording: Path | None = None) -> None:
    """Write one page with the engraved score, a cursor that follows, and the notes and the recording on faders.

    The notes are played by a SoundFont if FluidSynth is there, and by partials otherwise. Needs verovio.
    """
    sheets, moments = pages_in_time(musicxml(score))
    places = [float(place) for place in score.places]
    timed = [[round(float(np.interp(at, places, score.seconds)), 3), on, off] for at, on, off in moments]
    sounds = [("Notes", audio.encode_mp3(_played(notes), sr=_SR))]
    if recording is not None:
        y, sr = audio.load(recording, sr=_SR)
        sounds.insert(0, ("Recording", audio.encode_mp3(y, sr=sr)))
    title = score.title or path.stem
    faders = "".join(
        f'<label>{name} <input type="range" min="0" max="100" value="{0 if i else 100}" aria-label="{name}"></label>'
        for i, (name, _) in enumerate(sounds)
    )
    data = json.dumps(timed, separators=(",", ":"))
    parts = [
        _STYLE,
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(score.composer)}</p>' if score.composer else "",
        f'<div class="bar"><button type="button">Play</button><output>0:00</output>{faders}</div>',
        *(f'<div class="sheet">{picture(sheet)}</div>' for sheet in sheets),
        *(_audio(mp3) for _, mp3 in sounds),
        f'<script type="application/json" id="moments">{data}</script><script>{_SCRIPT}</script>',
    ]
    with replacing_file(path) as temporary:
        temporary.write_text(page(title, parts), encoding="utf-8")


def _audio(mp3: bytes) -> str:
    return f'<audio preload="auto" src="data:audio/mpeg;base64,{b64encode(mp3).decode()}"></audio>'


def _played(notes: Sequence[Note]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the notes as sound, at the usual level."""
    duration_s = max(note.offset_s for note in notes) + _RINGS_S
    instrument = INSTRUMENTS["piano"]
    try:
        with SoundFontSynth(default_soundfont(), sr=_SR) as synth:
            y = synth.render(instrument, notes, duration_s=duration_s)
    except (SoriError, OSError):
        y = AdditiveSynth(instrument, sr=_SR).render(notes, duration_s=duration_s)
    return np.asarray(y * np.float32(0.9 / max(1e-6, float(np.abs(y).max(initial=0)))), dtype=np.float32)
