"""Train a piano transcriber on music that is rendered for every batch."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sori.bundle import Bundle, save_bundle
from sori.datasets.piano import HeldOut, PianoData
from sori.errors import (
    BundleError,
    DatasetError,
    MissingDependencyError,
    SoriError,
    check_between,
    check_choice,
    check_count,
    printable,
    reason,
)
from sori.evaluation.held_out import by_condition, score_held_out
from sori.features import LogFrequency
from sori.features.log_frequency import DB
from sori.folders import as_json, check_type, replacing_file, write_floats, write_json
from sori.inference import Transcriber
from sori.inference.note_decoder import notes_from
from sori.models.backend import keras as load_keras
from sori.models.piano import SPECTRUM_BINS, TARGETS
from sori.models.registry import TRANSCRIBERS
from sori.music import notes_array
from sori.music.pedal import pedals_of
from sori.output import Maker, Output, output_folder
from sori.reporter import SILENT, Reporter
from sori.synth import Playing, mixed
from sori.training.feeding import InAdvance, heard_again
from sori.training.note_batches import MusicBatches
from sori.training.piano_run import (
    FOLDER,
    HISTORY,
    LOSSES,
    MAKER,
    STATE,
    carry_on,
    load_network,
    read_training,
    read_weights,
    save_network,
    state_of,
)
from sori.training.reseed import reseed

if TYPE_CHECKING:
    import keras

# The task of a model, by the target of its network.
TASKS = {"notes": "transcriber", "spectrum": "cleaner"}
_MODEL = Maker(
    "sori piano deploy",
    "bundle.json",
    files=("model.onnx", "weights.npz", "README.md"),
    keys=("schema_version", "task"),
)
# STFT windows in samples: short for onsets while a string rings, long to resolve pitches.
WINDOWS = (512, 1024, 4096)
# Steps over which the learning rate rises, fraction of all steps over which it falls, and its last fraction.
_WARM_UP, _FALLS, _LAST_LR = 300, 0.2, 0.01
# Validated and deployed weights are a moving mean over about 1000 steps, updated every 5 steps.
_MEAN_OVER, _RENEWED = 1000, 5
# Of every ten recordings of other sounds, the one kept for validation and test mixtures, not for training on spectra.
_TENTHS = {"valid": 0, "test": 5}


@dataclass(frozen=True, kw_only=True)
class PianoSettings:
    """Settings for training a piano network.

    Parameters
    ----------
    epochs, steps
        Number of epochs, each validated and saved, and batches per epoch.
    batch_size, clip_s
        Clips per batch, and seconds per clip.
    lr
        Highest learning rate; reached over the first 300 steps, and lowered to a hundredth over the last fifth.
    model, options
        The network, ``piano`` or ``densenet``, and its options: see :func:`sori.models.piano.piano`.
    target
        ``notes``, or ``spectrum``: the spectrogram of the piano alone, from that of a mixture.
    playing
        Ranges of the random changes to performances.
    mixed_precision
        Multiply in bfloat16: a third less time on processors that have instructions for it, more on others. The
        deployed model is float32.
    reuse
        How often a batch is learned from; above 1 where rendering is slower than learning, as on a GPU.
    seed
        Seed of the initial weights and of all random draws.
    """

    epochs: int = 26
    steps: int = 150
    batch_size: int = 10
    clip_s: float = 6.0
    lr: float = 1.5e-3
    model: str = "piano"
    options: Mapping[str, Any] = field(default_factory=dict)
    target: str = "notes"
    playing: Playing = field(default_factory=Playing)
    mixed_precision: bool = False
    reuse: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("model", self.model, TRANSCRIBERS)
        check_choice("target", self.target, TARGETS)
        for name in ("epochs", "steps", "batch_size", "reuse"):
            check_count(name, getattr(self, name))
        check_between("clip_s", self.clip_s, 1, 60, "s")
        check_between("lr", self.lr, 1e-7, 1)
        check_count("seed", self.seed, at_least=0)


def train_piano(
    source: Path,
    out: Path,
    *,
    settings: PianoSettings | None = None,
    start_from: str | Path | None = None,
    workers: int = 1,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> Bundle:
    """Train, keep the weights with the best validation score, test them, and write the model.

    The score is the F1 of notes; for a spectrum, the mean difference in dB between a cleaned mixture and the piano
    in it. Such a model cleans the input of a transcriber: see :class:`sori.inference.transcriber.Transcriber`.

    Called again with the same settings on a folder whose training was interrupted, it continues after the last epoch.

    Parameters
    ----------
    source
        A folder that :func:`sori.datasets.piano.make_piano_data` made.
    start_from
        A model, also one that ships with Sori, by its name; or an earlier training. Its best weights are started from.
    workers
        Processes that render batches; 1: a thread of this one. The batches are the same.

    Returns
    -------
    The description of the model, as in `bundle.json`.

    Raises
    ------
    SoriError
        If anything is missing, does not match or exists already.
    """
    settings = settings or PianoSettings()
    check_count("workers", workers)
    data = PianoData.open(source)
    front_end = LogFrequency(windows=WINDOWS)
    wanted = as_json(
        {"made_by": MAKER, "data": data.facts, "settings": asdict(settings), "from": printable(start_from or "")}
    )
    with output_folder(out, FOLDER, overwrite=True) as output:
        return _train(
            data,
            output,
            settings,
            front_end,
            wanted,
            start_from,
            workers=workers,
            overwrite=overwrite,
            reporter=reporter,
        )


def _train(
    data: PianoData,
    output: Output,
    settings: PianoSettings,
    front_end: LogFrequency,
    wanted: Mapping[str, Any],
    start_from: str | Path | None,
    workers: int,
    overwrite: bool,
    reporter: Reporter,
) -> Bundle:
    out = output.path
    state = state_of(output, wanted, usual=as_json(asdict(PianoSettings())), overwrite=overwrite)
    valid = data.held_out("valid")
    if not valid:
        raise DatasetError(f"{data.path}: has no recordings to validate on; make it again")
    performances, banks, others = data.performances(), data.banks(), data.others()
    kept = {part: others[tenth::10] for part, tenth in _TENTHS.items()}
    if settings.target == "spectrum":
        others = [other for i, other in enumerate(others) if i % 10 not in _TENTHS.values()]
    make = MusicBatches(
        performances,
        banks,
        others,
        front_end=front_end,
        batch_size=settings.batch_size,
        clip_s=settings.clip_s,
        playing=settings.playing,
        target=settings.target,
        seed=settings.seed,
    )
    first, last = (epoch * settings.steps // settings.reuse for epoch in (state["epoch"], settings.epochs))
    with InAdvance(make, range(first, last + 1), workers=workers) as coming:
        batches = heard_again(coming, times=settings.reuse, seed=settings.seed)
        network = _begun(out, settings, front_end, wanted, state, start_from, reporter)
        validated = _build(replace(settings, mixed_precision=False), front_end)  # as it will be deployed
        mean = read_weights(out / state["mean"]) if state["mean"] else network.get_weights()
        for epoch in range(state["epoch"], settings.epochs):
            began = time.monotonic()
            reseed(network, settings.seed, epoch)
            loss = _train_epoch(network, mean, batches, settings, epoch, reporter)
            if not np.isfinite(loss):
                raise SoriError(f"{out}: the loss of epoch {epoch + 1} is no longer a number; try a lower `lr`")
            validated.set_weights(mean)
            if settings.target == "notes":
                scores = by_condition(score_held_out(partial(_predicted, validated, front_end), valid))
                score, unit = float(np.mean([scores[condition]["f1"] for condition in scores])), "F1"
            else:
                scores = _cleaned(validated, front_end, valid, kept["valid"])
                score, unit = -scores["mixed"]["after_db"], "dB"
            row = {"epoch": epoch + 1, "loss": loss, "score": score, "seconds": time.monotonic() - began}
            reporter.say(f"epoch {epoch + 1}: loss {loss:.2f}, validation {abs(score):.3f} {unit}")
            _keep(out, network, mean, row, scores, wanted, state)
    try:
        return _finish(out, settings, data, front_end, state, kept["test"], reporter)
    except MissingDependencyError as error:
        raise MissingDependencyError(
            f"{out}: is trained, but {error}; or copy the folder to where TensorFlow is, for sori piano deploy"
        ) from error


def _keep(
    out: Path,
    network: keras.Model,
    mean: Sequence[npt.NDArray[np.float32]],
    row: Mapping[str, float],
    scores: Mapping[str, Mapping[str, Any]],
    wanted: Mapping[str, Any],
    state: dict[str, Any],
) -> None:
    """Write what an epoch made, and the state, which is updated in place."""
    # File names differ by epoch, so that state and weights match whenever the training is interrupted.
    epoch, score = row["epoch"], row["score"]
    weights, averaged = f"epoch-{epoch}.keras", f"mean-{epoch}.npz"
    save_network(network, out / weights)
    write_floats(out / averaged, mean)
    if score >= state["best"]:
        state |= {"best": score, "best_epoch": epoch, "best_weights": averaged, "valid": scores}
    state |= {"epoch": epoch, "weights": weights, "mean": averaged, "history": [*state["history"], row]}
    write_json(out / STATE, {**wanted, "state": state})
    for old in (*out.glob("epoch-*.keras"), *out.glob("mean-*.npz")):
        if old.name not in (state["weights"], state["mean"], state["best_weights"]):
            old.unlink()


def _begun(
    out: Path,
    settings: PianoSettings,
    front_end: LogFrequency,
    wanted: Mapping[str, Any],
    state: Mapping[str, Any],
    start_from: str | Path | None,
    reporter: Reporter,
) -> keras.Model:
    """Return the network of an interrupted training, or a new one, in a folder that is made and emptied."""
    if state["epoch"]:
        reporter.say(f"{out}: continues after epoch {state['epoch']}")
        return load_network(out / state["weights"])
    load_keras().utils.set_random_seed(settings.seed)
    network = _build(settings, front_end)
    if start_from is not None:
        carry_on(network, start_from)
    _compile(network, settings)
    out.mkdir(parents=True, exist_ok=True)
    for pattern in (STATE, *FOLDER.files, *FOLDER.patterns):  # left by an earlier training
        for old in out.glob(pattern):
            old.unlink()
    write_json(out / STATE, {**wanted, "state": state})
    return network


def _train_epoch(
    network: keras.Model,
    mean: list[npt.NDArray[np.float32]],
    batches: Iterator[Sequence[npt.NDArray[np.float32]]],
    settings: PianoSettings,
    epoch: int,
    reporter: Reporter,
) -> float:
    """Run the steps of an epoch, update the mean of the weights in place, and return the mean loss."""
    losses = []
    for step, (x, y) in enumerate(islice(batches, settings.steps), 1):
        at = epoch * settings.steps + step - 1
        network.optimizer.learning_rate = learning_rate(at, settings.epochs * settings.steps, highest=settings.lr)
        losses.append(float(network.train_on_batch(x, y)))
        if step % _RENEWED == 0 or step == settings.steps:
            share = np.float32(_RENEWED / min(_MEAN_OVER, at + 1))
            for old, new in zip(mean, network.get_weights(), strict=True):
                old += share * (new - old)
        reporter.progress(f"Epoch {epoch + 1} of {settings.epochs}", step, settings.steps, {"loss": losses[-1]})
    return float(np.mean(losses))


def _finish(
    out: Path,
    settings: PianoSettings,
    data: PianoData,
    front_end: LogFrequency,
    state: Mapping[str, Any],
    others: Sequence[npt.NDArray[np.int16]],
    reporter: Reporter,
) -> Bundle:
    """Write the model and the history into the folder of the training, and test the model."""
    name = os.path.basename(os.path.abspath(out))
    network, bundle = _best(out, settings.model, settings.target, settings.options, data.facts, front_end, state)
    bundle = replace(bundle, training={**as_json(asdict(settings)), **bundle.training})
    _write_model(out, bundle, network, settings.target, name)
    if (data.path / "test").is_dir():
        test = data.held_out("test")
        if settings.target == "notes":
            scores = judge(out, test, reporter=reporter)
        else:
            scores = _cleaned(network, front_end, test, others)
        bundle = replace(bundle, scores={**bundle.scores, "test": scores})
        _write_model(out, bundle, network, settings.target, name)
    with replacing_file(out / HISTORY) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["epoch", "loss", "score", "seconds"])
        writer.writeheader()
        writer.writerows(state["history"])
    return bundle


def deploy_piano(run: Path, out: Path, *, overwrite: bool = False) -> Bundle:
    """Write the model of the best weights so far of a training, which may still be going on.

    Parameters
    ----------
    run
        The folder of the training.
    out
        A folder for the model.

    Raises
    ------
    SoriError
        If it is not a training with a finished epoch, or ``out`` may not be replaced.
    """
    made, state = read_training(run)
    settings: Any = made.get("settings")
    try:
        check_type(settings, dict[str, Any])
        model, target, options = str(settings["model"]), settings["target"], dict(settings["options"])
        check_choice("target", target, TARGETS)
        facts, front_end = made["data"], LogFrequency(windows=WINDOWS)
        network, bundle = _best(run, model, target, options, facts, front_end, state)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{run}: its settings are damaged ({reason(error)})") from error
    name = os.path.basename(os.path.abspath(out))
    with output_folder(out, _MODEL, overwrite=overwrite) as output:
        output.write(lambda folder: _write_model(folder, bundle, network, target, name))
    return bundle


def _best(
    run: Path,
    model: str,
    target: str,
    options: Mapping[str, Any],
    facts: Mapping[str, Any],
    front_end: LogFrequency,
    state: Mapping[str, Any],
) -> tuple[keras.Model, Bundle]:
    """Return the network with the best weights of a training, in float32, and its description."""
    network = _build(PianoSettings(model=model, target=target, options=options), front_end)
    # As they are deployed, in half precision, so that scores are those of the model that is written.
    best = [weights.astype(np.float16).astype(np.float32) for weights in read_weights(run / state["best_weights"])]
    network.set_weights(best)
    bundle = Bundle(
        task=TASKS[target],
        front_end=front_end,
        segmenting=None,
        input_shape=(None, front_end.n_bins, len(front_end.windows)),
        architecture={"name": model, "options": dict(options), "parameters": int(network.count_params())},
        training={"best_epoch": state["best_epoch"]},
        dataset={"pianos": facts["pianos"], "performances": facts["performances"]},
        scores={"valid": state["valid"]},
    )
    return network, bundle


def _write_model(folder: Path, bundle: Bundle, network: keras.Model, target: str, name: str) -> None:
    keras = load_keras()
    last = "sigmoid" if target == "notes" else "relu"  # probabilities, or levels, which are 0 or more
    deployed = keras.Model(network.inputs[0], keras.layers.Activation(last)(network.outputs[0]))
    save_bundle(folder, bundle, deployed, name=name, keep_keras=False, half=True, weights=network.get_weights())


def judge(
    model: str | Path, recordings: Sequence[HeldOut], *, reporter: Reporter = SILENT
) -> dict[str, dict[str, Any]]:
    """Score a model that transcribes on held-out recordings: the summary of each condition."""
    transcriber = Transcriber(model)

    def transcribed(y: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], npt.ArrayLike]:
        found = transcriber(y, sr=transcriber.sr, posteriors=False)
        return notes_array(found.notes), found.pedals

    return by_condition(score_held_out(transcribed, recordings, reporter=reporter))


def _predicted(
    network: keras.Model, front_end: LogFrequency, y: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.ArrayLike]:
    """Return the notes, as rows, and the pedal that a network in training predicts.

    Unsure notes are among them, as early networks are unsure.
    """
    logits = np.asarray(network(front_end(y)[np.newaxis], training=False))[0]
    p = 1 / (1 + np.exp(-logits))
    return notes_from(p, frame_s=front_end.frame_s, doubt=False), pedals_of(p[:, 0, 4], frame_s=front_end.frame_s)


def _cleaned(
    network: Callable[[npt.NDArray[np.float32]], Any],
    front_end: LogFrequency,
    recordings: Sequence[HeldOut],
    others: Sequence[npt.NDArray[np.int16]],
) -> dict[str, dict[str, float]]:
    """Return the mean difference in dB of mixtures from the pianos in them, before and after cleaning."""
    before, after = [], []
    for i, recording in enumerate(one for one in recordings if one.condition == "light"):
        mixture, wanted = (
            front_end(y)
            for y in (mixed(recording.y, np.random.default_rng(i), sr=front_end.sr, others=others), recording.y)
        )
        cleaned = np.asarray(network(mixture[np.newaxis]))[0]
        before.append(float(np.abs(mixture - wanted)[:, :SPECTRUM_BINS].mean()))
        after.append(float(np.abs(np.maximum(cleaned, 0) - wanted[:, :SPECTRUM_BINS]).mean()))
    means = {"before_db": DB * float(np.mean(before)), "after_db": DB * float(np.mean(after))}
    return {"mixed": {**means, "recordings": len(before)}}


def _build(settings: PianoSettings, front_end: LogFrequency) -> keras.Model:
    config = load_keras().config
    usual = config.dtype_policy()
    config.set_dtype_policy("mixed_bfloat16" if settings.mixed_precision else "float32")
    try:
        shape = (None, front_end.n_bins, len(front_end.windows))
        return TRANSCRIBERS[settings.model](shape, target=settings.target, **settings.options)
    finally:
        config.set_dtype_policy(usual)


def _compile(network: keras.Model, settings: PianoSettings) -> None:
    keras = load_keras()
    # XLA makes TensorFlow slower here; without it, JAX would not be compiled at all.
    compiled = keras.config.backend() == "jax"
    optimiser = keras.optimizers.Adam(settings.lr, clipnorm=1.0)
    network.compile(optimiser, loss=LOSSES[settings.target], jit_compile=compiled)


def learning_rate(step: int, total: int, *, highest: float) -> float:
    """Return the rate of a step: a linear rise, then the highest rate, and a linear fall over the last fifth.

    >>> [round(learning_rate(step, 10_000, highest=1.0), 3) for step in (0, 149, 5000, 9000)]
    [0.01, 0.5, 1.0, 0.5]
    """
    left = (total - step) / (_FALLS * total)
    return highest * max(_LAST_LR, min(1.0, (step + 1) / _WARM_UP, left))
