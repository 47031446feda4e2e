"""One sentence a verdict: the rules of what is told, and real trainings; see `remarks`, too."""

import re
from pathlib import Path

import numpy as np
import pytest
from facts_alike import ALIKE
from hypothesis import given
from hypothesis import strategies as st

from textkaizen.data import canonical
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.recipe import Recipe, TextRules
from textkaizen.study.catalogue.groups import GROUPS
from textkaizen.study.explanation import SAME, baseline_story, why
from textkaizen.study.improvements import chosen
from textkaizen.study.material import Material
from textkaizen.study.observation import observed
from textkaizen.study.remarks import BY_GROUP
from textkaizen.study.result import HELPS, HURTS, NO_EVIDENCE, NOT_TRIED, Verdict
from textkaizen.train.lanes import Lane, train
from textkaizen.train.programs import Programs

ROOT = Path(__file__).parent.parent


def verdict(found=HELPS, name="the change", number=1):
    return Verdict(name, "", number, None, None, None, found)


def told(changes, group="", found=NO_EVIDENCE, **rest):
    """The sentence about one seed of networks that are alike but for some facts."""
    return why([ALIKE], [ALIKE | changes], verdict(found), group, **rest)


def test_without_a_validation_share_the_training_loss_tells_whether_training_had_ended():
    without = {name: value for name, value in ALIKE.items() if name not in ("val_falling", "risen")}
    slow = without | {"train_right": 0.6, "right": 0.55, "gap": 0.05, "falling": 0.12}
    sentence = why([without], [slow], verdict(HURTS), "learning rate")
    assert sentence == (
        "training had not ended: 12 % of the fall of its training loss came in the last tenth of "
        "60 epochs (1 % before)"
    )


def test_training_that_was_stopped_early_had_ended():
    falling = {"val_falling": 0.2, "lowest_epoch": 14.0, "epochs": 14.0}
    assert "not ended" not in told(falling, "learning rate", HURTS)
    assert "not ended" in told(falling | {"epochs_allowed": 14.0}, "learning rate", HURTS)


def test_networks_that_are_alike_are_said_to_be_so():
    words = "training looks alike: 97 % and 97 % of the training texts right, 80 % and 80 % of "
    for found in (HELPS, HURTS, NO_EVIDENCE):
        assert told({}, "dropout", found) == words + "the others"
    assert why([{"right": 0.8}], [{"right": 0.83}], verdict(), "") == (
        "training looks alike: 80 % and 83 % of the unseen texts right"
    )


def test_nothing_is_said_where_nothing_was_observed():
    assert why([], [], verdict(), "dropout") == ""
    assert why([ALIKE], [], verdict(NOT_TRIED), "dropout") == ""
    assert why([{}], [{}], verdict(), "dropout") == ""
    assert why([], [], verdict(NO_EVIDENCE), "", same=0.9) == (
        "it answers 90 % of the texts as before"
    )


def test_a_difference_counts_only_where_every_seed_agrees():
    base, up, down = ALIKE, ALIKE | {"dead": 0.5}, ALIKE | {"dead": 0.0}
    agreed = why([base, base], [up, up], verdict(HURTS), "activation")
    assert agreed.startswith("50 % of its hidden units are dead")
    assert "alike" in why([base, base], [up, down], verdict(HURTS), "activation")
    # A seed in which nothing differs does not disagree.
    assert "26 % of its hidden" in why([base, base], [up, base], verdict(HURTS), "activation")


def test_only_seeds_that_both_have_run_with_are_compared():
    base, other = ALIKE, ALIKE | {"dead": 0.9}
    assert "alike" in why([base, other], [base], verdict(), "activation")


