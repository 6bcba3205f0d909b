"""`sori experiment`: questions answered by measuring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sori.cli import console
from sori.cli.help import Command
from sori.cli.options import Json, OldOut, Overwrite, names, out_of, whole_numbers
from sori.cli.synth import Duration, Engine, Soundfont, Sr
from sori.errors import check_installed

app = typer.Typer(help="Questions answered by measuring.", no_args_is_help=True, rich_markup_mode=None)


@app.command("features", cls=Command)
def features_(
    old_out: OldOut = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the recordings, features.json and report.html.", show_default=False)
    ] = None,
    instruments: Annotated[
        str, typer.Option(help="Three or more, comma-separated.")
    ] = "piano,guitar,violin,flute,trumpet,clarinet",
    backgrounds: Annotated[
        str, typer.Option(help="Instruments mixed in below the notes, comma-separated.")
    ] = "organ,cello,oboe,marimba",
    pitches: Annotated[str, typer.Option(help="Three or more: 60-83, C4-B5.")] = "C4-B5",
    velocities: Annotated[str, typer.Option(help="Velocities, 1 to 127, comma-separated.")] = "50,80,110",
    snr: Annotated[float, typer.Option(help="Signal-to-noise ratio of mixtures, in dB.")] = 6.0,
    hold_out: Annotated[
        str, typer.Option(help="Pitches held out to test instruments: thirds, or single (leaky).")
    ] = "thirds",
    duration: Duration = 1.0,
    sr: Sr = 22050,
    engine: Engine = "soundfont",
    soundfont: Soundfont = None,
    seed: Annotated[int, typer.Option(help="Seed of the other notes, the folds and the classifier.")] = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Compare spectrogram, mel and MFCC, full band and piano band, as features for pitch and instrument.

    Example: sori experiment features --out looked-into/features
    """
    check_installed("sklearn", "matplotlib", "joblib")
    from sori.experiments.features import compare_features, table
    from sori.music import parse_pitches
    from sori.synth.plan import Rendering

    out = out_of(out, old_out, command="sori experiment features --out FOLDER")
    with console.reporting() as reporter:
        found = compare_features(
            out,
            rendering=Rendering(engine=engine, soundfont=soundfont, sr=sr, duration_s=duration),
            instruments=names(instruments),
            backgrounds=names(backgrounds),
            pitches=parse_pitches(pitches),
            velocities=whole_numbers("velocities", velocities),
            snr_db=snr,
            hold_out=hold_out,
            seed=seed,
            overwrite=overwrite,
            reporter=reporter,
        )
    _show(found.to_dict(), table(found), found.answer, out, json=json)


