"""Is the promise of a fallback kept, and what does it cost? On clinc150, drawn a hundred times.

    python -m benchmarks.fallback [--quick] [--out FOLDER]

One network is trained on the training texts. Valid and test texts together, which it has not seen,
are then parted a hundred times at random: 500 choose, 1,000 test the thresholds, and on the other
6,000 it is seen whether the promise was kept. The same with texts that belong to no class; their
share is that of the published test, 1,000 in 5,500. What is wrong among 6,000 is not quite the
truth: with a sixth of the variance of what is wrong among 1,000, a threshold that breaks the
promise in 5 of 100 draws is seen to break it in 6 or 7 (1.645 / sqrt(7 / 6) standard errors).

Beside it, once, the published parting: valid texts choose and test, the test texts are looked at.

The section of docs/fallback.md and its figure are drawn from the result file.

A quick run draws a handful of times and trains for one epoch on few texts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.facts import dataset
from benchmarks.rounds import RESULTS, size_asked, write_result
from textkaizen.data import Corpus, canonical
from textkaizen.files.corpora import Columns, load_corpus
from textkaizen.measure import risk
from textkaizen.measure.answering import softmax
from textkaizen.measure.calibration import Bin, calibration_error, reliability
from textkaizen.model import Model, learn_model
from textkaizen.recipe import Recipe
from textkaizen.report.risk import risk_figure
from textkaizen.study.tuning import OUTSIDE, Answers, Tuned, tuned

WRONG, LEVEL = 0.05, 0.05
DRAWS, CHOOSE, TEST = 100, 500, 1000  # texts of classes
SHARE = 1000 / 5500  # of texts outside, in the published test
CHOOSE_OUTSIDE, TEST_OUTSIDE = 200, 400
COLUMNS = Columns("text", "label", None)
PAGE = Path(__file__).parent.parent / "docs" / "fallback.md"
FIGURE = PAGE.with_name("fallback-curve.svg")
HEADING = "## On clinc150"
ABOUT = """Measured by `python -m benchmarks.fallback` (150 classes of requests to an assistant,
Larson et al. 2019, CC BY 3.0). One network on words and characters, 256 units, eight epochs, no
pretrained part. Texts that it has not seen were parted {draws} times at random: {choose} choose,
{test:,} test, and on the 6,000 others it is seen whether the promise of 5 % with 95 % confidence
was kept. In the mixture {percent:.0f} % of the texts belong to no class, as in the
published test."""
BESIDE = """Beside the published rows (Larson et al. 2019, table 2; per cent, full data): valid
texts choose and test, the published test is looked at once. A text of a class that is not answered
counts as wrong in the in-scope accuracy; answering everything, it would be {:.1f}. These are
different places on one trade-off, and thresholds that were set to different ends: ours keeps a
promise, theirs was the best on the valid texts."""
SCORES = """The temperature was {:.2f}; the expected calibration error on the test texts of the
classes was {:.1f} points before and {:.1f} after. The scores on what chose (areas under the curve
of risk over coverage: lower is better; the digits say more than so few texts can):"""
PUBLISHED = (
    ("linear SVM, threshold", 88.2, 18.0),
    ("fastText, threshold", 88.6, 28.3),
    ("CNN on GloVe, threshold", 90.9, 30.9),
    ("DialogFlow, threshold", 90.8, 26.7),
    ("Rasa, threshold", 90.9, 31.2),
    ("MLP on the Universal Sentence Encoder (pretrained), threshold", 93.4, 49.1),
    ("BERT (pretrained), threshold", 96.2, 52.3),
    ("linear SVM, out-of-scope as a class", 91.0, 14.5),
    ("fastText, out-of-scope as a class", 89.0, 9.7),
    ("CNN on GloVe, out-of-scope as a class", 91.2, 18.9),
    ("DialogFlow, out-of-scope as a class", 91.7, 14.0),
    ("Rasa, out-of-scope as a class", 91.5, 45.3),
    ("MLP on the Universal Sentence Encoder, out-of-scope as a class", 93.5, 47.4),
    ("BERT, out-of-scope as a class", 96.9, 40.3),
)
# Dropout and a rate that fits eight epochs; not searched for.
RECIPE = (
    Recipe()
    .with_shape(hidden=(256,), batch_size=64)
    .with_knobs(epochs=8, learning_rate=0.002, dropout=0.5, validation=0.0)
)


def network(quick: bool) -> Model:
    """Train the one network."""
    corpus = canonical(load_corpus(dataset("clinc150"), COLUMNS))
    recipe = RECIPE
    if quick:
        corpus = corpus.take(np.arange(0, len(corpus), 5))
        recipe = RECIPE.with_knobs(epochs=2)
    return learn_model(corpus, recipe, seed=0)[0]


def answers(model: Model, *parts: str) -> Answers:
    """Answer parts of the set; those named oos_* belong to no class."""
    found = []
    for part in parts:
        corpus: Corpus = load_corpus(dataset("clinc150", part), COLUMNS)
        position = {label: number for number, label in enumerate(model.labels)}
        truth = np.array([position.get(label, OUTSIDE) for label in corpus.labels])
        found.append(Answers(model.logits(corpus.texts), truth))
    whole = found[0]
    for more in found[1:]:
        whole = whole.joined(more)
    return whole


def threshold_of(
    choose: Answers, test: Answers, share: float, generator: np.random.Generator
) -> tuple[Tuned, risk.Trial | None, risk.Curve]:
    """Choose on some answers, test on others: what `set_fallback` does with answers that are there.

    Args:
        choose, test: those to texts outside among them where `share` is above 0.
        share: of texts outside.
        generator: of the mixture.

    Returns:
        What was chosen, the last threshold that passed, and the curve of the test.
    """
    chosen = tuned(choose, share)
    inside, outside = test.inside, test.outside
    own, foreign = risk.drawn_mixture(len(inside), len(outside), share, generator)
    drawn = inside.take(own).joined(outside.take(foreign))
    scores = chosen.fallback(0.0, 1.0, {}).scores(drawn.logits)
    level = risk.mixture_level(LEVEL, share)
    thresholds = risk.ordered_thresholds(chosen.curve, WRONG, len(drawn), level)
    last = risk.fixed_sequence(scores, drawn.wrong, thresholds, WRONG, level).last
    return chosen, last, risk.risk_coverage(scores, drawn.wrong)


def realised(chosen: Tuned, threshold: float, rest: Answers, share: float) -> dict[str, float]:
    """Return what the threshold does with texts that took no part.

    In-scope accuracy counts a text that is not answered as wrong, as the published one does.
    """
    answered = chosen.fallback(threshold, 1.0, {}).scores(rest.logits) >= threshold
    inside, wrong = rest.truth != OUTSIDE, rest.wrong
    coverage = answered[inside].mean()
    found = {
        "coverage": coverage,
        "in_scope_accuracy": (answered & ~wrong)[inside].mean(),
        "wrong_in_scope": wrong[inside & answered].mean() if coverage else 0.0,
    }
    let_in = 0.0
    if not inside.all():
        let_in = answered[~inside].mean()
        found["outside_recall"] = 1 - let_in
    bad = (1 - share) * coverage * found["wrong_in_scope"] + share * let_in
    answers_given = (1 - share) * coverage + share * let_in
    found["wrong_among_answered"] = bad / answers_given if answers_given else 0.0
    return {name: float(value) for name, value in found.items()}


def resampled(inside: Answers, outside: Answers, share: float, draws: int) -> dict[str, Any]:
    """Part the answers again and again; count how often more is wrong than promised."""
    each, scores = [], []
    for number in range(draws):
        generator = np.random.default_rng([number, 5])
        rows = generator.permutation(len(inside))
        strange = generator.permutation(len(outside))
        choose, test = inside.take(rows[:CHOOSE]), inside.take(rows[CHOOSE:][:TEST])
        rest = inside.take(rows[CHOOSE + TEST :])
        if share:
            choose = choose.joined(outside.take(strange[:CHOOSE_OUTSIDE]))
            test = test.joined(outside.take(strange[CHOOSE_OUTSIDE:][:TEST_OUTSIDE]))
        # What is left of the texts outside is looked at in either case.
        rest = rest.joined(outside.take(strange[CHOOSE_OUTSIDE + TEST_OUTSIDE :]))
        chosen, last, _ = threshold_of(choose, test, share, generator)
        if last is None:
            continue
        each.append(realised(chosen, last.threshold, rest, share))
        scores.append(chosen.score)
    told = [one["wrong_among_answered"] for one in each]
    mean = {name: float(np.mean([one[name] for one in each])) for name in (each or [{}])[0]}
    return {
        "draws": draws,
        "without_a_threshold": draws - len(each),
        "more_wrong_than_promised": sum(value > WRONG for value in told),
        "most_wrong": max(told, default=None),
        "mean": mean,
        "scores": {score: scores.count(score) for score in sorted(set(scores))},
    }


def published(model: Model, share: float) -> dict[str, Any]:
    """Valid texts choose and test, half each; the published test is looked at once."""
    generator = np.random.default_rng(7)
    valid, strange = answers(model, "valid"), answers(model, "oos_train", "oos_valid")
    rows, foreign = generator.permutation(len(valid)), generator.permutation(len(strange))
    half, third = len(valid) // 2, len(strange) // 3
    choose, test = valid.take(rows[:half]), valid.take(rows[half:])
    if share:
        choose = choose.joined(strange.take(foreign[:third]))
        test = test.joined(strange.take(foreign[third:]))
    chosen, last, curve = threshold_of(choose, test, share, generator)
    rest = answers(model, "test", "oos_test")
    found: dict[str, Any] = {"score": chosen.score, "areas": chosen.areas, "auroc": chosen.aurocs}
    bins = _bins(chosen, rest.inside)
    errors = {name: calibration_error(own) for name, own in bins.items()}
    found |= {"temperature": chosen.temperature, "calibration_error": errors}
    if last is None:
        return found | {"threshold": None}
    places = np.unique(np.linspace(0, len(curve.coverage) - 1, 100).round().astype(int))
    found["figure"] = {
        "wrong": WRONG,
        "texts": curve.texts,
        "answered": last.answered,
        "wrong_answers": last.wrong,
        "reliability": [each._asdict() for each in bins["after"]],
        "curve": np.stack([curve.coverage, curve.risk], 1)[places].round(5).tolist(),
    }
    return found | {"threshold": last.threshold} | realised(chosen, last.threshold, rest, share)


def _bins(chosen: Tuned, rest: Answers) -> dict[str, list[Bin]]:
    """Return what probabilities of texts of the classes promised and kept, plain and tempered."""
    heats = {"before": 1.0, "after": chosen.temperature}
    return {
        name: reliability(softmax(rest.logits / np.float32(heat)).max(1), ~rest.wrong)
        for name, heat in heats.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the result file."""
    size = size_asked(__doc__ or "", arguments)
    model = network(size.quick)
    inside = answers(model, "valid", "test")
    outside = answers(model, "oos_train", "oos_valid", "oos_test")
    draws = 5 if size.quick else DRAWS
    found = {
        "promise": {"wrong": WRONG, "confidence": 1 - LEVEL},
        "texts": {"choose": CHOOSE, "test": TEST, "outside_share": SHARE},
        "recipe": model.recipe.to_dict(),
        "accuracy_answering_all": float(1 - answers(model, "test").wrong.mean()),
        "in_scope": resampled(inside, outside, 0.0, draws),
        "mixture": resampled(inside, outside, SHARE, draws),
        "published_parting": {
            "in_scope": published(model, 0.0),
            "mixture": published(model, SHARE),
        },
    }
    write_result(size, "fallback", found)
    if size.out == RESULTS:
        write_section()