def test_what_speaks_for_the_verdict_is_told_before_what_speaks_against_it():
    """More units are dead, and a narrower gap: the one goes with hurts, the other with helps."""
    both = {"dead": 0.4, "train_right": 0.9, "right": 0.85, "gap": 0.05}
    assert "dead" in told(both, "activation", HURTS)
    assert "narrows that gap from 17 to 5" in told(both, "activation", HELPS)
    # Where nothing speaks for it, what was measured is told all the same.
    assert "dead" in told({"dead": 0.4}, "activation", HELPS)


def test_the_group_of_an_improvement_decides_what_is_told_first():
    several = {"sure": 0.6, "weights": 10.0, "directions": 40.0, "steps": 7800.0}
    starts = {
        "label smoothing": "of 44 held-back texts it is 60 % sure",
        "penalty": "its weights together",
        "width": "its last hidden layer",
        "batch size": "it takes 7,800 steps",
    }
    assert {group: told(several, group)[: len(words)] for group, words in starts.items()} == starts


def test_no_evidence_is_not_explained_by_the_difference_there_is_no_evidence_of():
    changes = {"right": 0.76, "gap": 0.21}
    assert "gap" in told(changes, "dropout", HURTS)
    assert "alike" in told(changes, "dropout", NO_EVIDENCE)


def test_answers_that_hardly_change_are_what_no_evidence_comes_of():
    changes = {"dead": 0.5}
    assert told(changes, same=0.974) == "it answers 97 % of the texts as before"
    assert told(changes, same=1.0) == "it answers 100 % of the texts as before"
    assert told(changes, same=0.9999) == "it answers 99.99 % of the texts as before"
    assert "dead" in told(changes, same=SAME - 0.01)
    assert "dead" in told(changes, found=HURTS, same=0.97)


def test_diverging_is_told_before_anything_else():
    broken = {"right": 0.1, "diverged": 1.0}
    words = "training diverged in 2 of 2 networks (1 of 2 before)"
    assert why([broken, ALIKE], [broken, broken], verdict(NO_EVIDENCE), "dropout", 1.0) == words


def test_later_rounds_compare_with_where_they_started():
    changes = ALIKE | {"right": 0.9, "gap": 0.07}
    assert why([ALIKE], [changes], verdict(number=2), "dropout").startswith("the round's start has")


SHARE = st.floats(0, 1)
SIZE = st.floats(1e-6, 1e6)
BLOCKS = [
    ({"right": SHARE, "train_right": SHARE, "gap": SHARE}, {"train_loss": SIZE}),
    ({"epochs": SIZE, "epochs_allowed": SIZE, "kept_epoch": SIZE}, {"falling": SHARE}),
    ({"lowest_epoch": SIZE, "val_falling": SHARE, "epochs": SIZE}, {"risen": SIZE}),
    ({"held": SIZE, "held_right": SHARE, "sure": SHARE}, {"texts": SIZE, "steps": SIZE}),
    ({"dead": SHARE, "moving": SHARE, "directions": SIZE}, {"scale_1": SIZE, "scale_ratio": SIZE}),
    ({"gradient_1": SIZE, "gradient_ratio": SIZE}, {"weights": SIZE, "largest_weight": SIZE}),
]


@st.composite
def facts(draw):
    """Facts of a lane, of which whole blocks may be missing."""
    found = {"diverged": float(draw(st.integers(0, 9)) == 0)}
    for whole, more in BLOCKS:
        if draw(st.booleans()):
            found |= {name: draw(kind) for name, kind in whole.items()}
            found |= {name: draw(kind) for name, kind in more.items()}
    return found


@given(
    st.lists(facts(), max_size=3),
    st.lists(facts(), max_size=3),
    st.sampled_from([HELPS, HURTS, NO_EVIDENCE]),
    st.sampled_from(["", *GROUPS]),
)
def test_there_is_no_sentence_without_a_number_and_none_over_several_lines(base, own, found, group):
    for words in (why(base, own, verdict(found, "it"), group), baseline_story(base)):
        assert words == "" or re.search(r"\d", words)
        assert not re.search(r"\bnan\b|\binf\b|\n|because", words)


