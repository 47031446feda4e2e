"""Lazy rows give what updating every row at every step gives."""

import re
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from textkaizen.recipe import Knobs, Recipe
from textkaizen.train import lanes
from textkaizen.train.inputs import needs_plain_path
from textkaizen.train.lanes import Lane, train
from textkaizen.train.lazy import (
    BLOCK,
    TERMS,
    all_caught_up,
    catch_up,
    lazy_pays,
    missed_tables,
    parts,
    side_by_side,
)
from textkaizen.train.lazy_nadam import ahead
from textkaizen.train.optimise import EPSILON, Rates, optimiser, update
from textkaizen.train.programs import Programs
from textkaizen.train.schedules import learning_rates

RATE = 0.01
RULES = {
    "adam": {"optimiser": "adam"},
    "adamw": {"optimiser": "adamw", "weight_decay": 0.004},
    "momentum": {"optimiser": "sgd", "momentum": 0.9},
    "much momentum": {"optimiser": "sgd", "momentum": 0.999},
    "nesterov": {"optimiser": "sgd", "momentum": 0.9, "nesterov": True},
    "rmsprop": {"optimiser": "rmsprop"},
    "adagrad": {"optimiser": "adagrad"},
    "adadelta": {"optimiser": "adadelta"},
    "nadam": {"optimiser": "nadam"},
    "sgd": {"optimiser": "sgd"},
}
WAYS = {
    "plain": {},
    "decay": {"weight_decay": 0.05},
    "decay, cosine and warm-up": {"weight_decay": 0.05, "schedule": "cosine", "warmup": 0.01},
}
GAPS = (0, 1, 2, 7, 100, 2500)
BEGIN = 50  # steps before the epoch
FORMS = ("float32", "float64")
CATCH = jax.jit(catch_up)
STEP = jax.jit(update, static_argnums=4)


def knobs_of(name, way):
    return Knobs(**{"learning_rate": RATE} | RULES[name] | WAYS[way])


def made_for(name, way, steps, factor=1.0):
    knobs = knobs_of(name, way)
    return optimiser(knobs, factor * learning_rates(knobs, steps))


def first_rows(name, made, count, units=6):
    """Weights and moments as gradients from 1e-9 to 1 would leave them; v may be 0 with m."""
    generator = np.random.default_rng(0)
    size = 10.0 ** generator.uniform(-9, 0, (count, units))
    m = size * generator.normal(size=(count, units)) * (made.rule.keep_m > 0)
    m = np.square(m) if name == "adadelta" else m
    v = np.square(size) * generator.uniform(0.001, 1, (count, units))
    v = made.first_squares + v * (made.rule.add_v > 0)
    m[0, 0], v[0, 0] = 0, made.first_squares
    return generator.normal(0, 0.05, (count, units)), m, v


def missed_by_hand(row, made, begin, gap):
    """The plain rule with gradient zero, step by step in float64; and how far a weight has gone.

    Decay and momentum may go opposite ways: their lengths are added.
    """
    (weight, m, v), rule, gone = row, made.rule, np.zeros_like(row[0])
    for t in range(begin, begin + gap):
        m, v = rule.keep_m * m, v - rule.lose_v * v
        step = made.rates.rate_m[t] * m / (np.sqrt(v + rule.inside) + made.rates.outside[t])
        lost = made.rates.shrink[t] * weight
        weight, gone = weight - lost - step, gone + np.abs(lost) + np.abs(step)
    return (weight, m, v), gone


@cache
def expected_rows(name, way, now):
    """What each gap before step `now` of the epoch leaves of its row."""
    made = made_for(name, way, BEGIN + now + 20)
    rows = zip(*first_rows(name, made, len(GAPS)), strict=True)
    pairs = zip(GAPS, rows, strict=True)
    return [missed_by_hand(row, made, BEGIN + now - gap, gap) for gap, row in pairs]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("start", [0, 3, 400])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", RULES)
