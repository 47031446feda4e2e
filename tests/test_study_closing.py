"""After the rounds, on lanes that answer at once: what earns its place, what does the same work."""

from functools import reduce
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_lanes import BASE, DROPOUT, ELU, TANH, THREE, knob, lanes_of, prompt

from textkaizen.errors import UsageError
from textkaizen.study import closing
from textkaizen.study.budget import Budget
from textkaizen.study.closing import MOST_PAIRS, NEAR, close
from textkaizen.study.course import Course, Ladder, Means
from textkaizen.study.experiment import Block
from textkaizen.study.improvements import Improvement
from textkaizen.study.rounds import climb
from textkaizen.study.verdicts import round_alpha

PENALTY = knob("L2", "penalty", l2=1e-4)
FASTER = Improvement(
    "rate x3", "rate", lambda r: r.with_knobs(learning_rate=r.knobs.learning_rate * 3), "", ""
)
EVERY = (*THREE, PENALTY, FASTER)


def has_dropout(recipe):
    return recipe.knobs.dropout > 0


def has_elu(recipe):
    return recipe.knobs.activation == "elu"


def has_penalty(recipe):
    return recipe.knobs.l2 > 0


def closed(skill, adopted, *, budget=None, reserve=0.0, **how):
    """Close a ladder that has adopted these, one a round; return the experiment and the ladder."""
    made = prompt(lambda recipe, seed: skill(recipe), **how)
    steps = list(accumulate(adopted, lambda recipe, one: one.change(recipe), initial=BASE))
    names = [improvement.name for improvement in adopted]
    ladder = Ladder(steps[-1], adopted=names, steps=steps, rounds=[{} for _ in adopted])
    course = Course(EVERY, budget or Budget(rounds=9), reserve, BASE, seed=1)
    close(made, ladder, course, Means())
    return made, ladder


def places(ladder):
    return {place.name: (place.verdict, place.removed) for place in ladder.places}


def test_what_still_adds_something_beside_the_others_earns_its_place():
    skill = lambda r: 0.4 + 0.2 * has_dropout(r) + 0.15 * has_elu(r)
    made, ladder = closed(skill, [DROPOUT, ELU])
    assert places(ladder) == dict.fromkeys(("dropout", "ELU"), ("earns its place", False))
    assert (ladder.adopted, ladder.recipe) == (["dropout", "ELU"], ladder.steps[-1])
    truth, runs = made.material.labels, made.runs
    for place, without in zip(ladder.places, (ELU, DROPOUT), strict=True):
        final, other = runs[ladder.recipe].predicted, runs[without.change(BASE)].predicted
        # What leaving out costs is what it adds; its interval is turned round with it.
        assert place.gap.low < place.gap.value < place.gap.high
        assert place.gap.value > 0
        seeds = 1 + (other[1] >= 0).all() + (other[2] >= 0).all()
        gained = (final[:seeds] == truth).mean() - (other[:seeds] == truth).mean()
        assert place.gap.value == pytest.approx(gained, abs=0.05)  # macro-F1 beside accuracy


def test_what_is_in_the_way_at_the_end_is_taken_out():
    """Dropout was adopted first; with ELU it does harm."""
    skill = lambda r: 0.5 + 0.3 * has_elu(r) * (not has_dropout(r)) + 0.02 * has_dropout(r)
    _, ladder = closed(skill, [DROPOUT, ELU])
    assert places(ladder)["dropout"] == ("in the way", True)
    assert ladder.places[0].gap.value < 0
    assert ladder.adopted == ["ELU"]
    assert ladder.recipe == ELU.change(BASE)


def test_of_two_that_are_in_the_way_only_the_worse_is_taken_out():
    """Without the one the other may be all right: nobody has measured it."""
    skill = lambda r: {0: 0.9, 1: 0.8, 2: 0.7}.get(
        has_dropout(r) + 2 * has_penalty(r), 0.4
    )  # of both together 0.4; without the penalty 0.8, without dropout 0.7
    _, ladder = closed(skill, [DROPOUT, PENALTY])
    assert places(ladder) == {"dropout": ("in the way", False), "L2": ("in the way", True)}
    assert (ladder.adopted, ladder.recipe) == (["dropout"], DROPOUT.change(BASE))


def test_what_neither_adds_nor_harms_stays():
    skill = lambda r: 0.5 + 0.3 * has_elu(r)
    _, ladder = closed(skill, [DROPOUT, ELU])
    assert places(ladder)["dropout"] == ("no evidence", False)
    assert str(ladder.places[0].gap.value) == "0.0"  # and not "-0.0"
    assert ladder.adopted == ["dropout", "ELU"]


