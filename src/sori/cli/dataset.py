"""`sori dataset`: build, inspect, export and import datasets."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sori.cli import console
from sori.cli.help import Command
from sori.cli.options import (
    CUTTING,
    FEATURES,
    LABELS,
    RUNNING,
    Fmax,
    Fmin,
    HopLength,
    Jobs,
    Json,
    NFft,
    NMels,
    NMfcc,
    OldOut,
    Overwrite,
    Resume,
    out_of,
)
from sori.errors import ParameterError, check_installed

if TYPE_CHECKING:
    from sori.datasets import Dataset
    from sori.features import Preprocessor, Segmenting

app = typer.Typer(help="Build, inspect, export and import datasets.", no_args_is_help=True, rich_markup_mode=None)
Out = Annotated[Path | None, typer.Option(help="The dataset to make (a folder).", show_default=False)]


@app.command(cls=Command)
def build(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="Folder of class folders, or CSV file,label[,group,fold].")
    ],
    old_out: OldOut = None,
    out: Out = None,
    feature: Annotated[
        str | None,
        typer.Option(help="mfcc, mel, spectrogram or waveform (default: chosen from the recordings)."),
    ] = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
    json: Json = False,
    sr: Annotated[int, typer.Option("--sr", help="Rate in Hz to resample to.", rich_help_panel=FEATURES)] = 22050,
    n_fft: NFft = 2048,
    hop_length: HopLength = 512,
    n_mels: NMels = 128,
    n_mfcc: NMfcc = 13,
    fmin: Fmin = 0.0,
    fmax: Fmax = None,
    duration: Annotated[
        float, typer.Option(help="Seconds used of each recording, from its start.", rich_help_panel=CUTTING)
    ] = 30.0,
    segments: Annotated[int, typer.Option(help="Number of equal segments.", rich_help_panel=CUTTING)] = 10,
    overlap: Annotated[
        float, typer.Option(help="Fraction by which segments overlap, 0 to 0.95.", rich_help_panel=CUTTING)
    ] = 0.0,
    pad: Annotated[
        bool, typer.Option("--pad", help="Pad a short last segment with zeros.", rich_help_panel=CUTTING)
    ] = False,
    segment_by: Annotated[
        str, typer.Option(help="time, or beats (a segment begins at each beat).", rich_help_panel=CUTTING)
    ] = "time",
    beats: Annotated[int, typer.Option(help="Beats from one segment to the next.", rich_help_panel=CUTTING)] = 1,
    labels: Annotated[
        Path | None, typer.Option(help="CSV that labels the files of SOURCE.", rich_help_panel=LABELS)
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="What the CSV calls its columns: file=filename,label=category.", rich_help_panel=LABELS),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(help=r"Regex on file names for groups: '_(\w+)_\d+$'.", rich_help_panel=LABELS),
    ] = None,
    fold_by: Annotated[
        str | None, typer.Option(help=r"Regex on file names for the data's own folds: '^(\d)'.", rich_help_panel=LABELS)
    ] = None,
    jobs: Jobs = None,
    max_bad: Annotated[
        float, typer.Option(help="Fail if more than this fraction is unusable.", rich_help_panel=RUNNING)
    ] = 1.0,
) -> None:
    r"""Build a dataset from labelled recordings.

    Example: sori dataset build genres/ --out data/genres --feature mfcc --duration 30 --segments 10
    """
    check_installed("joblib", "pyarrow")
    from sori.datasets import FACTS
    from sori.datasets.table import parse_columns
    from sori.features import Segmenting
    from sori.tasks.build import build as build_task

    out = out_of(out, old_out, command=f"sori dataset build {source} --out DATASET")
    if beats != 1 and segment_by != "beats":
        raise ParameterError("`beats` is for `segment_by='beats'`")
    settings = {
        "sr": sr,
        "n_fft": n_fft,
        "hop_length": hop_length,
        "n_mels": n_mels,
        "n_mfcc": n_mfcc,
        "fmin": fmin,
        "fmax": fmax,
    }
    segmenting = Segmenting(
        duration_s=duration, segments=segments, overlap=overlap, pad=pad, by=segment_by, beats=beats
    )
    with (
        console.stopping(f"stopped; run the same command with --resume to finish {out}"),
        console.reporting() as reporter,
    ):
        dataset = build_task(
            source,
            out,
            preprocessor=_preprocessor(feature, settings, segmenting),
            labels=labels,
            columns=None if columns is None else parse_columns(columns),
            group_by=group_by,
            fold_by=fold_by,
            jobs=jobs,
            max_bad=max_bad,
            resume=resume,
            overwrite=overwrite,
            reporter=reporter,
        )
    for kind in ("failed", "dropped"):
        for entry in dataset.files[kind][:10]:
            console.warn(f"{kind}: {entry['file']}: {console.as_options(entry['reason'])}")
        if len(dataset.files[kind]) > 10:
            console.warn(f"{kind}: {len(dataset.files[kind]) - 10} more, listed in {out / FACTS}")
    _show(out if out.name else dataset.path, json=json)


def _preprocessor(feature: str | None, settings: dict[str, Any], segmenting: Segmenting) -> Preprocessor | None:
    """Return the preprocessor of the options; None, to choose one, if none of them was given."""
    from sori.features import FEATURES, Preprocessor

    if feature is None:
        given = console.given({*settings, "duration", "segments", "overlap", "pad", "segment_by", "beats"})
        if not given:
            return None
        feature = "mfcc"
    known = inspect.signature(FEATURES[feature]).parameters  # features of a package may not take all of them
    wanted = {"kind": feature, **settings}
    return Preprocessor(FEATURES[feature](**{k: v for k, v in wanted.items() if k in known}), segmenting)


@app.command(cls=Command)
def info(out: Annotated[Path, typer.Argument(help="A dataset.")], json: Json = False) -> None:
    """Show what is in a dataset.

    Example: sori dataset info data/genres
    """
    _show(out, json=json)


@app.command(cls=Command)
def export(
    dataset: Annotated[Path, typer.Argument(help="A dataset of MFCCs.")],
    old_out: OldOut = None,
    out: Annotated[Path | None, typer.Option(help="The JSON file to write.", show_default=False)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Write the classic JSON: mapping, labels and mfcc.

    Example: sori dataset export data/genres --out genres.json
    """
    from sori.datasets import Dataset, export_json
    from sori.errors import DatasetError

    out = out_of(out, old_out, command=f"sori dataset export {dataset} --out FILE.json")
    if out.exists() and not overwrite:
        raise DatasetError(f"{out}: is there already; give `overwrite=True` to replace it")
    export_json(Dataset.open(dataset), out)
    console.say(f"wrote {out}")