def test_a_row_that_missed_steps_is_where_the_sum_by_hand_puts_it(name, way, start, form):
    """Rows with gaps of all sizes up to one step of an epoch that is not the first."""
    now = start + max(GAPS)
    made = made_for(name, way, BEGIN + now + 20)
    first = first_rows(name, made, len(GAPS))
    tables = missed_tables(made, BEGIN, now + 10)
    with jax.enable_x64(form == "float64"):
        number = lambda value: jnp.array(value, form)
        rule = type(made.rule)(*map(number, made.rule))
        last = jnp.array(now - np.array(GAPS), jnp.int32)
        found = CATCH(tuple(map(number, first)), last, jnp.int32(now), rule, number(tables))
    # The four terms err by 2e-8 of the way gone; float32 rounds some ten times on the way there
    # (6e-8 each), and a weight once; what decay has left, a logarithm up to 1.45, to 6e-8, twice.
    relative, rounding = (6e-7, 2.5e-7) if form == "float32" else (5e-8, 1e-15)
    # Rates that change, or that decay makes worth less, leave the difference of two sums over
    # 1 / (1 - keep_m) steps; where they do not it is exactly zero. Nadam's epsilon always changes.
    reach = made.rates.rate_m.max() * made.rule.keep_m / (1 - made.rule.keep_m)
    summed = 0 if way == "plain" and name != "nadam" else reach * rounding
    for row, (gap, right) in enumerate(zip(GAPS, expected_rows(name, way, now), strict=True)):
        each = tuple(part[row] for part in first)
        (weight, *moments), gone = right
        error = np.abs(np.asarray(found[0][row], np.float64) - weight)
        step = np.abs(each[1]) / (np.sqrt(each[2] + made.rule.inside) + made.rule.outside)
        allowed = relative * gone + rounding * np.abs(each[0]) + summed * step
        assert (error <= allowed).all(), gap
        for own, right in zip(found[1:], moments, strict=True):
            error = np.abs(np.asarray(own[row], np.float64) - right)
            assert (error <= relative * np.abs(right) + 1e-45).all(), gap


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["adam", "momentum", "much momentum"])
def test_the_table_is_the_sum_it_stands_for(name, way):
    """Worth what the decay has left of it; the last rate goes on for ever, without decay."""
    begin, steps = 20, 30
    made = made_for(name, way, 50)
    keep, rho = made.rule.keep_m, np.sqrt(1 - made.rule.lose_v)
    worth = np.cumprod(1 - made.rates.shrink[begin:])
    j = np.arange(1, 40_000)
    tables = missed_tables(made, begin, steps)
    assert tables.shape == (TERMS + 1, steps + 1)
    np.testing.assert_allclose(tables[TERMS], [0, *np.log(worth)], rtol=1e-12)
    for start in (0, 1, 25, 30):
        step = np.minimum(start + j - 1, steps - 1)
        rates = made.rates.rate_m[begin + step] / worth[step]
        for k in range(TERMS):
            expected = (rates * keep**j * (1 - rho**j) ** k).sum()
            assert tables[k, start] == pytest.approx(expected, rel=1e-8, abs=1e-300)  # cut at 1e-12


def test_the_fit_of_nadam_is_the_sum_it_stands_for():
    """For gradients of any size, from the first step after which there is a moment."""
    made = made_for("nadam", "plain", 400)
    keep, rho = made.rule.keep_m, np.sqrt(1 - made.rule.lose_v)
    fits = missed_tables(made, 0, 100)[:-1]
    root, j = 10.0 ** np.linspace(-12, 3, 200), np.arange(263)
    for step in (1, 2, 5, 10, 100):
        under = rho ** (j + 1) * root[:, None] + made.rates.outside[step + j]
        right = (made.rates.rate_m[step + j] * keep ** (j + 1) / under).sum(1)
        with jax.enable_x64(True):
            found = ahead(jnp.array(fits[:, step : step + 1]), jnp.array(root)[None], EPSILON)[0]
        np.testing.assert_allclose(found, right, rtol=4e-9)


