from dataclasses import replace

import numpy as np
import pytest

from sori.training import History, diagnose


def history(loss, valid_loss, accuracy, valid_accuracy):
    rows = zip(loss, accuracy, valid_loss, valid_accuracy, strict=True)
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return History(tuple(dict(zip(names, row, strict=True)) for row in rows), 1 + int(np.argmin(valid_loss)))


EPOCHS = np.arange(50)
FALLING = np.exp(-EPOCHS / 8)


def test_a_validation_loss_that_turns_is_overfitting():
    turned = 0.5 + (EPOCHS - 12) ** 2 / 400
    found = diagnose(history(FALLING, turned, 1 - FALLING, np.full(50, 0.75)))
    assert (found.verdict, found.turned) == ("overfitted", 13)
    assert found.gap == pytest.approx(1 - np.exp(-12 / 8) - 0.75)
    assert "turned at epoch 13 (0.500)" in found.why
    assert any("--l2" in line for line in found.advice)


def test_a_gap_is_overfitting_even_if_the_loss_never_turned():
    found = diagnose(history(FALLING, 0.6 + FALLING, 1 - FALLING / 2, 0.8 - FALLING / 2))
    assert (found.verdict, found.turned) == ("overfitted", None)
    assert found.gap == pytest.approx(0.2)


def test_low_accuracy_in_training_itself_is_underfitting():
    found = diagnose(history(1 + FALLING, 1.05 + FALLING, 0.5 - FALLING / 4, 0.48 - FALLING / 4))
    assert found.verdict == "underfitted"
    assert found.turned is None


def test_training_that_was_cut_off_is_underfitting():
    slow = 2 - EPOCHS / 50
    found = diagnose(history(slow, slow + 0.02, 0.7 + EPOCHS / 250, 0.69 + EPOCHS / 250))
    assert found.verdict == "underfitted"
    assert "still falling when the 50 epochs ended" in found.why
    assert found.advice[0].startswith("--epochs")


def test_a_network_that_was_best_where_a_falling_rate_ended_is_told_to_go_on():
    level = 1.6 + 0.8 * np.exp(-EPOCHS / 8)
    found = diagnose(history(level, level, 0.5 - FALLING / 4, 0.5 - FALLING / 4))
    assert found.verdict == "underfitted"
    assert "still falling" not in found.why
    assert found.advice[0].startswith("--epochs")


def test_steps_that_are_too_large_are_no_overfitting():
    found = diagnose(history([4.4, 5.6, 4.6], [4.0, 30.4, 28.0], [0.08, 0.06, 0.05], [0.08, 0.08, 0.08]))
    assert (found.verdict, found.turned) == ("underfitted", None)
    assert found.advice[0].startswith("--lr, three times lower")


def test_a_training_part_learned_whole_is_not_underfitted():
    slow = 2 - EPOCHS / 50
    assert diagnose(history(slow, slow + 0.02, 0.9 + EPOCHS / 500, 0.87 + EPOCHS / 500)).verdict == "fitted"


def test_both_low_and_level_is_fitted():
    found = diagnose(history(0.1 + FALLING, 0.15 + FALLING, 0.97 - FALLING / 2, 0.95 - FALLING / 2))
    assert (found.verdict, found.turned) == ("fitted", None)


def test_harder_training_is_judged_by_the_easier_validation():
    """Harder by augmentation, or by dropout."""
    curves = history(1 + FALLING, 0.3 + FALLING, 0.7 - FALLING / 2, 0.93 - FALLING / 2)
    assert diagnose(curves).verdict == diagnose(curves, augmented=True).verdict == "fitted"


def test_one_epoch_is_enough_to_say_something():
    found = diagnose(history([2.0], [2.1], [0.3], [0.3]))
    assert found.verdict == "underfitted"
    assert "falling" not in found.why
    assert found.advice[0].startswith("--epochs")


def test_a_loss_that_is_hardly_there_cannot_turn():
    loss = np.full(50, 0.001)
    rising = np.where(EPOCHS < 10, 0.0010, 0.0013)
    rising[9] = 0.0009
    assert diagnose(history(loss, rising, np.ones(50), np.ones(50))).verdict == "fitted"


def test_what_patience_stopped_was_not_cut_off():
    falling = 1.5 * 0.97**EPOCHS
    curves = history(falling, falling, np.full(50, 0.9), np.full(50, 0.9))
    assert diagnose(curves).verdict == "underfitted"
    assert diagnose(replace(curves, stopped=True)).verdict == "fitted"
