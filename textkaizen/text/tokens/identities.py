"""A model is used with the analyser it was trained with.

Words depend on the dictionary to the last entry: another version of it cuts some texts otherwise,
and a model would not know their words. So another dictionary, or another list of stop words, is
refused. Another version of the program with the same dictionary is not: its fixes change how fast
it is, or what it survives; where program and dictionary are one package (jieba, `regex`) this
cannot be told apart, and both must be the same.

Rejected: a warning (a model that answers a little worse than measured is not what was saved).
"""

from __future__ import annotations

import json
from typing import Any

from textkaizen.errors import ModelError, RecipeError
from textkaizen.recipe.text import LEARNT_TOKENS, Tokenising
from textkaizen.text.tokens.subwords import program_of
from textkaizen.text.tokens.tokenisers import settings, tokeniser


def identity_of(rules: Tokenising) -> str:
    """What the words of these rules depend on here; "" for runs of letters of which all are kept.

    Raises:
        MissingExtraError: the analyser is not installed.
    """
    if rules.tokens in LEARNT_TOKENS:
        return json.dumps({"program": program_of(rules), "dictionary": "learnt", **settings(rules)})
    here = tokeniser(rules)
    return "" if here is None else here.identity


def require_same(identity: str, rules: Tokenising) -> None:
    """Refuse to go on if words are cut otherwise here than they were.

    Args:
        identity: `Tokeniser.identity`, as a model keeps it.
        rules: of the model.

    Raises:
        ModelError: dictionary or stop words are of other versions; says what to install.
        MissingExtraError: the analyser is not installed.
    """
    then = _read(identity)
    try:
        now = _read(identity_of(rules))
    except RecipeError as gone:
        raise ModelError(f"The model needs a list of stop words that is not here: {gone}") from None
    if then.get("tokens") != now.get("tokens"):
        raise ModelError(
            f"The model's words are cut by {rules.tokens}, and its tokeniser says "
            f"{then.get('tokens', 'nothing')!r}: the model is damaged. Train it again"
        )
    for name in ("dictionary", "stop_words"):
        if then.get(name) != now.get(name):
            raise ModelError(_what_to_do(name, str(then.get(name)), str(now.get(name))))


def _what_to_do(name: str, then: str, now: str) -> str:
    if name == "stop_words":
        return (
            f"The model leaves out the stop words {then}, and the list here is {now}: install the "
            "version of stopwordsiso it was trained with, or train it again"
        )
    pairs = zip(then.split(", "), now.split(", "), strict=False)
    wanted = [" ".join(old.split()) for old, new in pairs if old != new and not _is_none(old)]
    line = " ".join(f'"{one.replace(" ", "==")}"' for one in wanted)
    return (
        f"The model's words were cut with {', '.join(wanted) or then}, and here is {now}. Install "
        f"what it was trained with: pip install {line}; or train it again"
    )


def _is_none(version: str) -> bool:
    return version.endswith(" none")


def _read(identity: str) -> dict[str, Any]:
    if not identity:
        return {"tokens": "words"}
    try:
        found = json.loads(identity)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ModelError("The model's tokeniser is not one line of JSON: train it again")
    return found
