import numpy as np
import pytest

from sori.errors import DatasetError
from sori.models import build
from sori.models.embedding import pooled
from sori.training.linear import STEP, fit_head


@pytest.fixture
def clusters(rng):
    """Segments of three classes, ten groups each, as clusters in a space of 20 numbers."""
    labels = np.repeat(np.arange(3), 40)
    groups = np.array([f"{label}-{i % 10}" for i, label in enumerate(labels)], dtype=object)
    centres = rng.standard_normal((3, 1, 20))
    x = centres[labels] + 0.5 * rng.standard_normal((120, 4, 20))
    return x.astype(np.float32), labels, groups


@pytest.mark.parametrize("classes", [2, 3])
def test_the_network_answers_as_the_regression(clusters, classes):
    x, labels, groups = (values[clusters[1] < classes] for values in clusters)
    network = build("embedding", input_shape=(4, 20), n_classes=classes)
    history, _ = fit_head(network, x, labels, groups)
    row = history.epochs[history.best_epoch - 1]
    logits = np.asarray(network(x))
    assert (logits.argmax(axis=1) == labels).mean() == pytest.approx(row["accuracy"]) == 1
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    own = (raised / raised.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]
    assert -np.log(own).mean() == pytest.approx(row["loss"], abs=1e-4)
    assert row["val_accuracy"] > 0.95


def test_the_penalty_is_that_of_the_lowest_loss_in_cross_validation(clusters, rng):
    x, labels, groups = clusters
    noisy = x + 3 * rng.standard_normal(x.shape).astype(np.float32)
    network = build("embedding", input_shape=(4, 20), n_classes=3)
    history, _ = fit_head(network, noisy, labels, groups)
    losses = history.column("val_loss")
    assert history.step == STEP
    assert history.best_epoch == 1 + int(np.argmin(losses)) < len(losses)
    assert (np.diff(history.column("loss")) < 0).all()  # weaker and weaker penalties


def test_groups_are_not_divided(clusters):
    """Where each group has its own labels at random, cross-validation must not do better than chance."""
    x, _, groups = clusters
    rng = np.random.default_rng(3)
    of_group = {name: (rng.integers(2), rng.standard_normal(20)) for name in np.unique(groups)}
    labels = np.array([of_group[name][0] for name in groups])
    x = np.stack([of_group[name][1] + 0.01 * rng.standard_normal((4, 20)) for name in groups]).astype(np.float32)
    history, _ = fit_head(build("embedding", input_shape=(4, 20), n_classes=2), x, labels, groups)
    assert max(history.column("accuracy")) == 1
    assert max(history.column("val_accuracy")) < 0.8


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_few_segments_of_each_class_are_enough(clusters, count):
    x, labels, _ = clusters
    few = np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(3)])
    groups = np.array([str(i) for i in few], dtype=object)
    network = build("embedding", input_shape=(4, 20), n_classes=3)
    assert max(fit_head(network, x[few], labels[few], groups)[0].column("accuracy")) == 1


def test_one_class_is_one_line(clusters):
    x, labels, groups = clusters
    network = build("embedding", input_shape=(4, 20), n_classes=3)
    with pytest.raises(DatasetError, match="only one class"):
        fit_head(network, x[:40], labels[:40], groups[:40])


def test_one_group_has_no_cross_validation(clusters):
    x, labels, _ = clusters
    network = build("embedding", input_shape=(4, 20), n_classes=3)
    history, _ = fit_head(network, x, labels, np.array(["all"] * len(labels), dtype=object))
    assert history.column("val_loss") == history.column("loss")


def test_pooling_takes_mean_and_maximum():
    x = np.array([[[1.0, -1.0], [3.0, 0.0]]], dtype=np.float32)
    assert pooled(x).tolist() == [[2.0, -0.5, 3.0, 0.0]]


def test_each_segment_is_also_answered_by_a_head_that_did_not_learn_its_fold(clusters, rng):
    x, labels, groups = clusters
    noisy = x + 3 * rng.standard_normal(x.shape).astype(np.float32)
    network = build("embedding", input_shape=(4, 20), n_classes=3)
    history, logits = fit_head(network, noisy, labels, groups)
    right = logits.argmax(axis=1) == labels
    assert right.mean() == pytest.approx(history.column("val_accuracy")[history.best_epoch - 1])
    assert right.mean() < (np.asarray(network(noisy)).argmax(axis=1) == labels).mean()


def test_rare_classes_may_weigh_as_much_as_others(rng):
    """Two classes overlap, and one is ten times as common: without weights, most of the rare one is taken for it."""
    labels = np.array([0] * 500 + [1] * 50)
    x = (rng.standard_normal((550, 1, 4)) + labels[:, np.newaxis, np.newaxis]).astype(np.float32)
    groups = np.array([str(i) for i in range(550)], dtype=object)

    def recalls(weights):
        network = build("embedding", input_shape=(1, 4), n_classes=2)
        fit_head(network, x, labels, groups, weights=weights)
        right = np.asarray(network(x)).argmax(axis=1) == labels
        return right[:500].mean(), right[500:].mean()

    common, rare = recalls(None)
    assert common > 0.9
    assert rare < 0.6
    common, rare = recalls(np.array([0.55, 5.5]))
    assert abs(common - rare) < 0.15
