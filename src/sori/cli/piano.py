"""`sori transcribe`, `sori score`, and how the network behind them is made: `sori piano`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sori.cli import console
from sori.cli.dataset import Json

if TYPE_CHECKING:
    from sori.tasks.transcribe import Transcribed

_SHOWN = {
    "notes": {"precision": "precision", "recall": "recall", "f1": "F1", "offset_f1": "F1 with offset"},
    "spectrum": {"before_db": "dB off as heard", "after_db": "dB off as cleaned"},
}

app = typer.Typer(help="Make a network that transcribes pianos.", no_args_is_help=True, rich_markup_mode=None)


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Piano recordings of any length.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write to (default: beside each recording).")] = None,
    format: Annotated[str, typer.Option(help="Of mid, tsv, json and png (a piano roll), with commas between.")] = "mid",
    threshold: Annotated[float, typer.Option(help="How sure it must be of an onset, 0.01 to 0.99.")] = 0.4,
    min_note: Annotated[float, typer.Option(help="Shortest note, in seconds.")] = 0.03,
    band: Annotated[str, typer.Option(help="Keys to listen for: piano, or lowest and highest as in C2-C6.")] = "piano",
    doubt: Annotated[
        bool, typer.Option(help="Believe less where it is unsure of most notes, as of what is no piano.")
    ] = True,
    separate: Annotated[
        str | None, typer.Option(help="Take the piano out of a mixture first: hpss, spleeter or demucs.")
    ] = None,
    model: Annotated[Path, typer.Option(help="A trained model (folder); piano ships with Sori.")] = Path("piano"),
    clean: Annotated[
        Path | None, typer.Option(help="A model of --target spectrum, to clean what is heard first.")
    ] = None,
    threads: Annotated[int, typer.Option(help="0: one per core.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    json: Json = False,
) -> None:
    """Write down the notes of piano recordings: which key, when it is struck, how long it sounds, how hard.

    Example: sori transcribe waltz.ogg --format mid,png --out notes
    """
    from sori.cli.synth import names
    from sori.tasks.transcribe import parse_band, transcribe_files
    from sori.transcriber import Reading

    lowest, highest = parse_band(band)
    reading = Reading(threshold=threshold, min_note_s=min_note, lowest=lowest, highest=highest, doubt=doubt)
    done: list[Transcribed] = []
    with console.showing_progress() as progress, _listing(done, wanted=json):
        for one in transcribe_files(
            files,
            out,
            formats=names(format),
            model=model,
            clean=clean,
            reading=reading,
            way=separate,
            threads=threads,
            overwrite=overwrite,
            progress=progress,
        ):
            done.append(one)
            if one.error is not None:
                console.fail(one.summary())
            elif not json:
                console.out.print(one.summary())
    if any(one.error is not None for one in done):
        raise typer.Exit(1)


@contextmanager
def _listing(done: Sequence[Transcribed], *, wanted: bool) -> Iterator[None]:
    """Print what is done as JSON in the end, however the end comes."""
    try:
        yield
    finally:
        if wanted:
            console.print_json([one.to_dict() for one in done])


def score(
    estimate: Annotated[Path, typer.Argument(help="MIDI file to judge.")],
    truth: Annotated[Path, typer.Argument(help="MIDI file of what was played.")],
    pedal: Annotated[
        bool, typer.Option("--pedal", help="Notes of TRUTH sound on while its sustain pedal is down.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw hit, missed and extra notes (PNG, SVG or PDF).")] = None,
    json: Json = False,
) -> None:
    """Compare a transcription with the truth: precision, recall and F1 of notes, as mir_eval counts them.

    Example: sori score notes/waltz.mid truth.mid --plot waltz.png
    """
    from sori.tasks.transcribe import score_midi

    scores = score_midi(estimate, truth, pedal=pedal, plot=plot)
    if json:
        console.print_json(scores.to_dict())
        return
    rows: list[list[str | float | None]] = [
        ["onset, 50 ms", scores.precision, scores.recall, scores.f1],
        ["onset and offset, 20 %", scores.offset_precision, scores.offset_recall, scores.offset_f1],
        ["onset and velocity", None, None, scores.velocity_f1],
        ["keys that sound, every 10 ms", scores.frame_precision, scores.frame_recall, scores.frame_f1],
    ]
    shown = [[str(row[0]), *(f"{v:.3f}" if isinstance(v, float) else "" for v in row[1:])] for row in rows]
    console.print_table(["notes that agree in", "precision", "recall", "F1"], shown)
    console.out.print(f"{scores.notes} notes in {truth}, {scores.estimated} in {estimate}")


@app.command("synth")
def synth_(
    out: Annotated[Path, typer.Argument(help="Folder for performances, pianos and held-out recordings.")],
    midi: Annotated[Path, typer.Option(help="Folder of performances as MIDI.")],
    soundfonts: Annotated[str, typer.Option(help="Pianos to train on, SF2 or SF3, with commas between.")] = "",
    strings: Annotated[int, typer.Option(help="Pianos to train on whose strings are drawn at random.")] = 10,
    others: Annotated[
        Path | None, typer.Option(help="Folder of recordings without a piano, to learn to pass over.")
    ] = None,
    hours: Annotated[float, typer.Option(help="Of what the network will hear, as files to listen to.")] = 0.0,
    valid: Annotated[str, typer.Option(help="Composers to validate on (default: every sixteenth piece).")] = "",
    test: Annotated[str, typer.Option(help="Composers to test on.")] = "",
    valid_soundfont: Annotated[
        Path | None, typer.Option(help="Piano to validate on (default: drawn at random).")
    ] = None,
    test_soundfont: Annotated[Path | None, typer.Option(help="Piano to test on.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Make it again.")] = False,
) -> None:
    """Gather what a piano transcriber learns from, and hold pieces and pianos out to judge it by.

    Example: sori piano synth data/piano --midi performances --soundfonts grand.sf2 --valid Scriabin
    """
    from sori.cli.synth import names
    from sori.tasks.piano_data import make_piano_data

    with console.showing_progress() as progress:
        data = make_piano_data(
            out,
            midi=midi,
            soundfonts=[Path(name) for name in names(soundfonts)],
            strings=strings,
            others=others,
            hours=hours,
            valid=names(valid),
            test=names(test),
            valid_soundfont=valid_soundfont,
            test_soundfont=test_soundfont,
            seed=seed,
            overwrite=overwrite,
            progress=progress,
        )
    for name, why in data.facts["failed"].items():
        console.warn(f"left out {name}: {why}")
    pieces, pianos = data.facts["performances"], data.facts["pianos"]
    tested = "to test" if pianos["test"] else "held out, and not played for want of --test-soundfont"
    console.out.print(
        f"{out}: {len(pieces['train'])} pieces to train on, {len(pieces['valid'])} to validate, {len(pieces['test'])} "
        f"{tested}; {len(pianos['sampled'])} sampled pianos, {len(pianos['drawn'])} drawn ones"
    )


@app.command("train")
def train_(
    data: Annotated[Path, typer.Argument(help="A folder that sori piano synth made.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; a training that was cut off goes on.")],
    from_: Annotated[Path | None, typer.Option("--from", help="A run whose best weights to begin with.")] = None,
    model: Annotated[
        str, typer.Option(help="piano, which shares its weights over the keys, or densenet, which does not.")
    ] = "piano",
    target: Annotated[
        str, typer.Option(help="notes, or spectrum: the picture of the piano alone, for sori transcribe --clean.")
    ] = "notes",
    material: Annotated[
        str, typer.Option(help="Of single notes, chords, music, or mixtures: music in rooms, noise and other sounds.")
    ] = "mixtures",
    epochs: Annotated[int, typer.Option(help="Times that it is validated and saved.")] = 26,
    steps: Annotated[int, typer.Option(help="Batches between two of them.")] = 150,
    batch_size: Annotated[int, typer.Option(help="Clips of a batch.")] = 10,
    clip: Annotated[float, typer.Option(help="Seconds of each.")] = 6.0,
    lr: Annotated[float, typer.Option(help="Highest learning rate.")] = 1.5e-3,
    width: Annotated[float, typer.Option(help="Times the network's channels and units.")] = 1.0,
    mixed_precision: Annotated[
        bool, typer.Option("--mixed-precision", help="Train in bfloat16: faster where the processor has it.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of first weights and of everything drawn.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew.")] = False,
    json: Json = False,
) -> None:
    """Train a piano transcriber on music that is played anew for every batch.

    Example: sori piano train data/piano --out runs/piano
    """
    from sori.datasets import MATERIALS
    from sori.errors import check_choice
    from sori.tasks.piano_train import PianoSettings, train_piano

    check_choice("material", material, MATERIALS)
    settings = PianoSettings(
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        clip_s=clip,
        lr=lr,
        model=model,
        target=target,
        playing=MATERIALS[material],
        options={} if width == 1.0 else {"width": width},
        mixed_precision=mixed_precision,
        seed=seed,
    )
    try:
        with console.showing_progress() as progress:
            facts = train_piano(
                data,
                out,
                settings=settings,
                start_from=from_,
                overwrite=overwrite,
                progress=progress,
                say=console.say,
            )
    except KeyboardInterrupt:
        again = "the same command without --overwrite" if overwrite else "the same command"
        console.fail(f"stopped; the epochs that are done are kept in {out}; {again} goes on")
        raise typer.Exit(130) from None
    if json:
        console.print_json(facts)
        return
    shown = _SHOWN[target]
    rows = [
        [f"{part}, {condition}", *(f"{scores[name]:.3f}" for name in shown)]
        for part, conditions in facts["scores"].items()
        for condition, scores in conditions.items()
    ]
    console.print_table(["recordings", *shown.values()], rows)
    console.out.print(f"model: {out}")
