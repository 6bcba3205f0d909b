"""`sori piano`: make a network that transcribes pianos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.help import Command
from sori.cli.options import Json, OldOut, names, out_of
from sori.errors import check_installed

_SHOWN = {
    "notes": {"precision": "precision", "recall": "recall", "f1": "F1", "offset_f1": "F1 with offset"},
    "spectrum": {"before_db": "dB off before", "after_db": "dB off cleaned"},
}

app = typer.Typer(help="Make a network that transcribes pianos.", no_args_is_help=True, rich_markup_mode=None)


@app.command("synth", cls=Command)
def synth_(
    midi: Annotated[Path, typer.Option(help="Folder of performances as MIDI.")],
    old_out: OldOut = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for performances, pianos and held-out recordings.", show_default=False)
    ] = None,
    soundfonts: Annotated[str, typer.Option(help="Pianos to train on, SF2 or SF3, with commas between.")] = "",
    strings: Annotated[int, typer.Option(help="Pianos to train on whose strings are drawn at random.")] = 10,
    others: Annotated[
        Path | None, typer.Option(help="Folder of recordings without a piano, to learn to ignore.")
    ] = None,
    hours: Annotated[float, typer.Option(help="Of what the network is trained on, as files to listen to.")] = 0.0,
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
    tested = "to test" if pianos["test"] else "held out, and not played since there is no --test-soundfont"
    console.out.print(
        f"{out}: {len(pieces['train'])} pieces to train on, {len(pieces['valid'])} to validate, {len(pieces['test'])} "
        f"{tested}; {len(pianos['sampled'])} sampled pianos, {len(pianos['drawn'])} drawn ones"
    )


@app.command("train", cls=Command)
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
    check_installed("keras", "mir_eval", "tf2onnx")
    from sori.errors import check_choice
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
        seed=seed,
    )
    again = "the same command without --overwrite" if overwrite else "the same command"
    with (
        console.stopping(f"stopped; the epochs that are done are kept in {out}; {again} goes on"),
        console.reporting() as reporter,
    ):
        bundle = train_piano(
            data,
            out,
            settings=settings,
            start_from=from_,
            overwrite=overwrite,
            reporter=reporter,
        )
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
    console.out.print(f"model: {out}")
