"""First weights: the distributions of Keras, drawn from a seed."""

import keras
import numpy as np
import pytest

from textkaizen.errors import RecipeError
from textkaizen.nets.initialise import TRUNCATED, VARIANCES, first_weights
from textkaizen.recipe import INITIALISERS

SIZES = [(300, 200), (200, 300)]
UNIFORM = [name for name in INITIALISERS if name.endswith("uniform")]


def drawn(name, inputs, units, seed=0):
    return first_weights(name, inputs, units, np.random.default_rng(seed))


def reference(name, inputs, units):
    return np.asarray(
        keras.initializers.get({"class_name": name, "config": {"seed": 1}})((inputs, units))
    )


def test_every_initialiser_of_a_recipe_is_there():
    assert set(VARIANCES) == set(INITIALISERS)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", INITIALISERS)
def test_the_distribution_is_that_of_keras(name, size):
    """Of 60,000 draws the quantiles of two samples differ by some 0.01 of a deviation."""
    own, other = drawn(name, *size), reference(name, *size)
    assert own.shape == other.shape == size
    assert own.dtype == np.float32
    shares = np.linspace(0.02, 0.98, 25)
    found, expected = np.quantile(own, shares), np.quantile(other, shares)
    # Four standard errors of a quantile's difference where draws are sparse (seeds are fixed).
    np.testing.assert_allclose(found, expected, atol=0.04 * other.std())
    assert own.std() == pytest.approx(other.std(), rel=0.015)


@pytest.mark.parametrize("name", INITIALISERS)
def test_no_weight_is_beyond_what_the_source_allows(name):
    weights = drawn(name, 50, 30)
    scale, fan, _ = VARIANCES[name]
    deviation = np.sqrt(scale / (50 if fan == "in" else 40))
    limit = np.sqrt(3) * deviation if name in UNIFORM else 2 * deviation / TRUNCATED
    assert np.abs(weights).max() <= limit * (1 + 1e-6)
    # 1,500 draws come near it: a fifth is left out with a chance of less than 1e-20.
    assert np.abs(weights).max() > 0.8 * limit


def test_by_hand():
    """Glorot: sqrt(6 / (inputs + units)); He: variance 2 / inputs; LeCun: 1 / inputs."""
    assert np.abs(drawn("glorot_uniform", 100, 50)).max() == pytest.approx(0.2, rel=1e-2)
    assert drawn("he_normal", 200, 500).std() == pytest.approx(0.1, rel=1e-2)
    assert drawn("lecun_normal", 100, 500).std() == pytest.approx(0.1, rel=1e-2)


@pytest.mark.parametrize("name", INITIALISERS)
def test_the_same_generator_draws_the_same_and_another_does_not(name):
    assert (drawn(name, 5, 4) == drawn(name, 5, 4)).all()
    assert (drawn(name, 5, 4) != drawn(name, 5, 4, seed=1)).any()


@pytest.mark.parametrize("name", INITIALISERS)
@pytest.mark.parametrize("size", [(1, 1), (0, 3)])
def test_the_smallest_sizes_are_drawn_too(name, size):
    weights = drawn(name, *size)
    assert weights.shape == size
    assert np.isfinite(weights).all()


def test_an_unknown_initialiser_is_refused_with_the_known_ones():
    with pytest.raises(RecipeError, match=r"'ones'; known: .*glorot_uniform"):
        drawn("ones", 2, 2)
