"""Which words "no_particles" and "content" leave out, by the tags of each dictionary.

"no_particles" leaves out particles, auxiliary verbs, endings, punctuation and symbols. "content"
keeps nouns, pronouns, verbs, adjectives, adjectival nouns, adverbs, adnominals, interjections,
numbers and words in other scripts: no affixes, conjunctions or dependent nouns and verbs, where the
dictionary tells them apart. A word without a tag is kept.

Sources: UniDic's and IPADIC's parts of speech (Sudachi's are UniDic's), the Sejong tags of Kiwi,
those of jieba (after ICTCLAS).
"""

from __future__ import annotations

# What begins so is no content, and what is listed first no word that "no_particles" keeps.
JAPANESE_PARTICLES = ("助詞", "助動詞", "補助記号", "記号", "空白", "動詞-接尾", "名詞-助動詞語幹")
JAPANESE_CONTENT = ("名詞", "代名詞", "動詞", "形容詞", "形状詞", "副詞", "連体詞", "感動詞")
JAPANESE_DEPENDENT = tuple(
    f"{word}-{kind}" for word in ("名詞", "動詞", "形容詞") for kind in ("非自立", "接尾")
)
INDEPENDENT = "動詞-非自立可能"  # UniDic's for verbs that can be either, as "する"
KOREAN_PARTICLES = ("J", "E", "VX", "VCP", "VCN", "SF", "SP", "SS", "SE", "SO", "SW", "SB", "Z_")
KOREAN_CONTENT = ("N", "VV", "VA", "MA", "MM", "IC", "XR", "SL", "SH", "SN", "W_")
KOREAN_DEPENDENT = ("NNB", "MAJ")
CHINESE_PARTICLES = ("u", "y", "x", "w")
CHINESE_CONTENT = tuple("navdsftrmilbjzeo")


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
        particles, content, dependent = JAPANESE_PARTICLES, JAPANESE_CONTENT, JAPANESE_DEPENDENT
    elif part[0].isupper():
        particles, content, dependent = KOREAN_PARTICLES, KOREAN_CONTENT, KOREAN_DEPENDENT
    else:
        particles, content, dependent = CHINESE_PARTICLES, CHINESE_CONTENT, ()
    if part.startswith(particles):
        return False
    if parts == "no_particles":
        return True
    if part.startswith(dependent) and part != INDEPENDENT:
        return False
    return part.startswith(content)
