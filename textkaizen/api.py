"""The façade's verbs: labelled texts in, a result or a model out.

They do what the command line's do, with lists instead of files. They are silent (what goes on is
told to `progress`), use every core, and look at the clock. Labels are strings to the user, always:
numbers are refused rather than turned into strings that would not equal them any more.

The names are many, but each is an option of the command line, and is given by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textkaizen.errors import CorpusError, UsageError, listed

if TYPE_CHECKING:
    from textkaizen.data import Corpus
    from textkaizen.model import Model
    from textkaizen.recipe import Recipe
    from textkaizen.study.course import Progress
    from textkaizen.study.rates import RangeTest
    from textkaizen.study.result import Result
    from textkaizen.train.programs import Programs

    Tell = Callable[[Progress], Any]

ADVICE = {
    "texts": "Leave them out or make them strings",
    "labels": (
        "Labels are strings: give str(label), or use TextClassifier, which gives numbers back"
    ),
    "groups": "Name each group by a string or a whole number",
}


def improve(
    texts: Iterable[str],
    labels: Iterable[str],
    *,
    test_texts: Iterable[str] | None = None,
    test_labels: Iterable[str] | None = None,
    groups: Iterable[str | int] | None = None,
    minutes: float | None = None,
    rounds: int | None = None,
    seed: int = 0,
    metric: str = "macro_f1",
    language: str = "",
    device: str = "auto",
    progress: Tell | None = None,
) -> Result:
    """Measure every improvement, adopt step by step what helps, and look once at held-out texts.

    Interrupted (Ctrl-C), it returns what is known so far; `result.design["stopped"]` says so.

    Args:
        texts, labels: one each a row: lists, tuples, arrays or pandas Series of strings.
        test_texts, test_labels: texts to hold out; by default a fifth of `texts`.
        groups: rows of one group are not torn apart by a split.
        minutes: time to spend, > 0; 5 when `rounds` is not given either.
        rounds: rounds at most instead, >= 1, whatever time they take; repeats exactly.
        seed: decides everything random, >= 0.
        metric: that decides: "macro_f1", "accuracy", "log_loss" or the name of one of
            scikit-learn's scorers.
        language: of all texts, by ISO 639-1, for improvements that are for some languages only;
            "" is told from the texts.
        device: where networks are trained: "cpu", "gpu", or "auto", which is a GPU if JAX sees one.
            What is found does not depend on it but for rounding.
        progress: called with a `Progress` whenever something is begun or done.

    Returns:
        Verdicts, recipe, scores and advice; `result.models[result.use]` is the model to use, and
        `result.models["adopted"]` the network by the adopted recipe. See `describe` and `save`.

    Raises:
        CorpusError: the texts and labels are not as they must be.
        UsageError: arguments contradict each other or are out of their range.
    """
    from textkaizen.study.kaizen import improve as run
    from textkaizen.terminal.limits import Limits

    budget, means = Limits(minutes, rounds, device).begin(progress)
    corpus = _corpus(texts, labels, groups)
    test = None
    if test_texts is not None and test_labels is not None:
        test = _corpus(test_texts, test_labels, None, "the test texts")
    elif test_texts is not None or test_labels is not None:
        raise UsageError("test_texts and test_labels must be given both or not at all; found one.")
    ask = partial(run, corpus, test, budget=budget, means=means, metric=metric)
    result = ask(seed=_seed(seed), language=language)
    return replace(result, seconds=budget.clock())


def study(
    texts: Iterable[str],
    labels: Iterable[str],
    *,
    only: Iterable[str] = (),
    recipe: Recipe | None = None,
    compare: Mapping[str, Any] | None = None,
    groups: Iterable[str | int] | None = None,
    minutes: float | None = None,
    rounds: int | None = None,
    seed: int = 0,
    metric: str = "macro_f1",
    language: str = "",
    device: str = "auto",
    progress: Tell | None = None,
) -> Result:
    """Measure improvements against a recipe and adopt nothing; no texts are held out.

    With `compare`, candidates of one's own are measured instead, against the first of them.

    Args:
        only: names or groups of improvements, as `textkaizen improvements` lists them; all by
            default.
        recipe: to start from; the baseline by default.
        compare: name -> a recipe, the name of a classical classifier ("random_forest"; see
            docs/classifiers.md), or an estimator of scikit-learn's that reads texts, such as
            make_pipeline(TfidfVectorizer(), LinearSVC()). A single one, or a classifier that comes
            first, is compared with the baseline. Excludes `only`, `recipe` and `language`.

    The others, and what is raised, are those of `improve`.

    Example:
        >>> from textkaizen import Recipe, study
        >>> words = "card book key bag pass ticket map list".split()
        >>> texts = [f"renew my {word}" for word in words] + [f"lost my {word}" for word in words]
        >>> labels = ["renewal"] * 8 + ["loss"] * 8
        >>> quick = Recipe().with_knobs(epochs=3)
        >>> result = study(texts, labels, only=["dropout 0.5"], recipe=quick, rounds=1)
        >>> [(verdict.name, verdict.verdict) for verdict in result.verdicts]
        [('dropout 0.5', 'no evidence')]
    """
    from textkaizen.terminal.limits import Limits

    question = _question(only, recipe, compare, language)
    budget, means = Limits(minutes, rounds, device).begin(progress)
    corpus = _corpus(texts, labels, groups)
    result = question(corpus, budget=budget, seed=_seed(seed), means=means, metric=metric)
    return replace(result, seconds=budget.clock())


def _question(
    only: Iterable[str],
    recipe: Recipe | None,
    compare: Mapping[str, Any] | None,
    language: str = "",
) -> Callable[..., Result]:
    """Return what a study asks: which improvements help, or which candidates are better."""
    from textkaizen.study import compared, kaizen
    from textkaizen.study.improvements import chosen

    names = [only] if isinstance(only, str) else list(only)
    if compare is None:
        chose = chosen(names)
        return partial(kaizen.study, baseline=recipe, improvements=chose, language=language)
    if names or recipe is not None or language:
        raise UsageError(
            "compare measures the candidates that it names and no improvements; found only, "
            "recipe or language beside it. Leave one of them out."
        )
    return partial(compared.compare, candidates=compared.named_candidates(compare))


def train(
    texts: Iterable[str],
    labels: Iterable[str],
    recipe: Recipe | None = None,
    seed: int = 0,
    *,
    groups: Iterable[str | int] | None = None,
    classifier: str = "network",
    device: str = "auto",
) -> Model:
    """Train one network by a recipe on all texts, or a classical classifier.

    Args:
        texts, labels, groups, seed, device: as for `improve`.
        recipe: how; the baseline by default. Of a classical classifier its text rules count.
        classifier: "network", or one of those that docs/classifiers.md lists.

    Raises:
        CorpusError: the texts and labels are not as they must be.
        UsageError: there is no such device or classifier.
        RecipeError: the classifier could not be saved with the recipe's text rules.
        MissingExtraError: the classifier's package is not installed.

    Example:
        >>> texts = ["my card is lost", "a new card", "when do you open", "are you open today"]
        >>> model = train(texts, ["card", "card", "hours", "hours"])
        >>> model.predict(["open on Sunday?"])
        ['hours']
    """
    from textkaizen.recipe import Recipe
    from textkaizen.study.training import NETWORK, require_trainable, train_classifier, train_one

    chosen, programs = recipe or Recipe(), _programs(device)
    require_trainable(classifier, chosen)
    corpus, seed = _corpus(texts, labels, groups), _seed(seed)
    if classifier != NETWORK:
        return train_classifier(corpus, chosen, seed, classifier)[0]
    return train_one(corpus, chosen, seed, programs)[0]


def rates(
    texts: Iterable[str],
    labels: Iterable[str],
    recipe: Recipe | None = None,
    seed: int = 0,
    *,
    device: str = "auto",
) -> RangeTest:
    """Train one network with a growing learning rate, and say which rate to begin with.

    Args:
        texts, labels, seed, device: as for `improve`.
        recipe: how, its learning rate in the middle of the range; the baseline by default.

    Returns:
        The curve, `suggestion` (None where the curve shows none) and `reason`.

    Raises:
        CorpusError: the texts and labels are not as they must be.
        RecipeError: a batch is larger than the texts there are.
        UsageError: there is no such device.

    Example:
        >>> from textkaizen import Recipe
        >>> texts = ["my card is lost", "a new card", "when do you open", "are you open today"]
        >>> labels = ["card", "card", "hours", "hours"]
        >>> found = rates(texts, labels, Recipe().with_shape(batch_size=2))
        >>> 0.0001 < found.suggestion < 0.1
        True
    """
    from textkaizen.recipe import Recipe
    from textkaizen.study.rates import range_test

    programs = _programs(device)
    corpus, seed = _corpus(texts, labels, None), _seed(seed)
    return range_test(corpus, recipe or Recipe(), seed, programs)


def fallback(
    model: Model,
    texts: Iterable[str],
    labels: Iterable[str],
    *,
    groups: Iterable[str | int] | None = None,
    wrong: float = 0.05,
    confidence: float = 0.95,
    outside: Iterable[str] = (),
    outside_share: float = 0.0,
    calibrate: float = 0.2,
    unseen: bool = False,
    device: str = "auto",
) -> tuple[Model, dict[str, Any]]:
    """Let a model say that it does not know, so that few of its answers are wrong.

    Args:
        model: any; it stays as it is, what comes back is another one.
        texts, labels, groups: what it was trained on, what `improve` was given, or, with `unseen`,
            texts that it has not seen.
        wrong: at most this share of the answers is wrong ...
        confidence: ... with this confidence.
        outside: examples of texts that belong to no class.
        outside_share: share of such texts among those to come.
        calibrate: share to keep away from the model where it has seen all texts; 0: none.
        unseen: the model has seen none of the texts.
        device: as for `improve`.

    Returns:
        The model with a fallback, and what was found, as the command line's JSON.

    Raises:
        CorpusError: the texts cannot be used, or show no threshold that keeps the promise.
        UsageError: a share out of its range, or texts that are not the model's.
    """
    from textkaizen.study.fallback import Promise, set_fallback

    promise = Promise(wrong, confidence, outside_share, calibrate, unseen)
    corpus = _corpus(texts, labels, groups)
    foreign = _column("texts", outside, "outside")
    programs = _programs(device) if model.kind == "network" and not unseen else None
    return set_fallback(model, corpus, promise, foreign, programs)


def describe(result: Result) -> str:
    """Return the verdict table and the answer as plain text, as the command line prints them."""
    from textkaizen.report.table import summary, verdict_table

    return f"{verdict_table(result)}\n{summary(result)}"


def save(result: Result, folder: str | Path) -> None:
    """Write report, verdicts, recipe and models of a result into a folder.

    Args:
        result: of `improve` or `study`.
        folder: new, empty, or one of an earlier result, which is replaced.

    Raises:
        UsageError: the folder cannot be written or holds something else.
    """
    from textkaizen.files.outcomes import check_folder, save_outcome
    from textkaizen.report.page import render

    check_folder(Path(folder))
    save_outcome(result, Path(folder), page=render(result))


def _programs(device: str) -> Programs:
    """Return programs that earlier processes may have compiled."""
    from textkaizen.files.compiled import compiled_folder
    from textkaizen.train.programs import Programs
    from textkaizen.workers.devices import plan, require_device

    require_device(device)
    return Programs(compiled_folder(), device=plan(device).device)


def _seed(seed: Any) -> int:
    if not isinstance(seed, Integral) or seed < 0:
        raise UsageError(f"seed must be a whole number from 0; found {seed!r}.")
    return int(seed)


def _corpus(texts: Any, labels: Any, groups: Any, name: str = "these texts") -> Corpus:
    """Make a corpus of what the caller has; refuse what cannot be one.

    Raises:
        CorpusError: not equally long, not one-dimensional, or something else than strings.
    """
    from textkaizen.data import Corpus

    columns = {"texts": _column("texts", texts, name), "labels": _column("labels", labels, name)}
    if groups is not None:
        columns["groups"] = _column("groups", groups, name, (str, Integral))
    if len({len(column) for column in columns.values()}) > 1:
        found = listed(f"{len(column)} {what}" for what, column in columns.items())
        raise CorpusError(
            f"Each text needs one label (and one group, if any); of {name} there are {found}. "
            "Give lists of equal length."
        )
    return Corpus(columns["texts"], columns["labels"], columns.get("groups"), name=name)


def _column(what: str, values: Any, name: str, kinds: tuple[type, ...] = (str,)) -> tuple[str, ...]:
    """Return values as a tuple of strings; `what` they are and whose is for the message."""
    unordered = isinstance(values, (str, bytes, Set, Mapping)) or getattr(values, "ndim", 1) != 1
    if unordered or not isinstance(values, Iterable):
        raise CorpusError(
            f"The {what} of {name} must be a list or another row of strings; found "
            f"{type(values).__name__}. Put them in a list."
        )
    found = list(values)
    strange = [place for place, value in enumerate(found) if not isinstance(value, kinds)]
    if strange:
        first = found[strange[0]]
        raise CorpusError(
            f"The {what} of {name} must be strings; {len(strange)} of {len(found)} are not, at "
            f"{listed(strange)} (from 0): the first is {repr(first)[:40]}. {ADVICE[what]}."
        )
    return tuple(map(str, found))
