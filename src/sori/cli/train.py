"""`sori train`: its options are those of :class:`sori.training.TrainingOptions`."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sori.cli import console
from sori.cli.options import Json, Overwrite
from sori.cli.scores import show_scores
from sori.errors import check_installed

_COMMON, _NETWORK, _FITTING, _AUGMENTING, _TESTING, _FOLDER = (
    "Options",
    "Network",
    "Fitting",
    "Augmentation",
    "Testing",
    "For a folder of recordings",
)
# Type, default, help and group of each option; the names are those of TrainingOptions and of its model_options.
_OPTIONS: dict[str, tuple[Any, Any, str, str]] = {
    "model": (str | None, None, "Architecture (see sori models; default: by the features).", _COMMON),
    "start_from": (Path | None, None, "A run to go on from: its weights, with these data and classes.", _COMMON),
    "epochs": (int | None, None, "Passes over the training part (default: the model's own).", _COMMON),
    "augment": (
        str | None,
        None,
        "none, spectrogram, speech, music or environment.",
        _COMMON,
    ),
    "folds": (bool, False, "Test on each of the dataset's folds in turn.", _COMMON),
    "dropout": (float | None, None, "Fraction of the units dropped in training.", _NETWORK),
    "l2": (float | None, None, "Weight of the squared weights in the loss.", _NETWORK),
    "width": (float | None, None, "Scales the units or channels: 0.5 is a smaller network.", _NETWORK),
    "depth": (int | None, None, "Layers or blocks to add: -1 is a smaller network.", _NETWORK),
    "scale": (float | None, None, "Scales the channels of bcresnet, 1 to 8.", _NETWORK),
    "batch_size": (int | None, None, "Segments per step.", _FITTING),
    "lr": (float | None, None, "Learning rate.", _FITTING),
    "patience": (int | None, None, "Stop after this many epochs without improvement (default: never).", _FITTING),
    "seed": (int, 0, "Seed of the split, the initial weights and random draws.", _FITTING),
    "class_weights": (str | None, None, "balanced, or none (default: balanced if classes differ thrice).", _FITTING),
    "background": (Path | None, None, "Folder of background recordings to mix into half of the clips.", _AUGMENTING),
    "mixup": (float | None, None, "Mixup: mix two examples and labels by Beta(A, A); 0: off.", _AUGMENTING),
    "cutmix": (float | None, None, "CutMix: paste a rectangle of one example into another; 0: off.", _AUGMENTING),
    "mixup_layer": (str | None, None, "Mix at the output of this layer (manifold mixup).", _AUGMENTING),
    "mask_fill": (str | None, None, "Fill of masks: zero, mean or fade.", _AUGMENTING),
    "split": (str | None, None, "group, fold, given (the data's own) or segment (leaky).", _TESTING),
    "test_fold": (str | None, None, "The fold to test on (default: the last).", _TESTING),
    "test_size": (float, 0.3, "Fraction to test on.", _TESTING),
    "valid_size": (float, 0.2, "Fraction of the rest to validate on.", _TESTING),
    "embedding": (str | None, None, "Which embeddings: sounds (default) or speech.", _FOLDER),
    "own_word": (bool, False, "The classes are words of your own; others ship with Sori.", _FOLDER),
    "group_by": (str | None, None, "Regular expression for groups, which stay together.", _FOLDER),
    "fold_by": (str | None, None, "Regular expression for the data's own folds.", _FOLDER),
    "columns": (str | None, None, "What a CSV calls its columns: file=filename,label=category.", _FOLDER),
}
# Options whose name on the command line is another than that of the field.
_FLAGS = {"start_from": "--from"}
_OF_MODEL = ("dropout", "l2", "width", "depth", "scale")


def train(**given: Any) -> None:
    """Train a classifier, and write a model to deploy and a report.

    Example: sori train my-sounds/ --out runs/first
    """
    check_installed("joblib", "pyarrow", "keras", "sklearn", "tf2onnx", "matplotlib")
    from sori.datasets.table import parse_columns
    from sori.tasks.train import train as train_task
    from sori.training import TrainingOptions
    from sori.training.interrupted import has_state, unfinished_folder

    source, out = given.pop("source"), given.pop("out")
    resume, overwrite, json = given.pop("resume"), given.pop("overwrite"), given.pop("json")
    model_options = {name: value for name in _OF_MODEL if (value := given.pop(name)) is not None}
    if given["columns"] is not None:
        given["columns"] = parse_columns(given["columns"])
    options = TrainingOptions(model_options=model_options, **given)

    def stopped() -> str:
        saved = has_state(unfinished_folder(out))
        return f"stopped; nothing was written to {out}{'; --resume goes on after the last epoch saved' * saved}"

    with console.stopping(stopped), console.reporting() as reporter:
        result = train_task(source, out, options, resume=resume, overwrite=overwrite, reporter=reporter)
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
    show_scores(result.scores)
    diagnosis = result.diagnosis
    console.show(f"{diagnosis.verdict}: {diagnosis.why}")
    if diagnosis.verdict != "fitted":
        first, second = map(console.as_options, diagnosis.advice[:2])
        console.show(f"next, try {first}; or {second}")
    console.show(f"model: {out}   report: {out / 'report.html'}")


def _signature() -> inspect.Signature:
    """Return the signature that the command line is made from."""
    of_source = typer.Argument(metavar="SOURCE", help="A dataset, or a folder of recordings in class folders.")
    of_out = typer.Option(help="Folder for the model and its report.")
    kinds = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("source", kinds, annotation=Annotated[Path, of_source]),
        inspect.Parameter("out", kinds, annotation=Annotated[Path, of_out]),
    ]
    for name, (kind, default, text, group) in _OPTIONS.items():
        flags = [_FLAGS.get(name, f"--{name.replace('_', '-')}")]  # without the opposite that typer gives a flag
        option = typer.Option(*flags, help=text, rich_help_panel=None if group == _COMMON else group)
        parameters.append(inspect.Parameter(name, kinds, default=default, annotation=Annotated[kind, option]))
    of_resume = typer.Option("--resume", help="Go on with a training of OUT that was interrupted.")
    parameters.insert(6, inspect.Parameter("resume", kinds, default=False, annotation=Annotated[bool, of_resume]))
    parameters.insert(7, inspect.Parameter("overwrite", kinds, default=False, annotation=Overwrite))
    parameters.insert(8, inspect.Parameter("json", kinds, default=False, annotation=Json))
    return inspect.Signature(parameters, return_annotation=None)


train.__signature__ = _signature()  # type: ignore[attr-defined]
train.__annotations__ = {name: one.annotation for name, one in _signature().parameters.items()}
