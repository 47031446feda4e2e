"""A person's own candidates beside each other: recipes, classifiers, scikit-learn's pipelines.

The first is what all others are compared with, by the machinery of every round: the same folds, the
same seeds, racing, Holm's correction. A classical classifier reads the bags of the recipe that it
is compared with; where it comes first, the baseline network stands before it. Candidates are
trained as they are: no epoch is taken away where time is short, since that would be another
candidate. Pipelines and classifiers go first with one lane each, so that one that cannot learn
these texts is told before networks are trained for minutes.

Rejected: every pair of candidates (of ten there are 45, and each would need a larger difference);
a pipeline of scikit-learn's inside of a recipe (a recipe makes a network).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from textkaizen.classical.pipelines import (
    Lesson,
    copied,
    described,
    has_probabilities,
    hearing,
    learn_and_answer,
    require_estimator,
    worded,
)
from textkaizen.data import Corpus
from textkaizen.errors import UsageError, listed
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study.budget import (
    MOST_SEEDS,
    Budget,
    design_by_size,
    folds_by_time,
    relative_cost,
)
from textkaizen.study.classifiers import WARNED, ClassifierCandidate
from textkaizen.study.course import INTERRUPTED, ROUNDS, Course, Ladder, Means, Progress
from textkaizen.study.design import experiment_of
from textkaizen.study.experiment import Answer, Experiment, Job, Other, lane_seed
from textkaizen.study.explanation import baseline_story
from textkaizen.study.improvements import Improvement, applicable
from textkaizen.study.material import Material
from textkaizen.study.metric import MACRO_F1, require_metric
from textkaizen.study.outcome import Run, ended
from textkaizen.study.pace import STUDY_SHARE, lane_seconds
from textkaizen.study.preparation import LEAST_FOLDS, Prepared, prepare
from textkaizen.study.racing import Candidate
from textkaizen.study.result import Result
from textkaizen.study.rounds import measure_round

DEFAULT, BASELINE = "the baseline", Recipe()  # what a single candidate is compared with
RECIPE, PIPELINE, CLASSIFIER = "recipe", "pipeline", "classifier"  # groups of verdicts
OF_NETWORKS = ("epochs", "epochs_asked", "baseline_story")  # in a design


@dataclass(frozen=True, eq=False)
class PipelineCandidate:
    """An estimator of scikit-learn's kind that reads texts, as `Other`.

    Two are equal when one description (`key`) holds for both, whatever they are called.

    Args:
        name: how people call it.
        estimator: unfitted; kept as a copy.
        probabilities: answer with them, too.

    Raises:
        RecipeError: it is no such estimator.
    """

    name: str
    estimator: Any
    probabilities: bool = False

    def __post_init__(self) -> None:
        require_estimator(self.name, self.estimator)
        object.__setattr__(self, "estimator", copied(self.estimator))

    @cached_property
    def key(self) -> str:
        """All that decides what it answers, as JSON: the same in every process."""
        return described(self.estimator)

    @property
    def worded(self) -> str:
        """What it is: its steps, with the parameters that are not at their defaults."""
        return worded(self.estimator)

    @property
    def has_probabilities(self) -> bool:
        """Whether it tells the probability of every label, too."""
        return has_probabilities(self.estimator)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PipelineCandidate) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def answer(self, material: Material, seed_number: int, fold: int) -> Answer:
        """Learn from the texts outside of a fold, and answer those in it.

        Raises:
            RecipeError: it cannot learn these texts.
        """
        begun, own = time.perf_counter(), material.partition[seed_number] == fold
        texts = material.corpus.texts
        lesson = Lesson(
            texts=[text for text, inside in zip(texts, own, strict=True) if not inside],
            labels=material.labels[~own],
            asked=[text for text, inside in zip(texts, own, strict=True) if inside],
            classes=len(material.classes),
            seed=lane_seed(material.seeds[seed_number], fold),
        )
        observed = fold == 0  # as of networks, one lane a seed tells what training looks like
        found = learn_and_answer(
            self.name,
            self.estimator,
            lesson,
            probabilities=self.probabilities,
            train=observed,
        )
        facts = dict.fromkeys((WARNED + said for said in found.warned), 1.0)
        if found.train_right is not None:
            right = float((found.predicted == material.labels[own]).mean())
            facts |= {"right": right, "train_right": found.train_right}
        seconds = time.perf_counter() - begun
        return Answer(found.predicted, found.probabilities, seconds, 0, facts)


CLASSICAL = (PipelineCandidate, ClassifierCandidate)  # that say what they are


def named_candidates(given: Mapping[str, Any]) -> dict[str, Recipe | Other]:
    """Return what a caller in Python wants compared, each as a recipe or as `Other`.

    Args:
        given: name -> a recipe, the name of a classical classifier, an estimator of scikit-learn's
            that reads texts, or an `Other`.

    Raises:
        UsageError: not names with candidates.
        RecipeError: a candidate is none of these.
    """
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise UsageError(
            "compare must be a dict of names with recipes or estimators; found "
            f'{type(given).__name__}. Write {{"mine": Recipe(), "svm": make_pipeline(...)}}.'
        )
    return {name: _candidate(name, one) for name, one in given.items()}


def _candidate(name: str, one: Any) -> Recipe | Other:
    if isinstance(one, (Recipe, Other)):
        return one
    return ClassifierCandidate(one) if isinstance(one, str) else PipelineCandidate(name, one)


def compare(
    corpus: Corpus,
    candidates: Mapping[str, Recipe | Other],
    *,
    budget: Budget,
    seed: int = 0,
    means: Means | None = None,
    metric: str = MACRO_F1,
) -> Result:
    """Compare candidates with the first of them on all texts, adopt nothing.

    Args:
        corpus: labelled texts in any order.
        candidates: by name, the row of reference first; a single one, or a classifier that comes
            first, is compared with the default baseline.
        budget: seconds, or a number of rounds, of which there is one.
        seed: decides everything random.
        means: worker, programs, progress, store.
        metric: that decides: "macro_f1", "accuracy", "log_loss" or one of scikit-learn's scorers.

    Returns:
        A verdict for each candidate but the first. `design["compared"]` names the first as "base"
        and says of each what it is; `design["warnings"]` what scikit-learn warned of.

    Raises:
        CorpusError: the texts cannot be trained on.
        RecipeError: a candidate cannot learn these texts.
        UsageError: candidates are alike, or the metric needs probabilities that one does not tell.
    """
    means, named = means or Means(), _distinct(_beside_networks(candidates))
    prepared = prepare(corpus, None, seed, hold=False)
    named = _answering(named, metric, prepared.training)
    _require_batches(named, prepared)
    (base_name, base), *rest = named.items()
    start = base if isinstance(base, Recipe) else Recipe()
    ladder, experiment = Ladder(start), None
    racing = [Candidate(_improvement(name, one), one) for name, one in rest]
    # What is no network takes little as a rule: it must not wait until there is no time left.
    racing.sort(key=lambda candidate: isinstance(candidate.recipe, Recipe))
    called = _called(base_name, base)
    course = Course((), budget, 0.0, start, seed, share=1.0, metric=metric, base_name=called)
    if budget.timed:
        course = replace(course, closing_seconds=(1 - STUDY_SHARE) * budget.seconds)
    try:
        with hearing():
            design = _design(prepared, named, course, means)
            experiment = experiment_of(prepared, design, course.seed, course.metric, means)
            _first_lanes(experiment, named.values(), means)
            ladder.verdicts, facts = measure_round(experiment, course, racing, base, 1, means)
        ladder.rounds.append(facts)
        ladder.stopped = INTERRUPTED if facts["interrupted"] else ROUNDS
    except KeyboardInterrupt:
        ladder.stopped = INTERRUPTED
    run = Run(prepared, start, ladder, experiment, None, start.knobs.epochs, metric)
    return _told(ended(run, means, seed, {}), named, base_name, experiment)


def _beside_networks(candidates: Mapping[str, Recipe | Other]) -> dict[str, Recipe | Other]:
    """Put the baseline first where nothing else is to be compared with; let classifiers read what
    the first reads, if it is a recipe."""
    named = dict(candidates)
    first = next(iter(named.values()), None)
    if len(named) == 1 or isinstance(first, ClassifierCandidate):
        named, first = {DEFAULT: BASELINE, **named}, BASELINE
    rules = (first if isinstance(first, Recipe) else BASELINE).text
    own = lambda one: replace(one, rules=rules) if isinstance(one, ClassifierCandidate) else one
    return {name: own(one) for name, one in named.items()}


def _distinct(candidates: Mapping[str, Recipe | Other]) -> dict[str, Recipe | Other]:
    """Return at least two candidates, no two of them alike."""
    named = dict(candidates)
    if len(named) < 2:
        raise UsageError(
            "A comparison needs a candidate or more; found none. Give recipes or pipelines."
        )
    first: dict[Recipe | Other, str] = {}
    for name, one in named.items():
        if one in first:
            raise UsageError(
                f"Candidates must differ from each other; {name} is the same as {first[one]}. "
                "Change one of them, or drop it."
            )
        first[one] = name
    return named


def _answering(
    named: dict[str, Recipe | Other], metric: str, training: Corpus
) -> dict[str, Recipe | Other]:
    """Let candidates tell probabilities where the metric needs them; refuse one that cannot."""
    if not require_metric(metric, training):
        return named
    classical = {n: one for n, one in named.items() if isinstance(one, CLASSICAL)}
    silent = [name for name, one in classical.items() if not one.has_probabilities]
    if silent:
        raise UsageError(
            f"{metric} needs the probability of every label; {listed(silent)} tells none (no "
            "predict_proba). Take another classifier, put this one into CalibratedClassifierCV, or "
            "choose a metric of labels, such as macro_f1."
        )
    return named | {name: replace(one, probabilities=True) for name, one in classical.items()}


def _require_batches(named: dict[str, Recipe | Other], prepared: Prepared) -> None:
    """Refuse recipes whose batches are larger than the texts there are to train on."""
    texts = len(prepared.training) * (LEAST_FOLDS - 1) // LEAST_FOLDS
    recipes = tuple(_improvement(n, one) for n, one in named.items() if isinstance(one, Recipe))
    too_large = applicable(recipes, Recipe(), texts).too_large
    if too_large:
        raise UsageError(
            f"A batch must not be larger than the texts there are to train on, {texts} less those "
            f"held back for validation; the batches of {listed(too_large)} are. Lower "
            "shape.batch_size there, or write 0 for all texts."
        )


def _improvement(name: str, one: Recipe | Other) -> Improvement:
    """Return a candidate as what a round takes: a change of any recipe into this one."""
    if isinstance(one, Recipe):
        return Improvement(name, RECIPE, lambda _: one, "", "")
    return Improvement(name, _kind(one), lambda recipe: recipe, "", "")


def _kind(one: Recipe | Other) -> str:
    if isinstance(one, Recipe):
        return RECIPE
    return CLASSIFIER if isinstance(one, ClassifierCandidate) else PIPELINE


def _design(
    prepared: Prepared, named: dict[str, Recipe | Other], course: Course, means: Means
) -> tuple[int, int]:
    """Choose folds and seeds: by the number of texts, or by what the candidates take."""
    if not course.budget.timed:
        return design_by_size(len(prepared.training))
    means.progress(Progress(0, "how long the candidates take", 0, 0))
    budget = course.budget
    recipes = [one for one in named.values() if isinstance(one, Recipe)]
    seconds: dict[Recipe | Other, float] = {}
    if recipes:
        find = lambda: lane_seconds(prepared, recipes[0], course.seed, means, budget.cores)
        own = budget.decide("seconds of a lane", find)
        seconds = {one: own * relative_cost(one, recipes[0]) for one in recipes}
    others = [one for one in named.values() if not isinstance(one, Recipe)]
    alone = replace(means, store=None)
    trial = experiment_of(prepared, (LEAST_FOLDS, 1), course.seed, course.metric, alone)
    _first_lanes(trial, others, means)
    whole = LEAST_FOLDS / (LEAST_FOLDS - 1)  # of all texts, where a lane of the trial has two parts
    seconds |= {one: trial.runs[one].seconds * whole for one in others}
    base, *rest = (max(seconds[one], 1e-9) for one in named.values())
    by_time = lambda: folds_by_time(budget, base, [own / base for own in rest])
    return budget.decide("folds", by_time), MOST_SEEDS


def _first_lanes(experiment: Experiment, some: Iterable[Recipe | Other], means: Means) -> None:
    """Run one lane of each that is no recipe; rounds do not run it again.

    Raises:
        KeyboardInterrupt: they were stopped before their end.
        RecipeError: one cannot learn these texts.
    """
    jobs = [Job(one, 0, 0) for one in some if not isinstance(one, Recipe)]
    done = list(experiment.run(jobs)) if jobs else []
    if means.stopping() or len(done) < len(jobs):
        raise KeyboardInterrupt


def _told(
    result: Result,
    named: dict[str, Recipe | Other],
    base: str,
    experiment: Experiment | None,
) -> Result:
    """Say in a result what was compared, and what scikit-learn warned of."""
    what = {name: _what(one) for name, one in named.items()}
    design = result.design | {"compared": {"base": base, "candidates": what}}
    warned = _warned(named, experiment) if experiment is not None else []
    if warned:
        design["warnings"] = warned
    if not isinstance(named[base], Recipe):
        # These are a network's, and no network is the base.
        design = {name: each for name, each in design.items() if name not in OF_NETWORKS}
    elif experiment is not None and "baseline_story" in design:
        called = _called(base, named[base])
        called = called[:1].upper() + called[1:]
        design["baseline_story"] = baseline_story(experiment.runs[named[base]].facts, called)
    in_order = sorted(result.verdicts, key=lambda verdict: list(named).index(verdict.name))
    verdicts = tuple(
        replace(v, change=one.worded) if isinstance(one, CLASSICAL) else v
        for v, one in ((v, named[v.name]) for v in in_order)
    )
    return replace(result, design=design, verdicts=verdicts)


def _called(name: str, one: Recipe | Other) -> str:
    """What sentences call a candidate: a capital at their start would change a bare name."""
    return name if name == DEFAULT else f"the {_kind(one)} {name}"


def _what(one: Recipe | Other) -> dict[str, str]:
    if isinstance(one, Recipe):
        return {RECIPE: describe_difference(Recipe(), one) or "every default"}
    return {_kind(one): one.worded if isinstance(one, CLASSICAL) else one.name}


def _warned(named: dict[str, Recipe | Other], experiment: Experiment) -> list[str]:
    """One sentence for each candidate that was warned of, with what was said most often."""
    sentences = []
    for name, one in named.items():
        runs = experiment.runs.get(one)
        facts = runs.facts if runs is not None else []
        said = Counter(key for each in facts for key in each if key.startswith(WARNED))
        if runs is not None and said:
            text, lanes = min(said.items(), key=lambda pair: (-pair[1], pair[0]))
            more = f", and {len(said) - 1} more" if len(said) > 1 else ""
            text = text.removeprefix(WARNED).rstrip(".")
            sentences.append(
                f"scikit-learn warned of {name} in {lanes} of {runs.lanes} lanes: {text}{more}."
            )
    return sentences
