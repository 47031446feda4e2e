"""Lazy rows give what updating every row at every step gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from textkaizen.recipe import Knobs, Recipe
from textkaizen.train import lanes
from textkaizen.train.lanes import Lane, train
from textkaizen.train.lazy import catch_up, lazy_pays, missed_tables
from textkaizen.train.optimise import optimiser, update
from textkaizen.train.programs import Programs

RATE = 0.01
OPTIMISERS = {
    "adam": Knobs(optimiser="adam", learning_rate=RATE),
    "momentum": Knobs(optimiser="sgd", learning_rate=RATE, momentum=0.9),
    "much momentum": Knobs(optimiser="sgd", learning_rate=RATE, momentum=0.999),
    "rmsprop": Knobs(optimiser="rmsprop", learning_rate=RATE),
    "sgd": Knobs(optimiser="sgd", learning_rate=RATE),
}
GAPS = (0, 1, 2, 7, 100, 2500)
FORMS = ("float32", "float64")


def first_rows(name, count, units=6):
    """Weights and moments as gradients from 1e-9 to 1 would leave them; v may be 0 with m."""
    generator = np.random.default_rng(0)
    size = 10.0 ** generator.uniform(-9, 0, (count, units))
    moving = name in ("adam", "momentum", "much momentum")
    m = size * generator.normal(size=(count, units)) * moving
    v = np.square(size) * generator.uniform(0.001, 1, (count, units))
    v = v if name in ("adam", "rmsprop") else 0 * v
    m[0, 0] = v[0, 0] = 0
    return generator.normal(0, 0.05, (count, units)), m, v


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("start", [0, 3, 400])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_row_that_missed_steps_is_where_the_sum_by_hand_puts_it(name, start, form):
    """The plain rule with gradient zero, step by step in float64, for each gap."""
    made = optimiser(OPTIMISERS[name], start + max(GAPS) + 10)
    rule, first = made.rule, first_rows(name, len(GAPS))
    weight, m, v = (part.copy() for part in first)
    expected = {}
    for gap in range(max(GAPS) + 1):
        if gap in GAPS:
            expected[gap] = weight.copy(), m.copy(), v.copy()
        t = start + gap + 1
        m, v = rule.keep_m * m, rule.keep_v * v
        weight = weight - made.rate_m[t] * m / (np.sqrt(v + rule.inside) + rule.outside)
    tables = missed_tables(made)[:, start:]
    with jax.enable_x64(form == "float64"):
        number = lambda value: jnp.array(value, form)
        found = [
            catch_up(
                tuple(number(part[row : row + 1]) for part in first),
                *(jnp.zeros(1, jnp.int32), jnp.int32(gap)),
                *(type(rule)(*map(number, rule)), number(tables)),
            )
            for row, gap in enumerate(GAPS)
        ]
    # The four terms err by 2e-8 of the movement; float32 rounds some ten times on the way there
    # (6e-8 each), and a weight once.
    relative, rounding = (6e-7, 1e-7) if form == "float32" else (5e-8, 1e-15)
    for row, gap in enumerate(GAPS):
        for part, (own, right) in enumerate(zip(found[row], expected[gap], strict=True)):
            before, after = first[part][row], right[row]
            error = np.abs(np.asarray(own[0], np.float64) - after)
            scale = np.abs(after - before) if part == 0 else np.abs(after)
            allowed = relative * scale + (rounding * np.abs(before) if part == 0 else 1e-45)
            assert (error <= allowed).all(), (gap, part, (error / np.maximum(scale, 1e-300)).max())


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_table_is_the_sum_it_stands_for(name):
    made = optimiser(OPTIMISERS[name], 50)
    keep, rho = made.rule.keep_m, np.sqrt(made.rule.keep_v)
    j = np.arange(1, 40_000)
    tables = missed_tables(made)
    assert tables.shape == (4, 51)
    for start in (0, 1, 25, 50):
        rates = made.rate_m[np.minimum(start + j, 50)]
        for k in range(4):
            expected = (rates * keep**j * (1 - rho**j) ** k).sum()
            assert tables[k, start] == pytest.approx(expected, rel=1e-8, abs=1e-300)  # cut at 1e-12


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", OPTIMISERS)
def test_rows_read_now_and_then_move_like_rows_updated_at_every_step(name, form):
    """Four epochs of 30 steps: rows read often, seldom, once, never; flushed at each epoch."""
    steps, rows = 30, 25
    made = optimiser(OPTIMISERS[name], 4 * steps + 1)
    generator = np.random.default_rng(1)
    how_often = generator.permutation(np.linspace(0, 0.9, rows))
    how_often[:3] = 0
    with jax.enable_x64(form == "float64"):
        number = lambda value: jnp.array(value, form)
        rule = type(made.rule)(*map(number, made.rule))
        rates = number(np.stack([made.rate_m, made.rate_g], 1))
        step, catch = jax.jit(update), jax.jit(catch_up)
        start = generator.normal(0, 0.05, (rows, 3))
        plain = tuple(map(number, (start, 0 * start, 0 * start)))
        lazy = plain
        for epoch in range(4):
            last = jnp.zeros(rows, jnp.int32)
            tables = number(missed_tables(made)[:, epoch * steps : (epoch + 1) * steps + 1])
            for now in range(steps):
                read = jnp.array(generator.random(rows) < how_often)[:, None]
                gradient = number(generator.normal(0, 0.01, (rows, 3))) * read
                plain = step(*plain, gradient, rule, rates[epoch * steps + now + 1])
                caught = catch(lazy, last, now, rule, tables)
                moved = step(*caught, gradient, rule, rates[epoch * steps + now + 1])
                lazy = tuple(
                    jnp.where(read, new, old) for new, old in zip(moved, lazy, strict=True)
                )
                last = jnp.where(read[:, 0], now + 1, last)
            lazy = catch(lazy, last, steps, rule, tables)
            largest = np.abs(np.asarray(plain[0])).max()
            error = np.abs(np.asarray(plain[0] - lazy[0])).max()
            assert error <= (2e-6 if form == "float32" else 1e-8) * largest
        assert (np.asarray(lazy[0])[:3] == np.asarray(number(start))[:3]).all()


def bags_and_labels(texts=60, features=400):
    """Few features of many a text, one of them twice, some texts empty, some features nowhere."""
    generator = np.random.default_rng(2)
    lengths = generator.integers(0, 5, texts)
    lengths[:3] = 0, 1, 4
    columns = generator.zipf(1.5, lengths.sum()) % (features - 50)
    columns[2] = columns[1]  # one feature twice in the third text
    values = generator.random(len(columns)).astype(np.float32)
    indptr = np.append(0, np.cumsum(lengths))
    bags = csr_matrix((values, columns.astype(np.int32), indptr), (texts, features))
    return bags, generator.integers(0, 3, texts)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_network_on_the_lazy_path_is_the_network_on_the_plain_path(name, monkeypatch):
    knobs = OPTIMISERS[name]
    recipe = Recipe().with_shape(hidden=(5,), batch_size=4)
    recipe = recipe.with_knobs(
        optimiser=knobs.optimiser, learning_rate=RATE, momentum=knobs.momentum, epochs=6
    )
    networks = []
    bags, labels = bags_and_labels()
    for pays in (False, True):
        monkeypatch.setattr(lanes, "lazy_pays", lambda *_, pays=pays: pays)
        networks.append(train(Lane(recipe, bags, labels, 3, seed=4), Programs()).network)
    plain, lazy = networks
    parts = zip((*plain.kernels, *plain.biases), (*lazy.kernels, *lazy.biases), strict=True)
    for one, other in parts:
        # Rounding alone; momentum of 0.999 has by then summed up 80 gradients without decay.
        assert np.abs(one - other).max() <= 2e-6 * np.abs(one).max()
    if name == "adam":
        assert (plain.kernels[0] != lazy.kernels[0]).any()  # they did take different paths


def test_lazy_rows_are_for_large_tables():
    assert lazy_pays(features=200_000, rows=3_000)
    assert not lazy_pays(features=3_219, rows=800)
    assert not lazy_pays(features=100, rows=100)
