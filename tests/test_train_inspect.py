"""What goes on inside a trained network: against JAX, against differences, and by hand."""

from itertools import pairwise, product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from textkaizen.nets.activations import FUNCTIONS
from textkaizen.nets.constants import NORM_EPSILON
from textkaizen.nets.initialise import Distribution, first_weights
from textkaizen.nets.plain import Network, activate, logits
from textkaizen.recipe import ACTIVATIONS, BATCH_NORMS, layerwise
from textkaizen.train import inspect
from textkaizen.train.inspect import STEEPEST, directions, look_inside, slopes

TEXTS, FEATURES, WIDTHS = 9, 7, (5, 4, 3)
MIXED = ((("gelu", "leaky_relu"), ("after", "before")), (("selu", "tanh"), ("none", "after")))


def bags(texts=TEXTS, features=FEATURES, seed=1):
    drawn = random_array((texts, features), density=0.5, rng=np.random.default_rng(seed))
    return csr_matrix(drawn.astype(np.float32))


def network(activation="relu", batch_norm="none", widths=WIDTHS, seed=2):
    """A network with drawn weights, and statistics of batch norm unlike 0 and 1."""
    generator = np.random.default_rng(seed)
    drawn = lambda *shape: generator.normal(size=shape).astype(np.float32)
    kernels = tuple(drawn(*shape) for shape in pairwise((FEATURES, *widths)))
    norms = tuple(
        np.stack([drawn(units), drawn(units), drawn(units), drawn(units) ** 2 + 0.5])
        for units in widths[:-1]
    )
    biases = tuple(drawn(units) for units in widths)
    return Network(kernels, biases, norms, activation, batch_norm, 0.3)


LABELS = np.arange(TEXTS) % WIDTHS[-1]


def loss(kernels, made, dense):
    """The mean cross-entropy of a network that predicts, written for JAX."""
    hidden, x = len(made.norms), dense @ kernels[0] + made.biases[0]
    acts, norms = layerwise(made.activation, hidden), layerwise(made.batch_norm, hidden)
    for number, (scale, shift, mean, variance) in enumerate(made.norms):
        normal = lambda x, a=scale, b=shift, m=mean, v=variance: (
            (x - m) * a / jnp.sqrt(v + NORM_EPSILON) + b
        )
        x = normal(x) if norms[number] == "before" else x
        x = FUNCTIONS[acts[number]](x, made.slope)
        x = normal(x) if norms[number] == "after" else x
        x = x @ kernels[number + 1] + made.biases[number + 1]
    return -jax.nn.log_softmax(x)[jnp.arange(len(dense)), LABELS].mean()


