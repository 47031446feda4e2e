"""First weights: the distributions of Keras and of their sources, drawn from a seed."""

import keras
import numpy as np
import pytest
from scipy import stats

from textkaizen.errors import RecipeError
from textkaizen.nets.initialise import OWN, TRUNCATED, VARIANCES, Distribution, first_weights
from textkaizen.recipe import INITIALISERS

SIZES = [(300, 200), (200, 300)]
MEAN, SPREAD = 0.25, 0.5  # of distributions of one's own


def drawn(name, inputs, units, seed=0, mean=MEAN, spread=SPREAD):
    how = Distribution(name, mean, spread)
    return first_weights(how, inputs, units, np.random.default_rng(seed))


def reference(name, inputs, units):
    own = {
        "normal": lambda: keras.initializers.RandomNormal(MEAN, SPREAD, seed=1),
        "uniform": lambda: keras.initializers.RandomUniform(MEAN - SPREAD, MEAN + SPREAD, seed=1),
        "truncated_normal": lambda: keras.initializers.TruncatedNormal(MEAN, SPREAD, seed=1),
    }
    by_name = lambda: keras.initializers.get({"class_name": name, "config": {"seed": 1}})
    return np.asarray(own.get(name, by_name)()((inputs, units)))


def of_source(name, inputs, units):
    """The distribution that the source of an initialiser names."""
    cut = lambda deviation, middle: stats.truncnorm(-2, 2, middle, deviation)
    if name in OWN:
        return {
            "normal": stats.norm(MEAN, SPREAD),
            "uniform": stats.uniform(MEAN - SPREAD, 2 * SPREAD),
            "truncated_normal": cut(SPREAD, MEAN),
        }[name]
    kind, _, form = name.partition("_")
    variance = {"glorot": 2 / (inputs + units), "he": 2 / inputs, "lecun": 1 / inputs}[kind]
    if form == "uniform":  # of half the width a the variance is a² / 3
        limit = np.sqrt(3 * variance)
        return stats.uniform(-limit, 2 * limit)
    # Cut at two deviations a normal keeps 0.88 of its deviation: it is drawn as much wider.
    return cut(np.sqrt(variance) / stats.truncnorm(-2, 2).std(), 0)


def test_every_initialiser_of_a_recipe_is_there():
    assert {*VARIANCES, *OWN, "orthogonal"} == set(INITIALISERS)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*VARIANCES, *OWN])
def test_the_draws_fit_the_distribution_that_the_source_names(name, size):
    """Kolmogorov and Smirnov, of 60,000 draws.

    By luck p is below 0.001 in one of a thousand; the seed is fixed. A deviation that is 5 % wrong
    gives p below 1e-4 (next test), so this is a strict one.
    """
    assert stats.kstest(drawn(name, *size).ravel(), of_source(name, *size).cdf).pvalue > 0.001


@pytest.mark.parametrize("name", [*VARIANCES, *OWN])
def test_the_fit_would_show_a_deviation_a_little_wrong_or_another_form(name):
    weights, fits = drawn(name, *SIZES[0]).ravel(), of_source(name, *SIZES[0])
    middle, width = fits.mean(), fits.std()
    wider = middle + 1.05 * (weights - middle)
    assert stats.kstest(wider, fits.cdf).pvalue < 1e-4
    uniform = name.endswith("uniform")
    other = (
        stats.norm(middle, width)
        if uniform
        else stats.uniform(middle - width * 3**0.5, width * 12**0.5)
    )
    assert stats.kstest(weights, other.cdf).pvalue < 1e-9


@pytest.mark.parametrize("size", [(8, 3), (3, 8)])
def test_an_orthogonal_draw_is_uniform_among_all(size):
    """A coordinate x of a direction drawn at random in 8 dimensions: (x + 1) / 2 is Beta(3.5, 3.5).

    Of 2,000 matrices, one entry each, since entries of one matrix depend on one another; p and seed
    as above. Without the mended signs of a QR decomposition the first would never be positive.
    """
    matrices = np.array([drawn("orthogonal", *size, seed=seed) for seed in range(2000)])
    for row, column in ((0, 0), (2, 1), (1, 2)):
        entries = matrices[:, row, column]
        fit = stats.kstest((entries + 1) / 2, stats.beta(3.5, 3.5).cdf)
        assert fit.pvalue > 0.001


@pytest.mark.parametrize("size", [(30, 20), (20, 30), (20, 20), (1, 5)])
def test_orthogonal_columns_or_rows_where_these_are_fewer_are_orthonormal(size):
    weights = drawn("orthogonal", *size)
    assert weights.shape == size
    assert weights.dtype == np.float32
    square = weights.T @ weights if size[0] >= size[1] else weights @ weights.T
    np.testing.assert_allclose(square, np.eye(min(size)), atol=1e-6)


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


