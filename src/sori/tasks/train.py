"""`sori train`: from a dataset, or a folder of recordings, to a bundle and its report."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import sori
from sori.bundle import save_bundle
from sori.datasets import Dataset, has_dataset
from sori.errors import DatasetError, ParameterError
from sori.evaluation.answers import FILE as ANSWERS
from sori.evaluation.answers import write_answers
from sori.folders import building_folder
from sori.models.backend import backend_name
from sori.output import Maker, output_folder
from sori.reporter import Reporter, usual
from sori.reports.training import training_report
from sori.training import Diagnosis, TrainedClassifier, TrainingOptions, train_classifier
from sori.training.build_beside import build_beside
from sori.training.carry_over import WEIGHTS, weights_digest
from sori.training.description import bundle_of
from sori.training.interrupted import Unfinished, unfinished_folder

_MAKER = "sori train"
_RUN = Maker(
    _MAKER,
    "bundle.json",
    files=(
        "model.keras",
        "model.onnx",
        WEIGHTS,
        "history.csv",
        ANSWERS,
        "split.json",
        "README.md",
        "report.html",
    ),
    keys=("schema_version", "front_end"),
)


@dataclass(frozen=True)
class TrainingResult:
    """The folder of a run, its scores, and notes on them."""

    out: Path
    scores: Mapping[str, Any]
    notes: tuple[str, ...]
    parameters: int
    best_epoch: int
    epochs: int
    diagnosis: Diagnosis

    def __repr__(self) -> str:
        return (
            f"TrainingResult({str(self.out)!r}, accuracy {self.scores['accuracy']:.1%} on "
            f"{self.scores['recordings']:,} recordings, {self.diagnosis.verdict})"
        )

    def _repr_html_(self) -> str:
        from sori.reports.notebook import of_run

        return of_run(self)


def train(
    source: str | Path,
    out: str | Path,
    options: TrainingOptions | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    reporter: Reporter | None = None,
    **changes: Any,
) -> TrainingResult:
    """Train a classifier and write its bundle and report to the folder ``out``.

    Parameters
    ----------
    source
        A dataset, or a folder of recordings (or CSV); then a dataset is built beside ``out`` first.
    options
        Settings; None: the defaults.
    resume
        Go on with an interrupted training of ``out`` after the last epoch that it saved, as it does every few seconds.
    overwrite
        Replace ``out``, once the new run is complete, and an interrupted training of it at once, unless ``resume``.
    changes
        Fields of the options to change: ``train(folder, run, epochs=10)``.

    Raises
    ------
    SoriError
        If anything is missing, does not match or exists already; then nothing is written to ``out``.
    """
    began, source, out, reporter = time.monotonic(), Path(source), Path(out), usual(reporter)
    if options is not None and not isinstance(options, TrainingOptions):
        raise ParameterError(f"options must be TrainingOptions. Received {type(options).__name__}.", "options")
    options = replace(options, **changes) if options is not None else TrainingOptions.from_dict(changes)
    if not source.exists() and not building_folder(source).is_dir():
        raise DatasetError(f"{source}: no such dataset, folder of recordings or CSV file")
    is_dataset = has_dataset(source) or building_folder(source).is_dir()
    if is_dataset and (options.group_by or options.fold_by or options.embedding or options.own_word):
        raise ParameterError(
            "`group_by`, `fold_by`, `embedding` and `own_word` are for a folder of recordings, not for a dataset"
        )
    # Faults are told before a dataset is built.
    made = {
        "options": options.to_dict(),
        "backend": backend_name(),
        "weights to begin with": None if options.start_from is None else weights_digest(Path(options.start_from)),
    }
    with output_folder(out, _RUN, overwrite=overwrite) as output:
        unfinished = Unfinished(unfinished_folder(output.path), made, resume=resume, overwrite=overwrite)
        if resume and not unfinished.resumed:
            reporter.say("no epoch of an interrupted training was saved: it begins anew")
        dataset = (
            Dataset.open(source)
            if is_dataset
            else build_beside(
                source, output.path, options, maker=_MAKER, overwrite=overwrite and not resume, reporter=reporter
            )
        )
        unfinished.made_of(data=dataset.fingerprint)
        trained = train_classifier(dataset, options, unfinished=unfinished, reporter=reporter)
        took = f"{time.monotonic() - began:.0f} s{' after it was interrupted' * unfinished.resumed}"
        output.write(partial(_write, trained, name=os.path.basename(os.path.abspath(out)), took=took))
        unfinished.remove()
    history = trained.fitted.history
    return TrainingResult(
        out,
        trained.scores,
        trained.notes,
        trained.parameters,
        history.best_epoch,
        len(history.epochs),
        trained.diagnosis,
    )


def _write(trained: TrainedClassifier, folder: Path, *, name: str, took: str) -> None:
    """Write the bundle and the report of a training into an empty folder."""
    made = {
        "made": time.strftime("%Y-%m-%d %H:%M"),
        "took": took,
        "by": f"Sori {sori.__version__}",
    }
    if os.path.basename(sys.argv[0]) == "sori":
        made["command"] = " ".join(["sori", *sys.argv[1:]])
    page = training_report(trained, name=name, made=made)
    save_bundle(folder, bundle_of(trained), trained.deployed(), name=name, notes=trained.notes, parts=trained.digests())
    trained.fitted.network.save_weights(folder / WEIGHTS)
    trained.fitted.history.write_csv(folder / "history.csv")
    write_answers(trained.answered(), folder / ANSWERS)
    (folder / "report.html").write_text(page, encoding="utf-8")
