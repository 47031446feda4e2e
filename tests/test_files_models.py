"""Saving and loading models: every byte counts, and an interrupted save costs nothing."""

import errno
import json
import os
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.errors import ModelError
from textkaizen.files.models import FORMER, NAMES, load_model, save_model
from textkaizen.model import Model
from textkaizen.nets.plain import Network
from textkaizen.recipe import Recipe, TextRules
from textkaizen.text.vectorise import Vocabulary

MODELS = Path(__file__).parent / "models"
KEPT = MODELS / "v2" / "ensemble"
FOLDERS = sorted(path.parent for path in MODELS.glob("*/*/model.json"))
TEXTS = ["When do you open?", "本を延長したい", "", "my card is gone"]


def small(labels=("a", "b"), terms=("card", "open"), hidden=(3,), scale=1.0, members=1):
    generator = np.random.default_rng(0)
    sizes = (len(terms), *hidden, len(labels))
    pairs = list(pairwise(sizes))
    draw = lambda *shape: np.float32(scale * generator.normal(size=shape))
    rules = TextRules(words=(1, 1), characters=(0, 0))
    recipe = Recipe(rules).with_shape(hidden=hidden)
    network = lambda: Network(
        tuple(draw(*pair) for pair in pairs),
        tuple(draw(units) for _, units in pairs),
        tuple(np.abs(draw(4, units)) for units in hidden),
        *("elu", "none", 0.3),
    )
    first, *others = (network() for _ in range(members))
    vocabulary = Vocabulary(rules, terms, len(terms), np.ones(len(terms), np.float32))
    recipe = recipe.with_knobs(activation="elu", ensemble=members)
    return Model("network", recipe, labels, vocabulary, first, {"seed": 1}, tuple(others))


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kept", FOLDERS, ids=lambda path: path.relative_to(MODELS).as_posix())
def test_a_model_comes_back_as_it_was_saved(kept, tmp_path):
    """Whatever the format it was saved in; numbers and terms to the last byte."""
    model, new = load_model(kept), tmp_path / "new" / "model"
    save_model(model, new)
    again = load_model(new)
    assert (again.kind, again.recipe, again.labels) == (model.kind, model.recipe, model.labels)
    assert again.facts == model.facts
    assert again.vocabulary.terms == model.vocabulary.terms
    assert (again.logits(TEXTS) == model.logits(TEXTS)).all()
    for name in ("vocabulary.json", "weights.safetensors"):
        assert (new / name).read_bytes() == (kept / name).read_bytes()
    save_model(again, tmp_path / "third")
    assert files_of(tmp_path / "third") == files_of(new)


@pytest.mark.parametrize("members", [1, 2, 3])
def test_every_member_of_an_ensemble_comes_back_bit_for_bit(members, tmp_path):
    model = small(members=members)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert len(again.networks) == members
    for one, other in zip(again.networks, model.networks, strict=True):
        for kind in ("kernels", "biases", "norms"):
            pairs = zip(getattr(one, kind), getattr(other, kind), strict=True)
            assert all((new == old).all() for new, old in pairs)
    assert (again.logits(["open", "card open"]) == model.logits(["open", "card open"])).all()


def test_a_mean_over_masks_comes_back_bit_for_bit(tmp_path):
    model = small(members=2)
    recipe = model.recipe.with_knobs(dropout=(0.5,), dropout_kind="alpha")
    model = replace(model, recipe=recipe).with_masks(6)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.recipe.knobs.monte_carlo == 6
    assert (again.logits(["open", "card open"]) == model.logits(["open", "card open"])).all()
    assert again.answer("open", 2) == model.answer("open", 2)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=4, unique=True),
    st.lists(st.text(min_size=1, max_size=5), max_size=4, unique=True),
    st.lists(st.integers(1, 4), max_size=3),
)
def test_any_labels_terms_and_widths_come_back(tmp_path_factory, labels, terms, hidden):
    folder = tmp_path_factory.mktemp("any") / "model"
    model = small(tuple(labels), tuple(terms), tuple(hidden))
    save_model(model, folder)
    again = load_model(folder)
    assert again.labels == model.labels
    assert again.vocabulary.terms == model.vocabulary.terms
    for one, other in zip(again.network.kernels, model.network.kernels, strict=True):
        assert one.shape == other.shape
        assert (one == other).all()


def test_half_a_surrogate_pair_in_a_label_or_term_comes_back(tmp_path):
    model = small(labels=("a", "\ud83d"), terms=("\ude00", "\ud83d\ude00", "😀"))
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert (again.labels, again.vocabulary.terms) == (model.labels, model.vocabulary.terms)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_found(tmp_path_factory, name, data):
    folder = tmp_path_factory.getbasetemp() / f"flipped-{name}"
    if not folder.exists():
        shutil.copytree(KEPT, folder)
    content = (KEPT / name).read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    mask = data.draw(st.integers(1, 255))
    changed = bytearray(content)
    changed[place] ^= mask
    (folder / name).write_bytes(changed)
    with pytest.raises(ModelError):
        load_model(folder)


