"""From texts to a model and on: train, evaluate, predict, chat, check and the catalogue."""

import json
import re

import pytest
from command_line import QUICK_YAML, ROWS, save_small_model, textkaizen, write_corpus

from textkaizen.cli.commands import HOMES
from textkaizen.files.models import load_model
from textkaizen.study.improvements import CATALOGUE


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_small_model(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus.csv")


def done(*command_line, **named):
    """Call what must end well and say nothing on standard error."""
    ended = textkaizen(*command_line, **named)
    assert (ended.status, ended.err) == (0, "")
    return ended.out


def as_json(text):
    """Read one JSON object; anything beside it is an error, and so is NaN."""

    def strange(constant):
        raise AssertionError(f"{constant} is not JSON")

    found = json.loads(text, parse_constant=strange)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("ending", [[], ["--json"]], ids=["words", "json"])
def test_what_train_leaves_is_the_model_it_tells_of(tmp_path, corpus, ending):
    (tmp_path / "quick.yaml").write_text(QUICK_YAML)
    folder = tmp_path / "new" / "model"
    line = ["train", corpus, "--out", folder, "--recipe", tmp_path / "quick.yaml", "--seed", "3"]
    out = done(*line, *ending)
    found = load_model(folder)
    assert found.recipe.shape.hidden == (4,)
    assert (found.labels, found.facts["seed"]) == (("hours", "loss", "renewal"), 3)
    if ending:
        told = as_json(out)
        assert told["recipe"] == found.recipe.to_dict()
        assert (told["texts"], told["classes"], told["seed"]) == (len(ROWS), 3, 3)
        assert (told["model"], told["epoch"]) == (str(folder), 3)
        assert 0 < told["logs"]["loss"] < 10
    else:
        assert f"Trained on {len(ROWS)} texts. After epoch 3: loss " in out
        assert out.endswith(f"The model is in {folder}.\n")


def test_evaluate_says_the_same_in_words_and_in_json(model, corpus):
    told = as_json(done("evaluate", model, corpus, "--json"))
    assert (told["texts"], told["classes"]) == (len(ROWS), 3)
    words = done("evaluate", model, corpus).splitlines()
    for line, name in zip(words[:2], ("accuracy", "macro_f1"), strict=True):
        value, low, high = (100 * told[name][part] for part in ("value", "low", "high"))
        assert 0 <= low <= value <= high <= 100
        assert line.split()[0] == name.replace("_f1", "-F1")
        assert f"{value:.1f} % [{low:.1f}, {high:.1f}]" in line
    assert words[2] == f"on {len(ROWS)} texts of 3 classes; in brackets the 95 % interval"


@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        ("starts: 3", ["3 starts ended at val_loss A, B, C; the best was kept."]),
        (
            "starts: 2\n  ensemble: 2\n  monitor: val_accuracy",
            [
                "2 starts of member 1 ended at val_accuracy A, B; the best was kept.",
                "2 starts of member 2 ended at val_accuracy C, D; the best was kept.",
                "An ensemble of 2 networks; the logs are those of the first.",
            ],
        ),
        ("ensemble: 2", ["An ensemble of 2 networks; the logs are those of the first."]),
        ("dropout: 0.2", []),
    ],
)
def test_train_says_how_far_its_starts_are_apart_and_how_many_answer(tmp_path, corpus, knobs, told):
    (tmp_path / "recipe.yaml").write_text(f"{QUICK_YAML}  {knobs}\n")
    line = ["train", corpus, "--out", tmp_path / "model", "--recipe", tmp_path / "recipe.yaml"]
    found = as_json(done(*line, "--json"))
    words = done(*line).splitlines()[1:-1]
    starts, members = found["starts"], found["members"]
    assert members == len(load_model(tmp_path / "model").networks)
    assert len(starts) % members == 0
    best_first = lambda part: sorted(part, reverse=found["monitor"] == "val_accuracy")
    each = len(starts) // members
    parts = [best_first(starts[place : place + each]) for place in range(0, len(starts), each)]
    names = dict(zip("ABCD", (f"{value:.2f}" for part in parts for value in part), strict=False))
    filled = [re.sub(r"\b[ABCD]\b", lambda letter: names[letter[0]], line) for line in told]
    assert words == filled
    if members == 1:
        assert parts[0][0] == found["logs"][found["monitor"]]


