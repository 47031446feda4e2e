"""One network, one text and one step, worked out on paper: loss, gradient and new weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from textkaizen.nets.mlp import Layer
from textkaizen.recipe import Recipe
from textkaizen.train.batches import Room, arrange
from textkaizen.train.inputs import epoch_inputs, first_state, fixed_inputs, specification
from textkaizen.train.optimise import optimiser
from textkaizen.train.step import network_step

# Two inputs (1, 2), two hidden units with ReLU, two classes; the label is the first.
TEXT, LABEL = csr_matrix(np.float32([[1, 2]])), np.int32([0])
FIRST, FIRST_BIAS = [[1, -1], [1, 1]], [-1, -2]
LAST, LAST_BIAS = [[1, 0], [1, 1]], [-2, np.log(3)]
STEP = jax.jit(network_step, static_argnums=0)


def stepped(steps=1, **knobs):
    """Take steps of plain descent at a rate of 0.1; return the state and the logs of each."""
    descent = {"optimiser": "sgd", "learning_rate": 0.1, "epochs": 1, "validation": 0.0}
    recipe = Recipe().with_shape(hidden=(2,), batch_size=1).with_knobs(**descent | knobs)
    batches, room = arrange(TEXT, LABEL, 1, np.zeros(1, int), room=Room(1, 2, 0))
    spec = specification(recipe, 2, 2, room, lean=True, extras=False)
    chosen = optimiser(recipe.knobs, np.full(steps, 0.1))
    inputs = epoch_inputs(fixed_inputs(recipe, LABEL, 2, 0), chosen, 0, room)
    zeros, ones = jnp.zeros(2), jnp.ones(2)
    layers = (
        Layer(jnp.zeros((0, 2)), jnp.array(FIRST_BIAS, "f"), ones, zeros),
        Layer(jnp.array(LAST, "f"), jnp.array(LAST_BIAS, "f"), ones, zeros),
    )
    state = first_state(recipe, spec, (2, 0), 0, 0.0)
    state = state._replace(table=(jnp.array(FIRST, "f"), *state.table[1:]), layers=layers)
    batch, logs = jax.tree.map(lambda part: jnp.array(part[0]), batches), []
    for _ in range(steps):
        state, new = STEP(spec, state, inputs, batch, np.int32(0))
        logs.append([float(value) for value in new])
    return state, logs


def weights_of(state):
    """Both weight matrices and both biases."""
    first, last = state.layers
    return [np.asarray(part) for part in (state.table[0], first.bias, last.kernel, last.bias)]


def test_a_step_worked_out_by_hand():
    """Forward. Sums 1*(1, -1) + 2*(1, 1) = (3, 1); with bias (2, -1); ReLU (2, 0).
    Logits 2*(1, 0) + (-2, ln 3) = (0, ln 3); probabilities (1/4, 3/4); loss ln 4.

    Backward. At the logits p - y = (-3/4, 3/4), which is the last bias' slope; of the last matrix
    (2, 0) times it: ((-3/2, 3/2), (0, 0)). At the units: 1*(-3/4) + 0*(3/4) = -3/4 for the first;
    the second is shut by ReLU. So the first bias' slope is (-3/4, 0), of the first matrix
    (1, 2) times it: ((-3/4, 0), (-3/2, 0)). A step takes a tenth of all that away.
    """
    state, logs = stepped()
    assert logs[0] == pytest.approx([np.log(4), 0, 0], rel=1e-6)  # loss, correct, penalty
    expected = [
        [[1.075, -1], [1.15, 1]],
        [-0.925, -2],
        [[1.15, -0.15], [1, 1]],
        [-1.925, np.log(3) - 0.075],
    ]
    for found, by_hand in zip(weights_of(state), expected, strict=True):
        np.testing.assert_allclose(found, by_hand, rtol=1e-6)


def test_the_next_loss_worked_out_by_hand():
    """Sums 1.075 + 2*1.15 = 3.375 and 1; with bias (2.45, -1); ReLU (2.45, 0).
    Logits 2.45*1.15 - 1.925 = 0.8925 and 2.45*(-0.15) + ln 3 - 0.075 = 0.656112; the loss is
    ln(1 + e^(0.656112 - 0.8925)) = ln(1 + 0.789473) = 0.581921, and the answer is right now.
    """
    _, logs = stepped(steps=2)
    assert logs[1] == pytest.approx([0.581921, 1, 0], abs=2e-6)


def test_penalties_worked_out_by_hand():
    """L2 0.5: half the sum of squares of both matrices, (4 + 3) / 2; its slope is each weight, so a
    step takes a tenth of it away as well. Biases have no penalty.
    """
    state, logs = stepped(l2=0.5)
    assert logs[0] == pytest.approx([np.log(4), 0, 3.5], rel=1e-6)
    expected = [
        [[0.975, -0.9], [1.05, 0.9]],
        [-0.925, -2],
        [[1.05, -0.15], [0.9, 0.9]],
        [-1.925, np.log(3) - 0.075],
    ]
    for found, by_hand in zip(weights_of(state), expected, strict=True):
        np.testing.assert_allclose(found, by_hand, rtol=1e-6)


def test_a_clipped_step_worked_out_by_hand():
    """All slopes together: 9/16 + 9/16 of the last bias, 9/4 + 9/4 of the last matrix, 9/16 of the
    first bias, 9/16 + 9/4 of the first matrix; 9 in all, so a length of 3; clipped to 1, a third.
    """
    state, _ = stepped(clip_norm=1.0)
    expected = [
        [[1.025, -1], [1.05, 1]],
        [-0.975, -2],
        [[1.05, -0.05], [1, 1]],
        [-1.975, np.log(3) - 0.025],
    ]
    for found, by_hand in zip(weights_of(state), expected, strict=True):
        np.testing.assert_allclose(found, by_hand, rtol=1e-6)


def test_a_step_with_max_norm_worked_out_by_hand():
    """After the step the columns of the first matrix are (1.075, 1.15), of length 1.574206, and
    (-1, 1), of length 1.41421; the second is below the limit of 1.5, the first is shrunk to it.
    Of the last matrix (1.15, 1) has 1.523975, and (-0.15, 1) is short enough.
    """
    state, _ = stepped(max_norm=1.5)
    first, first_bias, last, _ = weights_of(state)
    shrunk = 1.5 / 1.574206
    np.testing.assert_allclose(first, [[1.075 * shrunk, -1], [1.15 * shrunk, 1]], rtol=1e-5)
    shrunk = 1.5 / 1.523975
    np.testing.assert_allclose(last, [[1.15 * shrunk, -0.15], [shrunk, 1]], rtol=1e-5)
    np.testing.assert_allclose(first_bias, [-0.925, -2], rtol=1e-6)
