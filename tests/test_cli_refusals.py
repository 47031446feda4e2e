"""Bad data, models, recipes and folders: one clear message, status 2, nothing printed or written.

The messages themselves are held by the tests of the parts that write them; here each must come
through the command line whole, and must name the place.
"""

import io

import pyarrow
import pytest
from command_line import QUICK_YAML, ROWS, save_small_model, textkaizen, tree, write_corpus
from pyarrow import parquet

COMMANDS = ("train", "improve", "study", "check", "evaluate")
MODEL_FILES = ("model.json", "vocabulary.json", "weights.safetensors", "model.sha256")


def lines(count, label):
    return "".join(f"text {number},{label(number)}\n" for number in range(count))


def parquet_bytes():
    content = io.BytesIO()
    parquet.write_table(pyarrow.table({"text": ["a", "b"], "label": ["x", "y"]}), content)
    return content.getvalue()


BROKEN_QUOTE = "text,label\n" + lines(898, lambda n: n % 3) + '"broken,x\n' + lines(50, lambda n: 1)
# What is wrong with a file, whatever is to be done with it: its content, what the message says.
FILES = {
    "empty": (b"", "is empty"),
    "only a header": (b"text,label\n", "has only its header (line 1)"),
    "a missing column": (b"text,lable\na,x\n", "Did you mean 'lable'?"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is a PNG picture"),
    "Parquet by another name": (parquet_bytes(), "end its name in .parquet"),
    "every text empty": (b"text,label\n,x\n  ,y\n", "all 2 are"),
    "a text without a label": (b"text,label\na,x\nb,\n", "without one (line 3)"),
    "a broken quote": (BROKEN_QUOTE.encode(), "begins on line 900"),
    "a line of 5 MB": (b"text,label\nhi,x\n" + 5_000_000 * b"a" + b",y\n", "on line 3"),
    "a text of 1 MB": (b"text,label\nhi,x\nho,x\n" + 350_000 * b"ab " + b",y\n", "on line 4"),
    "Latin-1": ("text,label\nhi,x\nSchöne Grüße,y\n".encode("latin-1"), "line 3 has the byte 0xF6"),
    "a field too many": (b"text,label\na,x\nb,y,z\n", "line 3"),
}
# What is wrong for all that train.
CONTENTS = {
    "one class": ("text,label\na,x\nb,x\n", "all 2 rows"),
    "a label for each text": ("text,label\n" + lines(5_000, str), "5000 different labels in 5000"),
    "a class with one text": ("text,label\na,x\nb,x\nc,x\nd,y\n", "'y' (1, line 5)"),
}
RECIPES = {
    "a misspelt name": ("knobs:\n  dropuot: 0.5\n", "line 2", "did you mean 'dropout'?"),
    "a misspelt part": ("nobs:\n  dropout: 0.5\n", "line 1", "did you mean 'knobs'?"),
    "a negative rate": ("knobs:\n  learning_rate: -1\n", "line 2", "must be more than 0"),
    "all units dropped": ("knobs:\n  dropout: 1.0\n", "line 2", "less than 1; found 1.0"),
    "an unknown activation": ("knobs:\n  activation: relo\n", "line 2", "did you mean 'relu'?"),
    "broken YAML": ("knobs: [1\n", "line 2", "Mend it there"),
    "a list": ("- dropout\n", "begins with '- dropout'", "Write it so"),
    "nothing": ("", "is empty", "Write it so"),
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder to be in, with a model, a good corpus and a quick recipe."""
    monkeypatch.chdir(tmp_path)
    save_small_model(tmp_path / "model")
    write_corpus(tmp_path / "good.csv")
    (tmp_path / "quick.yaml").write_text(QUICK_YAML)
    return tmp_path


@pytest.fixture
def nothing_trains(home, monkeypatch):
    """What is refused must be refused before anything has been trained."""

    def trained(*_args, **_named):
        raise AssertionError("trained before it was refused")

    monkeypatch.setattr("textkaizen.train.lanes.train", trained)
    monkeypatch.setattr("textkaizen.study.experiment.train", trained)
    monkeypatch.setattr("textkaizen.classical.linear.fit_linear", trained)


def arguments(command, data):
    """A command line that writes into new folders below a new one, where it writes at all."""
    return {
        "train": ["train", data, "--out", "new/model", "--recipe", "quick.yaml"],
        "improve": ["improve", data, "--out", "new/out", "--rounds", "1"],
        "study": ["study", data, "--out", "new/out", "--rounds", "1"],
        "check": ["check", data],
        "evaluate": ["evaluate", "model", data],
    }[command]


def refused(home, *command_line, stdin=b"", out=""):
    """Call what must be refused; return the message."""
    before = tree(home)
    ended = textkaizen(*command_line, stdin=stdin)
    assert (ended.status, ended.out) == (2, out), ended.err
    assert tree(home) == before
    assert ended.err.startswith("textkaizen: ")
    assert ended.err.count("\n") == 1
    assert ended.err.endswith(".\n") or "iconv" in ended.err or "?\n" in ended.err
    assert len(ended.err) < 700
    return ended.err


def refused_by_typer(home, *command_line):
    """Call what Typer refuses by itself; return its message."""
    before = tree(home)
    ended = textkaizen(*command_line)
    assert (ended.status, ended.out) == (2, ""), ended.err
    assert tree(home) == before
    assert ended.err.startswith("Usage: textkaizen")
    assert "Traceback" not in ended.err
    return ended.err


@pytest.mark.usefixtures("nothing_trains")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("what", FILES)
def test_a_file_that_cannot_be_used_is_refused(home, command, what):
    content, found = FILES[what]
    (home / "bad.csv").write_bytes(content)
    message = refused(home, *arguments(command, "bad.csv"))
    assert found in message
    assert "bad.csv" in message


@pytest.mark.usefixtures("nothing_trains")
@pytest.mark.parametrize("command", COMMANDS[:-1])
@pytest.mark.parametrize("what", CONTENTS)
def test_texts_that_cannot_be_trained_on_are_refused(home, command, what):
    content, found = CONTENTS[what]
    (home / "bad.csv").write_text(content)
    message = refused(home, *arguments(command, "bad.csv"))
    assert found in message
    assert "bad.csv" in message


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_missing_or_a_folder_is_refused(home, command):
    assert "none.csv does not exist" in refused(home, *arguments(command, "none.csv"))
    assert "model is a folder" in refused(home, *arguments(command, "model"))
    assert "must end in .csv" in refused(home, *arguments(command, "quick.yaml"))


def test_a_test_file_must_have_the_labels_of_the_training_texts(home):
    write_corpus(home / "test.csv", [("hello", "greeting"), ("lost my hat", "loss")])
    for command in ("improve", "check"):
        message = refused(home, *arguments(command, "good.csv"), "--test", "test.csv")
        assert "test.csv has 'greeting', which good.csv lacks" in message
    message = refused(home, *arguments("evaluate", "test.csv"))
    assert "test.csv has 'greeting'. The model knows 'hours', 'loss', 'renewal'" in message


def test_one_column_cannot_be_texts_and_labels(home):
    assert "label, label" in refused(home, "check", "good.csv", "--text-column", "label")
    assert "'who'" in refused(home, "check", "good.csv", "--group-column", "who")


@pytest.mark.parametrize("name", MODEL_FILES)
@pytest.mark.parametrize("command", ["predict", "chat", "evaluate"])
def test_a_model_with_one_flipped_byte_is_refused(home, name, command):
    rest = ["good.csv"] if command == "evaluate" else []
    file = home / "model" / name
    whole = file.read_bytes()
    for place in (0, len(whole) // 2, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        file.write_bytes(damaged)
        message = refused(home, command, "model", *rest, stdin=b"hello\n")
        assert "model.json" in message or name in message
        assert "Copy or train it again" in message


@pytest.mark.parametrize("command", ["predict", "chat", "evaluate"])
def test_what_is_no_model_is_refused(home, command):
    rest = ["good.csv"] if command == "evaluate" else []
    assert "model.json cannot be read" in refused(home, command, ".", *rest)
    assert "none does not exist" in refused(home, command, "none", *rest)
    assert "good.csv is not a folder" in refused(home, command, "good.csv", *rest)


@pytest.mark.usefixtures("nothing_trains")
@pytest.mark.parametrize("command", ["improve", "study", "train"])
def test_a_folder_that_cannot_be_used_is_refused_before_the_work(home, command):
    (home / "foreign").mkdir()
    (home / "foreign" / "thesis.txt").write_text("years of work")
    line = arguments(command, "good.csv")
    place = line.index("--out") + 1
    for folder in ("good.csv", "foreign", "good.csv/deeper/model"):
        line[place] = folder
        assert folder in refused(home, *line)
    line[place] = "foreign"
    assert "thesis.txt" in refused(home, *line)


@pytest.mark.parametrize("command", ["train", "study"])
@pytest.mark.parametrize("what", RECIPES)
def test_a_recipe_that_cannot_be_is_refused(home, command, what):
    content, *found = RECIPES[what]
    (home / "bad.yaml").write_text(content)
    line = ["good.csv", "--out", "new/model", "--recipe", "bad.yaml"]
    message = refused(home, command, *line)
    assert "bad.yaml" in message
    assert all(part in message for part in found)


def test_a_recipe_that_is_not_there_or_not_text_is_refused(home):
    line = ["train", "good.csv", "--out", "new", "--recipe"]
    assert "No such file" in refused(home, *line, "none.yaml")
    assert "not UTF-8" in refused(home, *line, "model/weights.safetensors")


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ("--minutes 0", "found 0"),
        ("--minutes -1", "found -1"),
        ("--minutes nan", "found nan"),
        ("--minutes inf", "found inf"),
        ("--rounds 0", "found 0"),
        ("--minutes 1 --rounds 1", "not both"),
    ],
)
@pytest.mark.parametrize("command", ["improve", "study"])
def test_limits_that_cannot_be_are_refused(home, command, limits, found):
    line = [command, "good.csv", "--out", "new", *limits.split()]
    assert found in refused(home, *line)


def test_an_unknown_improvement_is_refused(home):
    line = ["study", "good.csv", "--out", "new", "--rounds", "1"]
    assert "dropuot" in refused(home, *line, "--only", "dropuot")
    assert "depht" in refused(home, *line, "--group", "depht")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("improve good.csv --seed -1", "--seed"),
        ("improve good.csv --seed half", "integer"),
        ("predict model --top-k 0", "--top-k"),
        ("train good.csv", "--out"),
        ("train good.csv --out new --recipies quick.yaml", "--recipies"),
        ("predict", "MODEL"),
        ("check", "DATA"),
        ("imporve good.csv", "imporve"),
        ("check good.csv more.csv", "more.csv"),
    ],
)
def test_what_the_command_line_does_not_know_is_refused(home, line, found):
    assert found in refused_by_typer(home, *line.split())


def test_bytes_that_are_not_utf_8_are_refused_where_they_come(home):
    stdin = "lost my key\nSchön\nmore\n".encode("latin-1")
    first = textkaizen("predict", "model", stdin=b"lost my key\n").out
    message = refused(home, "predict", "model", stdin=stdin, out=first)
    assert "line 2 has the byte 0xF6 at place 4" in message
    first = textkaizen("chat", "model", stdin=b"lost my key\n").out
    message = refused(home, "chat", "model", stdin=stdin, out=first)
    assert "line 2 has the byte 0xF6 at place 4" in message


def test_texts_to_predict_that_cannot_be_read_are_refused(home):
    (home / "latin.txt").write_bytes("hello\nSchön\nKäse\n".encode("latin-1"))
    assert "line 2 has the byte 0xF6" in refused(home, "predict", "model", "latin.txt")
    assert "none.txt does not exist" in refused(home, "predict", "model", "none.txt")
    assert "model is a folder" in refused(home, "predict", "model", "model")


def test_replies_for_a_label_the_model_does_not_have_are_refused(home):
    write = (home / "replies.csv").write_text
    write("label,reply\nloss,Oh dear.\nrenewel,Done.\n")
    message = refused(home, "chat", "model", "--replies", "replies.csv", stdin=b"hello\n")
    assert "'renewel' (line 3; did you mean 'renewal'?)" in message


def test_the_small_corpus_is_one_that_can_be_trained_on(home):
    ended = textkaizen(*arguments("train", "good.csv"))
    assert (ended.status, ended.err) == (0, "")
    assert sorted(path.name for path in (home / "new" / "model").iterdir()) == sorted(MODEL_FILES)
    assert f"Trained on {len(ROWS)} texts." in ended.out
