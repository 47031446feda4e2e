"""Adopt step by step: measure every improvement, adopt the best that helps, measure again.

    baseline -> round 1 -> adopt -> round 2 -> ... -> leave each out -> look at held-out texts

The run ends when nothing helps, when time or rounds are used, or on Ctrl-C, and always leaves what
is known so far.

Rejected: adopting all that help at once (near-substitutes add up on paper only).
"""

from __future__ import annotations

from dataclasses import replace

from textkaizen.data import Corpus
from textkaizen.errors import UsageError, listed
from textkaizen.recipe import Recipe
from textkaizen.study.budget import Budget
from textkaizen.study.closing import close
from textkaizen.study.course import INTERRUPTED, ROUNDS, Course, Ladder, Means, Progress
from textkaizen.study.design import Plan, designed
from textkaizen.study.finale import Contenders, learn_contenders, look_once
from textkaizen.study.improvements import CATALOGUE, Applicable, Improvement, applicable
from textkaizen.study.metric import MACRO_F1, require_metric
from textkaizen.study.outcome import Run, ended
from textkaizen.study.pace import STUDY_SHARE, affordable_epochs, lane_seconds
from textkaizen.study.preparation import LEAST_FOLDS, Prepared, prepare
from textkaizen.study.result import Result
from textkaizen.study.rounds import candidates_of, climb, measure_round

FINALS = 2.1  # the adopted recipe is trained with texts held back, then on all of them
FINISH_SECONDS = 5.0  # scores, report and files at the end
CLOSING_SHARE = 0.08  # of the time, for leaving out what was adopted


def improve(
    corpus: Corpus,
    test: Corpus | None = None,
    *,
    budget: Budget,
    seed: int = 0,
    means: Means | None = None,
    baseline: Recipe | None = None,
    metric: str = MACRO_F1,
    language: str = "",
) -> Result:
    """Find out what improves the network on these texts, adopt it, and look once at the test.

    Args:
        corpus: labelled texts in any order.
        test: held-out texts; None holds a fifth of `corpus` out before anything else.
        budget: seconds or rounds.
        seed: decides everything random.
        means: worker, programs, progress.
        baseline: the recipe to start from; the fixed default otherwise.
        metric: that decides: "macro_f1", "accuracy", "log_loss" or one of scikit-learn's scorers.
        language: of all texts, by ISO 639-1, for improvements that are for some languages only;
            "" is told from the texts.

    Raises:
        CorpusError: the texts cannot be trained on.
        UsageError: there is no such metric, or no such language.
    """
    means, baseline = means or Means(), baseline or Recipe()
    prepared = prepare(corpus, test, seed, language=language)
    require_metric(metric, prepared.training)
    fitting = _applicable(prepared, CATALOGUE, baseline, means)
    improvements = fitting.improvements
    ladder, contenders, experiment = Ladder(baseline), Contenders(), None
    try:
        means.progress(Progress(0, "baseline network and linear models", 0, 0))
        contenders = learn_contenders(prepared, {"baseline": baseline}, seed, means, linear=True)
        seconds = contenders.seconds["baseline"]
        plan = Plan(improvements, budget, seconds, seed, metric)
        experiment = designed(prepared, baseline, plan, means)
        reserve = FINALS * seconds + FINISH_SECONDS
        course = Course(improvements, budget, reserve, baseline, seed, metric=metric)
        if budget.timed:
            course = replace(course, closing_seconds=CLOSING_SHARE * budget.seconds)
        climb(experiment, ladder, course, means)
        if ladder.stopped != INTERRUPTED:
            close(experiment, ladder, course, means)
        if ladder.stopped == INTERRUPTED:
            pass  # neither trained any further nor looked at the held-out texts
        elif ladder.recipe != baseline:
            means.progress(Progress(len(ladder.rounds), "the adopted recipe on all texts", 0, 0))
            adopted = learn_contenders(prepared, {"adopted": ladder.recipe}, seed, means)
            contenders = contenders.joined(adopted)
        else:
            contenders = contenders.with_copy("baseline", "adopted")
    except KeyboardInterrupt:
        ladder.stopped = INTERRUPTED
    found = look_once(prepared, contenders, seed)
    run = Run(prepared, baseline, ladder, experiment, fitting, baseline.knobs.epochs, metric)
    return ended(run, means, seed, found)


