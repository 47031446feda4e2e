"""Model folders whose hashes are right and whose content is not: each a ModelError."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from textkaizen.errors import ModelError
from textkaizen.files.models import load_model

KEPT = Path(__file__).parent / "models" / "v2" / "ensemble"
HASHED = KEPT.parents[1] / "v3" / "network"
REMOVED = object()


def forge(folder, values=None, vocabulary=None, weights=None, kept=KEPT):
    """Write a copy of the kept model with some parts changed and every hash right."""
    folder.mkdir(exist_ok=True)
    parts = {
        name: (kept / name).read_bytes() for name in ("vocabulary.json", "weights.safetensors")
    }
    if vocabulary is not None:
        terms = json.loads(parts["vocabulary.json"])
        parts["vocabulary.json"] = json.dumps(changed(terms, vocabulary)).encode()
    if isinstance(weights, dict):
        arrays = changed(load(parts["weights.safetensors"]), weights)
        parts["weights.safetensors"] = save(arrays)
    elif weights is not None:
        parts["weights.safetensors"] = weights
    hashes = {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()}
    model = json.loads((kept / "model.json").read_bytes()) | {"files": hashes}
    parts["model.json"] = json.dumps(changed(model, values or {})).encode()
    digest = hashlib.sha256(parts["model.json"]).hexdigest()
    parts["model.sha256"] = f"{digest}  model.json\n".encode()
    for name, part in parts.items():
        (folder / name).write_bytes(part)
    return folder


def changed(values, changes):
    return {name: value for name, value in (values | changes).items() if value is not REMOVED}


def test_a_forged_copy_without_a_change_loads(tmp_path):
    model = load_model(forge(tmp_path / "model"))
    assert model.predict(["When do you open?"]) == ["hours"]
    least = {"knobs": {"ensemble": 3}, "shape": {"hidden": [6, 4]}}  # what below is changed
    assert len(load_model(forge(tmp_path / "model", {"recipe": least})).networks) == 3


@pytest.mark.parametrize("value", [REMOVED, None, 0, -1, True, "1", 1.0, [1]])
def test_a_format_version_that_is_none_is_refused(tmp_path, value):
    with pytest.raises(ModelError, match="has no format version"):
        load_model(forge(tmp_path / "model", {"format_version": value}))


def test_a_newer_format_is_named_as_such_whatever_else_it_holds(tmp_path):
    (tmp_path / "model.json").write_text('{"format": "textkaizen-model", "format_version": 6}')
    with pytest.raises(ModelError, match="format 6: it was written by a newer textkaizen"):
        load_model(tmp_path)


@pytest.mark.parametrize("value", [REMOVED, None, "keras", ["textkaizen-model"], 3])
def test_another_format_is_refused(tmp_path, value):
    with pytest.raises(ModelError, match="does not name the format"):
        load_model(forge(tmp_path / "model", {"format": value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "forest"),
        ("kind", REMOVED),
        ("kind", ["network"]),
        ("kind", "linear_svm"),  # with hidden layers
        ("labels", REMOVED),
        ("labels", []),
        ("labels", "abc"),
        ("labels", ["a", "b", 3]),
        ("labels", ["a", "b", "b"]),
        ("labels", ["a", "b"]),  # the last layer has three
        ("facts", REMOVED),
        ("facts", []),
        ("files", REMOVED),
        ("files", []),
        ("files", {}),
        ("files", {"vocabulary.json": None, "weights.safetensors": 7}),
        ("recipe", REMOVED),
        ("recipe", None),
        ("recipe", []),
        ("recipe", {"knobs": {"dropuot": 0.5}}),
        ("recipe", {"knobs": [1]}),
        ("recipe", {"knobs": {"activation": ["relu"]}, "shape": {"hidden": [6, 4]}}),
        ("recipe", {"knobs": {"dropout": [[0.5], [0.5]]}, "shape": {"hidden": [6, 4]}}),
        ("recipe", {"knobs": {"learning_rate": float("nan")}}),
        ("recipe", {"knobs": {"ensemble": 3}, "shape": {"hidden": [6]}}),
        ("recipe", {"knobs": {"ensemble": 3}, "shape": {"hidden": [6, 4, 4]}}),
        ("recipe", {"knobs": {"ensemble": 3}, "shape": {"hidden": [6, -4]}}),
        ("recipe", {"shape": {"hidden": [10**12, 10**12]}}),
        ("recipe", {"shape": {"batch_size": 10**400}}),
    ],
)
def test_a_wrong_value_in_the_model_file_is_refused(tmp_path, name, value):
    with pytest.raises(ModelError):
        load_model(forge(tmp_path / "model", {name: value}))


@pytest.mark.parametrize(
    "change",
    [
        {"terms": REMOVED},
        {"terms": "abc"},
        {"terms": {}},
        {"terms": [1, 2]},
        {"terms": ["only one"]},
        {"split": REMOVED},
        {"split": "3"},
        {"split": True},
        {"split": -1},
        {"split": 10**6},
        {"split": 3.0},
    ],
)
def test_a_wrong_vocabulary_is_refused(tmp_path, change):
    with pytest.raises(ModelError):
        load_model(forge(tmp_path / "model", vocabulary=change))


def test_a_term_that_stands_twice_is_refused(tmp_path):
    kept = json.loads((KEPT / "vocabulary.json").read_bytes())
    terms = [kept["terms"][1], *kept["terms"][1:]]
    with pytest.raises(ModelError, match="has a term twice"):
        load_model(forge(tmp_path / "model", vocabulary={"terms": terms}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"terms": ["a"]}, "has terms, and the recipe hashes them"),
        ({"split": 255}, "how many of its terms are words"),
        ({"split": 512}, "how many of its terms are words"),
        ({"split": 256.0}, "how many of its terms are words"),
        ({"split": REMOVED}, "how many of its terms are words"),
    ],
)
def test_a_wrong_vocabulary_of_hashed_features_is_refused(tmp_path, change, says):
    assert len(load_model(forge(tmp_path / "model", kept=HASHED)).vocabulary) == 512
    with pytest.raises(ModelError, match=says):
        load_model(forge(tmp_path / "model", vocabulary=change, kept=HASHED))


@pytest.mark.parametrize("size", [-512, 0, 1, 500, 256, 1024, 2**24, 2**25, 2**60, 10**400, "512"])
def test_a_number_of_buckets_that_the_weights_do_not_have_is_refused_at_once(tmp_path, size):
    recipe = json.loads((HASHED / "model.json").read_bytes())["recipe"]
    recipe["text"]["hashed"] = size
    split = {"split": size // 2} if isinstance(size, int) else {}
    with pytest.raises(ModelError, match=r"float32 \[|recipe that (cannot be|belongs)|terms"):
        load_model(forge(tmp_path / "model", {"recipe": recipe}, split, kept=HASHED))


def test_hashed_features_in_an_older_format_are_refused_and_so_is_the_reverse(tmp_path):
    for kept, number in ((HASHED, 2), (HASHED, 1), (KEPT, 3)):
        with pytest.raises(ModelError, match="a recipe that belongs to another format"):
            load_model(forge(tmp_path / "model", {"format_version": number}, kept=kept))


def test_an_idf_that_is_not_of_the_buckets_is_refused(tmp_path):
    idf = load((HASHED / "weights.safetensors").read_bytes())["idf"]
    for wrong in (idf[:256].copy(), np.repeat(idf, 2)):
        with pytest.raises(ModelError, match=r"has idf as float32 .* ask for float32 \[512\]"):
            load_model(forge(tmp_path / "model", weights={"idf": wrong}, kept=HASHED))


def weight_changes():
    kept = load((KEPT / "weights.safetensors").read_bytes())
    kernel, bias = kept["kernels.0"], kept["biases.1"]
    endless = bias.copy()
    endless[0] = np.inf
    return {
        "a row less": {"kernels.0": kernel[1:].copy()},
        "a unit less": {"kernels.0": kernel[:, 1:].copy()},
        "turned": {"kernels.0": kernel.T.copy()},
        "float64": {"kernels.0": kernel.astype(np.float64)},
        "whole numbers": {"biases.1": bias.astype(np.int32)},
        "not finite": {"biases.1": endless},
        "missing": {"norms.1": REMOVED},
        "too many": {"norms.2": bias},
        "no weights at all": dict.fromkeys(kept, REMOVED),
        "a member less": {name: REMOVED for name in kept if name.startswith("member.2.")},
        "a member more": {
            name.replace("member.2.", "member.3."): array
            for name, array in kept.items()
            if name.startswith("member.2.")
        },
        "a layer of a member less": {"member.1.kernels.2": REMOVED},
        "a member of another shape": {"member.1.kernels.1": kept["member.1.kernels.1"].T.copy()},
        "a member that is not finite": {"member.2.biases.1": endless},
        "a member under another name": {
            "member.2.biases.1": REMOVED,
            "member.02.biases.1": kept["member.2.biases.1"],
        },
        "idf too short": {"idf": kept["idf"][1:].copy()},
    }


@pytest.mark.parametrize("name", list(weight_changes()))
def test_weights_that_do_not_fit_are_refused(tmp_path, name):
    with pytest.raises(ModelError, match=r"weights\.safetensors has"):
        load_model(forge(tmp_path / "model", weights=weight_changes()[name]))


@pytest.mark.parametrize("members", [1, 2, 4, 10**12, 10**400])
def test_a_number_of_members_that_the_weights_do_not_have_is_refused_at_once(tmp_path, members):
    recipe = json.loads((KEPT / "model.json").read_bytes())["recipe"]
    recipe["knobs"]["ensemble"] = members
    with pytest.raises(ModelError, match=r"has not the arrays|recipe that cannot be"):
        load_model(forge(tmp_path / "model", {"recipe": recipe}))


def raw(header, data=b""):
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(content).to_bytes(8, "little") + content + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not safetensors",
        b"\xff" * 64,
        raw(b"[]"),
        raw(b"{"),
        raw({"idf": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
        raw({"idf": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, b"12"),
        raw({"idf": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, b"12"),
        raw({"idf": {"dtype": "F4", "shape": [2], "data_offsets": [0, 1]}}, b"1"),
        raw({"idf": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}, b"12345678"),
        raw({"idf": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}, b"1234"),
        raw({"idf": {"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}}, b"1234"),
        raw({"idf": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234"),
    ],
)
def test_weights_that_are_no_safetensors_are_refused(tmp_path, content):
    with pytest.raises(ModelError):
        load_model(forge(tmp_path / "model", weights=content))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": ' + b"9" * 9_999]
)
def test_a_model_file_that_is_no_mapping_is_refused(tmp_path, content):
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.json (is not JSON|does not hold)"):
        load_model(tmp_path)


def test_only_the_four_names_are_read_whatever_the_file_lists(tmp_path):
    """A path out of the folder in "files" is neither read nor believed."""
    folder = forge(tmp_path / "model")
    (tmp_path / "secret.txt").write_text("secret")
    hashes = json.loads((folder / "model.json").read_bytes())["files"]
    outside = {"../secret.txt": "0" * 64, "/etc/hostname": "0" * 64}
    assert load_model(forge(folder, {"files": hashes | outside})).labels
    moved = outside | {"../weights.safetensors": hashes["weights.safetensors"]}
    shutil.copy(folder / "weights.safetensors", tmp_path)
    with pytest.raises(ModelError, match=r"is not what model\.json says"):
        load_model(forge(folder, {"files": moved}))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = ("format", "format_version", "kind", "labels", "recipe", "facts", "files")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(FIELDS), PLAIN)
def test_any_value_in_any_field_is_a_model_or_a_model_error(tmp_path_factory, name, value):
    folder = forge(tmp_path_factory.getbasetemp() / "any-value", {name: value})
    try:
        model = load_model(folder)
    except ModelError:
        return
    assert name == "facts" or (name == "labels" and len(value) == 3)
    assert len(model.predict(["hello"])) == 1
