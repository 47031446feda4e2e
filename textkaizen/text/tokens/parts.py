"""Which words "no_particles" and "content" leave out, by the tags of each dictionary.

"no_particles" leaves out particles, auxiliary verbs, endings, punctuation and symbols. "content"
keeps nouns, pronouns, verbs, adjectives, adjectival nouns, adverbs, adnominals, interjections,
numbers and words in other scripts: no affixes, conjunctions or dependent nouns and verbs, where the
dictionary tells them apart. A word without a tag is kept.

Sources: UniDic's and IPADIC's parts of speech (Sudachi's are UniDic's), the Sejong tags of Kiwi,
those of jieba (after ICTCLAS).
"""

from __future__ import annotations

from typing import NamedTuple

EITHER = "可能"  # UniDic's verbs and adjectives that may stand alone, as "する"


class Tags(NamedTuple):
    """What the tags of a language begin with.

    Args:
        particles: "no_particles" leaves them out, and so does "content".
        content: "content" keeps them,
        dependent: but these.
    """

    particles: tuple[str, ...]
    content: tuple[str, ...]
    dependent: tuple[str, ...]


JAPANESE = Tags(
    ("助詞", "助動詞", "補助記号", "記号", "空白", "動詞-接尾", "名詞-助動詞語幹"),
    ("名詞", "代名詞", "動詞", "形容詞", "形状詞", "副詞", "連体詞", "感動詞"),
    ("名詞-非自立", "名詞-接尾", "動詞-非自立", "形容詞-非自立", "形容詞-接尾"),
)
KOREAN = Tags(
    ("J", "E", "VX", "VCP", "VCN", "SF", "SP", "SS", "SE", "SO", "SW", "SB", "Z_"),
    ("N", "VV", "VA", "MA", "MM", "IC", "XR", "SL", "SH", "SN", "W_"),
    ("NNB", "MAJ"),
)
CHINESE = Tags(("u", "y", "x", "w"), tuple("navdsftrmilbjzeo"), ())


def is_kept(part: str, parts: str) -> bool:
    """Whether a word of this part of speech is kept.

    Args:
        part: the tag of a dictionary; empty where there is none.
        parts: "all", "no_particles" or "content".

    Example:
        >>> is_kept("助詞-係助詞", "no_particles"), is_kept("NNG", "content")
        (False, True)
    """
    if parts == "all" or not part:
        return True
    if not part.isascii():
        tags = JAPANESE
    else:
        tags = KOREAN if part[0].isupper() else CHINESE
    if part.startswith(tags.particles):
        return False
    if parts == "no_particles":
        return True
    if part.startswith(tags.dependent) and not part.endswith(EITHER):
        return False
    return part.startswith(tags.content)
