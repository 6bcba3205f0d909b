import csv

import numpy as np
import pytest
from scipy.special import softmax

from sori import models
from sori.augment import Augmentation, Chain, Mix, SpectrogramAugment
from sori.augment.waveform import Gain, Shift
from sori.datasets import LiveFeatures, StoredFeatures
from sori.errors import ParameterError, SoriError
from sori.features import FrontEnd
from sori.models.backend import keras as load_keras
from sori.training import Settings, fit
from tests.conftest import Said


@pytest.fixture
def data(rng):
    labels = rng.integers(3, size=90)
    x = rng.standard_normal((90, 6, 4)).astype(np.float32) + np.eye(3, 4, dtype=np.float32)[labels][:, np.newaxis] * 2
    return (x[:60], labels[:60]), (x[60:], labels[60:])


def trained(data, name="mlp", seed=0, **arguments):
    load_keras().utils.set_random_seed(seed)
    network = models.build(name, input_shape=(6, 4), n_classes=3)
    if arguments.get("augment") and arguments["augment"].mix and arguments["augment"].mix.layer:
        hidden = network.layers[-2].name
        arguments["augment"] = Augmentation(mix=Mix(manifold=0.2, layer=hidden))
    settings = Settings(**{"epochs": 6, "batch_size": 16, "lr": 1e-2, "seed": seed, **arguments})
    seen = []
    (x, labels), valid = data
    history = fit(
        network,
        (StoredFeatures(x), labels),
        valid,
        settings=settings,
        reporter=Said(on_progress=lambda *report: seen.append(report)),
    )
    return network, history, seen


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"jit": True},
        {"schedule": "cosine"},
        {"augment": Augmentation(spectrogram=SpectrogramAugment(roll=True, level=0.1), mix=Mix(mixup=0.2))},
        {"augment": Augmentation(mix=Mix(cutmix=0.2))},
        {"augment": Augmentation(mix=Mix(manifold=0.2, layer="{hidden}"))},
    ],
    ids=str,
)
def test_learns_and_keeps_the_best_weights(data, arguments):
    network, history, seen = trained(data, **arguments)
    losses = history.column("val_loss")
    assert len(losses) == 6
    assert history.best_epoch == 1 + int(np.argmin(losses))
    x, labels = data[1]
    kept = softmax(np.asarray(network(x)), axis=1)
    assert -np.log(kept[np.arange(30), labels]).mean() == pytest.approx(min(losses), rel=1e-3)
    assert (kept.argmax(axis=1) == labels).mean() > 0.8
    stages, done, totals, _ = zip(*seen, strict=True)
    assert set(stages) == {"Training"}
    assert list(done) == sorted(done)
    assert done[-1] == totals[-1]


def test_compiling_steps_changes_no_result(data):
    plain, fast = trained(data, jit=False)[1], trained(data, jit=True)[1]
    np.testing.assert_allclose(plain.column("val_loss"), fast.column("val_loss"), rtol=1e-3)


def test_the_same_seed_is_the_same_training(data):
    augment = Augmentation(spectrogram=SpectrogramAugment(roll=True, masks=1, time_mask=0.3), mix=Mix(mixup=0.2))
    one, same, other = (trained(data, name="cnn", seed=seed, augment=augment)[1] for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_patience_stops():
    rng = np.random.default_rng(0)
    noise = (rng.standard_normal((40, 6, 4)).astype(np.float32), rng.integers(3, size=40))
    _, history, _ = trained((noise, noise[:1] * 0 + (noise[0] * -1, (noise[1] + 1) % 3)), epochs=60, patience=2)
    assert len(history.epochs) == history.best_epoch + 2 < 60


def test_only_the_training_part_is_augmented(data, monkeypatch):
    changed = []

    def apply(self, x, drawn):
        changed.append(x)
        return x

    monkeypatch.setattr(SpectrogramAugment, "apply", apply)
    trained(data, augment=Augmentation(spectrogram=SpectrogramAugment(level=1.0)), epochs=2)
    seen = {row.tobytes() for batch in changed for row in batch}
    (x, _), (valid, _) = data
    assert seen
    assert seen <= {row.tobytes() for row in x}
    assert not seen & {row.tobytes() for row in valid}


def test_a_loss_that_is_no_number_stops_with_advice(data):
    (x, labels), valid = data
    with pytest.raises(SoriError, match=r"no longer a number in epoch 1: train with a lower `lr` than 0\.01"):
        trained(((np.copysign(np.float32(3e38), x), labels), valid))


def test_history_as_csv(data, tmp_path):
    _, history, _ = trained(data, epochs=2)
    history.write_csv(tmp_path / "history.csv")
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["val_loss"]) == pytest.approx(history.column("val_loss")[1], rel=1e-4)


