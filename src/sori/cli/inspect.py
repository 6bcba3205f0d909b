"""`sori inspect`: plots and measurements of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.options import Fmax, HopLength, Json, NFft, NMels, NMfcc
from sori.errors import check_installed


def inspect(
    files: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    out: Annotated[
        Path, typer.Option(help="Folder for the page and its plots; with several recordings, a subfolder each.")
    ] = Path("inspected"),
    compare: Annotated[bool, typer.Option("--compare", help="Show them side by side, on shared scales.")] = False,
    start: Annotated[float, typer.Option(help="Start, in seconds.")] = 0.0,
    duration: Annotated[float | None, typer.Option(help="Seconds to inspect (default: all, at most 300).")] = None,
    sr: Annotated[int | None, typer.Option("--sr", help="Resample to this rate first (default: its own).")] = None,
    n_fft: NFft = 2048,
    hop_length: HopLength = 512,
    n_mels: NMels = 128,
    n_mfcc: NMfcc = 13,
    band: Annotated[
        str | None, typer.Option(help="piano (27.5 to 4186 Hz), speech (80 to 8000) or telephone (300 to 3400).")
    ] = None,
    fmin: Annotated[float | None, typer.Option("--fmin", help="Lowest frequency in Hz that is shown.")] = None,
    fmax: Fmax = None,
    quantise: Annotated[int | None, typer.Option(help="Show and play what is lost at this bit depth.")] = None,
    resample: Annotated[int | None, typer.Option(help="Show and play what is lost at this rate.")] = None,
    json: Json = False,
) -> None:
    """Draw and measure recordings: waveform, spectrum, spectrogram, mel spectrogram and MFCC, on a page with a player.

    Example: sori inspect piano.flac --band piano --out looked-at
    """
    check_installed("matplotlib")
    from sori.analysis.inspection import BANDS, View, inspect
    from sori.audio import recordings_of
    from sori.errors import ParameterError, SoriError, check_choice
    from sori.folders import folder_names
    from sori.reports.inspection import check_out, numbers, summary_of, write, write_comparison

    if band is not None:
        check_choice("band", band, BANDS)
        if fmin is not None or fmax is not None:
            raise ParameterError("give `band`, or `fmin` and `fmax`, not both")
        fmin, fmax = BANDS[band]
    if compare and (quantise is not None or resample is not None):
        raise ParameterError("`compare=True` shows recordings as they are: leave out `quantise` and `resample`")
    view = View(
        start_s=start,
        duration_s=duration,
        sr=sr,
        n_fft=n_fft,
        hop_length=hop_length,
        n_mels=n_mels,
        n_mfcc=n_mfcc,
        fmin=fmin or 0.0,
        fmax=fmax,
        quantise_bits=quantise,
        resample_sr=resample,
    )
    paths = recordings_of(files)
    if compare and len(paths) < 2:
        raise ParameterError("`compare=True` needs two recordings or more")
    folders = [out] * len(paths) if compare or len(paths) == 1 else [out / name for name in folder_names(paths)]
    for folder in dict.fromkeys(folders):
        check_out(folder)
    done, failed, summaries = [], [], []
    with console.reporting() as reporter:
        for i, (path, folder) in enumerate(zip(paths, folders, strict=True)):
            reporter.progress("Inspecting", i, len(paths))
            try:
                found = inspect(path, view)
                if compare:
                    done.append(found)
                else:
                    write(found, folder)
            except SoriError as error:
                if len(paths) == 1:
                    raise
                failed.append({"file": str(path), "error": str(error)})
                console.fail(console.described(error))
                continue
            for note in found.notes:
                note = console.as_options(note)
                console.warn(f"{path.name}: {note}" if path.name not in note else note)
            summaries.append(summary_of(found))
            if not json and not compare:
                if len(paths) > 1:
                    console.show("")
                    console.show(str(path))
                _show(numbers(found), folder)
        if compare and done:
            write_comparison(done, out)
        reporter.progress("Inspecting", len(paths), len(paths))
    if json:
        console.print_json(summaries[0] if len(paths) == 1 else [*summaries, *failed])
    elif compare and done:
        _show({}, out)
    if failed:
        console.warn(f"{len(failed)} of {len(paths)} could not be read")
        raise typer.Exit(1)


def _show(table: dict[str, str], folder: Path) -> None:
    for name, value in table.items():
        console.show(f"{name:<20} {value}")
    console.show(f"page: {folder / 'report.html'}")