@pytest.mark.parametrize("name", RULES)
def test_a_table_for_more_steps_than_are_used_is_exact_where_it_is_used(name):
    """Rooms are rounded up, and the last epoch's goes beyond the last step."""
    made = made_for(name, "decay, cosine and warm-up", 60)
    first = first_rows(name, made, 3)
    rule = type(made.rule)(*map(np.float32, made.rule))
    last, rows = np.array([0, 5, 30]), tuple(part.astype(np.float32) for part in first)
    exact, roomy = (
        CATCH(rows, last, 30, rule, missed_tables(made, 30, steps).astype(np.float32))
        for steps in (30, 47)
    )
    for one, other in zip(exact, roomy, strict=True):
        np.testing.assert_allclose(one, other, rtol=5e-7, atol=1e-9)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", RULES)
def test_rows_read_now_and_then_move_like_rows_updated_at_every_step(name, way, form):
    """Four epochs of 30 steps: rows read often, seldom, once, never; flushed at each epoch.

    After the second the rate is halved, as a plateau does it.
    """
    steps, rows = 30, 25
    generator = np.random.default_rng(1)
    how_often = generator.permutation(np.linspace(0, 0.9, rows))
    how_often[:3] = 0
    with jax.enable_x64(form == "float64"):
        number = lambda value: jnp.array(value, form)
        start = generator.normal(0, 0.05, (rows, 3))
        squares = made_for(name, way, 1).first_squares
        plain = tuple(map(number, (start, 0 * start, 0 * start + squares)))
        lazy, untouched = plain, number(start)[:3]
        for epoch in range(4):
            made = made_for(name, way, 4 * steps, 1.0 if epoch < 2 else 0.5)
            rule = type(made.rule)(*map(number, made.rule))
            rates = [number(part) for part in made.rates]
            last = jnp.zeros(rows, jnp.int32)
            tables = number(missed_tables(made, epoch * steps, steps))
            for now in range(steps):
                read = jnp.array(generator.random(rows) < how_often)[:, None]
                gradient = number(generator.normal(0, 0.01, (rows, 3))) * read
                each = Rates(*(part[epoch * steps + now] for part in rates))
                plain = STEP(plain, gradient, rule, each, name == "adadelta")
                caught = CATCH(lazy, last, jnp.int32(now), rule, tables)
                moved = STEP(caught, gradient, rule, each, name == "adadelta")
                pairs = zip(moved, lazy, strict=True)
                lazy = tuple(jnp.where(read, new, old) for new, old in pairs)
                last = jnp.where(read[:, 0], now + 1, last)
            lazy = CATCH(lazy, last, jnp.int32(steps), rule, tables)
            for own, other in zip(lazy, plain, strict=True):
                largest, error = np.abs(np.asarray(other)).max(), np.abs(np.asarray(own - other))
                assert error.max() <= (2e-6 if form == "float32" else 1e-8) * largest
        if not knobs_of(name, way).weight_decay:
            assert (np.asarray(lazy[0])[:3] == np.asarray(untouched)).all()


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


BAGS, LABELS = bags_and_labels()
SHARED = Programs()