@pytest.mark.parametrize("bad", [{"epochs": 0}, {"batch_size": 0}, {"lr": 0.0}, {"schedule": "step"}, {"patience": 0}])
def test_settings_are_checked(bad):
    with pytest.raises(ParameterError, match=next(iter(bad))):
        Settings(**{"epochs": 1, "batch_size": 1, "lr": 1e-3, **bad})


def test_the_same_seed_is_the_same_training_of_sounds_made_anew(rng):
    front_end = FrontEnd(kind="mel", sr=8000, n_fft=256, hop_length=128, n_mels=8)
    clips = (0.1 * rng.standard_normal((60, 800))).astype(np.float32)
    labels = rng.integers(3, size=60)
    augment = Augmentation(waveform=Chain((Shift(shift_s=(-0.02, 0.02)), Gain())))
    x = front_end(clips)

    def losses():
        load_keras().utils.set_random_seed(0)
        network = models.build("mlp", input_shape=x.shape[1:], n_classes=3)
        source = LiveFeatures(clips, front_end, lambda features: features / 20, augment.waveform)
        settings = Settings(epochs=3, batch_size=8, lr=1e-2, seed=0, augment=augment)
        return fit(network, (source, labels), (x / 20, labels), settings=settings).column("loss")

    assert losses() == losses() == losses()


def test_a_penalty_on_weights_does_not_choose_them(data):
    """The best weights are those of the lowest cross-entropy, which is also what the curves show."""
    load_keras().utils.set_random_seed(0)
    network = models.build("mlp", input_shape=(6, 4), n_classes=3, l2=0.1)
    (x, labels), (valid_x, valid_labels) = data
    settings = Settings(epochs=5, batch_size=16, lr=1e-2, seed=0)
    history = fit(network, (StoredFeatures(x), labels), (valid_x, valid_labels), settings=settings)
    kept = softmax(np.asarray(network(valid_x)), axis=1)
    entropy = -np.log(kept[np.arange(30), valid_labels]).mean()
    assert entropy == pytest.approx(history.column("val_loss")[history.best_epoch - 1], rel=1e-3)
    assert float(sum(network.losses)) > 0.1


@pytest.mark.parametrize("augment", [None, Augmentation(mix=Mix(mixup=0.1))], ids=str)
def test_rare_classes_may_weigh_as_much_as_others(rng, augment):
    labels = np.array([0] * 300 + [1] * 30)
    x = (rng.standard_normal((330, 2, 4)) + 0.4 * labels[:, np.newaxis, np.newaxis]).astype(np.float32)

    def taken_for_the_rare_one(weights):
        load_keras().utils.set_random_seed(1)
        network = models.build("mlp", input_shape=(2, 4), n_classes=2, width=0.1, dropout=0.0)
        settings = Settings(epochs=12, batch_size=30, lr=3e-3, augment=augment)
        history = fit(network, (StoredFeatures(x), labels), (x, labels), settings=settings, weights=weights)
        assert np.isfinite(history.column("val_loss")).all()
        return (np.asarray(network(x)).argmax(axis=1) == 1).mean()

    assert taken_for_the_rare_one(np.array([0.55, 5.5])) > 2 * taken_for_the_rare_one(None) + 0.05
