"""Compiled epochs: gradients, penalties, masks, padding, and each compiled once."""

import threading
from dataclasses import replace

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.sparse import csr_matrix, random_array

from textkaizen.nets.mlp import Choices, Layer, Moving
from textkaizen.recipe import ACTIVATIONS, BATCH_NORMS, Recipe
from textkaizen.train import lanes, programs
from textkaizen.train.batches import Room, arrange
from textkaizen.train.lanes import Lane, train
from textkaizen.train.lazy import TERMS, parts
from textkaizen.train.optimise import Rates, Rule
from textkaizen.train.penalties import Penalties, penalty
from textkaizen.train.programs import Programs
from textkaizen.train.state import Extras, Inputs, Spec, State
from textkaizen.train.step import network_step

OFF = {
    "loss": 0,
    "focal_gamma": 2.0,
    "label_smoothing": 0.0,
    "mixup": 0.0,
    "input_dropout": 0.0,
    "input_noise": 0.0,
    "clip_norm": np.inf,
    "class_weights": (1.0, 1.0),
}
NOISY = {"class_weights": (0.5, 2.0), "input_noise": 0.3, "input_dropout": 0.2}
NONE = (0.0, 0.0, 0.0)
DESCENT = Rule(0.0, 0.0, 0.0, 1.0, 0.0)  # plain descent: w - rate * gradient
FEATURES, WIDTHS, BATCH = 6, (4, 3, 2), 5


def bags_of(texts, features, seed=0, density=0.3):
    generator = np.random.default_rng(seed)
    bags = csr_matrix(random_array((texts, features), density=density, rng=generator))
    return bags.astype(np.float32), generator.integers(0, 2, texts).astype(np.int32)


def one_step(activation, batch_norm, dropout, lazy, penalties, extras=None, form="float64"):
    """What a step takes: a network with random weights, a batch with one text of padding.

    `penalties` are L1, L2 and L-infinity of every weight matrix; `extras` turn on what they name.
    """
    generator = np.random.default_rng(3)
    drawn = lambda *shape: jnp.array(generator.normal(size=shape), form)
    layers = tuple(
        Layer(drawn(inputs, units), drawn(units), drawn(units), drawn(units))
        for inputs, units in zip((0, *WIDTHS), WIDTHS, strict=False)
    )
    moving = tuple(Moving(drawn(units), drawn(units) ** 2) for units in WIDTHS[:-1])
    nothing = jax.tree.map(jnp.zeros_like, layers)
    table = drawn(FEATURES, WIDTHS[0])
    rows = table, 0 * table, 0 * table
    state = State(jnp.concatenate(rows, 1) if lazy else rows, layers, nothing, nothing, moving)
    bags, labels = bags_of(BATCH - 1, FEATURES)
    batches, room = arrange(
        *(bags, labels, BATCH, np.arange(BATCH - 1)), table_rows=FEATURES if lazy else 0
    )
    batch = jax.tree.map(lambda part: jnp.array(part[0]), batches)
    hidden = len(WIDTHS) - 1
    chosen = (ACTIVATIONS.index(activation),) * hidden, (BATCH_NORMS.index(batch_norm),) * hidden
    spec = Spec(FEATURES, WIDTHS, BATCH, room, *chosen)
    spec = spec._replace(penalised=sum(penalties) > 0, extras=extras is not None)
    number = lambda value: jnp.array(value, form)
    still = {"rate_g": 1}  # a rate of 1: the step is the gradient
    inputs = Inputs(
        Choices(*chosen, number(0.3), jnp.full(hidden, dropout, jnp.float32)),
        Extras(**{name: number(value) for name, value in (OFF | (extras or {})).items()}),
        Rule(*map(number, DESCENT)),
        jnp.stack([jnp.full(9, still.get(name, 0), form) for name in Rates._fields], 1),
        jnp.zeros((TERMS + 1, 10), form),
        Penalties(*(jnp.full(len(WIDTHS), value, form) for value in penalties)),
        number(np.inf),
        key=jax.random.key(5),
        epoch=jnp.int32(1),
    )
    extras = inputs.extras._replace(
        loss=jnp.int32(inputs.extras.loss), input_dropout=jnp.float32(inputs.extras.input_dropout)
    )
    inputs, batch = inputs._replace(extras=extras), batch._replace(weights=number(batch.weights))
    return spec, state, inputs, batch