def test_train_does_not_boast_of_starts_that_nothing_could_choose_among(tmp_path):
    # Equal texts stay together: of three there is none to spare for validation.
    rows = [(text, label) for text, label in ROWS[:1] + ROWS[30:31] for _ in range(20)]
    corpus = write_corpus(tmp_path / "corpus.csv", rows)
    (tmp_path / "recipe.yaml").write_text(f"{QUICK_YAML}  starts: 2\n")
    line = ["train", corpus, "--out", tmp_path / "model", "--recipe", tmp_path / "recipe.yaml"]
    told = "2 starts could not be told apart (no text to hold back); the first was kept."
    assert told in done(*line).splitlines()
    assert as_json(done(*line, "--json"))["starts"] == []


def test_evaluate_scores_the_average_over_masks_in_words_and_in_json(tmp_path, corpus):
    (tmp_path / "recipe.yaml").write_text(f"{QUICK_YAML}  dropout: 0.7\n")
    model = tmp_path / "model"
    done("train", corpus, "--out", model, "--recipe", tmp_path / "recipe.yaml")
    line = ["evaluate", model, corpus, "--monte-carlo", 4]
    told, words = as_json(done(*line, "--json")), done(*line).splitlines()
    assert (words[0], words[3]) == ("All units", "Average over 4 dropout masks")
    assert words[1:3] == done("evaluate", model, corpus).splitlines()[:2]
    averaged = told["monte_carlo"]
    assert words[4].startswith(f"accuracy   {100 * averaged['accuracy']['value']:.1f} % [")
    gap = averaged["difference"]["macro_f1"]
    assert words[5].startswith("macro-F1 ")
    assert words[8].split()[1].strip("+") == f"{100 * gap['difference']:.1f}".replace("-0.0", "0.0")
    assert max(map(len, words)) <= 80


def test_evaluate_refuses_masks_of_a_model_without_dropout_and_fewer_than_one(model, corpus):
    ended = textkaizen("evaluate", model, corpus, "--monte-carlo", 3)
    assert (ended.status, ended.out) == (2, "")
    assert "this model (network) was trained without" in ended.err
    ended = textkaizen("evaluate", model, corpus, "--monte-carlo", 0)
    assert (ended.status, ended.out) == (2, "")
    assert "--monte-carlo" in ended.err


def test_evaluate_counts_what_predict_answers(model, corpus):
    stdin = "".join(f"{text}\n" for text, _ in ROWS).encode()
    answers = [json.loads(line) for line in done("predict", model, stdin=stdin).splitlines()]
    right = [answer["label"] == label for answer, (_, label) in zip(answers, ROWS, strict=True)]
    told = as_json(done("evaluate", model, corpus, "--json"))
    assert told["accuracy"]["value"] == pytest.approx(sum(right) / len(ROWS))


def test_predict_gives_the_same_from_a_file_and_from_standard_input(tmp_path, model):
    content = "lost my key\r\n\r\nrenew my card\nwhen open? 何時".encode()
    (tmp_path / "texts.txt").write_bytes(content)
    out = done("predict", model, stdin=content)
    assert out == done("predict", model, tmp_path / "texts.txt")
    answers = [json.loads(line) for line in out.splitlines()]
    texts = ["lost my key", "", "renew my card", "when open? 何時"]
    assert [answer["text"] for answer in answers] == texts
    assert all(list(answer) == ["text", "label", "probability"] for answer in answers)
    assert "何時" in out


@pytest.mark.parametrize(("top_k", "labels"), [(2, 2), (3, 3), (9, 3)])
def test_top_k_labels_come_best_first(model, top_k, labels):
    answer = as_json(done("predict", model, "--top-k", top_k, stdin=b"lost my key\n"))
    assert len(answer["top"]) == labels
    best = [each["probability"] for each in answer["top"]]
    assert best == sorted(best, reverse=True)
    assert answer["top"][0] == {k: answer[k] for k in ("label", "probability")}
    assert {each["label"] for each in answer["top"]} <= {"hours", "loss", "renewal"}
    assert sum(best) == pytest.approx(1, abs=3e-6) or labels < 3


def test_no_text_gives_no_answer(tmp_path, model):
    assert done("predict", model) == ""
    (tmp_path / "texts.txt").write_bytes(b"")
    assert done("predict", model, tmp_path / "texts.txt") == ""


def test_ten_thousand_lines_are_answered_in_their_order(model):
    texts = [f"{text} {number}" for number in range(159) for text, _ in ROWS][:10_000]
    out = done("predict", model, stdin="\n".join(texts).encode())
    assert [json.loads(line)["text"] for line in out.splitlines()] == texts


