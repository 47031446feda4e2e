"""The catalogue: every known improvement, in the order in which they are tried when time is short.

What most often helps networks on short texts, and costs little, comes first; of each kind the
likeliest setting comes before its variants. To add one, add an entry in `study/catalogue/`; the
docs page, the study and the command line follow.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import NamedTuple

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
from textkaizen.study.catalogue.reading import ENCODERS, READING
from textkaizen.study.catalogue.reading import VECTORS as WORD_VECTORS
from textkaizen.study.catalogue.remedies import BEYOND, LOSSES, PENALTIES
from textkaizen.study.catalogue.text import (
    CONVERSIONS,
    LISTS,
    MORPHOLOGY,
    SPANS,
    WEIGHTS,
    WRITING,
)
from textkaizen.study.catalogue.vectors import VECTORS

__all__ = ["CATALOGUE", "Improvement", "applicable", "chosen"]

STRATIFIED = 0.95  # of a share: whole texts of small classes make it more or less

_ALL = (
    *(DROPOUTS + STOPPING + VALIDATION + RATES + SCHEDULES + BATCHES + NORMS + OPTIMISERS),
    *(ACTIVATIONS + INITIALISERS + SIZES + LOSSES + PENALTIES + BEYOND),
    *(MORPHOLOGY + SPANS + WRITING + LISTS + WEIGHTS + CONVERSIONS + VECTORS),
    *(ENCODERS + WORD_VECTORS + READING),
)
_FIRST = (
    "dropout 0.5",
    "characters 1 to 4",
    "early stopping",
    "sentence vectors",
    "fugashi",
    "learning rate x3",
    "label smoothing 0.1",
    "width 256",
    "batch size 64",
    "batch norm before",
    "cosine schedule",
    "no validation",
    "words only",
    "characters 2 to 5",
    "Sudachi C",
    "fugashi, no particles",
    "kiwi",
    "jieba",
    "Thai words",
    "batch norm after",
    "dropout 0.2",
    "learning rate /3",
    "input dropout 0.2",
    "AdamW",
    "characters only",
    "every word kept",
    "binary",
    "hand-made features",
    "numbers as one",
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


class Applicable(NamedTuple):
    """Improvements that can be tried on some texts, and why others cannot.

    Args:
        improvements: that can.
        too_large: names of those whose batches are larger than all texts.
        not_installed: names of those that need a package which is not there, by textkaizen's
            extra that brings it.
        other_languages: names of those for languages that the texts are not in.
    """

    improvements: tuple[Improvement, ...]
    too_large: tuple[str, ...]
    not_installed: dict[str, list[str]]
    other_languages: tuple[str, ...]


def applicable(
    improvements: tuple[Improvement, ...],
    baseline: Recipe,
    texts: int,
    languages: Collection[str] | None = None,
) -> Applicable:
    """Leave out what cannot be tried: batches larger than all texts, other languages' analysers.

    The baseline's own batch size stays, whatever it is.

    Args:
        improvements: in any order.
        baseline: what they change.
        texts: of the smallest training part of a fold, those held back for validation included.
        languages: of the texts, by ISO 639; None asks for no language.
    """
    fitting, too_large, others = [], [], []
    not_installed: dict[str, list[str]] = {}
    for each in improvements:
        recipe, needs = each.change(baseline), each.needs
        kept = recipe.shape.batch_size == baseline.shape.batch_size
        if languages is not None and needs.languages and not set(needs.languages) & {*languages}:
            others.append(each.name)
        elif not needs.installed:
            not_installed.setdefault(needs.extra, []).append(each.name)
        elif kept or recipe.shape.batch_size <= texts * (1 - recipe.knobs.validation) * STRATIFIED:
            fitting.append(each)
        else:
            too_large.append(each.name)
    return Applicable(tuple(fitting), tuple(too_large), not_installed, tuple(others))


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
