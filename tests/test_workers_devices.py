"""`cpu`, `gpu` or `auto`: what is chosen where there is a GPU and where there is none."""

import jax
import pytest

from textkaizen.errors import UsageError
from textkaizen.terminal.limits import Limits
from textkaizen.train.together import MOST_LANES
from textkaizen.workers import devices
from textkaizen.workers.devices import Plan, plan, require_device
from textkaizen.workers.threads import cores


@pytest.fixture
def none(monkeypatch):
    """A machine whose JAX sees no GPU."""
    monkeypatch.setattr(devices, "gpus", list)


@pytest.fixture
def one(monkeypatch):
    """A machine with something that is taken for a GPU."""
    device = jax.devices()[0]
    monkeypatch.setattr(devices, "gpus", lambda: [device])
    return device


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_without_a_gpu_lanes_go_in_threads_one_a_core(none, capfd, device):
    require_device(device)
    assert plan(device) == Plan(None, together=False)
    assert plan(device).threads().count == cores()
    assert plan(device).asked == {}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("device", ["auto", "gpu"])
def test_on_a_gpu_lanes_go_together_and_a_run_can_go_on_there_only(one, device):
    require_device(device)
    assert plan(device) == Plan(one, together=True)
    assert plan(device).threads().count == MOST_LANES
    assert Limits(rounds=1, device=device).asked["the device"] == "gpu"
    assert "the device" not in Limits(rounds=1, device="cpu").asked


def test_who_asks_for_the_cpu_gets_it_beside_a_gpu(one, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert plan("cpu") == Plan(jax.devices("cpu")[0], together=False)


@pytest.mark.parametrize("dashes", ["", "--"])
def test_a_device_that_is_not_there_is_refused(none, dashes):
    with pytest.raises(UsageError) as error:
        Limits(rounds=1, device="gpu", dashes=dashes)
    assert f"{dashes}device gpu needs a GPU that JAX sees; found none" in str(error.value)
    with pytest.raises(UsageError) as error:
        Limits(rounds=1, device="tpu", dashes=dashes)
    assert str(error.value) == f"{dashes}device must be auto, cpu or gpu; found 'tpu'."


def test_a_study_is_given_what_the_plan_says(one):
    budget, means = Limits(rounds=1).begin()
    assert budget.cores == means.worker.count == MOST_LANES
    assert means.programs.device == one
    assert means.programs.together
