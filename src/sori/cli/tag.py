"""`sori tag`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite, names
from sori.errors import ParameterError, SoriError, check_choice, check_installed, printable

if TYPE_CHECKING:
    from sori.inference import Sound, Tags

FORMATS = ("txt", "json", "vtt", "labels", "png")
_SHOWN = 5


def tag(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings of any length, or folders.")],
    threshold: Annotated[float, typer.Option(help="Lowest score of a sound, 0 to 1.")] = 0.3,
    smooth: Annotated[int, typer.Option(help="Windows of 0.975 s to average; odd.")] = 3,
    hop: Annotated[float, typer.Option(help="Seconds between windows.")] = 0.48,
    format: Annotated[
        str, typer.Option(help="Files to write into OUT: txt, json, vtt, labels (of Audacity), png; comma-separated.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder for these files (default: tags; without --format: txt).")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Tell the kinds of sound in recordings, of 521 that AudioSet knows, and when they sound.

    Example: sori tag street.wav --format vtt,png --out tags
    """
    from sori.inference import TaggerSettings
    from sori.tasks.tag import tag as tag_task

    kinds = names(format) or (["txt"] if out is not None else [])
    folder = out or Path("tags")
    for kind in kinds:
        check_choice("format", kind, FORMATS)
    if "png" in kinds:
        check_installed("matplotlib")
    settings = TaggerSettings(threshold=threshold, smooth=smooth, hop_s=hop)
    rows: list[dict[str, Any]] = []
    taken: dict[Path, Path] = {}
    with console.reporting() as reporter:
        for file, result in tag_task(files, settings=settings, reporter=reporter):
            try:
                if isinstance(result, SoriError):
                    raise result
                written = [_write(result, kind, file, folder, taken, overwrite=overwrite) for kind in kinds]
            except SoriError as error:
                console.fail(console.described(error))
                rows.append({"file": printable(file), "error": printable(error)})
                continue
            rows.append({"file": printable(file), **_values(result), "written": [printable(path) for path in written]})
            if not json:
                console.show(f"{file}: {', '.join(f'{name} {score:.2f}' for name, score in result.top(_SHOWN))}")
                for sound in result.sounds:
                    console.show(f"  {_line(sound)}")
                for path in written:
                    console.show(f"  written: {path}")
    if json:
        console.print_json(rows)
    if any("error" in row for row in rows):
        raise typer.Exit(1)


def _values(tags: Tags) -> dict[str, Any]:
    return {
        "duration_s": round(tags.duration_s, 3),
        "top": [{"class": name, "score": round(score, 4)} for name, score in tags.top(_SHOWN)],
        "sounds": [
            {"start_s": round(s.start_s, 3), "end_s": round(s.end_s, 3), "class": s.label, "score": round(s.score, 4)}
            for s in tags.sounds
        ],
    }


def _line(sound: Sound) -> str:
    return f"{sound.start_s:8.2f} to {sound.end_s:8.2f} s  {sound.label}  {sound.score:.2f}"


def _write(tags: Tags, kind: str, file: Path, out: Path, taken: dict[Path, Path], *, overwrite: bool) -> Path:
    """Write a file of a recording's tags."""
    from sori.folders import replacing_file
    from sori.inference.captions import caption

    path = out / f"{file.stem}.{'labels.txt' if kind == 'labels' else kind}"
    if path in taken:
        raise ParameterError(f"{taken[path]} and {file} would both be written to {path}: give them one by one.")
    if path.exists() and not overwrite:
        raise SoriError(f"{path}: is there already; give `overwrite=True` to replace it, or `out` another folder")
    taken[path] = file
    try:
        out.mkdir(parents=True, exist_ok=True)
        if kind == "png":
            from sori import plots

            plots.save(tags.plot(), path)
            return path
        sounds = tags.sounds
        text = {
            "txt": lambda: "".join(f"{_line(sound)}\n" for sound in sounds),
            "json": lambda: console.json_text(_values(tags)) + "\n",
            "vtt": lambda: "WEBVTT\n\n" + "".join(caption(s.start_s, s.end_s, s.label) for s in sounds),
            "labels": lambda: "".join(f"{s.start_s:.3f}\t{s.end_s:.3f}\t{s.label}\n" for s in sounds),
        }[kind]()
        with replacing_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SoriError(f"{path}: {error.strerror}") from error
    return path