def test_what_a_later_one_has_taken_the_place_of_cannot_be_left_out():
    skill = lambda r: 0.5 + 0.2 * (r.knobs.activation == "tanh") + 0.2 * has_dropout(r)
    made, ladder = closed(skill, [ELU, TANH, DROPOUT])
    assert list(places(ladder)) == ["tanh", "dropout"]
    # Without tanh the ELU of before is back.
    assert lanes_of(made, DROPOUT.change(ELU.change(BASE)))


@pytest.mark.parametrize("better", [0.3, 0.5])
def test_of_what_was_adopted_twice_the_last_time_is_left_out(better):
    """At three times the rate it knows 0.5 of the texts more or less than at nine times."""
    faster = BASE.knobs.learning_rate * 3
    once = lambda r: abs(r.knobs.learning_rate - faster) < 1e-9
    skill = lambda r: 0.2 + 0.2 * has_dropout(r) + (better if once(r) else 0.4)
    _, ladder = closed(skill, [FASTER, DROPOUT, FASTER])
    expected = ("earns its place", False) if better < 0.4 else ("in the way", True)
    assert places(ladder)["rate x3"] == expected
    left = ["rate x3", "dropout"] + ["rate x3"] * (better < 0.4)
    assert ladder.adopted == left
    known = {improvement.name: improvement for improvement in EVERY}
    assert ladder.recipe == reduce(lambda r, name: known[name].change(r), left, BASE)


@pytest.mark.parametrize("adopted", [[], [DROPOUT]])
def test_of_one_or_none_nothing_is_left_out(adopted):
    """One alone was measured against the very recipe without it."""
    made, ladder = closed(lambda r: 0.5, adopted)
    assert (ladder.places, ladder.closing, made.begun) == ([], {}, [])


def test_leaving_out_is_one_round_more_at_its_own_error_rate():
    skill = lambda r: 0.4 + 0.2 * has_dropout(r) + 0.15 * has_elu(r)
    made, ladder = closed(skill, [DROPOUT, ELU])
    assert ladder.closing["alpha"] == round_alpha(3)
    assert ladder.closing["lanes"] == made.lanes == len(made.begun)
    assert len(ladder.rounds) == 2


def test_what_there_was_no_time_to_leave_out_is_listed_and_stays():
    late = Budget(seconds=1, clock=lambda: 1.1)
    made, ladder = closed(lambda r: 0.5, [DROPOUT, ELU], budget=late)
    assert places(ladder) == {"dropout": ("not tried", False), "ELU": ("not tried", False)}
    assert [place.gap for place in ladder.places] == [None, None]
    assert made.begun == []
    assert (ladder.adopted, ladder.stopped) == (["dropout", "ELU"], "")


@pytest.mark.parametrize("end_at", [0, 3, 5])
def test_interrupted_while_leaving_out_what_was_adopted_is_kept(end_at):
    # Two lanes of the final recipe, two without dropout, two without ELU.
    skill = lambda r: 0.4 + 0.2 * has_dropout(r) + 0.2 * has_elu(r)
    _, ladder = closed(skill, [DROPOUT, ELU], end_at=end_at)
    assert ladder.stopped == "interrupted"
    assert (ladder.adopted, ladder.recipe) == (["dropout", "ELU"], ladder.steps[-1])
    assert places(ladder)["ELU"] == ("not tried", False)
    assert ladder.closing["interrupted"]


def climbed(skill, improvements, *, end_at=None, closing_seconds=0.0, **limits):
    """Climb and close; return the experiment, the ladder, and the lanes before closing."""
    made = prompt(lambda recipe, seed: skill(recipe))
    budget = Budget(clock=made.clock, **limits)
    course = Course(tuple(improvements), budget, 0.0, BASE, seed=1, closing_seconds=closing_seconds)
    ladder = Ladder(BASE)
    climb(made, ladder, course, Means())
    before = made.lanes
    made.end_at = before + end_at if end_at is not None else made.end_at
    close(made, ladder, course, Means())
    return made, ladder, before


def alike(recipe):
    """Dropout, the penalty or ELU: each gives 0.3, and two of them no more than one."""
    return 0.4 + 0.3 * (has_dropout(recipe) or has_penalty(recipe) or has_elu(recipe))


def apart(recipe):
    """Each gives 0.25."""
    return 0.2 + 0.25 * (has_dropout(recipe) + has_penalty(recipe) + has_elu(recipe))


def test_two_that_do_the_same_work_are_told_as_substitutes():
    _, ladder, _ = climbed(alike, [DROPOUT, ELU], rounds=2)
    (pair,) = ladder.substitutes
    assert (pair.first, pair.second) == ("dropout", "ELU")
    assert pair.first_alone.value == pair.second_alone.value == pair.both.value > 0.25
    assert pair.contrast.value == pytest.approx(-pair.first_alone.value)
    assert pair.contrast.high < 0