@pytest.mark.parametrize(("activation", "batch_norm"), [*product(ACTIVATIONS, BATCH_NORMS), *MIXED])
def test_gradients_are_as_long_as_those_of_jax_and_logits_those_of_the_prediction(
    activation, batch_norm
):
    made, own = network(activation, batch_norm), bags()
    inside = look_inside(made, own, LABELS)
    assert inside.logits.tolist() == logits(made, own).tolist()
    wanted = jax.grad(loss)(made.kernels, made, own.toarray())
    lengths = [float(jnp.linalg.norm(part)) for part in wanted]
    assert min(lengths) > 1e-4
    # float32 sums of a few dozen products, in another order
    assert inside.gradients == pytest.approx(lengths, rel=1e-4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slopes_are_those_of_differences_and_the_steepest_is_the_steepest(activation):
    x = np.linspace(-6.01, 6.01, 2000)  # none of them at a kink
    step = 1e-6
    differences = (activate(x + step, activation, 0.3) - activate(x - step, activation, 0.3)) / (
        2 * step
    )
    found = slopes(x, activation, 0.3)
    # Differences of float64 over 2e-6 are good to 1e-9; SELU's constants are float32 in one place.
    assert found == pytest.approx(differences, abs=1e-6)
    steepest = STEEPEST[activation] or 1.0
    assert np.abs(found).max() == pytest.approx(steepest, rel=0.01)  # the grid's own step
    assert np.abs(found).max() <= steepest * (1 + 1e-6)


def test_a_network_worked_by_hand():
    """Two texts, two units: the first answers 3 and 0, the second never answers."""
    kernels = (np.float32([[3, 1], [-1, 1]]), np.float32([[1, 0], [0, 1]]))
    biases = (np.float32([0, -5]), np.float32([0, 0]))
    norms = (np.float32([[1, 1], [0, 0], [0, 0], [1, 1]]),)
    made = Network(kernels, biases, norms, "relu", "none", 0.0)
    inside = look_inside(made, csr_matrix(np.eye(2, dtype=np.float32)), np.array([0, 1]))
    assert inside.logits.tolist() == [[3, 0], [0, 0]]
    assert inside.dead == (0.5,)
    assert inside.moving == (0.25,)  # one of four
    assert inside.scales == pytest.approx((1.5,))  # the root of 9 / 4
    assert inside.directions == pytest.approx((1.0,))
    wrong = 1 / (1 + np.exp(3))  # probability that the first text is given to the other class
    # Its error, halved by the mean, meets the first unit's 3 in both columns of the output's
    # matrix, and goes back by 1 to the first unit, which the first text moves and the second not.
    assert inside.gradients == pytest.approx((wrong / 2, 3 * wrong / 2 * 2**0.5))


@pytest.mark.parametrize(("activation", "far"), [("tanh", 4.0), ("sigmoid", 6.0), ("elu", -4.0)])
def test_units_at_the_end_of_their_activation_are_dead_and_those_in_its_middle_are_not(
    activation, far
):
    made = network(activation, widths=(2, 3))
    still = np.zeros_like(made.kernels[0])
    made = made._replace(
        kernels=(still, made.kernels[1]), biases=(np.float32([far, 0.1]), made.biases[1])
    )
    inside = look_inside(made, bags(), LABELS)
    assert inside.dead == inside.moving == (0.5,)


def test_leaky_units_are_never_dead_and_linear_ones_neither():
    for activation in ("leaky_relu", "linear"):
        made = network(activation, widths=(4, 3))
        made = made._replace(biases=(np.full(4, -50, np.float32), made.biases[1]))
        assert look_inside(made, bags(), LABELS).dead == (0.0,)
    assert look_inside(made._replace(activation="relu"), bags(), LABELS).dead == (1.0,)


def test_independent_units_answer_in_as_many_directions_as_they_are_and_copies_in_one():
    corners = np.array(list(product((-1.0, 1.0), repeat=3)))
    assert directions(corners) == pytest.approx(3)
    assert directions(corners[:, [0, 0, 0, 0]] + 7) == pytest.approx(1)
    assert np.isnan(directions(np.ones((4, 3))))


@pytest.mark.parametrize("shape", [(40, 6), (6, 40)])
def test_directions_are_those_of_the_eigenvalues_with_more_texts_and_with_more_units(shape):
    answers = np.random.default_rng(3).normal(size=shape) * np.arange(1, shape[1] + 1)
    values = np.linalg.eigvalsh(np.cov(answers.T))
    assert directions(answers) == pytest.approx(values.sum() ** 2 / (values**2).sum())


def test_a_large_table_is_gone_through_in_blocks_with_the_same_result(monkeypatch):
    made, own = network(), bags()
    whole = look_inside(made, own, LABELS).gradients
    monkeypatch.setattr(inspect, "BLOCK", 2)  # of seven features
    assert look_inside(made, own, LABELS).gradients == pytest.approx(whole, rel=1e-6)


def test_without_a_hidden_layer_there_is_one_gradient_and_nothing_else():
    inside = look_inside(network(widths=(3,)), bags(), LABELS)
    assert len(inside.gradients) == 1
    assert inside.dead == inside.moving == inside.scales == inside.directions == ()


def test_gradients_vanish_in_deep_networks_of_sigmoids():
    """Each sigmoid passes back a quarter at most: five of them at most 0.001."""
    widths, generator = (32, 32, 32, 32, 32, 3), np.random.default_rng(5)
    made = network("sigmoid", widths=widths)
    glorot = Distribution("glorot_uniform", 0.0, 0.05)
    kernels = tuple(
        first_weights(glorot, *shape, generator) for shape in pairwise((FEATURES, *widths))
    )
    made = made._replace(kernels=kernels, biases=tuple(b * 0 for b in made.biases))
    first, *_, last = look_inside(made, bags(), LABELS).gradients
    assert 0 < first < 0.001 * last
