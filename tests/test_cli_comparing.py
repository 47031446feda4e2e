"""`study --compare` and `--metric` from the command line: files in, a table out, or a sentence."""

import csv
import json
import re
from pathlib import Path

import pytest
from command_line import QUICK_YAML, textkaizen, tree, write_corpus

from textkaizen.errors import RecipeError, UsageError
from textkaizen.files.candidates import load_candidate, load_candidates
from textkaizen.files.recipes import load_recipe
from textkaizen.recipe import Recipe
from textkaizen.study.compared import DEFAULT
from textkaizen.study.improvements import chosen

ROOT = Path(__file__).parent.parent
SVM = "pipeline:\n  - TfidfVectorizer: {ngram_range: [1, 2]}\n  - LinearSVC: {C: 0.5}\n"
BAYES = "pipeline: [CountVectorizer, MultinomialNB]\n"
LOGISTIC = "pipeline: [CountVectorizer, {LogisticRegression: {C: 10}}]\n"
GREEDY = "pipeline: [CountVectorizer, GaussianNB]\n"


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Two improvements, three folds, one seed: a run takes seconds."""
    monkeypatch.setattr("textkaizen.study.kaizen.CATALOGUE", chosen(["dropout 0.5", "ELU"]))
    for module in ("design", "compared"):
        monkeypatch.setattr(f"textkaizen.study.{module}.design_by_size", lambda texts: (3, 1))


@pytest.fixture
def folder(tmp_path):
    files = {"quick": QUICK_YAML, "svm": SVM, "bayes": BAYES, "logistic": LOGISTIC}
    for name, content in (files | {"greedy": GREEDY}).items():
        (tmp_path / f"{name}.yaml").write_text(content)
    write_corpus(tmp_path / "corpus.csv")
    return tmp_path


def study(folder, *rest):
    line = [folder / word if str(word).endswith(".yaml") else word for word in rest]
    return textkaizen("study", folder / "corpus.csv", *line, "--rounds", 1, "--json")


def compared(folder, *rest):
    ended = study(folder, *rest)
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def test_files_after_compare_are_measured_against_the_first(folder):
    before = tree(folder)
    found = compared(folder, "--compare", "quick.yaml", "svm.yaml", "bayes.yaml")
    assert [v["name"] for v in found["improvements"]] == ["svm", "bayes"]
    assert [v["group"] for v in found["improvements"]] == ["pipeline", "pipeline"]
    assert found["design"]["compared"]["base"] == "quick"
    assert found["design"]["compared"]["candidates"]["svm"] == {
        "pipeline": "TfidfVectorizer(ngram_range=(1, 2)), LinearSVC(C=0.5)"
    }
    names = ("quick", "svm", "bayes")
    assert found["data"]["compared"] == [str(folder / f"{name}.yaml") for name in names]
    assert found["baseline"]["knobs"]["epochs"] == 3
    assert tree(folder) == before, "nothing is written unasked"


def test_compare_may_be_repeated_and_says_the_same(folder):
    line = ["--compare", "quick.yaml", "--compare", "svm.yaml", "--compare", "bayes.yaml"]
    one, other = compared(folder, *line), compared(folder, line[0], *line[1::2])
    for each in (one, other):
        for verdict in each["improvements"]:
            del verdict["seconds"]
    assert one["improvements"] == other["improvements"]


def test_one_file_alone_is_compared_with_the_baseline(folder, monkeypatch):
    quick = load_recipe(folder / "quick.yaml")
    monkeypatch.setattr("textkaizen.study.compared.BASELINE", quick)
    found = compared(folder, "--compare", "bayes.yaml")
    assert found["design"]["compared"]["base"] == DEFAULT
    assert found["baseline"] == quick.to_dict()


def test_people_get_a_table_and_a_report_that_name_what_was_compared(folder):
    line = ["--compare", folder / "quick.yaml", folder / "svm.yaml", "--rounds", 1]
    ended = textkaizen("study", folder / "corpus.csv", *line, "--out", folder / "out")
    assert ended.status == 0, ended.err
    (row,) = [line for line in ended.out.splitlines() if line.startswith("  svm ")]
    assert re.search(r"[+-]\d", row)
    assert "from quick" in ended.out
    assert {"report.html", "verdicts.json"} <= {path.name for path in (folder / "out").iterdir()}
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "svm.yaml" in page


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        (["--compare", "quick.yaml", "--only", "ELU"], "found --only beside it"),
        (["--compare", "quick.yaml", "--group", "dropout"], "found --group beside it"),
        (["--compare", "quick.yaml", "--recipe", "quick.yaml"], "found --recipe beside it"),
        (["quick.yaml"], "Put --compare before files that are to be compared."),
        (["--compare", "quick.yaml", "quick.yaml"], "Each candidate must be given once"),
        (["--compare", "quick.yaml", "missing.yaml"], "missing.yaml cannot be read"),
        (["--compare", "quick.yaml", "greedy.yaml"], "a step of greedy (GaussianNB) reads dense"),
        (
            ["--compare", "quick.yaml", "svm.yaml", "--metric", "log_loss"],
            "log_loss needs the probability of every label; svm tells none",
        ),
        (["--metric", "balanced"], "Did you mean 'balanced_accuracy'?"),
        (["--metric", "r2"], "which judges numbers"),
        (["--compare", "quick.yaml", "bayes.yaml", "--metric", "f1"], "Target is multiclass"),
        (["--recipe", "svm.yaml"], "can only be compared: `textkaizen study DATA --compare"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence_and_status_2(folder, rest, found):
    ended = study(folder, *rest)
    assert ended.status == 2
    assert ended.out == ""
    assert found in ended.err
    assert "Traceback" not in ended.err


def test_texts_after_the_files_are_told_to_come_first(folder):
    files = [folder / "quick.yaml", folder / "svm.yaml", folder / "corpus.csv"]
    ended = textkaizen("study", "--compare", *files, "--rounds", 1)
    assert ended.status == 2
    assert f"come before --compare and its files; found {files[1]} in their place" in ended.err


@pytest.mark.parametrize("metric", ["log_loss", "balanced_accuracy", "roc_auc_ovr"])
def test_a_comparison_is_decided_by_the_metric_that_was_asked_for(folder, metric):
    line = ["quick.yaml", "logistic.yaml", "--metric", metric]
    found = compared(folder, "--compare", *line)
    assert found["design"]["metric"] == metric
    # Three epochs of four units leave a network near to guessing; the texts are easy.
    assert found["improvements"][0]["difference"] > 0


def test_a_study_is_decided_by_the_metric_that_was_asked_for(folder):
    line = ["--only", "ELU", "--recipe", "quick.yaml"]
    losses, shares = compared(folder, *line, "--metric", "log_loss"), compared(folder, *line)
    assert losses["design"]["metric"] == "log_loss"
    assert shares["design"]["metric"] == "macro_f1"
    assert losses["improvements"][0]["difference"] != shares["improvements"][0]["difference"]


def test_improve_is_asked_by_the_metric_and_an_unknown_one_is_refused_first(folder, monkeypatch):
    asked = []

    def improve(*_, metric, **__):
        asked.append(metric)
        raise UsageError("asked")

    monkeypatch.setattr("textkaizen.study.kaizen.improve", improve)
    line = ["improve", folder / "corpus.csv", "--rounds", 1, "--out", folder / "out"]
    for metric, found in (("roc_auc_ovr", "asked"), ("acuracy", "Did you mean 'accuracy'?")):
        ended = textkaizen(*line, "--metric", metric)
        assert (ended.status, found in ended.err) == (2, True)
    assert asked == ["roc_auc_ovr"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            "pipeline:\n  - TfidfVectorizer\n  - LinearSVM\n",
            "line 3: scikit-learn has no 'LinearSV",
        ),
        (
            "pipeline:\n  - TfidfVectorizer: {}\n  - LinearSVC:\n      C: -1\n",
            "line 3: LinearSVC cannot be made so: The 'C' parameter of LinearSVC must be",
        ),
        ("pipeline:\n  - LinearSVC\n", "FILE: The first step of a pipeline must read texts"),
        ("pipeline: []\n", "FILE: The first step of a pipeline must read texts"),
        ("pipeline: [TfidfVectorizer, Ridge]\n", "FILE: The last step of a pipeline must be"),
        ("pipeline:\n  TfidfVectorizer: {}\n", "line 2: found \"{'TfidfVectorizer': {}}\""),
        ("pipeline: LinearSVC\n", "A pipeline must be a list of steps"),
        ("pipeline:\n", "A pipeline must be a list of steps"),
        ("pipeline: [LinearSVC]\nknobs: {}\n", "FILE has knobs beside its pipeline"),
        ("pipeline:\n  - !!python/name:os.system x\n", "FILE, line 2"),
        ("pipeline:\n  - TfidfVectorizer: {tokenizer: !!python/name:os.system }\n", "line 2"),
        ("pipeline:\n  - TfidfVectorizer: {stop_words: 2024-01-01}\n", "is of the kind date"),
        ("knobs:\n  dropuot: 0.5\n", "line 2: 'knobs' has no 'dropuot'"),
    ],
)
def test_a_candidate_that_cannot_be_names_file_and_line(tmp_path, content, found):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(RecipeError) as error:
        load_candidate(path, "mine")
    told = str(error.value)
    assert str(path) in told
    assert "\n" not in told
    assert found in told.replace(str(path), "FILE")


def test_candidates_are_called_after_their_files(folder):
    (folder / "other").mkdir()
    (folder / "other" / "svm.yaml").write_text(BAYES)
    paths = [folder / "quick.yaml", folder / "svm.yaml", folder / "other" / "svm.yaml"]
    found = load_candidates(paths)
    assert list(found) == ["quick", str(paths[1]), str(paths[2])]
    assert isinstance(found["quick"], Recipe)
    assert found[str(paths[1])].name == str(paths[1])


def test_every_pipeline_in_the_guide_can_be_compared(tmp_path):
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    shown = re.findall(r"```yml\n(.*?)```", page, flags=re.DOTALL)
    assert len(shown) >= 2
    with (ROOT / "examples" / "library-en.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]
    for content in shown:
        (tmp_path / "shown.yaml").write_text(content, encoding="utf-8")
        candidate = load_candidate(tmp_path / "shown.yaml", "shown")
        # By heart they know nearly all of them; each of 20 labels has 28.
        assert candidate.estimator.fit(texts, labels).score(texts, labels) > 0.9