@app.command("import", cls=Command)
def import_(
    file: Annotated[Path, typer.Argument(help="A classic JSON, or an npz with wav_vals and label_vals.")],
    old_out: OldOut = None,
    out: Out = None,
    sr: Annotated[
        int | None,
        typer.Option("--sr", help="Rate in Hz: required for an npz; for a JSON, the rate of its MFCCs."),
    ] = None,
    feature: Annotated[str, typer.Option(help="Features of an npz: waveform, mel, mfcc or spectrogram.")] = "waveform",
    n_fft: NFft = 2048,
    hop_length: HopLength = 512,
    n_mels: NMels = 128,
    n_mfcc: NMfcc = 13,
    classes: Annotated[
        str | None, typer.Option(help="Order of the class ids of an npz, e.g. yes,no,up (default: sorted).")
    ] = None,
    group_size: Annotated[int | None, typer.Option(help="Consecutive segments per recording of a JSON.")] = None,
    json: Json = False,
) -> None:
    """Make a dataset from a classic JSON (mapping, labels, mfcc) or an npz (wav_vals, label_vals).

    Example: sori dataset import genres.json --out data/genres --sr 22050 --group-size 10
    """
    from sori.datasets import import_json, import_npz
    from sori.features import FrontEnd

    out = out_of(out, old_out, command=f"sori dataset import {file} --out DATASET")
    npz = file.suffix.lower() == ".npz"
    if npz and group_size is not None:
        raise ParameterError("`group_size` is for a JSON; each clip of an npz is a recording of its own")
    if not npz and (classes is not None or feature != "waveform"):
        raise ParameterError("`classes` and `feature` are for an npz; a JSON has its classes and MFCCs in it")
    if npz and sr is None:
        raise ParameterError("an npz does not state its rate: give `sr`, e.g. `sr=16000`")
    front_end = None
    if sr is not None:
        kind = feature if npz else "mfcc"
        front_end = FrontEnd(kind=kind, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, n_mfcc=n_mfcc)
    if npz and front_end is not None:
        order = [name.strip() for name in classes.split(",")] if classes else None
        dataset = import_npz(file, out, front_end=front_end, classes=order)
        if dataset.counts["groups"] == dataset.counts["recordings"]:
            console.warn(
                "each clip counts as a recording and a group of its own; if you know the speakers, add an array "
                "group_vals to the npz"
            )
    else:
        import_json(file, out, front_end=front_end, group_size=group_size)
    _show(out, json=json)


def _show(path: Path, *, json: bool) -> None:
    from sori.datasets import Dataset

    dataset = Dataset.open(path)
    front_end = dataset.front_end.to_dict() if dataset.front_end else None
    if json:
        console.print_json(
            {
                "path": str(path),
                "front_end": front_end,
                "segmenting": None if dataset.preprocessor is None else asdict(dataset.preprocessor.segmenting),
                "shape": dataset.shape,
                "classes": dataset.classes,
                "counts": dataset.counts,
                "failed": dataset.files["failed"],
                "dropped": dataset.files["dropped"],
                "ignored": dataset.files["ignored"],
                "fingerprint": dataset.fingerprint,
            }
        )
        return
    from rich.table import Table

    counts = dataset.counts
    described = ", ".join(f"{k} {v}" for k, v in front_end.items()) if front_end else "not stated by the imported file"
    lines = [
        f"{path}: {counts['segments']:,} segments of {dataset.shape[0]} frames x {dataset.shape[1]}",
        f"  front end   {described}",
        f"  recordings  {counts['recordings']:,} used, {len(dataset.files['failed'])} failed, "
        f"{len(dataset.files['dropped'])} dropped; {len(dataset.files['ignored'])} other files ignored",
        f"  segments    {_cut(dataset)}{counts['segments_dropped']:,} left out, their recordings too short",
        f"  groups      {counts['groups'] or 'not known'}"
        + (f"; folds {', '.join(counts['folds'])}" if counts["folds"] else ""),
    ]
    for line in lines:
        console.show(line)
    table = Table("class", "recordings", "segments", box=None, pad_edge=False, padding=(0, 2))
    for name, numbers in counts["per_class"].items():
        table.add_row(console.visible(name), f"{numbers['recordings']:,}", f"{numbers['segments']:,}")
    console.out.print(table)


def _cut(dataset: Dataset) -> str:
    """Describe how recordings were cut, if known."""
    if dataset.preprocessor is None:
        return ""
    segmenting = dataset.preprocessor.segmenting
    length = f"{segmenting.duration_s / segmenting.segments:g} s each"
    if segmenting.by == "beats":
        length += ", one at every beat" if segmenting.beats == 1 else f", one at every {segmenting.beats} beats"
    return f"{length}; "