def section(found: dict[str, Any]) -> str:
    """Return what the page says of the results."""
    drawn = {"labelled texts alone": found["in_scope"], "the mixture": found["mixture"]}
    about = {"draws": found["in_scope"]["draws"], "percent": 100 * found["texts"]["outside_share"]}
    lines = [HEADING, "", ABOUT.format(**found["texts"], **about), ""]
    lines += [
        "| promise about | more wrong than 5 % | wrong, mean | most | answered of the classes |"
    ]
    lines += ["|---|---|---|---|---|"]
    for name, own in drawn.items():
        mean = own["mean"]
        lines.append(
            f"| {name} | {own['more_wrong_than_promised']} of {own['draws']} draws | "
            f"{100 * mean['wrong_among_answered']:.1f} % | {100 * own['most_wrong']:.1f} % | "
            f"{100 * mean['coverage']:.1f} % |"
        )
    lines += ["", BESIDE.format(100 * found["accuracy_answering_all"]), ""]
    lines += ["| | in-scope accuracy | out-of-scope recall |", "|---|---|---|"]
    for name, own in found["published_parting"].items():
        about = {"in_scope": "labelled texts alone", "mixture": "the mixture"}[name]
        recall, accuracy = own["outside_recall"], own["in_scope_accuracy"]
        lines.append(f"| ours, promise about {about} | {100 * accuracy:.1f} | {100 * recall:.1f} |")
    lines += [f"| {name} | {accuracy} | {recall} |" for name, accuracy, recall in PUBLISHED]
    own = found["published_parting"]["in_scope"]
    errors = own["calibration_error"]
    areas = {name: one["areas"] for name, one in found["published_parting"].items()}
    aurocs = found["published_parting"]["mixture"]["auroc"]
    lines += ["", SCORES.format(own["temperature"], *(100 * errors[one] for one in errors)), ""]
    lines += [
        "| score | area, classes alone | area, mixture | AUROC of outside |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {score} | {areas['in_scope'][score]:.4f} | {areas['mixture'][score]:.4f} | "
        f"{aurocs[score]:.3f} |"
        for score in aurocs
    ]
    lines += ["", "![Risk over coverage](fallback-curve.svg)", ""]
    return "\n".join(lines)


def figure(found: dict[str, Any]) -> str:
    """Return the curve of the published parting, where texts of the classes are asked alone."""
    return risk_figure(found["published_parting"]["in_scope"]["figure"], "clinc150")


def write_section() -> None:
    """Put the section, which is the last one, and its figure into the docs."""
    found = json.loads((RESULTS / "fallback.json").read_text(encoding="utf-8"))
    before = PAGE.read_text(encoding="utf-8").partition(HEADING)[0]
    PAGE.write_text(before + section(found), encoding="utf-8")
    FIGURE.write_text(figure(found), encoding="utf-8")


if __name__ == "__main__":
    main()