@pytest.mark.parametrize(
    ("activation", "batch_norm", "dropout", "lazy", "penalties", "extras"),
    [
        ("elu", "before", 0.3, False, (0.01, 0.02, 0.0), None),
        ("relu", "after", 0.0, True, NONE, None),
        ("leaky_relu", "none", 0.5, False, (0.0, 0.1, 0.2), None),
        ("gelu", "none", 0.0, True, NONE, {"loss": 3, "focal_gamma": 1.5}),
        ("tanh", "before", 0.0, False, NONE, {"loss": 1, "label_smoothing": 0.1}),
        ("sigmoid", "none", 0.0, False, NONE, {"loss": 2, "mixup": 0.4}),
        ("selu", "none", 0.2, True, NONE, NOISY),
    ],
)
def test_a_gradient_agrees_with_finite_differences(
    activation, batch_norm, dropout, lazy, penalties, extras
):
    """Of every weight in turn, by central differences of the loss with its penalty, float64."""
    with jax.enable_x64(True):
        spec, state, *rest = one_step(activation, batch_norm, dropout, lazy, penalties, extras)
        step = jax.jit(lambda weights: moved(spec, state, weights, rest))
        weights, unravel = ravel_pytree((parts(state.table)[0], state.layers))
        new, _ = step(unravel(weights))
        gradient = weights - ravel_pytree(new)[0]
        loss = jax.jit(jax.vmap(lambda flat: step(unravel(flat))[1]))
        aside = 1e-5 * jnp.eye(len(weights))
        found = (loss(weights + aside) - loss(weights - aside)) / 2e-5
        # Losses that are bounded, and focal where a text is sure already, have small gradients.
        assert jnp.abs(gradient).max() > (0.1 if extras is None else 1e-3)
        # Central differences err by the square of the distance, and by 1e-16 / 1e-5.
        np.testing.assert_allclose(gradient, found, rtol=1e-6, atol=1e-8)


def moved(spec, state, weights, rest):
    table, layers = weights
    rows = table, *parts(state.table)[1:]
    lazy = not isinstance(state.table, tuple)
    state = state._replace(table=jnp.concatenate(rows, 1) if lazy else rows, layers=layers)
    inputs, batch = rest
    state, logs = network_step(spec, state, inputs, batch, jnp.int32(0))
    return (parts(state.table)[0], state.layers), logs.loss / batch.valid.sum() + logs.penalty


def test_a_mask_is_the_same_for_a_step_and_another_for_each_step_epoch_and_key():
    spec, state, inputs, batch = one_step("tanh", "none", 0.5, False, NONE, form="float32")
    step = jax.jit(network_step, static_argnums=0)
    loss = lambda inputs, number: float(step(spec, state, inputs, batch, jnp.int32(number))[1].loss)
    first = loss(inputs, 0)
    others = [
        loss(inputs, 1),
        loss(inputs._replace(epoch=jnp.int32(2)), 0),
        loss(inputs._replace(epoch=jnp.int32(0)), 1),
        loss(inputs._replace(key=jax.random.key(6)), 0),
    ]
    assert loss(inputs, 0) == first
    assert len({first, *others}) == 5


def test_penalties_are_those_of_keras():
    kernels = [np.random.default_rng(n).normal(size=(5, 4)).astype(np.float32) for n in (0, 1)]
    for l1, l2 in ((0.01, 0.0), (0.0, 0.02), (0.3, 0.2)):
        expected = sum(float(keras.regularizers.L1L2(l1, l2)(jnp.array(k))) for k in kernels)
        amounts = Penalties(np.full(2, l1), np.full(2, l2), np.zeros(2))
        assert float(penalty(kernels, amounts)) == pytest.approx(expected, rel=1e-6)


def test_penalties_are_of_the_weights_and_not_of_biases_or_batch_norm():
    spec, state, inputs, batch = one_step("relu", "before", 0.0, False, (1, 0, 0), form="float32")
    step = jax.jit(network_step, static_argnums=0)
    logs = step(spec, state, inputs, batch, jnp.int32(0))[1]
    kernels = (parts(state.table)[0], *(layer.kernel for layer in state.layers))
    assert float(logs.penalty) == pytest.approx(sum(float(abs(k).sum()) for k in kernels), rel=1e-6)


RECIPE = Recipe().with_shape(hidden=(4,), batch_size=8).with_knobs(epochs=2, learning_rate=0.05)


def lane(texts=50, recipe=RECIPE, features=30, **rest):
    return Lane(recipe, *bags_of(texts, features), 2, **({"seed": 1} | rest))


def bits(trained):
    network = trained.network
    return [part.tobytes() for part in (*network.kernels, *network.biases, *network.norms)]


@pytest.fixture
def traced(monkeypatch):
    """The specifications JAX has really been given to compile."""
    seen, real = [], programs.epoch
    counting = lambda spec, *rest: (seen.append(spec), real(spec, *rest))[1]
    monkeypatch.setattr(programs, "epoch", counting)
    return seen


