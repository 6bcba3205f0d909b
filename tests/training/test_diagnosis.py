import re
from dataclasses import replace

import numpy as np
import pytest

from sori.augment import RECIPES
from sori.training import History, Settings, diagnose

PLAIN = Settings(epochs=1, batch_size=1, lr=1e-3)
AUGMENTED = replace(PLAIN, augment=RECIPES["spectrogram"])


def history(loss, valid_loss, accuracy, valid_accuracy):
    rows = zip(loss, accuracy, valid_loss, valid_accuracy, strict=True)
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return History(tuple(dict(zip(names, row, strict=True)) for row in rows), 1 + int(np.argmin(valid_loss)))


EPOCHS = np.arange(50)
FALLING = np.exp(-EPOCHS / 8)


def level(accuracy, valid_accuracy, *, valid_loss=None):
    """Fifty epochs of which the tenth was the best, and in which training and nothing else went on."""
    if valid_loss is None:
        valid_loss = np.where(EPOCHS == 9, 1.0, 1.01)
    return history(FALLING, valid_loss, np.full(50, accuracy), np.full(50, valid_accuracy))


def ending(ended, *, lowest=1.0, best_epoch=10):
    """A validation loss that ends some epochs after its lowest so high."""
    return np.where(EPOCHS < best_epoch, lowest + 0.5, ended) - (EPOCHS == best_epoch - 1) * 0.5


def test_a_validation_loss_that_turns_is_overfitting():
    turned = 0.5 + (EPOCHS - 12) ** 2 / 400
    found = diagnose(history(FALLING, turned, 1 - FALLING, np.full(50, 0.75)))
    assert (found.verdict, found.turned) == ("overfitted", 13)
    assert found.gap == pytest.approx(1 - np.exp(-12 / 8) - 0.75)
    # 0.5 + 35² / 400, the middle one of the last five
    assert re.search(r"epoch 13 \(0\.500\) and ended at 3\.562", found.why)
    assert any("`l2=0.001`" in line for line in found.advice)


@pytest.mark.parametrize(
    ("lowest", "ended", "turned"),
    [(1.0, 1.14, None), (1.0, 1.16, 10), (0.05, 0.069, None), (0.05, 0.071, 10)],
)
def test_a_loss_turned_if_it_ends_15_percent_and_two_hundredths_above_its_lowest(lowest, ended, turned):
    found = diagnose(level(0.9, 0.9, valid_loss=ending(ended, lowest=lowest)))
    assert (found.verdict, found.turned) == ("fitted" if turned is None else "overfitted", turned)


@pytest.mark.parametrize(("high", "turned"), [(2, None), (3, 10)])
def test_a_loss_ended_where_most_of_its_last_tenth_did(high, turned):
    valid_loss = ending(1.01)
    valid_loss[-high:] = 1.5
    assert diagnose(level(0.9, 0.9, valid_loss=valid_loss)).turned == turned


def test_where_training_did_not_go_on_nothing_was_memorised():
    curves = history(np.full(50, 0.5), ending(1.5), np.full(50, 0.9), np.full(50, 0.9))
    assert diagnose(curves).verdict == "fitted"


def test_a_gap_is_overfitting_even_if_the_loss_never_turned():
    found = diagnose(history(FALLING, 0.6 + FALLING, 1 - FALLING / 2, 0.8 - FALLING / 2))
    assert (found.verdict, found.turned) == ("overfitted", None)
    assert found.gap == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("accuracy", "valid_accuracy", "verdict"),
    [
        (0.9, 0.801, "fitted"),
        (0.9, 0.799, "overfitted"),
        (0.5, 0.3, "overfitted"),
        (0.51, 0.3, "overfitted"),
        (0.49, 0.3, "underfitted"),
    ],
)
def test_a_gap_is_more_than_ten_points_of_a_network_that_learned_half(accuracy, valid_accuracy, verdict):
    found = diagnose(level(accuracy, valid_accuracy))
    assert found.verdict == verdict
    assert f"accuracy is {accuracy:.1%} in training and {valid_accuracy:.1%} in validation" in found.why


