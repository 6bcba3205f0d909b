"""`sori train`, `evaluate`, `predict` and `models`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sori.cli import console

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def train(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A dataset, or a folder of recordings in class folders.")
    ],
    out: Annotated[Path, typer.Option(help="The run to make: a folder with the model and its report.")],
    model: Annotated[
        str | None,
        typer.Option(help="Architecture (see sori models; default: mlp for MFCCs, wave for waveforms, else cnn)."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Times through the training part (default: the model's own: cnn 100, mlp 50).")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Segments per step (default: the model's own: 32 or 64).")
    ] = None,
    lr: Annotated[
        float | None, typer.Option(help="Learning rate (default: the model's own: cnn 2e-3, falling; mlp 1e-4).")
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(help="Part of the units silenced in training (default: the model's own).")
    ] = None,
    l2: Annotated[float | None, typer.Option(help="Weight of the squared weights in the loss (default: 0).")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without improvement (default: never).")
    ] = None,
    width: Annotated[
        float | None, typer.Option(help="Times the units or channels of each layer: 0.5 is a simpler network.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(help="Layers, stages or blocks more or less: -1 is a simpler network.")
    ] = None,
    scale: Annotated[float | None, typer.Option(help="Of bcresnet, 1 to 8.")] = None,
    augment: Annotated[
        str | None,
        typer.Option(help="none, spectrogram, speech, music or environment (default: the model's own)."),
    ] = None,
    background: Annotated[
        Path | None, typer.Option(help="Folder of recordings to lay behind half of the clips in training.")
    ] = None,
    mixup: Annotated[
        float | None, typer.Option(help="Mix two examples by Beta(A, A), labels and all; 0: do not.")
    ] = None,
    cutmix: Annotated[float | None, typer.Option(help="Paste a rectangle of one example over another instead.")] = None,
    mask_fill: Annotated[
        str | None, typer.Option(help="What the blanks of a recipe hold: zero, mean or fade (default: zero).")
    ] = None,
    mixup_layer: Annotated[
        str | None, typer.Option(help="Mix at the output of this layer instead (manifold mixup).")
    ] = None,
    split: Annotated[str, typer.Option(help="group, fold, or segment (leaky, to see what it claims).")] = "group",
    test_fold: Annotated[
        str | None, typer.Option(help="With --split fold: the fold to test on (default: the last).")
    ] = None,
    folds: Annotated[bool, typer.Option("--folds", help="Test on each of the dataset's folds in turn.")] = False,
    test_size: Annotated[float, typer.Option(help="Part that is tested on.")] = 0.3,
    valid_size: Annotated[float, typer.Option(help="Part of the rest that chooses the weights.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Of the split, the first weights and everything drawn.")] = 0,
    group_by: Annotated[str | None, typer.Option(help="For a folder of recordings: as in sori dataset build.")] = None,
    fold_by: Annotated[str | None, typer.Option(help="For a folder of recordings: as in sori dataset build.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT once the new run is complete.")] = False,
    json: Json = False,
) -> None:
    """Train a classifier: one bundle to deploy, and a report.

    Example: sori train my-sounds/ --out runs/first
    """
    from sori.tasks.train import train as train_task

    given = {"dropout": dropout, "l2": l2, "width": width, "depth": depth, "scale": scale}
    try:
        with console.showing_progress() as progress:
            result = train_task(
                source,
                out,
                model=model,
                options={name: value for name, value in given.items() if value is not None},
                epochs=epochs,
                batch_size=batch_size,
                lr=lr,
                patience=patience,
                augment=augment,
                background=background,
                mixup=mixup,
                cutmix=cutmix,
                mixup_layer=mixup_layer,
                mask_fill=mask_fill,
                split_by="fold" if test_fold is not None and split == "group" and not folds else split,
                test_fold=test_fold,
                folds=folds,
                test_size=test_size,
                valid_size=valid_size,
                seed=seed,
                group_by=group_by,
                fold_by=fold_by,
                overwrite=overwrite,
                progress=progress,
                say=console.say,
            )
    except KeyboardInterrupt:
        console.fail(f"stopped; nothing was written to {out}")
        raise typer.Exit(130) from None
    if json:
        console.print_json(
            {
                "run": str(result.out),
                "parameters": result.parameters,
                "epochs": result.epochs,
                "best_epoch": result.best_epoch,
                "diagnosis": asdict(result.diagnosis),
                "notes": result.notes,
                "scores": result.scores,
            }
        )
        return
    _show_scores(result.scores)
    diagnosis = result.diagnosis
    console.out.print(f"{diagnosis.verdict}: {diagnosis.why}")
    if diagnosis.verdict != "fitted":
        console.out.print(f"next, try {diagnosis.advice[0]}; or {diagnosis.advice[1]}")
    console.out.print(f"model: {out}   report: {out / 'report.html'}")


def evaluate(
    run: Annotated[Path, typer.Argument(help="A trained model (folder).")],
    dataset: Annotated[Path, typer.Argument(help="A dataset made with the same front end and classes.")],
    include_training: Annotated[
        bool, typer.Option("--include-training", help="Score recordings it was trained on too (leaky).")
    ] = False,
    json: Json = False,
) -> None:
    """Score a trained model on a dataset; recordings it was trained on are left out.

    Example: sori evaluate runs/first data/more-sounds
    """
    from sori.tasks.classify import evaluate as evaluate_task

    scores = evaluate_task(run, dataset, include_training=include_training)
    if json:
        console.print_json(scores)
    else:
        _show_scores(scores)


def predict(
    run: Annotated[Path, typer.Argument(help="A trained model (folder).")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings, or folders of them.")],
    top: Annotated[int, typer.Option(min=1, help="How many classes to show.")] = 3,
    json: Json = False,
) -> None:
    """Say what class each recording is of, and how likely.

    Example: sori predict runs/first new.wav --top 3
    """
    from sori.errors import SoriError, printable
    from sori.tasks.classify import predict as predict_task

    with console.showing_progress() as progress:
        results = predict_task(run, files, progress=progress, say=console.say)
    rows: list[dict[str, Any]] = []
    for file, result in results:
        if isinstance(result, SoriError):
            console.fail(str(result))
            rows.append({"file": printable(file), "error": printable(result)})
            continue
        likeliest = list(zip(result.classes[:top], result.probabilities[:top], strict=True))
        rows.append(
            {
                "file": printable(file),
                "segments": result.segments,
                "top": [{"class": name, "probability": p} for name, p in likeliest],
            }
        )
        if not json:
            shown = "  ".join(f"{name} {p:.1%}" for name, p in likeliest)
            console.out.print(f"{file}: {shown}")
    if json:
        console.print_json(rows)
    if all("error" in row for row in rows):
        raise typer.Exit(1)


def models(
    shape: Annotated[str, typer.Option(help="frames x bins of a segment to count for.")] = "130x13",
    classes: Annotated[int, typer.Option(help="Number of classes to count for.")] = 10,
    json: Json = False,
) -> None:
    """List the architectures, with parameters and cost for a segment of a given shape.

    Example: sori models --shape 216x64 --classes 10
    """
    from sori import models as registry
    from sori.errors import ParameterError, SoriError, check_count

    try:
        frames, bins = (int(size) for size in shape.lower().split("x"))
    except ValueError:
        raise ParameterError(f"shape must be FRAMESxBINS, such as 130x13. Received {shape!r}.") from None
    check_count("shape", min(frames, bins))
    check_count("classes", classes, at_least=2)
    rows: list[dict[str, Any]] = []
    for name, architecture in registry.ARCHITECTURES.items():
        row: dict[str, Any] = {"name": name, "purpose": architecture.purpose, "options": architecture.options}
        try:
            network = registry.build(name, input_shape=(frames, bins), n_classes=classes)
            row |= {"parameters": network.count_params(), "multiply_adds": registry.multiply_adds(network)}
        except (
            SoriError
        ) as error:  # not for this shape, or there is no Keras to count with: the name stands all the same
            row |= {"parameters": None, "multiply_adds": None, "why": str(error)}
        rows.append(row)
    if json:
        console.print_json({"input_shape": [frames, bins], "classes": classes, "models": rows})
        return
    from rich.table import Table

    console.out.print(f"for segments of {frames} frames x {bins}, {classes} classes:")
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("name", no_wrap=True)
    table.add_column("parameters", no_wrap=True, justify="right")
    table.add_column("multiply-adds", no_wrap=True, justify="right")
    table.add_column("what it is, and its options")
    for row in rows:
        options = ", ".join(f"{k} {v:g}" for k, v in row["options"].items())
        counts = [f"{row[key]:,}" if row[key] is not None else "-" for key in ("parameters", "multiply_adds")]
        table.add_row(row["name"], *counts, f"{row['purpose']} ({options})")
    console.out.print(table, soft_wrap=False)
    for why in dict.fromkeys(row["why"] for row in rows if "why" in row):
        console.warn(why)


def _show_scores(scores: Mapping[str, Any]) -> None:
    spread = f" ± {scores['accuracy_std']:.1%}" if scores.get("accuracy_std") is not None else ""
    low, high = scores["accuracy_interval"]
    single = ""
    together = "mean of the folds; of all together, " if scores.get("folds") else ""
    if scores["segments"] != scores["recordings"]:
        single = f" ({scores['segment_accuracy']:.1%} of {scores['segments']:,} single segments)"
    (console.warn if scores["leaky"] else console.say)(scores["split"])
    right = f"{scores['accuracy']:.1%}{spread} on {scores['recordings']:,} recordings"
    interval = f"{together}95 % interval {low:.1%} to {high:.1%}"
    console.out.print(
        f"accuracy {right} ({interval}), mean over classes "
        f"{scores['balanced_accuracy']:.1%}, macro F1 {scores['macro_f1']:.3f}{single}",
    )