def test_chat_answers_with_replies_and_with_the_label_where_there_is_none(tmp_path, model):
    (tmp_path / "replies.csv").write_text("label,reply\nloss,Oh dear.\nloss,What a pity.\n")
    stdin = b"lost my key\nlost my key\n\n/top\n/hlep\nlost my key\nrenew my card\n/quit\nlost\n"
    ended = textkaizen("chat", model, "--replies", tmp_path / "replies.csv", stdin=stdin)
    out = ended.out.splitlines()
    assert set(out[:2]) == {"Oh dear.", "What a pity."}
    assert out[2].split()[1] == "loss"
    assert out[5] == "There is no /hlep; there are /why, /top, /help and /quit."
    assert out[6:] == [out[0], "[renewal]"]
    missing = "2 of 3 labels have no reply and are answered with their names: hours, renewal.\n"
    assert (ended.status, ended.err) == (0, missing)


def test_chat_ends_with_its_input(model):
    assert done("chat", model, stdin=b"") == ""
    assert done("chat", model, stdin=b"lost my key") == "[loss]\n"
    assert done("chat", model, stdin=b"/top\n") == "Nothing was said yet.\n"


def test_check_says_that_nothing_is_wrong(corpus):
    words = f"{corpus}: {len(ROWS)} texts, 3 classes.\nLanguages: en 100 %.\n"
    assert done("check", corpus) == words + "Nothing wrong was found.\n"
    told = as_json(done("check", corpus, "--json"))
    sizes = {"texts": len(ROWS), "classes": 3, "languages": {"en": len(ROWS)}}
    assert told == {"path": str(corpus), **sizes, "warnings": []}


def test_check_tells_the_language_of_each_text_in_a_file_of_three(tmp_path):
    turned = {"lost my key": "Schlüssel verloren", "lost my bag": "鞄をなくしました"}
    rows = [(turned.get(text, text), label) for text, label in ROWS] + [("?!", "hours")]
    path = write_corpus(tmp_path / "corpus.csv", rows)
    codes = {"Schlüssel verloren": "de", "鞄をなくしました": "ja", "?!": ""}
    expected = [(line, codes.get(text, "en"), text) for line, (text, _) in enumerate(rows, 2)]
    out = done("check", path, "--rows").splitlines()
    assert out[1].startswith("Languages: en ")
    assert out[-len(rows) :] == ["\t".join(map(str, row)) for row in expected]
    told = as_json(done("check", path, "--rows", "--json"))
    assert [tuple(row.values()) for row in told["rows"]] == expected
    assert sum(told["languages"].values()) == len(rows)
    named = as_json(done("check", path, "--json", "--language", "fr"))
    assert named["languages"] == {"fr": len(rows) - 1, "": 1}
    ended = textkaizen("check", path, "--language", "klingon")
    assert ended.status == 2
    assert "ISO 639-1 code, such as de, en or ja; found 'klingon'" in ended.err


def test_check_says_what_is_wrong_with_its_lines(tmp_path):
    rows = [*ROWS, ("lost my bag", "loss"), (" ", "loss"), ("lost my key", "hours")]
    path = write_corpus(tmp_path / "corpus.csv", rows)
    test = write_corpus(tmp_path / "test.csv", [("renew my card", "renewal")])
    out = done("check", path, "--test", test)
    warnings = as_json(done("check", path, "--test", test, "--json"))["warnings"]
    assert out.splitlines()[2:] == [f"- {warning}" for warning in warnings]
    end = len(ROWS) + 2
    assert f"1 text is empty and left out (line {end + 1})." in out
    assert "'lost my bag' (lines 26, 65)" in out
    assert f"'hours' (line {end + 2})" in out
    assert "'renew my card' (line 2 of training; line 2 of the test)" in out


def test_the_catalogue_is_listed_whole_in_words_and_in_json():
    rows = as_json(done("improvements", "--json"))["improvements"]
    assert [row["name"] for row in rows] == [one.name for one in CATALOGUE]
    assert {tuple(row) for row in rows} == {("name", "group", "changes", "claim", "source")}
    out = done("improvements")
    for row in rows:
        assert f"{row['name']}  ({row['group']})\n    {row['claim']}\n    changes: " in out
        assert f"    source: {row['source']}\n" in out


def test_without_a_command_the_commands_are_listed():
    ended = textkaizen("--help")
    assert ended.status == 0
    commands = ended.out.partition("Commands:\n")[2].splitlines()
    assert len(commands) == len(HOMES)
    # A sentence that is cut off tells a newcomer nothing.
    assert not [line for line in commands if "..." in line]
    assert textkaizen().err.startswith("Usage: textkaizen") or textkaizen().out == ended.out