@pytest.mark.parametrize("name", [*VARIANCES, *OWN])
def test_mean_and_variance_are_those_of_the_source(name):
    weights, fits = drawn(name, *SIZES[0], seed=4).astype(np.float64), of_source(name, *SIZES[0])
    if name in VARIANCES:  # 500 weights a unit with a variance of 1 / fan or 2 / fan
        scale, fan, _ = VARIANCES[name]
        assert fits.var() == pytest.approx(scale / (300 if fan == "in" else 250), rel=1e-9)
        assert fits.mean() == pytest.approx(0, abs=1e-12)
    # Four standard errors of 60,000 draws; that of a variance is at most sqrt(2 / n) of it.
    assert weights.mean() == pytest.approx(fits.mean(), abs=4 * fits.std() / np.sqrt(60_000))
    assert weights.var() == pytest.approx(fits.var(), rel=4 * np.sqrt(2 / 60_000))


@pytest.mark.parametrize("name", [name for name in (*VARIANCES, *OWN) if name != "normal"])
def test_no_weight_is_beyond_what_the_source_allows(name):
    low, high = of_source(name, 50, 30).support()
    weights = drawn(name, 50, 30)
    assert weights.min() >= low - 1e-6 * (high - low)
    assert weights.max() <= high + 1e-6 * (high - low)
    # 1,500 draws come near it: a tenth of the width is left out with a chance of less than 1e-15.
    assert weights.max() - weights.min() > 0.8 * (high - low)


def test_a_normal_of_ones_own_is_not_cut():
    weights = drawn("normal", *SIZES[0])
    # 4.55 % of 60,000 lie beyond two deviations; four standard errors are 0.34 %.
    assert (np.abs(weights - MEAN) > 2 * SPREAD).mean() == pytest.approx(0.0455, abs=0.0034)


def test_the_constant_for_cut_normals_is_their_deviation():
    assert stats.truncnorm(-2, 2).std() == pytest.approx(TRUNCATED, rel=1e-12)


def test_by_hand():
    """Glorot: sqrt(6 / (inputs + units)); He: variance 2 / inputs; LeCun: 1 / inputs."""
    assert np.abs(drawn("glorot_uniform", 100, 50)).max() == pytest.approx(0.2, rel=1e-2)
    assert np.abs(drawn("he_uniform", 150, 50)).max() == pytest.approx(0.2, rel=1e-2)
    assert np.abs(drawn("lecun_uniform", 300, 50)).max() == pytest.approx(0.1, rel=1e-2)
    assert drawn("he_normal", 200, 500).std() == pytest.approx(0.1, rel=1e-2)
    assert drawn("lecun_normal", 100, 500).std() == pytest.approx(0.1, rel=1e-2)
    assert drawn("glorot_normal", 100, 100).std() == pytest.approx(0.1, rel=2e-2)


@pytest.mark.parametrize("name", [*VARIANCES, "orthogonal"])
def test_mean_and_spread_are_for_distributions_of_ones_own_alone(name):
    assert (drawn(name, 6, 5, mean=9.0, spread=7.0) == drawn(name, 6, 5)).all()


def test_a_name_alone_is_a_distribution_with_keras_defaults():
    """RandomNormal has a standard deviation of 0.05, RandomUniform goes from -0.05 to 0.05."""
    for name in OWN:
        alone = first_weights(name, 6, 5, np.random.default_rng(0))
        assert (alone == drawn(name, 6, 5, mean=0.0, spread=0.05)).all()


@pytest.mark.parametrize("name", INITIALISERS)
def test_the_same_generator_draws_the_same_and_another_does_not(name):
    assert (drawn(name, 5, 4) == drawn(name, 5, 4)).all()
    assert (drawn(name, 5, 4) != drawn(name, 5, 4, seed=1)).any()


@pytest.mark.parametrize("name", INITIALISERS)
@pytest.mark.parametrize("size", [(1, 1), (0, 3)])
def test_the_smallest_sizes_are_drawn_too(name, size):
    weights = drawn(name, *size)
    assert weights.shape == size
    assert weights.dtype == np.float32
    assert np.isfinite(weights).all()


def test_an_unknown_initialiser_is_refused_with_the_known_ones():
    with pytest.raises(RecipeError, match=r"'ones'; known: .*glorot_uniform.*orthogonal"):
        drawn("ones", 2, 2)
