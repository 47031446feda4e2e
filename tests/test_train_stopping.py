"""Early stopping: Keras' rule on any curve, and what happens to values that are no numbers."""

import math

import keras
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textkaizen.train.loop import Course, run
from textkaizen.train.stopping import Stopping, is_over, update

NAN = math.nan
# Keras compares in float32; multiples of 1/64 and their differences are exact there.
VALUES = st.integers(-64, 64).map(lambda number: number / 64)


class Watched:
    """A model whose weights are the number of the epoch."""

    def __init__(self):
        self.weights, self.stop_training = 0, False

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def of_keras(curve, min_delta, patience, mode):
    """Return the last epoch trained and the epoch whose weights are restored."""
    stopping = keras.callbacks.EarlyStopping(
        *("monitored", min_delta, patience), mode=mode, restore_best_weights=True
    )
    model = Watched()
    stopping.set_model(model)
    stopping.on_train_begin()
    epoch = 0
    for epoch, value in enumerate(curve, 1):
        model.weights = epoch
        stopping.on_epoch_end(epoch - 1, {"monitored": value})
        if model.stop_training:
            break
    stopping.on_train_end()
    return epoch, model.weights


def of_ours(curve, min_delta, patience, monitor="val_loss"):
    trained = run(
        lambda state, epoch: (epoch, {}),
        0,
        Course(len(curve), monitor, min_delta, patience),
        lambda epoch: {monitor: curve[epoch - 1]},
        lambda state: state,
    )
    assert trained.best_epoch == trained.weights
    return len(trained.history[monitor]), trained.weights


@settings(max_examples=200, deadline=None)
@given(
    st.lists(VALUES, min_size=1, max_size=15),
    st.sampled_from([0.0, 1 / 64, 0.25]),
    st.sampled_from([0, 1, 2, 5]),
    st.sampled_from(["min", "max"]),
)
@example([0.5, 0.5, 0.5], 0.0, 1, "min")
@example([0.5, 0.25, 0.25], 0.25, 1, "max")
def test_the_epoch_and_the_weights_are_those_of_keras(curve, min_delta, patience, mode):
    monitor = {"min": "val_loss", "max": "val_accuracy"}[mode]
    expected = of_keras(curve, min_delta, patience, mode)
    assert of_ours(curve, min_delta, patience, monitor) == expected


def test_a_recorded_curve_by_hand():
    curve = [0.9, 0.7, 0.8, 0.6, 0.65, 0.62, 0.61, 0.5]
    assert of_ours(curve, 0.0, 1) == (3, 2)
    assert of_ours(curve, 0.0, 2) == (6, 4)
    assert of_ours(curve, 0.0, 4) == (8, 8)
    assert of_ours(curve, 0.15, 2) == (4, 2)  # 0.6 is not better than 0.7 by more than 0.15


@pytest.mark.parametrize(
    ("curve", "patience", "expected"),
    [
        ([NAN, 0.5, 0.6], 2, (3, 2)),  # Keras would keep the first for ever
        ([0.5, NAN, 0.4, NAN, NAN], 2, (5, 3)),
        ([0.5, NAN, NAN], 1, (2, 1)),
        ([NAN, 0.5], 1, (1, 1)),  # an epoch that is not better ends a patience of one
        ([NAN, NAN, NAN], 2, (2, 2)),  # none has a number: the last is what there is
        ([math.inf, 0.5, 0.6, 0.7], 2, (4, 2)),
        ([math.inf, math.inf], 5, (2, 1)),
    ],
)
def test_what_is_no_number_is_never_the_best(curve, patience, expected):
    assert of_ours(curve, 0.0, patience) == expected


@given(st.lists(st.one_of(VALUES, st.just(NAN)), min_size=1, max_size=12), st.integers(0, 4))
def test_the_best_is_the_first_of_the_least_numbers_seen(curve, patience):
    state = Stopping()
    for epoch, value in enumerate(curve, 1):
        state = update(state, epoch, value)
        seen = [v for v in curve[:epoch] if not math.isnan(v)]
        assert state.best == min(seen, default=math.inf)
        assert state.best_epoch == (curve.index(state.best) + 1 if seen else 0)
        assert state.waited == epoch - state.best_epoch
        assert is_over(state, patience) == (state.waited >= max(patience, 1))


@given(st.integers(0, 10**9))
def test_infinite_patience_never_ends(waited):
    assert not is_over(Stopping(0.0, 1, waited), math.inf)
