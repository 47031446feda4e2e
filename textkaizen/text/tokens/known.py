"""The analysers by the name a recipe gives them."""

from __future__ import annotations

from textkaizen.text.tokens.analysis import Analyser


def analyser(name: str) -> Analyser:
    """Return the analyser of this name; its dictionary is read when the first text comes.

    Args:
        name: of `recipe.text.TOKENS`, but those that are learnt.

    Raises:
        MissingExtraError: its package is not installed.
    """
    if name in ("words", "unicode"):
        from textkaizen.text.tokens.boundaries import unicode, words

        return {"words": words, "unicode": unicode}[name]()
    if name == "by_script":
        from textkaizen.text.tokens.scripts import by_script

        return by_script()
    if name in ("jieba", "kiwi", "thai"):
        from textkaizen.text.tokens.asian import jieba, kiwi, thai

        return {"jieba": jieba, "kiwi": kiwi, "thai": thai}[name]()
    from textkaizen.text.tokens.japanese import fugashi, ipadic, sudachi

    plain = {"fugashi": fugashi, "ipadic": ipadic}
    return plain[name]() if name in plain else sudachi(name)