def test_the_groups_that_have_remarks_of_their_own_are_those_of_the_catalogue():
    assert set(BY_GROUP) <= set(GROUPS)
    # What class weights, noise, text rules and encoders are about is not observed: told of as any
    # other.
    assert set(GROUPS) - set(BY_GROUP) == {"class weights", "input noise", "network", "text"}


STORIES = [
    ([], ""),
    ([{"right": 0.8}], ""),
    (
        [ALIKE | {"risen": 1.34, "lowest_epoch": 9.0, "dead": 0.2}],
        "The baseline overfits from epoch 9 of 60: its validation loss ends 34 % above its "
        "lowest, with 97 % of its training texts right and 80 % of the others. 20 % of its hidden "
        "units are dead: flat for every text.",
    ),
    (
        [ALIKE | {"val_falling": 0.12, "lowest_epoch": 60.0}],
        "The baseline's training had not ended: 12 % of the fall of its validation loss came in "
        "the last tenth of 60 epochs, with 97 % of its training texts right and 80 % of the "
        "others.",
    ),
    (
        [ALIKE, ALIKE | {"train_right": 0.91}],
        "The baseline has 94 % of its training texts right and 80 % of the others; its validation "
        "loss is lowest in epoch 20 of 60.",
    ),
    (
        [{"train_right": 0.9, "right": 0.8}],
        "The baseline has 90 % of its training texts right and 80 % of the others.",
    ),
    (
        [ALIKE, ALIKE | {"diverged": 1.0}],
        "The baseline diverges: 1 of 2 networks ended without a loss.",
    ),
]


@pytest.mark.parametrize(("observed_facts", "words"), STORIES)
def test_the_story_of_the_baseline(observed_facts, words):
    assert baseline_story(observed_facts) == words


@pytest.fixture(scope="module")
def look():
    """Train a recipe on the first fold of two seeds; return what was observed."""
    rules = TextRules(words=(1, 1), characters=(0, 0), min_texts=1)
    corpus = canonical(load_corpus(ROOT / "examples" / "library-en.csv", Columns("text", "label")))
    material, programs = Material(corpus, 5, (1, 2)), Programs()
    base = Recipe(text=rules).with_shape(hidden=(16,)).with_knobs(epochs=20, learning_rate=0.01)

    def looked(name="", more=0):
        recipe, found = (chosen([name])[0].change(base) if name else base), []
        for seed_number in (0, 1):
            material.prepare(rules, seed_number)
            bags = material.fold_bags(rules, seed_number, 0)
            labels = material.labels[bags.train]
            seed = 10 * seed_number + more
            units = material.units[bags.train]
            lane = Lane(recipe, bags.train_bags, labels, len(material.classes), seed, units)
            trained = train(lane, programs)
            answers = trained.logits(recipe.knobs, bags.test_bags).argmax(1)
            right = float(np.mean(answers == material.labels[bags.test]))
            found.append(observed(trained, lane, right))
        return found

    return looked


def test_a_rate_ten_times_smaller_is_seen_not_to_have_ended(look):
    """0.001 and 20 epochs of 13 batches: its loss is on its way down at a steady pace."""
    words = why(look(), look("learning rate /10"), verdict(HURTS), "learning rate")
    number = re.match(r"training had not ended: (\d+) % of the fall of its validation loss", words)
    assert number, words
    assert int(number[1]) >= 5


def test_dropout_is_seen_in_the_numbers_that_it_is_about(look):
    words = why(look(), look("dropout 0.5"), verdict(NO_EVIDENCE, "dropout 0.5"), "dropout")
    assert re.search(r"\d", words)
    assert "alike" not in words  # half of the units dropped leave their mark on every network


@pytest.mark.parametrize("more", [1, 2, 3])
def test_networks_that_differ_by_nothing_but_their_seed_look_alike(look, more):
    words = why(look(), look(more=more), verdict(NO_EVIDENCE), "dropout")
    assert words.startswith("training looks alike: ")
