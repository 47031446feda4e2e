"""An epoch of a Keras model as one compiled call, and its judgement as another; each compiled once.

A program is Keras' own `train_step` (or `test_step`) in one scan over the full batches and once
more over the shorter last one, inside the same call: nothing is padded, so losses, batch norm and
metrics are those of Keras' own `fit`. Metrics begin an epoch reset and end it as results, in the
program too. A program takes values and returns values; it is kept for as long as the model is,
and for as long as what it was made of stands: a new `compile()`, a layer put in or frozen, other
shapes make another.

Rejected: writing forward pass, gradient and update out (a model may have its own `train_step`).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from textkaizen.interop.keras_data import Table
from textkaizen.interop.keras_models import layers_of, require_keras
from textkaizen.interop.keras_sparse import bags_read, sparse_reader, unread_input
from textkaizen.nets.mlp import Bags
from textkaizen.train.batches import Batches, Room, arrange

# As wide as the machine allows: sums over a whole table are what a step costs.
OPTIONS: dict[str, str | bool] = {"xla_cpu_prefer_vector_width": "512"}

# Two steps a turn of the loop: a step took 85 us instead of 120 (917 x 3,000, 32 units; more than
# two gained nothing), and compiling 0.82 s instead of 0.79.
UNROLL = 2

# Of all models: tracing changes layers for a moment (`bags_read`).
_compiling = threading.Lock()
_programs: weakref.WeakKeyDictionary[Any, dict[Any, Program]] = weakref.WeakKeyDictionary()


class Program(NamedTuple):
    """What is compiled.

    Args:
        compute: takes arrays and returns arrays; nothing is consumed.
        is_pure: whether it does nothing else (a step of a model's own may print).
    """

    compute: Callable
    is_pure: bool


class Values(NamedTuple):
    """The values of a model's variables, in Keras' order.

    Args:
        trainable, others: of the model; dropout's seeds are among the others.
        slots: of the optimiser: its step, learning rate and moments.
        metrics: of the model.
    """

    trainable: list
    others: list
    slots: list
    metrics: list


class Batch(NamedTuple):
    """Some texts; in `Layout.full` every part has one more axis in front, the batches.

    Args:
        rows: int32 [texts], of the table.
        bags: Bags of a sparse X, flat; None where X is dense.
    """

    rows: np.ndarray
    bags: Any


class Layout(NamedTuple):
    """An order of texts as batches.

    Args:
        full: the full batches; None if there is none.
        last: the shorter last batch; None if there is none.
    """

    full: Batch | None
    last: Batch | None


class Parts(NamedTuple):
    """A table without a sparse X: the arrays that batches take rows of."""

    x: Any
    y: Any
    weights: Any


def lay_out(table: Table, batch_size: int, order: np.ndarray, room: Room | None) -> Layout:
    """Return an epoch's batches.

    Args:
        table: what is trained on.
        batch_size: texts a batch, >= 1.
        order: a permutation of the table's rows.
        room: for the bags of a sparse X; one that is too small is not used.
    """
    steps, over = divmod(len(order), batch_size)
    rows = order.astype(np.int32)
    full, last = rows[: steps * batch_size].reshape(steps, batch_size), rows[steps * batch_size :]
    if not table.is_sparse:
        return Layout(Batch(full, None) if steps else None, Batch(last, None) if over else None)
    laid, _ = arrange(table.x, np.zeros(len(order), np.int32), batch_size, order, room=room)
    bags = bags_of(laid)
    return Layout(
        Batch(full, Bags(*(part[:steps] for part in bags))) if steps else None,
        Batch(last, Bags(*(part[steps] for part in bags))) if over else None,
    )


def bags_of(laid: Batches) -> Any:
    """Return an epoch's bags, still NumPy's; the first axis counts batches."""
    parts: Any = laid.places, laid.weights, laid.texts
    return Bags(*parts)


def train_program(model: Any, features: int, *arguments: Any) -> Program:
    """Return the compiled epoch: (values, parts, layout) -> values, logs of Keras' names.

    Args:
        model: compiled and built.
        features: columns of a sparse X; 0 where X is dense.
        arguments: values, parts and layout, to show their shapes.
    """

    def epoch(values: Values, parts: Parts, layout: Layout):
        state = tuple(values._replace(metrics=_fresh(model, values.metrics)))
        state, logs = _steps(model, features, model.train_step, state, parts, layout)
        return Values(*state), _results(model, state[-1], logs)

    return _compiled(model, ("train", features), epoch, arguments)


def test_program(model: Any, features: int, *arguments: Any) -> Program:
    """Return the compiled judgement: (values, parts, layout) -> others, metrics, logs.

    Args:
        model, features, arguments: as in `train_program`.
    """

    def judge(values: Values, parts: Parts, layout: Layout):
        state = (values.trainable, values.others, _fresh(model, values.metrics))
        state, logs = _steps(model, features, model.test_step, state, parts, layout)
        return state[1], state[2], _results(model, state[2], logs)

    return _compiled(model, ("test", features), judge, arguments)


def predict_program(model: Any, features: int, *arguments: Any) -> Program:
    """Return the compiled prediction from bags: (trainable, others, batches) -> predictions.

    Args:
        model: built.
        features: columns of the sparse matrix.
        arguments: values of the variables, and bags with the batches as first axis (and an array
            whose second axis is as long as a batch), to show their shapes.
    """
    reader = sparse_reader(model)

    def predict(trainable: list, others: list, batches: Batch):
        def one(batch: Batch):
            texts = batch.rows.shape[0]
            with bags_read(reader, batch.bags, texts):
                return model.stateless_call(
                    trainable, others, unread_input(texts, features), training=False
                )[0]

        return jax.lax.map(one, batches)

    return _compiled(model, ("predict", features), predict, arguments)


def _steps(model: Any, features: int, step: Callable, state: tuple, parts: Parts, layout: Layout):
    """Run one of Keras' steps over all batches; return the state and the last step's logs."""
    keras = require_keras()
    reader = sparse_reader(model) if features else None

    def one(state: tuple, batch: Batch):
        y, weights = _rows((parts.y, parts.weights), batch.rows)
        pack = keras.utils.pack_x_y_sample_weight
        if reader is None:
            logs, state = step(state, pack(_rows(parts.x, batch.rows), y, weights))
        else:
            texts = batch.rows.shape[0]
            with bags_read(reader, batch.bags, texts):
                logs, state = step(state, pack(unread_input(texts, features), y, weights))
        return tuple(state), logs

    logs: Any = {}
    if layout.full is not None:
        state, stacked = jax.lax.scan(one, state, layout.full, unroll=UNROLL)
        logs = jax.tree.map(lambda value: value[-1], stacked)
    if layout.last is not None:
        state, logs = one(state, layout.last)
    return state, logs


def _rows(tree: Any, rows: Any) -> Any:
    """Take rows that are known to be there."""
    return jax.tree.map(lambda part: part.at[rows].get(mode="promise_in_bounds"), tree)


def _fresh(model: Any, metrics: list) -> list:
    """The values of metrics after a reset; one that a reset leaves alone goes on; traced."""
    keras = require_keras()
    mapping = list(zip(model.metrics_variables, metrics, strict=True))
    with keras.StatelessScope(state_mapping=mapping) as scope:
        model.reset_metrics()
    return [scope.get_current_value(variable) for variable in model.metrics_variables]


def _results(model: Any, metrics: list, logs: Any) -> dict[str, Any]:
    """Return the metrics' results, or the last step's logs where a model has its own; traced."""
    keras = require_keras()
    mapping = list(zip(model.metrics_variables, metrics, strict=True))
    with keras.StatelessScope(state_mapping=mapping):
        results = model.get_metrics_result()
    own = not isinstance(logs, dict) or set(logs) != set(results)
    return dict(logs if own else results)


def _compiled(model: Any, kind: tuple, function: Callable, arguments: tuple) -> Program:
    """Return the program of a model for these shapes, compiled at its first use.

    Programs of what the model was made of before are dropped.
    """
    leaves, form = jax.tree.flatten(arguments)
    shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
    making = _making(model)
    key = (kind, form, shapes, making)
    with _compiling:
        programs = _programs.setdefault(model, {})
        if key not in programs:
            traced = jax.jit(function).trace(*arguments)
            compiled = traced.lower().compile(compiler_options=OPTIONS)
            for old in [old for old in programs if old[-1] != making]:
                del programs[old]
            programs[key] = Program(compiled, is_pure=not traced.jaxpr.effects)
        return programs[key]


def _making(model: Any) -> tuple:
    """What a program is made of besides shapes, told by weak references: it keeps nothing alive."""
    layers = layers_of(model)
    made = [*layers, *(model.metrics if model.compiled else [])]
    if model.compiled and model.optimizer is not None:
        made.append(model.optimizer)
    return (
        tuple(map(weakref.ref, made)),
        tuple(layer.trainable for layer in layers),
        tuple(variable.trainable for variable in model.variables),
    )
