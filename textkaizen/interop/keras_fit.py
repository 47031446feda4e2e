"""A compiled Keras model through our loop, with the arguments and the results of its own `fit`.

Keras' variables hold the model's state between epochs, so that callbacks see and may change it:
an epoch reads them, runs as one compiled call, and writes them. Epochs, validation and callbacks
go through `train.loop.run`, like those of our own networks.

A dense X of which hardly anything is not zero (bags of words, one-hot) is read as sparse rows
where the model allows it: the same sums, added up in another order.

Rejected: keeping the state outside of the model until training ends (a callback that asks for
weights would get old ones).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

import jax
import numpy as np
from scipy.sparse import csr_matrix

from textkaizen.errors import UsageError
from textkaizen.interop.keras_callbacks import callback_list
from textkaizen.interop.keras_data import (
    Table,
    class_weighted,
    parted,
    table,
    told_to_fit,
)
from textkaizen.interop.keras_epochs import Epochs, Ready, held, judgement, ready
from textkaizen.interop.keras_models import require_keras, require_model, require_trainable
from textkaizen.interop.keras_programs import Batch, bags_of, predict_program
from textkaizen.interop.keras_sparse import (
    require_columns,
    require_sparse_reader,
    sparse_reader,
)
from textkaizen.train.batches import arrange, epoch_orders, room_needed
from textkaizen.train.loop import Course, Logs, run

SPARSE_SHARE = 0.01  # at most so many of a dense X's numbers are not zero: read as sparse rows
SPARSE_FEATURES = 1000  # at least so many columns has a dense X that is read as sparse rows


def fit(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    epochs: int = 1,
    batch_size: int | None = 32,
    validation_split: float = 0.0,
    validation_data: Any = None,
    callbacks: Any = None,
    class_weight: dict[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    shuffle: bool = True,
    verbose: Any = "auto",
    split: str = "stratified",
    seed: int = 0,
) -> Any:
    """Train a compiled Keras model as its own `fit` would, an epoch in one compiled call.

    To change the call and nothing else is the point, so the arguments are those of
    `keras.Model.fit`, of which x is called X here; all but y must be named. Left out are
    steps_per_epoch, validation_steps, validation_freq and validation_batch_size; `split` and
    `seed` are added, and X may be sparse.

    Args:
        model: a compiled Keras 3 model with the JAX backend; its trained weights are in it
            afterwards. One that is not built yet is built from the data, as Keras would.
        X: a NumPy array, a list or dict of them for several inputs, or a SciPy sparse matrix,
            which is never made dense: the first layer must then be Dense.
        y: what the compiled loss takes.
        epochs: number of the last epoch, >= 0.
        batch_size: rows a step, >= 1; the last batch of an epoch may be shorter. None is 32.
        validation_split: share of the rows held back, 0 <= share < 1; 0 is off.
        validation_data: (X, y) or (X, y, sample_weight) to judge by instead.
        callbacks: Keras callbacks that live between epochs; see `keras_callbacks`.
        class_weight: class -> how much its rows count; 1 where not named.
        sample_weight: how much each row counts.
        initial_epoch: number of the first epoch, from 0. An epoch's order of rows belongs to its
            number: a training that goes on has the orders it would have had in one go.
        shuffle: rows in a new order each epoch; False keeps theirs.
        verbose: 0 is silent; else Keras' progress bar, moving on once an epoch.
        split: how `validation_split` is drawn: "stratified" (shuffled, each class its share) or
            "last rows" (Keras' way).
        seed: of the order of rows and of the draw. First weights and dropout masks are Keras' own
            (`keras.utils.set_random_seed`).

    Returns:
        keras.callbacks.History; `history` holds for each log one number an epoch.

    Raises:
        UsageError: model, data or callbacks are not as they must be.
        MissingExtraError: Keras is not installed.

    Warns:
        LastRowsWarning: the last rows hold classes that the rows before them lack.
    """
    require_trainable(model)
    batch_size = 32 if batch_size is None else batch_size  # as in Keras
    _require_counts(epochs=(epochs, 0), initial_epoch=(initial_epoch, 0))
    _require_counts(batch_size=(batch_size, 1))
    training, validation = table(X, y, sample_weight, "the training data"), None
    if validation_data is not None:
        validation = table(*_unpacked(validation_data), "the validation data")
    else:
        training, validation = parted(training, validation_split, split, seed)
    training = class_weighted(training, class_weight)
    training, validation = _read_as(model, training, validation)
    _build(model, training, batch_size)
    for rows, where in ((training, "the training data"), (validation, "the validation data")):
        if rows is not None and rows.is_sparse:
            require_columns(model, rows.x, where)
    steps = -(-training.rows // batch_size)
    hooks = callback_list(callbacks, model, verbose=verbose, epochs=epochs, steps=steps)
    order = epoch_orders(training.rows, seed) if shuffle else repeat(np.arange(training.rows))
    room = room_needed(training.x, batch_size, seed, 0) if training.is_sparse and shuffle else None
    fitting = _Fitting(model, hooks, ready(training, batch_size, room), order)
    judged = None if validation is None else ready(validation, batch_size, None)
    return fitting.run(epochs, initial_epoch, judged)


def predict(model: Any, X: Any, batch_size: int = 256) -> Any:
    """Return a Keras model's predictions, [rows, outputs], for a dense or a sparse X.

    A model of several outputs has a list or dict of them, as in Keras' own `predict`.

    Args:
        model: built; it need not be compiled.
        X: as in `fit`. A sparse matrix is never made dense.
        batch_size: rows at once, >= 1.

    Raises:
        UsageError: there is no model, no row, or no layer that could read sparse rows; these have
            another number of columns than the model.
    """
    require_model(model)
    _require_counts(batch_size=(batch_size, 1))
    rows = table(X, None, None, "what is to be predicted")
    if not rows.is_sparse:
        return model.predict(rows.x, batch_size=batch_size, verbose=0)
    require_sparse_reader(model)
    if not model.built:
        raise UsageError(f"{model.name} has no weights yet. Train it, or build it, first.")
    require_columns(model, rows.x, "what is to be predicted")
    order = np.arange(rows.rows)
    laid, _ = arrange(rows.x, order.astype(np.int32), batch_size, order)
    batches = Batch(laid.labels, bags_of(laid))
    arguments = (held(model.trainable_variables), held(model.non_trainable_variables), batches)
    program = predict_program(model, rows.x.shape[1], *arguments)
    found = jax.device_get(program.compute(*arguments))
    return jax.tree.map(lambda part: part.reshape(-1, *part.shape[2:])[: rows.rows], found)


@dataclass
class _Fitting:
    """One training of one model, as the functions that the loop calls.

    The loop's state is the logs of the epoch just trained, still on the device.

    Args:
        model: holds its own state in its variables.
        hooks: Keras' list of callbacks.
        training: what is trained on.
        orders: of its rows, one an epoch.
    """

    model: Any
    hooks: Any
    training: Ready
    orders: Iterator[np.ndarray]

    def run(self, epochs: int, initial_epoch: int, validation: Ready | None) -> Any:
        """Train and return Keras' History."""
        model, finished, last = self.model, False, dict[str, Any]()
        judged = None if validation is None else judgement(model, validation)
        model.stop_training = False
        self.hooks.on_train_begin()
        # BackupAndRestore tells in `_initial_epoch` where it takes up again.
        first = getattr(model, "_initial_epoch", None) or initial_epoch
        ahead = self._epochs(min(first, epochs), epochs)

        def train_epoch(state: Any, number: int) -> tuple[Any, Logs]:
            self.hooks.on_epoch_begin(first + number - 1)
            return ahead.train(), {}

        def end(number: int, logs: Logs) -> bool:
            nonlocal last
            last = logs
            self.hooks.on_epoch_end(first + number - 1, last)
            return bool(model.stop_training)

        course = Course(max(epochs - first, 0), callbacks=(end,))
        try:
            run(train_epoch, None, course, self._judge(ahead, judged), keep=lambda state: None)
            finished = True
        finally:
            if epochs > 0 and model.optimizer is not None:
                model.optimizer.finalize_variable_values(model.trainable_weights)
            if finished:
                self.hooks.on_train_end(last)
        return model.history

    def _epochs(self, first: int, epochs: int) -> Epochs:
        """Return the epochs from number `first` on; the orders of those before it are left out."""
        layouts = map(self.training.laid_out, islice(self.orders, first, None))
        return Epochs(self.model, self.training, layouts, left=epochs - first)

    def _judge(self, ahead: Epochs, judged: Callable[[], Any] | None) -> Callable[[Any], Logs]:
        """Return the function that brings an epoch's logs from the device, its validation's too.

        The next epoch is dispatched before that: the device computes on while Python waits for
        logs and calls back.
        """

        def judge(trained: dict[str, Any]) -> Logs:
            if judged is None:
                ahead.look_ahead()
                return _plain(jax.device_get(trained))
            self.hooks.on_test_begin()
            found = judged()
            ahead.look_ahead()
            own, logs = map(_plain, jax.device_get((trained, found)))
            self.hooks.on_test_end(logs)
            return own | {f"val_{name}": value for name, value in logs.items()}

        return judge


def _read_as(model: Any, training: Table, validation: Table | None) -> tuple[Table, Table | None]:
    """Let X be sparse on both sides where one is, or where that is faster and the model can."""
    tables = [training] if validation is None else [training, validation]
    are_plain = all(one.is_sparse or getattr(one.x, "ndim", 0) == 2 for one in tables)
    if any(one.is_sparse for one in tables):
        require_sparse_reader(model)
        if not are_plain:
            raise UsageError(
                "X of the training and of the validation data must both have rows and columns "
                "where one is sparse; found one that has not. Hand in two axes on both sides."
            )
    elif not (are_plain and _is_mostly_zero(training.x) and sparse_reader(model) is not None):
        return training, validation
    sparse = [Table(csr_matrix(one.x), one.y, one.weights) for one in tables]
    return sparse[0], None if validation is None else sparse[1]


def _is_mostly_zero(x: Any) -> bool:
    if not isinstance(x, np.ndarray) or x.ndim != 2 or x.shape[1] < SPARSE_FEATURES:
        return False
    return x.dtype.kind == "f" and bool(np.count_nonzero(x) <= SPARSE_SHARE * x.size)


def _build(model: Any, training: Table, batch_size: int) -> None:
    """Build model, metrics and optimiser as Keras does: from the first batch's shape."""
    pack = require_keras().utils.pack_x_y_sample_weight
    first = np.arange(min(batch_size, training.rows))
    if training.is_sparse:
        x = jax.ShapeDtypeStruct((len(first), training.x.shape[1]), np.dtype(training.x.dtype))
    else:
        x = jax.tree.map(lambda part: part[first], training.x)
    y, weights = jax.tree.map(lambda part: part[first], (training.y, training.weights))
    with told_to_fit(model, training):
        model._symbolic_build(data_batch=pack(x, y, weights))


def _plain(fetched: dict[str, Any]) -> Logs:
    """Let scalars become Python numbers, as in Keras."""
    return {name: float(one) if np.ndim(one) == 0 else one for name, one in fetched.items()}


def _unpacked(data: Any) -> tuple[Any, Any, Any]:
    if not isinstance(data, (tuple, list)) or not 2 <= len(data) <= 3:
        raise UsageError(
            "validation_data must be (X, y) or (X, y, sample_weight); found "
            f"{type(data).__name__}. Read the data into arrays first."
        )
    return data[0], data[1], data[2] if len(data) == 3 else None


def _require_counts(**counts: tuple[Any, int]) -> None:
    for name, (value, least) in counts.items():
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < least:
            raise UsageError(f"{name} must be a whole number, at least {least}; found {value!r}.")
