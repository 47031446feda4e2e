"""`cpu`, `gpu` or `auto` -> where networks are trained, and how lanes share it.

On a CPU lanes go in threads, one a core, each with a program of one thread. On a GPU they go
together: one program trains all lanes at work that make the same choices (`train.together`). What
comes out is the same but for rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textkaizen.errors import UsageError

if TYPE_CHECKING:
    import jax

    from textkaizen.workers.threads import Threads

AUTO, CPU, GPU = DEVICES = ("auto", "cpu", "gpu")


class Plan(NamedTuple):
    """How lanes are trained.

    Args:
        device: where; None is JAX' own choice.
        together: in one program, not each in a thread of its own.
    """

    device: jax.Device | None
    together: bool

    @property
    def asked(self) -> dict[str, str]:
        """What tells this plan from that of a CPU; a GPU may round otherwise."""
        return {"the device": GPU} if self.together else {}

    def threads(self) -> Threads:
        """Return the worker that trains lanes by this plan."""
        from textkaizen.train.together import MOST_LANES
        from textkaizen.workers.threads import Threads

        return Threads(MOST_LANES if self.together else None)


def plan(device: str) -> Plan:
    """Return how lanes are trained on a device.

    Args:
        device: one of DEVICES that `require_device` has let pass; "auto" is a GPU if JAX sees one,
            else the CPU.
    """
    import jax

    found = gpus() if device != CPU else []
    if found:
        return Plan(found[0], together=True)
    # Nothing to decide, so what somebody has set up for this process stays as it is.
    only = jax.default_backend() == "cpu"
    return Plan(None if only else jax.devices("cpu")[0], together=False)


def require_device(device: str, dashes: str = "") -> None:
    """Refuse, before anything is read, a device that there is not.

    Args:
        device: what was asked for.
        dashes: what the caller writes before the name of an option.

    Raises:
        UsageError: it is none of DEVICES, or a GPU, and JAX sees none.
    """
    if device not in DEVICES:
        raise UsageError(f"{dashes}device must be auto, cpu or gpu; found {device!r}.")
    if device == GPU and not gpus():
        raise UsageError(
            f"{dashes}device gpu needs a GPU that JAX sees; found none. Install the JAX that is "
            f"made for this GPU (https://docs.jax.dev, Installation), or leave {dashes}device out."
        )


def gpus() -> list[jax.Device]:
    """Return the GPUs that JAX sees; none is no error."""
    import jax

    try:
        return jax.devices("gpu")
    except RuntimeError:
        return []