def study(
    corpus: Corpus,
    *,
    budget: Budget,
    seed: int = 0,
    means: Means | None = None,
    baseline: Recipe | None = None,
    improvements: tuple[Improvement, ...] = CATALOGUE,
    metric: str = MACRO_F1,
    language: str = "",
) -> Result:
    """Measure improvements against the baseline on all texts, adopt nothing.

    Where time is too short for all of them, every network is trained for fewer epochs, down to a
    quarter: the result's baseline says how many.

    Arguments are those of `improve`; `improvements` are measured in their order.

    Raises:
        CorpusError: the texts cannot be trained on.
        UsageError: no improvement changes the recipe.
    """
    means, baseline = means or Means(), baseline or Recipe()
    if all(improvement.change(baseline) == baseline for improvement in improvements):
        names = listed(improvement.name for improvement in improvements)
        raise UsageError(
            f"A study needs something that changes the recipe; it has already, or cannot have: "
            f"{names}. Name another improvement; `textkaizen improvements` lists them."
        )
    prepared = prepare(corpus, None, seed, hold=False, language=language)
    require_metric(metric, prepared.training)
    found = _applicable(prepared, improvements, baseline, means)
    improvements = found.improvements
    ladder, experiment, seconds = Ladder(baseline), None, 0.0
    asked = baseline.knobs.epochs
    try:
        if budget.timed:
            means.progress(Progress(0, "baseline network", 0, 0))
            find = lambda: lane_seconds(prepared, baseline, seed, means, budget.cores)
            seconds = budget.decide("seconds of a lane", find)
            fitting = lambda: affordable_epochs(baseline, improvements, budget, seconds)
            epochs = budget.decide("epochs", fitting)
            seconds *= epochs / asked
            baseline = baseline.with_knobs(epochs=epochs)
            ladder.recipe = baseline
        plan = Plan(improvements, budget, seconds, seed, metric)
        experiment = designed(prepared, baseline, plan, means)
        course = Course(improvements, budget, 0.0, baseline, seed, share=1.0, metric=metric)
        if budget.timed:
            course = replace(course, closing_seconds=(1 - STUDY_SHARE) * budget.seconds)
        candidates = candidates_of(ladder, course)
        ladder.verdicts, facts = measure_round(experiment, course, candidates, baseline, 1, means)
        ladder.rounds.append(facts)
        ladder.stopped = INTERRUPTED if facts["interrupted"] else ROUNDS
    except KeyboardInterrupt:
        ladder.stopped = INTERRUPTED
    run = Run(prepared, baseline, ladder, experiment, found, asked, metric)
    return ended(run, means, seed, {})


def _applicable(
    prepared: Prepared, improvements: tuple[Improvement, ...], baseline: Recipe, means: Means
) -> Applicable:
    """Leave out what needs more texts than the smallest training part of any fold may have, what is
    for other languages or not installed, and what needs a file of word vectors that is not there.

    Raises:
        UsageError: nothing is left.
    """
    texts = len(prepared.training) * (LEAST_FOLDS - 1) // LEAST_FOLDS
    asks = any(improvement.needs.languages for improvement in improvements)
    if means.word_vectors is None:
        asked = [one.change(baseline).shape.word_vectors for one in improvements]
        pairs = zip(improvements, asked, strict=True)
        improvements = tuple(one for one, asks_for in pairs if asks_for == "none")
        if not improvements:
            raise UsageError(
                "What begins with word vectors needs a file of them; found none. Name one by "
                "--word-vectors, or name another improvement."
            )
    found = applicable(improvements, baseline, texts, prepared.languages if asks else None)
    if not any(each.change(baseline) != baseline for each in found.improvements):
        lacking = "".join(
            f' Of these {listed(names)} would need `pip install "textkaizen[{extra}]"`.'
            for extra, names in found.not_installed.items()
        )
        raise UsageError(
            f"A study needs something that can be tried on these texts; none of "
            f"{listed(each.name for each in improvements)} can: they are for other languages "
            f"(found here: {listed(prepared.languages) or 'none'}), need more texts, or are not "
            f"installed.{lacking} Name another improvement."
        )
    return found