@pytest.mark.parametrize(
    ("accuracy", "valid_accuracy", "verdict"),
    [
        (0.79, 0.75, "underfitted"),
        (0.75, 0.79, "underfitted"),
        (0.8, 0.75, "fitted"),
        (0.81, 0.75, "fitted"),
        (0.75, 0.81, "fitted"),
    ],
)
def test_below_80_percent_in_both_is_underfitting(accuracy, valid_accuracy, verdict):
    assert diagnose(level(accuracy, valid_accuracy)).verdict == verdict


def test_low_accuracy_in_training_itself_is_underfitting():
    found = diagnose(history(1 + FALLING, 1.05 + FALLING, 0.5 - FALLING / 4, 0.48 - FALLING / 4))
    assert found.verdict == "underfitted"
    assert found.turned is None


def test_training_that_was_cut_off_is_underfitting():
    slow = 2 - EPOCHS / 50
    found = diagnose(history(slow, slow + 0.02, 0.7 + EPOCHS / 250, 0.69 + EPOCHS / 250))
    assert found.verdict == "underfitted"
    assert "still falling when the 50 epochs ended" in found.why
    assert found.advice[0].startswith("`epochs=100`")


@pytest.mark.parametrize(
    ("last", "accuracy", "verdict"),
    [
        (0.94, 0.9, "underfitted"),
        (0.96, 0.9, "fitted"),
        (0.94, 0.97, "underfitted"),
        (0.94, 0.98, "fitted"),
        (0.94, 0.99, "fitted"),
    ],
)
def test_cut_off_is_a_loss_that_fell_5_percent_in_the_last_fifth_with_something_left_to_learn(last, accuracy, verdict):
    found = diagnose(level(accuracy, accuracy, valid_loss=np.where(EPOCHS < 40, 1.0, last)))
    assert found.verdict == verdict
    assert ("still falling" in found.why) == (verdict == "underfitted")


@pytest.mark.parametrize(("best_epoch", "goes_on"), [(40, False), (41, True), (50, True)])
def test_only_what_was_best_in_the_last_fifth_is_told_to_go_on(best_epoch, goes_on):
    found = diagnose(level(0.6, 0.6, valid_loss=ending(1.01, best_epoch=best_epoch)))
    assert found.advice[0].startswith("`epochs=100`") == goes_on
    assert diagnose(replace(level(0.6, 0.6), stopped=True)).advice[0].startswith("`lr`, three times higher or lower")


def test_of_a_few_epochs_only_the_last_is_where_they_ended():
    found = diagnose(history([2.0, 1.5, 1.0], [2.0, 1.0, 1.1], [0.6, 0.6, 0.6], [0.6, 0.6, 0.6]))
    assert "still falling" not in found.why
    assert not any("`epochs=" in line for line in found.advice)


def test_two_epochs_are_enough_to_be_cut_off():
    assert "when the 2 epochs ended" in diagnose(history([2.0, 1.0], [2.0, 1.0], [0.6, 0.9], [0.6, 0.9])).why


def test_a_network_that_was_best_where_a_falling_rate_ended_is_told_to_go_on():
    curve = 1.6 + 0.8 * np.exp(-EPOCHS / 8)
    found = diagnose(history(curve, curve, 0.5 - FALLING / 4, 0.5 - FALLING / 4))
    assert found.verdict == "underfitted"
    assert "still falling" not in found.why
    assert found.advice[0].startswith("`epochs=100`")


def test_steps_that_are_too_large_are_no_overfitting():
    found = diagnose(history([4.4, 5.6, 4.6], [4.0, 30.4, 28.0], [0.08, 0.06, 0.05], [0.08, 0.08, 0.08]))
    assert (found.verdict, found.turned) == ("underfitted", None)
    assert found.advice[0].startswith("`lr`, three times lower")
    # Where either loss is no higher at the end, either step may have been the wrong one.
    for loss, valid_loss in (([4.4, 4.6, 4.3], [4.0, 4.1, 4.1]), ([4.4, 5.6, 4.6], [4.0, 4.1, 4.1])):
        found = diagnose(history(loss, valid_loss, [0.08, 0.06, 0.05], [0.08, 0.08, 0.08]))
        assert found.advice[0] == "`lr`, three times higher or lower"