@pytest.mark.parametrize("name", NAMES)
def test_any_file_cut_short_or_lengthened_or_gone_is_found(tmp_path, name):
    folder = tmp_path / "model"
    shutil.copytree(KEPT, folder)
    content = (folder / name).read_bytes()
    cuts = [content[: len(content) * part // 16] for part in range(16)]
    for changed in (*cuts, content[:-1], content + b"\n", content + b"\0"):
        (folder / name).write_bytes(changed)
        with pytest.raises(ModelError):
            load_model(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_model(folder)
    (folder / name).mkdir()
    with pytest.raises(ModelError, match=name):
        load_model(folder)


def test_what_is_missing_no_folder_or_no_model_is_told_apart(tmp_path):
    (tmp_path / "file").write_text("hello")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.json").write_text('{"format": "layers-model"}')
    for name, message in (
        ("missing", "missing does not exist"),
        ("file", "file is not a folder"),
        ("empty", r"empty model\.json cannot be read"),
        ("other", "does not name the format textkaizen-model"),
    ):
        with pytest.raises(ModelError, match=message) as found:
            load_model(tmp_path / name)
        assert str(tmp_path / name) in str(found.value)


def test_a_former_model_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    save_model(small(scale=1), tmp_path / "model")
    save_model(small(scale=2), tmp_path / "model")
    assert (
        load_model(tmp_path / "model").network.kernels[0][0, 0]
        == (small(scale=2).network.kernels[0][0, 0])
    )
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == sorted(NAMES)


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "model").mkdir()
    save_model(small(), tmp_path / "model")
    assert load_model(tmp_path / "model").labels == ("a", "b")


def test_a_damaged_model_may_be_replaced(tmp_path):
    save_model(small(), tmp_path / "model")
    (tmp_path / "model" / "weights.safetensors").unlink()
    save_model(small(), tmp_path / "model")
    assert load_model(tmp_path / "model").labels == ("a", "b")


@pytest.mark.parametrize(
    "there",
    [
        {"notes.txt": "mine"},
        {"model.json": '{"format": "layers-model"}'},
        {"vocabulary.json": "{}"},
        {"model.json": '{"format": "textkaizen-model"}', "notes.txt": "mine"},
    ],
)
def test_a_folder_of_something_else_is_never_written_over(tmp_path, there):
    folder = tmp_path / "model"
    folder.mkdir()
    for name, content in there.items():
        (folder / name).write_text(content)
    before = files_of(folder)
    with pytest.raises(ModelError, match="must be saved in a folder that is new, empty or a model"):
        save_model(small(), folder)
    assert files_of(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_in_the_place_of_the_folder_is_never_written_over(tmp_path):
    (tmp_path / "model").write_text("mine")
    for folder in (tmp_path / "model", tmp_path / "model" / "below"):
        with pytest.raises(ModelError, match="Name another folder"):
            save_model(small(), folder)
    assert (tmp_path / "model").read_text() == "mine"


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", range(4))
def test_an_interrupted_save_leaves_the_former_model_whole(tmp_path, monkeypatch, failure, call):
    """Fails at the third file, at either renaming, and at making the new folder."""
    save_model(small(scale=1), tmp_path / "model")
    before = files_of(tmp_path / "model")
    method, at = [("write_bytes", 3), ("rename", 1), ("rename", 2), ("mkdir", 2)][call]
    real, calls = getattr(Path, method), []

    def failing(self, *args, **kwargs):
        calls.append(self)
        if len(calls) == at:
            raise failure
        return real(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, method, failing)
        with pytest.raises((ModelError, KeyboardInterrupt)) as raised:
            save_model(small(scale=2), tmp_path / "model")
    assert len(calls) >= at
    assert isinstance(failure, KeyboardInterrupt) or "No space left" in str(raised.value)
    assert files_of(tmp_path / "model") == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_save_that_was_killed_says_where_the_former_model_is(tmp_path):
    beside = tmp_path / ".model-abc"
    beside.mkdir()
    save_model(small(), beside / FORMER)
    with pytest.raises(ModelError, match=r"has left the former model in .*former"):
        load_model(tmp_path / "model")


def test_a_link_to_a_model_stays_a_link(tmp_path):
    save_model(small(scale=1), tmp_path / "first")
    os.symlink(tmp_path / "first", tmp_path / "current")
    save_model(small(scale=2), tmp_path / "current")
    assert (tmp_path / "current").is_symlink()
    assert files_of(tmp_path / "current") == files_of(tmp_path / "first")


@pytest.mark.parametrize(
    ("member", "name"), [(0, r"of biases\.1 "), (2, r"of member\.2\.biases\.1 ")]
)
def test_weights_that_are_not_finite_are_not_saved(tmp_path, member, name):
    model = small(members=3)
    model.networks[member].biases[1][0] = np.nan
    with pytest.raises(ModelError, match=name + ".*diverged"):
        save_model(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_model_holds_plain_json_and_no_code(tmp_path):
    save_model(small(), tmp_path / "model")
    values = json.loads((tmp_path / "model" / "model.json").read_text(encoding="utf-8"))
    assert (values["format"], values["format_version"]) == ("textkaizen-model", 2)
    assert set(values["files"]) == {"vocabulary.json", "weights.safetensors"}
    assert values["recipe"]["knobs"]["patience"] is None
    assert "hashed" not in values["recipe"]["text"]  # as ever, so that format 2 reads it
