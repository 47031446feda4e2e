"""The first part of a recipe: how characters become features."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

TREATMENTS = ("keep", "replace", "drop")
UNICODE_FORMS = ("nfkc", "nfc")
TOKENS = (
    "words",
    "unicode",
    "by_script",
    "fugashi",
    "ipadic",
    "sudachi_a",
    "sudachi_b",
    "sudachi_c",
    "jieba",
    "kiwi",
    "thai",
    "bpe",
    "unigram",
)
LEARNT_TOKENS = ("bpe", "unigram")  # trained on the training texts of each fold
JAPANESE_TOKENS = ("fugashi", "ipadic", "sudachi_a", "sudachi_b", "sudachi_c")
FORMS = ("surface", "base", "reading")
PARTS_OF_SPEECH = ("all", "no_particles", "content")
NORMS = ("l2", "l1", "none")
SELECTIONS = ("none", "chi2", "mutual_information")
ORDERS = ("none", "words", "characters")
REDUCTIONS = ("none", "svd", "pca", "random_projection")
VECTORS = {"none": 0, "sentence": 512}  # how many numbers of each stand beside a text's bag
HANDMADE = (
    "characters",
    "words",
    "word_length",
    "digits",
    "capitals",
    "punctuation",
    "question",
    "exclamation",
    "emoji",
    "url",
    "repeats",
    "japanese",
)

TEXT_CHOICES = {
    "unicode": UNICODE_FORMS,
    "numbers": TREATMENTS,
    "urls": TREATMENTS,
    "mentions": TREATMENTS,
    "emails": TREATMENTS,
    "emoji": TREATMENTS,
    "tokens": TOKENS,
    "form": FORMS,
    "parts": PARTS_OF_SPEECH,
    "norm": NORMS,
    "select": SELECTIONS,
    "reduce": REDUCTIONS,
    "order": ORDERS,
    "vectors": tuple(VECTORS),
}
WORD_LISTS = ("drop_words", "handmade")  # lists of words, not of numbers


class Writing(NamedTuple):
    """How a text is brought to one form, before it is cut; see `TextRules` for each."""

    unicode: str
    fold_case: bool
    neologdn: bool
    repeats: int
    numbers: str
    urls: str
    mentions: str
    emails: str
    emoji: str


class Tokenising(NamedTuple):
    """How a text is cut into words; see `TextRules` for each."""

    tokens: str
    form: str
    parts: str
    stop_words: str
    drop_words: tuple[str, ...]
    subwords: int


@dataclass(frozen=True)
class TextRules:
    """How characters become features: TF-IDF of words and of characters within words.

    Args:
        unicode: "nfkc" (full-width and half-width forms are one) or "nfc".
        fold_case: capital and small letters are one.
        neologdn: Japanese rules for what people type (hyphens, long vowels, blanks between
            characters); needs the extra `ja`.
        repeats: of one character in a row at most so many are kept, >= 1; 0 keeps all.
        numbers, urls, mentions, emails, emoji: "keep", "replace" each by one word for all of its
            kind, or "drop".
        tokens: what cuts a text into words, one of TOKENS. "words" are runs of letters, digits and
            marks; "unicode" are those of UAX #29; "by_script" chooses by the text's script;
            "bpe" and "unigram" are learnt from the training texts.
        form: a word as it stands ("surface"), its "base" form or its "reading"; those that know no
            such form take the surface.
        parts: "all" words, "no_particles" (without particles, auxiliary verbs and punctuation) or
            "content" (nouns, verbs, adjectives, adverbs and the like).
        stop_words: "none", or the language whose list of stop words is left out ("ja", "de", ...).
        drop_words: words left out besides.
        subwords: how many "bpe" or "unigram" learn at most, >= 100.
        words: smallest and largest number of words in a feature; (0, 0) is off.
        characters: the same for characters; (0, 0) is off.
        within_words: characters of a feature do not reach over a blank (each word is padded by
            one on either side).
        handmade: names of counted properties of a text, of HANDMADE.
        min_texts: in how many training texts a feature must stand to be kept, >= 1.
        binary: count a feature that stands in a text once, however often it does.
        sublinear: count a feature that stands n times in a text as 1 + ln n.
        idf: weigh a feature by how few texts have it.
        norm: what is made of the weights of a text's words, and of its characters: length one
            ("l2"), sum one ("l1"), or "none".
        word_weight, character_weight, handmade_weight: what each kind is multiplied by, > 0.
        select: keep only the `selected` features that tell labels apart best, by "chi2" or
            "mutual_information"; "none" keeps all.
        selected: how many, >= 1.
        reduce: turn features into `reduced` numbers: "svd" (latent semantic analysis), "pca" (the
            same about the mean), "random_projection"; "none" leaves them.
        reduced: how many, >= 1.
        order: "none" counts features; "words" or "characters" keeps them in the order of the text,
            for a network that reads so: nothing is weighed then, and of the rules above only those
            of writing and tokenising count, and `min_texts`: what is rarer is one unknown word.
        longest: words (or characters) of a text that are read, the others are cut off at its end;
            at most 10,000; 0 reads 99 of 100 training texts whole, and of each at least 8 and at
            most 1,000.
        hashed: number of buckets that features are hashed into, so that no vocabulary is held: a
            power of two from 2**8 to 2**24, half of them for words and half for characters if
            both are on; 0 is off. All buckets are kept; `min_texts` bounds their IDF.
        vectors: what stands beside the words and characters: "sentence", 512 numbers that a frozen
            encoder makes of the text as it was typed (extra `encoder`), or "none".
        vector_weight: what these numbers, of length one together, are multiplied by, > 0.
    """

    unicode: str = "nfkc"
    fold_case: bool = True
    neologdn: bool = False
    repeats: int = 0
    numbers: str = "keep"
    urls: str = "keep"
    mentions: str = "keep"
    emails: str = "keep"
    emoji: str = "keep"
    tokens: str = "words"
    form: str = "surface"
    parts: str = "all"
    stop_words: str = "none"
    drop_words: tuple[str, ...] = ()
    subwords: int = 4000
    words: tuple[int, int] = (1, 2)
    characters: tuple[int, int] = (1, 3)
    within_words: bool = True
    handmade: tuple[str, ...] = ()
    min_texts: int = 2
    binary: bool = False
    sublinear: bool = True
    idf: bool = True
    norm: str = "l2"
    word_weight: float = 1.0
    character_weight: float = 1.0
    handmade_weight: float = 1.0
    select: str = "none"
    selected: int = 10_000
    reduce: str = "none"
    reduced: int = 100
    order: str = "none"
    longest: int = 0
    hashed: int = 0
    vectors: str = "none"
    vector_weight: float = 1.0

    def __post_init__(self) -> None:
        for name in ("words", "characters", *WORD_LISTS):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def writing(self) -> Writing:
        """What decides how a text is written before it is cut."""
        return Writing(*(getattr(self, name) for name in Writing._fields))

    @property
    def tokenising(self) -> Tokenising:
        """What decides how a text is cut into words."""
        return Tokenising(*(getattr(self, name) for name in Tokenising._fields))

    @property
    def counting(self) -> TextRules:
        """These rules with all at its default that does not change what is counted.

        Two recipes that differ in weights, selection or reduction only can share counts.
        """
        own = (
            *Writing._fields,
            *Tokenising._fields,
            "words",
            "characters",
            "within_words",
            "handmade",
            "order",
            "hashed",
        )
        return TextRules(**{name: getattr(self, name) for name in own})

    @property
    def vector_numbers(self) -> int:
        """How many numbers of a vector stand beside a text's bag; 0 where there is none."""
        return VECTORS[self.vectors]

    @property
    def changed(self) -> dict[str, object]:
        """The values that are not at their defaults."""
        default = TextRules()
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if getattr(self, f.name) != getattr(default, f.name)
        }