def test_two_that_add_up_are_not():
    made, ladder, _ = climbed(apart, [DROPOUT, ELU], rounds=2)
    assert made.sweeps(ELU.change(DROPOUT.change(BASE))) > 0
    assert set(ladder.adopted) == {"dropout", "ELU"}
    assert ladder.substitutes == []


def test_settings_of_one_knob_are_no_substitutes_of_each_other():
    skill = lambda r: 0.4 + 0.3 * (r.knobs.activation != "relu")
    _, ladder, _ = climbed(skill, [ELU, TANH], rounds=2)
    assert {v.verdict for v in ladder.verdicts if v.round == 1} == {"helps"}
    assert ladder.substitutes == []


def test_near_substitutes_that_have_not_run_together_get_a_seed_and_others_none():
    assert ("dropout", "penalty") in NEAR
    for other, lanes in ((PENALTY, [(0, 0), (0, 1), (0, 2)]), (ELU, [])):
        made, ladder, before = climbed(alike, [DROPOUT, other], rounds=1)
        assert made.lanes == before + len(lanes)
        assert lanes_of(made, other.change(DROPOUT.change(BASE))) == lanes
        assert len(ladder.substitutes) == (other is PENALTY)


def test_of_part_of_the_texts_a_scorer_may_know_nothing_of_all_of_them_it_must(monkeypatch):
    def of_every_class(*_, **__):
        raise UsageError("a class is lacking")

    monkeypatch.setattr(closing, "contrast", of_every_class)
    made = prompt(lambda recipe, _: alike(recipe))
    one, other = DROPOUT.change(BASE), ELU.change(BASE)
    pair = closing._Pair("dropout", "ELU", (BASE, one, other, ELU.change(one)))
    course = Course((DROPOUT, ELU), Budget(rounds=1), 0.0, BASE, seed=1)
    for recipe in pair.recipes:  # the last has been dropped after the first folds
        folds = (0, 1) if recipe == pair.recipes[-1] else (0, 1, 2)
        list(made.run(made.jobs(recipe, BASE, Block(0, folds))))
    assert closing.contrasted(made, pair, course) is None
    list(made.run(made.jobs(pair.recipes[-1], BASE, Block(0, (2,)))))
    with pytest.raises(UsageError):
        closing.contrasted(made, pair, course)


def test_no_more_than_a_few_pairs_get_lanes_of_their_own():
    dropouts = [knob(f"dropout {rate}", "dropout", dropout=rate) for rate in (0.2, 0.3, 0.5, 0.7)]
    made, ladder, before = climbed(alike, [*dropouts, PENALTY], rounds=1)
    assert {v.verdict for v in ladder.verdicts} == {"helps"}
    assert made.lanes == before + 3 * MOST_PAIRS
    assert len(ladder.substitutes) == MOST_PAIRS < len(dropouts)


@pytest.mark.parametrize(("kept", "lanes"), [(0.0, []), (20.0, [(0, 0), (0, 1), (0, 2)])])
def test_a_near_pair_gets_lanes_if_half_of_the_time_kept_for_the_end_allows(kept, lanes):
    # Rounds have 20 s; the first takes 15, of which the penalty's three lanes are 9. Both together
    # would take 9 more, for which there is no time in a second round.
    made, ladder, _ = climbed(alike, [DROPOUT, PENALTY], seconds=20.0 + kept, closing_seconds=kept)
    assert [v.verdict for v in ladder.verdicts if v.round == 1] == ["helps", "helps"]
    assert lanes_of(made, PENALTY.change(DROPOUT.change(BASE))) == lanes
    assert len(ladder.substitutes) == bool(lanes)
    assert made.clock.now <= 20.0 + kept


def test_interrupted_while_a_pair_runs_there_are_no_substitutes_and_no_places():
    _, ladder, _ = climbed(alike, [DROPOUT, PENALTY], rounds=1, end_at=1)
    assert ladder.stopped == "interrupted"
    assert (ladder.substitutes, ladder.places) == ([], [])
    assert len(ladder.adopted) == 1


@settings(max_examples=25, deadline=None)
@given(st.floats(5, 200), st.floats(0, 0.2), st.sampled_from([alike, apart]))
def test_closing_never_takes_longer_than_there_is_time(seconds, kept, skill):
    made, ladder, before = climbed(
        skill, [DROPOUT, ELU, PENALTY, TANH], seconds=seconds, closing_seconds=kept * seconds
    )
    # The start of the first round is begun on trust: its first lane tells what a lane takes.
    assert made.clock.now <= seconds + 1e-9 or {recipe for recipe, *_ in made.begun} == {BASE}
    assert len(set(made.begun)) == len(made.begun)
    assert made.lanes >= before
    assert ladder.stopped != "interrupted"
