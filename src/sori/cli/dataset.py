"""`sori dataset`: build, look at, export and import datasets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sori.cli import console

app = typer.Typer(help="Build, look at, export and import datasets.", no_args_is_help=True, rich_markup_mode=None)

Sr = Annotated[int, typer.Option("--sr", help="Rate in Hz that recordings are resampled to.")]
NFft = Annotated[int, typer.Option("--n-fft", help="Samples per frame.")]
HopLength = Annotated[int, typer.Option("--hop-length", help="Samples from frame to frame.")]
NMels = Annotated[int, typer.Option("--n-mels", help="Mel bands (mel, mfcc).")]
NMfcc = Annotated[int, typer.Option("--n-mfcc", help="Coefficients (mfcc).")]
Fmin = Annotated[float, typer.Option("--fmin", help="Lowest mel band begins here, in Hz.")]
Fmax = Annotated[float | None, typer.Option("--fmax", help="Highest mel band ends here, in Hz (default: sr / 2).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def build(
    source: Annotated[Path, typer.Argument(help="Folder of class folders, or CSV file,label[,group,fold].")],
    out: Annotated[Path, typer.Argument(help="The dataset to make (a folder).")],
    feature: Annotated[str, typer.Option(help="mfcc, mel, spectrogram or waveform.")] = "mfcc",
    sr: Sr = 22050,
    duration: Annotated[float, typer.Option(help="Seconds of each recording that are used, from its start.")] = 30.0,
    segments: Annotated[int, typer.Option(help="Equal pieces that time is cut into.")] = 10,
    n_fft: NFft = 2048,
    hop_length: HopLength = 512,
    n_mels: NMels = 128,
    n_mfcc: NMfcc = 13,
    fmin: Fmin = 0.0,
    fmax: Fmax = None,
    overlap: Annotated[
        float, typer.Option(help="Slide windows of a segment's length, overlapping by this part.")
    ] = 0.0,
    pad: Annotated[
        bool, typer.Option("--pad", help="Fill a piece cut short by the end with zeros; else it is dropped.")
    ] = False,
    segment_by: Annotated[
        str, typer.Option(help="time; or beats: a segment of that length begins at each beat.")
    ] = "time",
    beats: Annotated[int, typer.Option(help="Beats from one segment to the next (--segment-by beats).")] = 1,
    labels: Annotated[Path | None, typer.Option(help="CSV that labels the files of SOURCE.")] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            help=r"Regex on the file's stem for what must stay together, e.g. '_(\w+)_\d+$' (default: the recording)."
        ),
    ] = None,
    fold_by: Annotated[
        str | None, typer.Option(help=r"Regex on the file's stem for the data's own folds, e.g. '^(\d)'.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Threads (default: one per core).")] = None,
    max_bad: Annotated[float, typer.Option(help="Fail if more than this part of the files is unusable.")] = 1.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted build.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT once the new one is complete.")] = False,
    json: Json = False,
) -> None:
    r"""Make a dataset of labelled recordings.

    Example: sori dataset build genres/ data/genres --feature mfcc --duration 30 --segments 10
    """
    from sori.datasets import Segmenting, read_catalog
    from sori.datasets import build as build_dataset
    from sori.errors import ParameterError
    from sori.features import FrontEnd

    if beats != 1 and segment_by != "beats":
        raise ParameterError("--beats is for --segment-by beats")
    front_end = FrontEnd(
        kind=feature, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, n_mfcc=n_mfcc, fmin=fmin, fmax=fmax
    )
    segmenting = Segmenting(
        duration_s=duration, segments=segments, overlap=overlap, pad=pad, by=segment_by, beats=beats
    )
    catalog = read_catalog(source, labels=labels, group_by=group_by, fold_by=fold_by)
    for note in catalog.notes:
        console.warn(note)
    try:
        with console.showing_progress() as progress:
            dataset = build_dataset(
                catalog,
                out,
                front_end=front_end,
                segmenting=segmenting,
                jobs=jobs,
                max_bad=max_bad,
                resume=resume,
                overwrite=overwrite,
                progress=progress,
            )
    except KeyboardInterrupt:
        console.fail(f"stopped; run the same command with --resume to finish {out}")
        raise typer.Exit(130) from None
    for kind in ("failed", "dropped"):
        for entry in dataset.files[kind][:10]:
            console.warn(f"{kind}: {entry['file']}: {entry['reason']}")
        if len(dataset.files[kind]) > 10:
            console.warn(f"{kind}: {len(dataset.files[kind]) - 10} more, listed in {out / 'dataset.json'}")
    _show(out if out.name else dataset.path, json=json)


@app.command()
def info(out: Annotated[Path, typer.Argument(help="A dataset.")], json: Json = False) -> None:
    """Say what is in a dataset.

    Example: sori dataset info data/genres
    """
    _show(out, json=json)


@app.command()
def export(
    dataset: Annotated[Path, typer.Argument(help="A dataset of MFCCs.")],
    out: Annotated[Path, typer.Argument(help="The JSON file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Write the classic JSON: mapping, labels and mfcc.

    Example: sori dataset export data/genres genres.json
    """
    from sori.datasets import Dataset, export_json
    from sori.errors import DatasetError

    if out.exists() and not overwrite:
        raise DatasetError(f"{out}: is there already; give --overwrite to replace it")
    export_json(Dataset.open(dataset), out)
    console.say(f"wrote {out}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A classic JSON, or an npz with wav_vals and label_vals.")],
    out: Annotated[Path, typer.Argument(help="The dataset to make (a folder).")],
    sr: Annotated[
        int | None,
        typer.Option("--sr", help="Rate in Hz: needed for an npz; for a JSON, states how its MFCCs were made."),
    ] = None,
    feature: Annotated[
        str, typer.Option(help="What to make of an npz: waveform, mel, mfcc or spectrogram.")
    ] = "waveform",
    n_fft: NFft = 2048,
    hop_length: HopLength = 512,
    n_mels: NMels = 128,
    n_mfcc: NMfcc = 13,
    classes: Annotated[
        str | None, typer.Option(help="Order of the class ids of an npz, e.g. yes,no,up (default: sorted).")
    ] = None,
    group_size: Annotated[
        int | None, typer.Option(help="In a JSON, so many segments in a row are of one recording.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a dataset of a classic JSON (mapping, labels, mfcc) or an npz (wav_vals, label_vals).

    Example: sori dataset import genres.json data/genres --sr 22050 --group-size 10
    """
    from sori.datasets import import_json, import_npz
    from sori.errors import ParameterError
    from sori.features import FrontEnd

    npz = file.suffix.lower() == ".npz"
    if npz and group_size is not None:
        raise ParameterError("--group-size is for a JSON; each clip of an npz is a recording of its own")
    if not npz and (classes is not None or feature != "waveform"):
        raise ParameterError("--classes and --feature are for an npz; a JSON has its classes and MFCCs in it")
    if npz and sr is None:
        raise ParameterError("an npz does not say its rate: give --sr, e.g. --sr 16000")
    front_end = None
    if sr is not None:
        kind = feature if npz else "mfcc"
        front_end = FrontEnd(kind=kind, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, n_mfcc=n_mfcc)
    if npz and front_end is not None:
        order = [name.strip() for name in classes.split(",")] if classes else None
        dataset = import_npz(file, out, front_end=front_end, classes=order)
        if dataset.counts["groups"] == dataset.counts["recordings"]:
            console.warn(
                "each clip counts as a recording and a group of its own; if you know who speaks in which, put an array "
                "group_vals into the npz"
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
                "segmenting": dataset.segmenting,
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
        f"  segments    {_cut(dataset.segmenting)}{counts['segments_dropped']:,} left out, their recordings too short",
        f"  groups      {counts['groups'] or 'not known'}"
        + (f"; folds {', '.join(counts['folds'])}" if counts["folds"] else ""),
    ]
    for line in lines:
        console.out.print(line)
    table = Table("class", "recordings", "segments", box=None, pad_edge=False, padding=(0, 2))
    for name, numbers in counts["per_class"].items():
        table.add_row(name, f"{numbers['recordings']:,}", f"{numbers['segments']:,}")
    console.out.print(table)


def _cut(segmenting: Mapping[str, Any]) -> str:
    """Say how recordings were cut, where it is known."""
    if not segmenting:
        return ""
    length = f"{segmenting['duration_s'] / segmenting['segments']:g} s each"
    if segmenting.get("by") == "beats":
        beats = segmenting["beats"]
        length += ", one at every beat" if beats == 1 else f", one at every {beats} beats"
    return f"{length}; "
