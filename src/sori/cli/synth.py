"""`sori synth`: labelled sound, rendered from notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sori.cli import console
from sori.cli.help import Command
from sori.cli.options import Jobs, Json, OldOut, Overwrite, Resume, names, out_of, parsed, whole_numbers
from sori.errors import SoriError, printable

if TYPE_CHECKING:
    from sori.synth.plan import Item, Rendering

app = typer.Typer(
    help="Render labelled recordings: notes, chords, mixtures and MIDI files.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Out = Annotated[Path | None, typer.Option(help="Folder for the recordings and labels.csv.", show_default=False)]
Pitches = Annotated[
    str | None,
    typer.Option(help="MIDI numbers or names, and ranges: 21-108, C3-C5 or 60,64,67 (default: the instrument's own)."),
]
Velocities = Annotated[str, typer.Option(help="Velocities, 1 to 127, comma-separated.")]
Duration = Annotated[float, typer.Option(help="Seconds per clip.")]
Hold = Annotated[float | None, typer.Option(help="Seconds a key is held (default: three quarters of the clip).")]
Sr = Annotated[int, typer.Option("--sr", help="Rate in Hz.")]
Engine = Annotated[str, typer.Option(help="soundfont (FluidSynth), or additive (needs no installation).")]
Soundfont = Annotated[Path | None, typer.Option(help="SF2 or SF3 file (default: the first General MIDI bank found).")]
Reverb = Annotated[
    str | None, typer.Option(metavar="ROOM[,DAMPING[,WIDTH[,LEVEL]]]", help="A room, e.g. 0.6 (default: none).")
]
Tuning = Annotated[float, typer.Option(help="Frequency of A4 in Hz.")]
Label = Annotated[str | None, typer.Option(help="What to label by: instrument, pitch or kind.")]


@app.command(cls=Command)
def notes(
    old_out: OldOut = None,
    out: Out = None,
    instruments: Annotated[str, typer.Option(help="Comma-separated names, or gm:0 to gm:127.")] = "piano",
    pitches: Pitches = None,
    velocities: Velocities = "40,80,110",
    duration: Duration = 2.0,
    hold: Hold = None,
    sr: Sr = 22050,
    engine: Engine = "soundfont",
    soundfont: Soundfont = None,
    reverb: Reverb = None,
    tuning: Tuning = 440.0,
    label: Label = None,
    jobs: Jobs = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Render single notes of each instrument, at every pitch and velocity.

    Example: sori synth notes --out data/notes --instruments piano,guitar,violin --pitches 21-108
    """
    from sori.music import parse_pitches
    from sori.synth.plan import plan_notes

    rendering = _rendering(engine, soundfont, sr, duration, hold, tuning, reverb)
    items = plan_notes(
        names(instruments),
        rendering=rendering,
        pitches=None if pitches is None else parse_pitches(pitches),
        velocities=whole_numbers("velocities", velocities),
        label=label,
    )
    _render(
        items,
        out_of(out, old_out, command="sori synth ... --out FOLDER"),
        rendering,
        jobs=jobs,
        resume=resume,
        overwrite=overwrite,
        json=json,
    )


