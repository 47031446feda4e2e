"""The catalogue: every known improvement, in the order in which they are tried when time is short.

What most often helps networks on short texts, and costs little, comes first; of each kind the
likeliest setting comes before its variants. To add one, add an entry in `study/catalogue/`; the
docs page, the study and the command line follow.
"""

from __future__ import annotations

import difflib

from textkaizen.errors import UsageError, listed
from textkaizen.recipe import Recipe
from textkaizen.study.catalogue.descent import (
    BATCHES,
    OPTIMISERS,
    RATES,
    SCHEDULES,
    STOPPING,
    VALIDATION,
)
from textkaizen.study.catalogue.entry import Improvement
from textkaizen.study.catalogue.network import ACTIVATIONS, DROPOUTS, INITIALISERS, NORMS, SIZES
from textkaizen.study.catalogue.remedies import BEYOND, LOSSES, PENALTIES

__all__ = ["CATALOGUE", "Improvement", "applicable", "chosen"]

STRATIFIED = 0.95  # of a share: whole texts of small classes make it more or less

_ALL = (
    *(DROPOUTS + STOPPING + VALIDATION + RATES + SCHEDULES + BATCHES + NORMS + OPTIMISERS),
    *(ACTIVATIONS + INITIALISERS + SIZES + LOSSES + PENALTIES + BEYOND),
)
_FIRST = (
    "dropout 0.5",
    "early stopping",
    "learning rate x3",
    "label smoothing 0.1",
    "width 256",
    "batch size 64",
    "batch norm before",
    "cosine schedule",
    "no validation",
    "batch norm after",
    "dropout 0.2",
    "learning rate /3",
    "input dropout 0.2",
    "AdamW",
    "RMSprop",
    "SGD with momentum",
    "class weights",
    "mixup 0.2",
    "tanh",
    "leaky ReLU",
    "batch size 16",
    "no hidden layer",
    "weight averaging",
    "He normal",
    "hinge loss",
    "Adagrad",
    "GELU",
    "ensemble of 3",
)


_LAST = ("batch size 2", "batch size 1")  # the dearest by far


def _in_order() -> tuple[Improvement, ...]:
    by_name = {improvement.name: improvement for improvement in _ALL}
    first, last = ([by_name.pop(name) for name in names] for names in (_FIRST, _LAST))
    return (*first, *by_name.values(), *last)


CATALOGUE = _in_order()


def applicable(
    improvements: tuple[Improvement, ...], baseline: Recipe, texts: int
) -> tuple[tuple[Improvement, ...], tuple[str, ...]]:
    """Leave out what cannot be tried on so few texts: batches larger than all of them.

    The baseline's own batch size stays, whatever it is.

    Args:
        improvements: in any order.
        baseline: what they change.
        texts: of the smallest training part of a fold, those held back for validation included.

    Returns:
        What remains, and the names of what was left out.
    """
    changed = [i.change(baseline) for i in improvements]
    fits = [
        recipe.shape.batch_size == baseline.shape.batch_size
        or recipe.shape.batch_size <= texts * (1 - recipe.knobs.validation) * STRATIFIED
        for recipe in changed
    ]
    pairs = list(zip(improvements, fits, strict=True))
    return tuple(i for i, fit in pairs if fit), tuple(i.name for i, fit in pairs if not fit)


def chosen(names: list[str] | tuple[str, ...] | None = None) -> tuple[Improvement, ...]:
    """Return the named improvements or groups in the catalogue's order; all by default.

    Raises:
        UsageError: a name that is neither an improvement nor a group.
    """
    if not names:
        return CATALOGUE
    known = {i.name for i in CATALOGUE} | {i.group for i in CATALOGUE}
    unknown = [name for name in names if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(known), n=1, cutoff=0.5)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise UsageError(
            f"There is no improvement or group called {listed(unknown)}.{hint} "
            "`textkaizen improvements` lists them."
        )
    return tuple(i for i in CATALOGUE if i.name in names or i.group in names)
