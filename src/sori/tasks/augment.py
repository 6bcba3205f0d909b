"""Variants of a recording, to listen to and to look at: what an augmentation recipe does to a sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from sori import plots
from sori.audio import encode_mp3, load, save
from sori.augment import RECIPES, TRANSFORMS, Augmentation, Chain, SpectrogramAugment
from sori.errors import (
    AudioError,
    ParameterError,
    check_between,
    check_choice,
    check_count,
    printable,
    reason,
)
from sori.features import FrontEnd
from sori.folders import made_by, own_folder, replacing_folder
from sori.reporter import SILENT, Reporter
from sori.reports.page import page, picture, player
from sori.training.backgrounds import without_unusable

_MAKER = "sori augment"
_DRAWN = "drawn.json"
_RANGE_DB = 80.0
_N_FFT, _HOP, _N_MELS = 1024, 256, 64


@dataclass(frozen=True)
class Variant:
    """A changed clip, what was drawn for it, and its mel spectrogram ``(frames, bins)``, also after masks.

    ``softer_db`` is how much softer it is played than a network hears it, so that nothing clips.
    """

    y: npt.NDArray[np.float32]
    drawn: Mapping[str, Any]
    softer_db: float
    mel_db: npt.NDArray[np.float32]
    masked_db: npt.NDArray[np.float32] | None


def augment(
    file: Path,
    out: Path,
    *,
    recipe: str = "speech",
    count: int = 8,
    seed: int = 0,
    background: Path | None = None,
    duration_s: float = 30.0,
    replay: Path | None = None,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> list[Path]:
    """Write ``count`` variants of a recording as FLAC, ``drawn.json`` that says how each was made, and a page.

    What goes beyond full scale, where a file would clip, is written softer, and the page says so.

    Parameters
    ----------
    recipe
        One of :data:`sori.augment.RECIPES`, or of :data:`sori.augment.TRANSFORMS` for that change alone.
    background
        Folder of recordings to lay behind, as in training.
    duration_s
        At most so much of the recording, from its start.
    replay
        A ``drawn.json``: make the same variants again, of this recording or of another; recipe, count, seed and
        background are those it holds.
    say
        Told which backgrounds are left out, because they cannot be read.

    Returns
    -------
    The files, in order.

    Raises
    ------
    SoriError
        If anything is missing, out of range or is there already.
    """
    check_count("count", count)
    check_between("seed", seed, 0, 2**32 - 1)
    _check_out(out, overwrite=overwrite)
    given: dict[str, Any] = {"recipe": recipe, "seed": seed, "background": background and str(background)}
    chosen: list[Mapping[str, Any]] | None = None
    if replay is not None:
        given, chosen = _read_drawn(replay)
        count = len(chosen)
    wanted = _augmentation(given["recipe"], given["background"])
    wanted = without_unusable(wanted, reporter=reporter)
    chain = wanted.waveform or Chain(())
    y, sr = load(file, duration_s=duration_s)
    front_end = FrontEnd(kind="mel", sr=sr, n_fft=_N_FFT, hop_length=_HOP, n_mels=_N_MELS, top_db=np.inf)
    variants = []
    for i in range(count):
        rng = np.random.default_rng((given["seed"], i))
        try:
            waveform = chain.draw(rng, samples=len(y), sr=sr) if chosen is None else chosen[i]["waveform"]
            changed = chain.apply(y, waveform, sr=sr)
            mel_db = front_end(changed)
            drawn: dict[str, Any] = {"waveform": waveform}
            masked = None
            if wanted.spectrogram is not None:
                shape = (1, *mel_db.shape)
                features = wanted.spectrogram.draw(rng, shape) if chosen is None else _arrays(chosen[i]["spectrogram"])
                masked = _masked(mel_db, wanted.spectrogram, features)
                drawn["spectrogram"] = {name: values.tolist() for name, values in features.items()}
        except (KeyError, TypeError, ValueError, IndexError) as error:
            if replay is None or isinstance(error, ParameterError):
                raise
            raise ParameterError(f"{replay}: damaged, or of another version ({reason(error)})") from error
        peak = float(np.abs(changed).max(initial=0))
        softer_db = 20 * float(np.log10(max(peak, 1.0)))
        variants.append(Variant(changed / np.float32(max(peak, 1.0)), drawn, softer_db, mel_db, masked))
        reporter.progress("Augmenting", i + 1, count)
    out.parent.mkdir(parents=True, exist_ok=True)
    names = [f"{file.stem}-{i:03d}.flac" for i in range(1, count + 1)]
    with replacing_folder(out) as folder:
        for name, variant in zip(names, variants, strict=True):
            save(folder / name, variant.y, sr=sr)
        made = {"made_by": _MAKER, "file": printable(file.name), "sr": sr, **given}
        made["variants"] = [{"file": printable(name), **v.drawn} for name, v in zip(names, variants, strict=True)]
        (folder / _DRAWN).write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2))
        text = _page(file.name, given["recipe"], y, sr, front_end(y), dict(zip(names, variants, strict=True)), reporter)
        (folder / "report.html").write_text(text, encoding="utf-8")
    return [out / name for name in names]


def _augmentation(name: str, background: str | None) -> Augmentation:
    check_choice("recipe", name, (*RECIPES, *TRANSFORMS))
    if name == "Background" and background is None:
        raise ParameterError("Background needs `background`, a folder of recordings.")
    if name in RECIPES:
        wanted = RECIPES[name]
    elif name == "Background":
        wanted = Augmentation()
    else:
        wanted = Augmentation(waveform=Chain((TRANSFORMS[name](),)))
    return wanted if background is None else wanted.with_background(Path(background))


def _arrays(values: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    return {name: np.array(value) for name, value in values.items()}


def _read_drawn(path: Path) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    made = made_by(path, _MAKER)
    try:
        if made is None:
            raise ParameterError(f"{path}: is no {_DRAWN} of sori augment")
        return {key: made[key] for key in ("recipe", "seed", "background")}, list(made["variants"])
    except (KeyError, TypeError) as error:
        raise ParameterError(f"{path}: damaged ({reason(error)})") from error


def _check_out(out: Path, *, overwrite: bool) -> None:
    made = made_by(out / _DRAWN, _MAKER) or {}
    ours = [_DRAWN, "report.html", *[str(variant.get("file")) for variant in made.get("variants", [])]]
    own_folder(out, facts=_DRAWN, maker=_MAKER, ours=ours, overwrite=overwrite)


def _masked(
    mel_db: npt.NDArray[np.float32], change: SpectrogramAugment, drawn: dict[str, npt.NDArray[Any]]
) -> npt.NDArray[np.float32]:
    """Do to one mel spectrogram what is done to normalised ones in training."""
    mean, std = float(mel_db.mean()), max(float(mel_db.std()), 1e-6)
    x = ((mel_db - mean) / std)[np.newaxis]
    return np.asarray(change.apply(x, drawn)[0] * std + mean, dtype=np.float32)


def _page(
    title: str,
    recipe: str,
    y: npt.NDArray[np.float32],
    sr: int,
    mel_db: npt.NDArray[np.float32],
    variants: Mapping[str, Variant],
    reporter: Reporter,
) -> str:
    top = float(mel_db.max())
    span: dict[str, Any] = {
        "start_s": 0.0,
        "end_s": len(y) / sr,
        "fmin": 0.0,
        "fmax": sr / 2,
        "limits": (top - _RANGE_DB, top),
    }

    def pictures(*mels: npt.NDArray[np.float32] | None) -> str:
        drawn = [plots.mel_spectrogram(mel.T, **span) for mel in mels if mel is not None]
        return "".join(picture(plots.to_svg(ax), line_art=False) for ax in drawn)

    parts = [
        f"<h1>{escape(title)}: {escape(recipe)}</h1>",
        '<p class="soft">Mel spectrograms on one scale of dB, which ends at the loudest band of the original. Where a '
        "recipe also changes features, they stand to the right; in training, a blank holds the mean of the training "
        "part, here that of the variant.</p>",
        "<h2>Before</h2>",
        player(_mp3(y, sr)),
        f'<div class="row">{pictures(mel_db)}</div>',
    ]
    for i, (name, variant) in enumerate(variants.items(), 1):
        changes = "; ".join(_told(entry) for entry in variant.drawn["waveform"]) or "the sound stays as it is"
        if variant.softer_db:
            changes += f"; played {variant.softer_db:.1f} dB softer than that, so as not to clip"
        parts += [
            f"<h2>{escape(name)}</h2>",
            f'<p class="soft">{escape(changes)}</p>',
            player(_mp3(variant.y, sr)),
            f'<div class="row">{pictures(variant.mel_db, variant.masked_db)}</div>',
        ]
        reporter.progress("Drawing the page", i, len(variants))
    return page(f"{title}: {recipe}", parts)


def _mp3(y: npt.NDArray[np.float32], sr: int) -> bytes:
    try:
        return encode_mp3(y, sr=sr)
    except (OSError, RuntimeError, ValueError) as error:
        raise AudioError(f"cannot be made an MP3 ({reason(error)})") from error


def _told(entry: Mapping[str, Any]) -> str:
    """Tell what was drawn for a transform, as a person would write it."""

    def plain(value: Any) -> str:
        if isinstance(value, list):
            return " ".join(plain(one) for one in value)
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    values = [f"{key} {plain(value)}" for key, value in entry.items() if key not in ("transform", "name")]
    return f"{entry['name']} ({', '.join(values)})"
