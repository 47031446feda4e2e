"""The loop: its order of things, callbacks, and what it keeps. A network is not needed for that."""

import math

import pytest

from textkaizen.train.loop import Course, run


def go(course, judge=lambda state: {}, said=None):
    """Train a counter; what happens is written into `said`."""
    said = [] if said is None else said

    def train_epoch(state, epoch):
        said.append(("trained", epoch))
        return state + 1, {"loss": 1 / epoch}

    def keep(state):
        said.append(("kept", state))
        return state

    return run(train_epoch, 0, course, judge, keep)


def test_every_epoch_is_trained_and_the_last_kept_once_without_stopping():
    said = []
    trained = go(Course(3), said=said)
    assert said == [("trained", 1), ("trained", 2), ("trained", 3), ("kept", 3)]
    assert (trained.weights, trained.best_epoch) == (3, 3)
    assert trained.history == {"loss": [1, 1 / 2, 1 / 3]}


def test_infinite_patience_is_off_however_the_curve_goes():
    rising = go(Course(9, patience=math.inf), lambda state: {"val_loss": state})
    assert (rising.weights, rising.best_epoch, len(rising.history["val_loss"])) == (9, 9, 9)


def test_patience_that_does_not_run_out_still_restores_the_best():
    curve = [3.0, 1.0, 2.0, 2.0]
    trained = go(Course(4, patience=50), lambda state: {"val_loss": curve[state - 1]})
    assert (trained.weights, trained.best_epoch, len(trained.history["loss"])) == (2, 2, 4)


@pytest.mark.parametrize("monitor", ["val_accuracy", "acc"])
def test_of_an_accuracy_the_largest_is_best(monitor):
    curve = [0.1, 0.9, 0.5, 0.5, 0.5]
    trained = go(Course(5, monitor, patience=2), lambda state: {monitor: curve[state - 1]})
    assert (trained.best_epoch, len(trained.history[monitor])) == (2, 4)


def test_weights_are_copied_only_when_they_are_the_best():
    said, curve = [], [3.0, 4.0, 2.0, 5.0]
    go(Course(4, patience=9), lambda state: {"val_loss": curve[state - 1]}, said)
    assert [what for what in said if what[0] == "kept"] == [("kept", 1), ("kept", 3)]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_any_number_of_callbacks_is_called_in_order_at_each_epoch(count):
    calls = []
    callbacks = [
        lambda epoch, logs, number=number: calls.append((epoch, number, logs["loss"]))
        for number in range(count)
    ]
    go(Course(3, callbacks=callbacks))
    assert calls == [(epoch, number, 1 / epoch) for epoch in (1, 2, 3) for number in range(count)]


def test_callbacks_see_the_validation_logs_too():
    seen = []
    judge = lambda state: {"val_loss": float(state)}
    go(Course(2, callbacks=[lambda epoch, logs: seen.append(logs)]), judge)
    assert seen == [{"loss": 1, "val_loss": 1}, {"loss": 1 / 2, "val_loss": 2}]


def test_each_callback_is_called_even_when_one_before_it_has_asked_to_stop():
    calls = []
    trained = go(
        Course(
            *(9, "val_loss", 0.0, math.inf),
            [lambda epoch, logs: epoch == 2, lambda epoch, logs: calls.append(epoch)],
        )
    )
    assert calls == [1, 2]
    assert (trained.weights, trained.best_epoch) == (2, 2)


def test_only_true_ends_the_training():
    """What a callback happens to return (a list's length, a progress bar) is no wish to stop."""
    trained = go(Course(3, callbacks=[lambda epoch, logs: 1, lambda epoch, logs: "done"]))
    assert trained.best_epoch == 3


def test_a_stop_asked_for_while_patience_lasts_restores_the_best():
    curve = [1.0, 2.0, 3.0]
    course = Course(3, patience=9, callbacks=[lambda epoch, logs: epoch == 2])
    trained = go(course, lambda state: {"val_loss": curve[state - 1]})
    assert (trained.weights, len(trained.history["loss"])) == (1, 2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_a_callback_raises_is_handed_on_at_once(error):
    said = []

    def raising(epoch, logs):
        raise error

    with pytest.raises(error):
        go(Course(3, callbacks=[raising]), said=said)
    assert said == [("trained", 1)]