@app.command("overfitting", cls=Command)
def overfitting_(
    dataset: Annotated[Path, typer.Argument(help="A dataset made with sori dataset build.")],
    out: Annotated[Path, typer.Option(help="Folder for overfitting.json and report.html.")],
    model: Annotated[
        str | None, typer.Option(help="Architecture (default: mlp for MFCCs, wave for waveforms, else cnn).")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training part.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Segments per step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate.")] = None,
    augment: Annotated[
        str | None,
        typer.Option(help="Recipe to try: spectrogram (default), speech, music or environment (of waveforms)."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Networks per remedy.")] = 3,
    remedies: Annotated[
        str | None, typer.Option(help="Only these, separated by semicolons, named as in the table.")
    ] = None,
    test_size: Annotated[float, typer.Option(help="Fraction to test on.")] = 0.3,
    valid_size: Annotated[float, typer.Option(help="Fraction of the rest to validate on.")] = 0.2,
    split_seed: Annotated[int, typer.Option(help="Seed of the split, which all share.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Finish an interrupted experiment.")] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Compare training without remedies against overfitting, with each and with all of them.

    Example: sori experiment overfitting data/digits --out looked-into/overfitting
    """
    check_installed("joblib", "pyarrow", "keras", "sklearn", "tf2onnx", "matplotlib")
    from sori.experiments.overfitting import compare_remedies, table

    with (
        console.stopping(f"stopped; the finished networks are kept in {out}; give --resume to continue"),
        console.reporting() as reporter,
    ):
        found = compare_remedies(
            dataset,
            out,
            model=model,
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            augment=augment,
            seeds=seeds,
            only=[] if remedies is None else [name.strip() for name in remedies.split(";") if name.strip()],
            test_size=test_size,
            valid_size=valid_size,
            split_seed=split_seed,
            resume=resume,
            overwrite=overwrite,
            reporter=reporter,
        )
    _show(found.to_dict(), table(found), [found.answer], out, json=json)


@app.command("examples", cls=Command)
def examples_(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="Datasets of the same recordings, of other features.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for examples.json and report.html.")],
    counts: Annotated[str, typer.Option(help="Recordings of each class to train on.")] = "5,10,20,50",
    draws: Annotated[int, typer.Option(help="Random draws of the recordings, for each count.")] = 3,
    epochs: Annotated[int | None, typer.Option(help="Passes over them (default: the model's own).")] = None,
    test_size: Annotated[float, typer.Option(help="Fraction to test on.")] = 0.3,
    seed: Annotated[int, typer.Option(help="Seed of the split and the draws.")] = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Measure how accuracy grows with the number of examples, for embeddings and networks that learn from sound alone.

    Example: sori experiment examples data/esc10-embedding data/esc10-mel --out looked-into/examples
    """
    check_installed("joblib", "pyarrow", "keras", "sklearn", "matplotlib")
    from sori.experiments.examples import compare_examples, table

    with console.stopping(f"stopped; nothing was written to {out}"), console.reporting() as reporter:
        found = compare_examples(
            datasets,
            out,
            counts=whole_numbers("counts", counts),
            draws=draws,
            epochs=epochs,
            test_size=test_size,
            seed=seed,
            overwrite=overwrite,
            reporter=reporter,
        )
    _show(found.to_dict(), table(found), [found.answer], out, json=json)


@app.command("listening", cls=Command)
def listening_(
    run: Annotated[Path, typer.Argument(help="A trained model (folder), or keywords, which ships with Sori.")],
    dataset: Annotated[Path, typer.Argument(help="A dataset, some of whose recordings it was not trained on.")],
    out: Annotated[Path, typer.Option(help="Folder for listening.json and report.html.")],
    minutes: Annotated[float, typer.Option(help="Length of each stream, in silence and in noise.")] = 30.0,
    snr: Annotated[str, typer.Option(help="Signal-to-noise ratio in dB: lowest,highest.")] = "0,20",
    wordless: Annotated[
        Path | None,
        typer.Option(help="Folder of recordings without these words, such as music, to count false alarms."),
    ] = None,
    hop: Annotated[float, typer.Option(help="Seconds between windows.")] = 0.1,
    smooth: Annotated[int | None, typer.Option(help="Windows to average (default: those of 0.3 s).")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the order, the gaps and the noise.")] = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Count hits, misses and false alarms by threshold, for words not in training, in silence and noise.

    Example: sori experiment listening runs/words data/words --out looked-into/listening
    """
    check_installed("pyarrow", "matplotlib")
    from sori.errors import ParameterError
    from sori.experiments.listening import compare_thresholds, table
    from sori.inference import SpotterSettings

    try:
        low, high = (float(part) for part in snr.split(","))
    except ValueError:
        raise ParameterError(f"snr must be two numbers of dB, such as 0,20. Received {snr!r}.") from None
    with console.reporting() as reporter:
        found = compare_thresholds(
            run,
            dataset,
            out,
            minutes=minutes,
            snr_db=(low, high),
            settings=SpotterSettings(hop_s=hop, smooth=smooth),
            wordless=wordless,
            seed=seed,
            overwrite=overwrite,
            reporter=reporter,
        )
    _show(found.to_dict(), table(found), [], out, json=json)


def _show(
    found: dict[str, Any], table: tuple[list[str], list[list[str]]], answer: Sequence[str], out: Path, *, json: bool
) -> None:
    """Show what an experiment found: as JSON, or a table, what it says, and where the page is."""
    if json:
        console.print_json(found)
        return
    console.print_table(*table)
    for line in answer:
        console.show(line)
    console.show(f"page: {out / 'report.html'}")
