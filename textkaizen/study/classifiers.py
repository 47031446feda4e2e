"""A classical classifier as a candidate: on the bags of the recipe it is compared with.

It reads what the network reads, fold by fold, so a difference is the classifier's alone. (A
pipeline of scikit-learn's, `compared.PipelineCandidate`, reads texts and cuts them its own way.)
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import numpy as np

from textkaizen.classical.classifiers import (
    fit_classifier,
    long_wait,
    require_classifier,
    versions_of,
)
from textkaizen.classical.kinds import CLASSIFIERS, MARGINS
from textkaizen.data import Corpus
from textkaizen.nets.plain import softmax
from textkaizen.recipe import Recipe, TextRules, describe_difference
from textkaizen.study.experiment import Answer, lane_seed
from textkaizen.study.material import Material

BASELINE = TextRules()
ALL = "all_classical"  # stands for every one of them
WARNED = "warned: "  # facts of lanes that scikit-learn warned of


@dataclass(frozen=True)
class ClassifierCandidate:
    """One of CLASSIFIERS, as `Other`; two are equal when kind and text rules are.

    Args:
        kind: one of CLASSIFIERS.
        rules: of its bags.
        probabilities: answer with them, too.

    Raises:
        UsageError: there is no such classifier.
        MissingExtraError: its package is not installed.
    """

    kind: str
    rules: TextRules = BASELINE
    probabilities: bool = False

    def __post_init__(self) -> None:
        require_classifier(self.kind)

    @property
    def name(self) -> str:
        """How people call it."""
        return self.kind

    @property
    def key(self) -> str:
        """All that decides what it answers, as JSON: the same in every process."""
        text = Recipe(text=self.rules).to_dict()["text"]
        values = {"classifier": self.kind, "text": text, "versions": versions_of(self.kind)}
        return json.dumps(values, sort_keys=True, ensure_ascii=False)

    @property
    def worded(self) -> str:
        """What it is, with text rules that are not the baseline's."""
        rules = describe_difference(Recipe(), Recipe(text=self.rules))
        return f"{self.kind} ({rules})" if rules else self.kind

    @property
    def has_probabilities(self) -> bool:
        """Whether it tells the probability of every label, too."""
        return self.kind not in MARGINS

    def waiting(self, corpus: Corpus) -> str:
        """Say before it starts that it takes long; "" where it does not."""
        return long_wait(self.kind, len(corpus), len(corpus.classes))

    def answer(self, material: Material, seed_number: int, fold: int) -> Answer:
        """Learn from the texts outside of a fold, and answer those in it.

        Raises:
            RecipeError: it cannot learn these features.
        """
        bags = material.fold_bags(self.rules, seed_number, fold)
        begun, seed = time.perf_counter(), lane_seed(material.seeds[seed_number], fold)
        labels = material.labels
        learnt, own = labels[bags.train], labels[bags.test]
        found = fit_classifier(self.kind, bags.train_bags, learnt, len(material.classes), seed)
        logits = found.logits(bags.test_bags)
        predicted = logits.argmax(1).astype(np.int32)
        facts = dict.fromkeys((WARNED + said for said in found.warned), 1.0)
        if fold == 0:  # as of networks, one lane a seed tells what training looks like
            train_right = found.logits(bags.train_bags).argmax(1) == learnt
            facts["right"] = float((predicted == own).mean())
            facts["train_right"] = float(train_right.mean())
        probabilities = softmax(logits).astype(np.float32) if self.probabilities else None
        return Answer(predicted, probabilities, time.perf_counter() - begun, 0, facts)


def classifiers_named(name: str) -> tuple[str, ...]:
    """Return the classifiers that a name on the command line stands for; none for a file.

    Example:
        >>> classifiers_named("random_forest")
        ('random_forest',)
        >>> classifiers_named("mine.yaml")
        ()
    """
    if name == ALL:
        return CLASSIFIERS
    return (name,) if name in CLASSIFIERS else ()
