"""What an improvement is: a function from recipe to recipe, and what is promised of it.

Rejected: classes with `apply` (a function and four strings are enough).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NamedTuple

from textkaizen.recipe import Recipe

Change = Callable[[Recipe], Recipe]


class Needs(NamedTuple):
    """What must be there before an improvement makes sense.

    Args:
        languages: one of these must be among those of the texts; () is any.
        modules: that must be installed.
        extra: of textkaizen's, that installs them.
    """

    languages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    extra: str = ""

    @property
    def installed(self) -> bool:
        """Whether all of its modules are."""
        return all(find_spec(module) is not None for module in self.modules)


ANY = Needs()


@dataclass(frozen=True)
class Improvement:
    """A change that may make a network better.

    Args:
        name: unique, as on the command line and in the docs.
        group: the knob it belongs to; see `groups.GROUPS`.
        change: the recipe with the improvement, and with whatever that needs to make sense;
            returns an equal recipe where it is there already or cannot be.
        claim: what its authors promise, in a line.
        source: paper and section, or the book everyone has it from.
        needs: what must be there before it makes sense.
    """

    name: str
    group: str
    change: Change
    claim: str
    source: str
    needs: Needs = ANY


def knobs(**changes) -> Change:
    """Return the change that sets some knobs."""
    return lambda recipe: recipe.with_knobs(**changes)


def hidden_knobs(**changes) -> Change:
    """Return the change that sets some knobs of hidden layers; nothing where there are none."""
    return lambda recipe: recipe.with_knobs(**changes) if recipe.shape.hidden else recipe


def batches(size: int) -> Change:
    """Return the change to batches of so many texts (0: all)."""
    return lambda recipe: recipe.with_shape(batch_size=size)