@pytest.mark.parametrize("way", ["plain", "everything"])
@pytest.mark.parametrize("name", RULES)
def test_a_network_on_the_lazy_path_is_the_network_on_the_plain_path(name, way, monkeypatch):
    """With decay, a schedule and a plateau that lowers the rate (and, once, clipping), or not."""
    knobs = {"learning_rate": RATE, "epochs": 6, "validation": 0.2} | RULES[name]
    if way == "everything":
        knobs |= {"weight_decay": 0.03, "schedule": "cosine", "warmup": 0.1}
        knobs |= {"plateau_factor": 0.5, "plateau_patience": 1}
        knobs |= {"clip_norm": 0.5} if name == "adam" else {}
    recipe = Recipe().with_shape(hidden=(5,), batch_size=4).with_knobs(**knobs)
    assert not needs_plain_path(recipe.knobs)
    made = []
    for pays in (False, True):
        monkeypatch.setattr(lanes, "lazy_pays", lambda *_, pays=pays: pays)
        made.append(train(Lane(recipe, BAGS, LABELS, 3, seed=4), SHARED).network)
    plain, lazy = made
    parts = zip((*plain.kernels, *plain.biases), (*lazy.kernels, *lazy.biases), strict=True)
    for one, other in parts:
        # Rounding alone; momentum of 0.999 has by then summed up 80 gradients without decay.
        assert np.abs(one - other).max() <= 2e-6 * np.abs(one).max()
    if name == "adam":
        assert (plain.kernels[0] != lazy.kernels[0]).any()  # they did take different paths


def test_what_changes_every_row_at_every_step_takes_the_plain_path():
    for knobs in (
        {"l1": 0.1},
        {"l2": (0.0, 0.1)},
        {"linf": 0.1},
        {"max_norm": 2.0},
        {"average": 0.9},
    ):
        assert needs_plain_path(Knobs(**knobs)), knobs
    for name in RULES:
        assert not needs_plain_path(knobs_of(name, "plain"))


@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_a_decay_that_would_leave_nothing_of_a_row_takes_the_plain_path(name):
    """A table holds what the decay of an epoch leaves; float32 has no number below e ** -87."""
    wild = Knobs(**RULES[name] | {"learning_rate": 1.0, "weight_decay": 0.1})
    assert needs_plain_path(wild)
    swept = Knobs(schedule="range_test", learning_rate=0.01, weight_decay=0.01)
    assert needs_plain_path(swept)  # it reaches a rate of 10
    assert not needs_plain_path(Knobs(learning_rate=0.01, weight_decay=0.01))


def test_lazy_rows_are_for_large_tables():
    assert lazy_pays(features=200_000, rows=3_000)
    assert not lazy_pays(features=3_219, rows=1_000)
    assert not lazy_pays(features=100, rows=100)


@pytest.mark.parametrize("features", [7, BLOCK, 2 * BLOCK + 6])
def test_a_table_catches_up_in_blocks_as_its_rows_do_at_once(features):
    generator, form = np.random.default_rng(4), np.float32
    made = optimiser(Recipe().knobs, np.full(40, 0.01))
    rule = type(made.rule)(*map(form, made.rule))
    tables = missed_tables(made, 0, 30).astype(form)
    rows = tuple(generator.random((features, 3), form) for _ in range(3))
    last = generator.integers(0, 31, features, np.int32)
    found = jax.jit(all_caught_up)(jnp.array(side_by_side(*rows)), last, 30, rule, tables)
    for part, expected in zip(parts(found), CATCH(rows, last, 30, rule, tables), strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-6)  # a rounding or two of fused products


def test_no_thread_waits_for_another_while_rows_are_read():
    """A compiler that splits the reading of a table of over half a megabyte makes it slower."""
    features, texts = 6000, 64
    generator = np.random.default_rng(2)
    bags = csr_matrix(
        (np.ones(4 * texts, "f"), generator.integers(0, features, 4 * texts), range(0, 257, 4)),
        (texts, features),
    )
    labels = generator.integers(0, 3, texts)
    recipe = Recipe().with_shape(hidden=(32,)).with_knobs(epochs=1, validation=0.0)
    programs = Programs()
    train(Lane(recipe, bags, labels, 3, 0), programs)
    (compiled,) = programs._programs.values()
    lines = compiled.as_text().splitlines()
    reading = [line for line in lines if "fusion(" in line and "while/body/read_rows" in line]
    assert reading
    assert not [line for line in reading if re.search(r'outer_dimension_partitions":\["\d', line)]
