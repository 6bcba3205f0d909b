"""`sori score`: notes, beats and scores against the true ones."""

from __future__ import annotations

from pathlib import Path

from sori import plots
from sori.errors import AudioError, SoriError
from sori.evaluation.beats import BeatScores, score_beats
from sori.evaluation.notes import NoteScores, match_notes, score_notes
from sori.evaluation.scores import ScoreComparison, compare_scores
from sori.music import notes_array
from sori.music.midi import MIDI_ENDINGS, midi_files_in, read_notes, read_pedals
from sori.music.midi import read_beats as read_midi_beats
from sori.music.musicxml import ENDINGS, read_score
from sori.music.score import Score
from sori.notation.notate import notate
from sori.notation.rhythm import read_beats


def score_midi(estimate: str | Path, truth: str | Path, *, pedal: bool = False, plot: Path | None = None) -> NoteScores:
    """Score one MIDI file against another; draw hit, missed and extra notes if ``plot`` is given.

    Parameters
    ----------
    pedal
        Extend the notes of both while their sustain pedal is down.

    Raises
    ------
    SoriError
        If a file cannot be read.
    """
    known, found = read_notes(Path(truth), pedal=pedal), read_notes(Path(estimate), pedal=pedal, allow_empty=True)
    rows, estimated = notes_array(known), notes_array(found)
    if plot is not None:
        plots.save(plots.roll_comparison(known, found, matched=match_notes(rows, estimated)), plot)
    return score_notes(rows, estimated)


def score_folders(
    estimates: str | Path, truths: str | Path, *, pedal: bool = False
) -> dict[str, NoteScores | SoriError]:
    """Score each MIDI file of a folder against the one of the same name, without its ending, in another.

    Returns
    -------
    The score for each true file, by its name, or the error if its estimate is missing or either cannot be read.

    Raises
    ------
    AudioError
        If the folder of true files has none.
    """
    estimates, truths = Path(estimates), Path(truths)
    found = {name.rpartition(".")[0]: estimates / name for name in midi_files_in(estimates)}
    scores: dict[str, NoteScores | SoriError] = {}
    for name in midi_files_in(truths):
        stem = name.rpartition(".")[0]
        try:
            if stem not in found:
                raise AudioError(f"{truths / name}: has no estimate of this name in {estimates}")
            scores[stem] = score_midi(found[stem], truths / name, pedal=pedal)
        except SoriError as error:
            scores[stem] = error
    if not scores:
        raise AudioError(f"{truths}: no MIDI files in this folder")
    return scores


def score_sheet(estimate: str | Path, truth: str | Path) -> tuple[ScoreComparison, Score, Score]:
    """Compare a score with a true one, both MusicXML; a MIDI file as the estimate is written as a score first.

    Returns
    -------
    The comparison, the true score with its repeats written out, and the estimate.

    Raises
    ------
    SoriError
        If a file cannot be read.
    """
    known = read_score(Path(truth)).unfolded()
    if Path(estimate).suffix.lower() in ENDINGS:
        found = read_score(Path(estimate))
    else:
        found = notate(read_notes(Path(estimate)), read_pedals(Path(estimate)))
    return compare_scores(known, found), known, found


def score_beats_of(estimate: str | Path, truth: str | Path) -> BeatScores:
    """Score the beats of a MIDI file's tempo map, or of a text file of beats, against a text file of the true ones.

    Raises
    ------
    SoriError
        If a file cannot be read.
    """

    def listed(path: Path) -> list[tuple[float, bool]]:
        if path.suffix.lower() in MIDI_ENDINGS:
            return read_midi_beats(path)
        beats = read_beats(path)
        return [(float(at), bool(place == 0)) for at, place in zip(beats.seconds, beats.places, strict=True)]

    return score_beats(listed(Path(truth)), listed(Path(estimate)))