def test_lanes_of_one_shape_compile_once_whatever_their_knobs(traced):
    shared = Programs()
    train(lane(), shared)
    for knobs in (
        {"learning_rate": 0.01, "epochs": 3},
        {"dropout": 0.5},
        {"optimiser": "sgd", "momentum": 0.9},
        {"optimiser": "rmsprop", "initialiser": "he_normal"},
        {"slope": 0.1, "patience": 1.0},
    ):
        train(lane(recipe=RECIPE.with_knobs(**knobs)), shared)
    assert len(traced) == shared.compilations == 1


def test_choices_that_are_switched_share_a_program_and_others_have_their_own(traced):
    shared = Programs()
    for activation, norm in (("relu", "none"), ("tanh", "before"), ("selu", "after")):
        recipe = RECIPE.with_knobs(activation=activation, batch_norm=norm)
        train(lane(recipe=recipe, lean=False), shared)
    assert len(traced) == shared.compilations == 1
    train(lane(recipe=RECIPE.with_knobs(activation="tanh")), shared)
    assert len(traced) == shared.compilations == 2


def test_folds_of_nearly_the_same_size_share_a_program(traced):
    """Of 199 to 202 texts, a fifth of a vocabulary of 61 to 64 features, in rooms rounded up."""
    shared = Programs()
    for number, (texts, features) in enumerate([(199, 64), (200, 61), (202, 63)]):
        bags, labels = bags_of(texts, features, seed=number, density=0.2)
        train(Lane(RECIPE, bags, labels, 2, seed=number, table_rows=64), shared)
    assert len(traced) == shared.compilations == 1


def test_threads_that_ask_at_once_wait_for_one_compilation(traced):
    shared, meeting, done = Programs(), threading.Barrier(4), []

    def ask():
        meeting.wait(20)
        done.append(bits(train(lane(), shared)))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(traced) == 1
    assert len(done) == 4
    assert all(one == done[0] for one in done)


def specified(monkeypatch, change):
    """Change what a lane is compiled for; with nothing else changed."""
    real = lanes._specification
    monkeypatch.setattr(lanes, "_specification", lambda *given: change(real(*given)))


def test_penalties_of_zero_change_no_bit_of_a_program_that_has_them(monkeypatch):
    without = bits(train(lane(), Programs()))
    specified(monkeypatch, lambda spec: spec._replace(penalised=True))
    assert bits(train(lane(), Programs())) == without


@pytest.mark.parametrize("lazy", [False, True])
def test_padding_changes_no_bit(monkeypatch, lazy):
    monkeypatch.setattr(lanes, "lazy_pays", lambda *_: lazy)
    recipe = RECIPE.with_knobs(batch_norm="before", epochs=3)
    close = train(lane(recipe=recipe), Programs())
    more = lambda n: 2 * n + 3 if n else 0

    def widened(spec):
        assert (spec.room.rows > 0) == lazy
        return spec._replace(room=Room(*map(more, spec.room)), features=spec.features + 40)

    specified(monkeypatch, widened)
    wide = train(lane(recipe=recipe), Programs())
    for one, other in zip(close.network.kernels, wide.network.kernels, strict=True):
        np.testing.assert_array_equal(one, other)
    assert bits(close) == bits(wide)
    assert close.history == wide.history


def test_only_as_many_batches_are_trained_as_are_asked_for():
    bags, labels = bags_of(24, FEATURES)
    spec, state, inputs, _ = one_step("tanh", "none", 0.0, False, NONE, form="float32")
    found = []
    for texts, steps in ((24, 2), (10, 2)):
        rows = np.arange(texts)
        batches, room = arrange(bags[:texts], labels[:texts], BATCH, rows)
        given = jax.tree.map(jnp.array, state), inputs, batches, np.int32(steps)
        state_after, logs = Programs().epoch(spec._replace(room=room, each_step=True), *given)(
            *given
        )
        found.append((np.asarray(state_after.table[0]), np.asarray(logs)))
    (first, first_logs), (second, second_logs) = found
    np.testing.assert_array_equal(first, second)
    assert (first_logs[steps:] == 0).all()  # room for three more
    first_logs = first_logs[:steps]
    assert (first_logs[:, 0] > 0).all()
    np.testing.assert_array_equal(first_logs, second_logs)


def test_a_program_that_could_not_be_compiled_is_not_counted(monkeypatch):
    def failing(*_):
        raise ValueError("no")

    shared = Programs()
    with monkeypatch.context() as patch:
        patch.setattr(programs, "epoch", failing)
        with pytest.raises(ValueError, match="no"):
            train(lane(), shared)
    assert shared.compilations == 0
    train(replace(lane(), seed=2), shared)
    assert shared.compilations == 1
