"""`--device`: refused where it is not there, and the same network where it is the usual one."""

import pytest
from command_line import QUICK_YAML, textkaizen, tree, write_corpus

import textkaizen as package
from textkaizen.errors import UsageError
from textkaizen.workers import devices


@pytest.fixture
def none(monkeypatch):
    """A machine whose JAX sees no GPU."""
    monkeypatch.setattr(devices, "gpus", list)


@pytest.mark.parametrize("command", ["train", "study", "improve", "rates"])
@pytest.mark.parametrize(
    ("device", "message"), [("gpu", "--device gpu needs a GPU"), ("tpu", "found 'tpu'")]
)
def test_a_device_that_is_not_there_ends_with_2_and_nothing_is_written(
    none, tmp_path, command, device, message
):
    before = tree(tmp_path)
    out = [] if command in ("study", "rates") else ["--out", tmp_path / "out"]
    ended = textkaizen(command, "no such file.csv", *out, "--device", device)
    assert (ended.status, ended.out) == (2, "")  # before the texts are looked for
    assert message in ended.err
    assert ended.err.count("\n") == 1
    assert tree(tmp_path) == before


@pytest.mark.parametrize("verb", ["improve", "study", "train", "rates"])
def test_in_python_a_device_that_is_not_there_is_refused(none, verb):
    with pytest.raises(UsageError, match="device gpu needs a GPU that JAX sees"):
        getattr(package, verb)(["a"], ["x"], device="gpu")


def test_a_network_is_the_same_on_the_cpu_as_by_default(tmp_path):
    corpus = write_corpus(tmp_path / "data.csv")
    (tmp_path / "quick.yaml").write_text(QUICK_YAML)
    for device in ("cpu", "auto"):
        folder = tmp_path / device
        how = ["--recipe", tmp_path / "quick.yaml", "--device", device]
        assert textkaizen("train", corpus, "--out", folder, *how).status == 0
    weights = [(tmp_path / d / "weights.safetensors").read_bytes() for d in ("cpu", "auto")]
    assert weights[0] == weights[1]