@app.command(cls=Command)
def chords(
    old_out: OldOut = None,
    out: Out = None,
    kinds: Annotated[
        str, typer.Option(help="major, minor, diminished, augmented, sus2, sus4, major7, minor7, dominant7, ...")
    ] = "major,minor",
    roots: Annotated[str, typer.Option(help="Roots, as pitches: 21-108, C3-B4 or 60,62.")] = "21-108",
    inversions: Annotated[bool, typer.Option("--inversions", help="Also every inversion.")] = False,
    instruments: Annotated[str, typer.Option(help="Comma-separated names.")] = "piano",
    velocities: Velocities = "80",
    duration: Duration = 2.0,
    hold: Hold = None,
    sr: Sr = 22050,
    engine: Engine = "soundfont",
    soundfont: Soundfont = None,
    reverb: Reverb = None,
    tuning: Tuning = 440.0,
    label: Label = None,
    jobs: Jobs = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Render chords of each kind on each root (C-E-G is major on C4); those beyond the piano's keys are left out.

    Example: sori synth chords --out data/chords --kinds major,minor,dominant7 --roots C3-B4 --inversions
    """
    from sori.music import parse_pitches
    from sori.synth.plan import plan_chords

    rendering = _rendering(engine, soundfont, sr, duration, hold, tuning, reverb)
    items = plan_chords(
        names(kinds),
        rendering=rendering,
        instruments=names(instruments),
        roots=parse_pitches(roots),
        velocities=whole_numbers("velocities", velocities),
        inversions=inversions,
        label=label,
    )
    _render(
        items,
        out_of(out, old_out, command="sori synth ... --out FOLDER"),
        rendering,
        jobs=jobs,
        resume=resume,
        overwrite=overwrite,
        json=json,
    )


@app.command(cls=Command)
def mix(
    old_out: OldOut = None,
    out: Out = None,
    pair: Annotated[
        str,
        typer.Option("--with", help="piano:violin, or piano:noise (white, pink, brown, blue, violet)."),
    ] = "piano:violin",
    snr: Annotated[str, typer.Option(help="Signal-to-noise ratios in dB, comma-separated.")] = "0,6,12",
    pitches: Pitches = None,
    velocities: Velocities = "40,80,110",
    duration: Duration = 2.0,
    hold: Hold = None,
    sr: Sr = 22050,
    seed: Annotated[int, typer.Option(help="Seed of the second's notes and of noise.")] = 0,
    engine: Engine = "soundfont",
    soundfont: Soundfont = None,
    reverb: Reverb = None,
    tuning: Tuning = 440.0,
    label: Label = None,
    jobs: Jobs = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Render notes of one instrument with a random note of another, or with noise, at a set level below them.

    Example: sori synth mix --out data/mixed --with piano:violin --snr 0,6,12
    """
    from sori.errors import check_between
    from sori.music import parse_pitches
    from sori.synth.plan import plan_mixtures

    check_between("seed", seed, 0, 2**32 - 1)
    rendering = _rendering(engine, soundfont, sr, duration, hold, tuning, reverb)
    items = plan_mixtures(
        pair,
        rendering=rendering,
        snrs_db=parsed("snr", snr, float, "numbers"),
        pitches=None if pitches is None else parse_pitches(pitches),
        velocities=whole_numbers("velocities", velocities),
        label=label,
        seed=seed,
    )
    _render(
        items,
        out_of(out, old_out, command="sori synth ... --out FOLDER"),
        rendering,
        jobs=jobs,
        resume=resume,
        overwrite=overwrite,
        json=json,
    )


@app.command(cls=Command)
def midi(
    file: Annotated[Path, typer.Argument(help="A MIDI file, or a folder of them.")],
    old_out: OldOut = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The recording to write: .flac, .wav, .ogg or .mp3; of a folder, a folder.", show_default=False
        ),
    ] = None,
    sr: Sr = 44100,
    soundfont: Soundfont = None,
    reverb: Reverb = None,
    tuning: Tuning = 440.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the recording.")] = False,
    json: Json = False,
) -> None:
    """Render MIDI files as recordings, with their pedals and programs.

    Example: sori synth midi song.mid --out song.flac --reverb 0.6
    """
    from sori.synth.render import render_midi, render_midi_files

    out = out_of(out, old_out, command=f"sori synth midi {file} --out RECORDING")
    rendering = _rendering("soundfont", soundfont, sr, 2.0, None, tuning, reverb)
    results: list[tuple[Path, Path, tuple[float, float] | SoriError]]
    with console.reporting() as reporter:
        if file.is_dir():
            results = render_midi_files(file, out, rendering=rendering, overwrite=overwrite, reporter=reporter)
        else:
            done = render_midi(file, out, rendering=rendering, overwrite=overwrite, reporter=reporter)
            results = [(file, out, done)]
    rows: list[dict[str, Any]] = []
    for source, recording, result in results:
        if isinstance(result, SoriError):
            console.fail(console.described(result))
            rows.append({"source": printable(source), "error": printable(result)})
            continue
        duration_s, gain_db = result
        rows.append({"file": printable(recording), "duration_s": round(duration_s, 3), "gain_db": round(gain_db, 2)})
        turned = f", turned down by {-gain_db:.1f} dB to avoid clipping" if gain_db < 0 else ""
        if not json:
            console.show(f"{recording}: {duration_s:.1f} s at {sr} Hz{turned}")
    if json:
        console.print_json(rows if file.is_dir() else rows[0])
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def _rendering(
    engine: str,
    soundfont: Path | None,
    sr: int,
    duration: float,
    hold: float | None,
    tuning: float,
    reverb: str | None,
) -> Rendering:
    from sori.synth.plan import Rendering
    from sori.synth.soundfont import parse_reverb

    return Rendering(
        engine=engine,
        soundfont=soundfont,
        sr=sr,
        duration_s=duration,
        held_s=hold,
        tuning_hz=tuning,
        reverb=None if reverb is None else parse_reverb(reverb),
    )


def _render(
    items: Sequence[Item],
    out: Path,
    rendering: Rendering,
    *,
    jobs: int | None,
    resume: bool,
    overwrite: bool,
    json: bool,
) -> None:
    from sori.synth.render import render

    with (
        console.stopping(
            f"stopped; run the same command with --resume{' for --overwrite' if overwrite else ''} to finish {out}"
        ),
        console.reporting() as reporter,
    ):
        done = render(items, out, rendering=rendering, jobs=jobs, resume=resume, overwrite=overwrite, reporter=reporter)
    for file, why in done.failed[:10]:
        console.warn(f"failed: {file}: {why}")
    if len(done.failed) > 10:
        console.warn(f"failed: {len(done.failed) - 10} more")
    if json:
        failed = [{"file": file, "reason": why} for file, why in done.failed]
        console.print_json({"path": str(out), "written": done.written, "failed": failed})
        return
    console.show(f"{out}: {done.written:,} files of {rendering.duration_s:g} s, and labels.csv")
    groups = {item.group for item in items}
    if any(group.startswith("velocity ") for group in groups):
        console.warn(
            "only one instrument: groups are velocities, which most banks render from the same recordings, so scores "
            "say little about other instruments" + ("; give more than one" if len(groups) == 1 else "")
        )
    fits = f"--duration {rendering.duration_s:g} --segments 1"
    console.say(f"next: sori dataset build {out} --out DATASET --labels {out / 'labels.csv'} {fits}")