def test_a_training_part_learned_whole_is_not_underfitted():
    slow = 2 - EPOCHS / 50
    assert diagnose(history(slow, slow + 0.02, 0.9 + EPOCHS / 500, 0.87 + EPOCHS / 500)).verdict == "fitted"


def test_both_low_and_level_is_fitted():
    found = diagnose(history(0.1 + FALLING, 0.15 + FALLING, 0.97 - FALLING / 2, 0.95 - FALLING / 2))
    assert (found.verdict, found.turned) == ("fitted", None)
    assert "accuracy is 96.9% in training and 94.9% in validation" in found.why


def test_harder_training_is_judged_by_the_easier_validation():
    """Harder by augmentation, or by dropout."""
    curves = history(1 + FALLING, 0.3 + FALLING, 0.7 - FALLING / 2, 0.93 - FALLING / 2)
    assert diagnose(curves).verdict == diagnose(curves, settings=AUGMENTED).verdict == "fitted"


def test_one_epoch_is_enough_to_say_something():
    found = diagnose(history([2.0], [2.1], [0.3], [0.3]))
    assert found.verdict == "underfitted"
    assert "falling" not in found.why
    assert found.advice[0].startswith("`epochs=2`")


def test_a_loss_that_is_hardly_there_cannot_turn():
    rising = np.where(EPOCHS < 10, 0.0010, 0.0013)
    rising[9] = 0.0009
    assert diagnose(level(1.0, 1.0, valid_loss=rising)).verdict == "fitted"


def test_what_patience_stopped_was_not_cut_off():
    falling = 1.5 * 0.97**EPOCHS
    curves = history(falling, falling, np.full(50, 0.9), np.full(50, 0.9))
    assert diagnose(curves).verdict == "underfitted"
    assert diagnose(replace(curves, stopped=True)).verdict == "fitted"


LESS, MILDER, OTHER = "less `l2` and `dropout`", "`augment='none'`", "other features (`feature='mel'`)"


@pytest.mark.parametrize(
    ("trained", "given"),
    [
        ({}, set()),
        ({"settings": PLAIN, "options": {"l2": 0, "dropout": None}, "kind": "mel"}, set()),
        ({"settings": AUGMENTED}, (MILDER,)),
        ({"options": {"l2": 1e-4}}, (LESS,)),
        ({"options": {"dropout": 0.1}}, (LESS,)),
        ({"kind": "mfcc"}, (OTHER,)),
    ],
)
def test_what_learned_too_little_is_told_to_undo_what_was_done_to_it(trained, given):
    advice = diagnose(level(0.6, 0.6), **trained).advice
    assert {one for one in (LESS, MILDER, OTHER) if any(line.startswith(one) for line in advice)} == set(given)


FIRST, MORE = "`augment`: ", "stronger augmentation"
FIRST_L2, MORE_L2, PATIENCE = "`l2=0.001` and `dropout=0.3`", "more `l2` and `dropout`", "`patience=10`"


@pytest.mark.parametrize(
    ("trained", "given"),
    [
        ({}, (FIRST, FIRST_L2, PATIENCE)),
        ({"settings": PLAIN, "options": {"l2": None}}, (FIRST, FIRST_L2, PATIENCE)),
        (
            {"settings": replace(PLAIN, patience=5)},
            (
                FIRST,
                FIRST_L2,
            ),
        ),
        (
            {"settings": AUGMENTED},
            (
                MORE,
                FIRST_L2,
                PATIENCE,
            ),
        ),
        (
            {"options": {"l2": 1e-4}},
            (
                FIRST,
                MORE_L2,
                PATIENCE,
            ),
        ),
    ],
)
def test_what_learned_by_heart_is_told_what_it_has_not_had(trained, given):
    advice = diagnose(level(0.9, 0.6), **trained).advice
    listed = (FIRST, MORE, FIRST_L2, MORE_L2, PATIENCE)
    assert {one for one in listed if any(line.startswith(one) for line in advice)} == set(given)
