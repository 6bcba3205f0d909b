"""`sori piano`: train a network that transcribes pianos."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.help import Command
from sori.cli.options import Json, OldOut, check_new, names, out_of
from sori.errors import AudioError, ParameterError, check_installed

_SHOWN = {
    "notes": {"precision": "precision", "recall": "recall", "f1": "F1", "offset_f1": "F1 with offset"},
    "spectrum": {"before_db": "dB before", "after_db": "dB cleaned"},
}

app = typer.Typer(help="Train a network that transcribes pianos.", no_args_is_help=True, rich_markup_mode=None)


@app.command(cls=Command)
def bank(
    source: Annotated[
        Path, typer.Argument(help="Folder of recorded notes (A0v1.wav, C1v1.wav, C1v2.wav), or a SoundFont.")
    ],
    out: Annotated[Path, typer.Option(help="Note bank to write, .npz.")],
    program: Annotated[int, typer.Option(help="Program of the SoundFont.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Make a piano to train on, of recorded notes or of a program of a SoundFont.

    The name of a recorded note gives its key and its layer of loudness, the softest first. Missing keys are resampled
    from the nearest.

    Example: sori piano bank my-notes --out my-piano.npz
    """
    from sori.synth.notebank import bank_of_soundfont
    from sori.synth.recorded import bank_of_recordings

    if out.suffix != ".npz":
        raise ParameterError(f"{out}: a note bank is an .npz file; name it {out.with_suffix('.npz')}")
    check_new(out, overwrite=overwrite)
    if not out.parent.is_dir():
        raise AudioError(f"{out.parent}: no such folder")
    with console.reporting() as reporter:
        if source.is_dir():
            made = bank_of_recordings(source, reporter=reporter)
        else:
            made = bank_of_soundfont(source, program, reporter=reporter)
    made.save(out)
    console.show(f"{out}: {len(made.samples) / made.sr:.0f} s of notes")


@app.command("synth", cls=Command)
def synth_(
    midi: Annotated[Path, typer.Option(help="Folder of performances as MIDI.")],
    old_out: OldOut = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for performances, pianos and held-out recordings.", show_default=False)
    ] = None,
    soundfonts: Annotated[
        str, typer.Option(help="Pianos to train on, comma-separated: SF2, SF3, or .npz of sori piano bank.")
    ] = "",
    strings: Annotated[int, typer.Option(help="Number of synthetic pianos to train on.")] = 10,
    others: Annotated[Path | None, typer.Option(help="Folder of recordings without a piano, to be ignored.")] = None,
    hours: Annotated[float, typer.Option(help="Hours of training clips to write as files.")] = 0.0,
    valid: Annotated[str, typer.Option(help="Composers to validate on (default: every sixteenth piece).")] = "",
    test: Annotated[str, typer.Option(help="Composers to test on.")] = "",
    valid_soundfont: Annotated[
        Path | None, typer.Option(help="Piano to validate on (default: drawn at random).")
    ] = None,
    test_soundfont: Annotated[Path | None, typer.Option(help="Piano to test on.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Make training data for a piano transcriber, and hold out pieces and pianos to test it.

    Example: sori piano synth --out data/piano --midi performances --soundfonts grand.sf2 --valid Scriabin
    """
    from sori.datasets.piano import make_piano_data

    out = out_of(out, old_out, command="sori piano synth --out FOLDER --midi PERFORMANCES")
    with console.reporting() as reporter:
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
            reporter=reporter,
        )
    for name, why in data.facts["failed"].items():
        console.warn(f"left out {name}: {why}")
    pieces, pianos = data.facts["performances"], data.facts["pianos"]
    tested = "to test" if pianos["test"] else "held out but not rendered, without --test-soundfont"
    console.show(
        f"{out}: {len(pieces['train'])} pieces to train on, {len(pieces['valid'])} to validate, {len(pieces['test'])} "
        f"{tested}; {len(pianos['sampled'])} sampled pianos, {len(pianos['drawn'])} drawn ones"
    )


@app.command("train", cls=Command)
def train_(
    data: Annotated[Path, typer.Argument(help="A folder that sori piano synth made.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; an interrupted training continues.")],
    from_: Annotated[
        Path | None, typer.Option("--from", help="A model or run to train on from; piano ships with Sori.")
    ] = None,
    model: Annotated[str, typer.Option(help="piano (weights shared by all keys) or densenet.")] = "piano",
    target: Annotated[
        str, typer.Option(help="notes, or spectrum (of the piano alone, for sori transcribe --clean).")
    ] = "notes",
    material: Annotated[
        str, typer.Option(help="notes, chords, music, or mixtures (music with rooms, noise and other sounds).")
    ] = "mixtures",
    epochs: Annotated[int, typer.Option(help="Number of epochs.")] = 26,
    steps: Annotated[int, typer.Option(help="Batches per epoch.")] = 150,
    batch_size: Annotated[int, typer.Option(help="Clips per batch.")] = 10,
    clip: Annotated[float, typer.Option(help="Seconds per clip.")] = 6.0,
    lr: Annotated[float, typer.Option(help="Highest learning rate.")] = 1.5e-3,
    width: Annotated[float, typer.Option(help="Scales the network's channels and units.")] = 1.0,
    mixed_precision: Annotated[
        bool, typer.Option("--mixed-precision", help="Train in bfloat16: faster where the processor has it.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that render batches; a GPU needs many.")] = 1,
    reuse: Annotated[int, typer.Option(help="How often a batch is learned from, if rendering cannot keep up.")] = 1,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start from the beginning.")] = False,
    json: Json = False,
) -> None:
    """Train a piano transcriber on music that is rendered for every batch.

    Example: sori piano train data/piano --out runs/piano
    """
    # On JAX, weights can be trained where TensorFlow is not; the model is then written elsewhere.
    of_tensorflow = ("tf2onnx",) if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow" else ()
    check_installed("keras", "mir_eval", "matplotlib", *of_tensorflow)
    from sori.errors import check_choice
    from sori.reports.piano import write_piano_report
    from sori.synth import MATERIALS
    from sori.training.transcriber import PianoSettings, train_piano

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
        reuse=reuse,
        seed=seed,
    )
    again = "the same command without --overwrite" if overwrite else "the same command"
    with (
        console.stopping(f"stopped; the finished epochs are kept in {out}; {again} continues"),
        console.reporting() as reporter,
    ):
        bundle = train_piano(
            data,
            out,
            settings=settings,
            start_from=from_,
            workers=workers,
            overwrite=overwrite,
            reporter=reporter,
        )
    report = write_piano_report(out) if target == "notes" else None
    if json:
        console.print_json(bundle.to_dict())
        return
    shown = _SHOWN[target]
    rows = [
        [f"{part}, {condition}", *(f"{scores[name]:.3f}" for name in shown)]
        for part, conditions in bundle.scores.items()
        for condition, scores in conditions.items()
    ]
    console.print_table(["recordings", *shown.values()], rows)
    console.show(f"model: {out}")
    if report:
        console.show(f"report: {report}")


@app.command(cls=Command)
def deploy(
    run: Annotated[Path, typer.Argument(help="A training, which may still be going on.")],
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    json: Json = False,
) -> None:
    """Write the model of the best weights of a training so far.

    Example: sori piano deploy runs/piano --out my-piano
    """
    check_installed("keras", "mir_eval", "tf2onnx")
    from sori.training.transcriber import deploy_piano

    bundle = deploy_piano(run, out, overwrite=overwrite)
    if json:
        console.print_json(bundle.to_dict())
        return
    console.show(f"model: {out}, of epoch {bundle.training['best_epoch']}")
