"""Improvements of what a network reads: how characters become features."""

from __future__ import annotations

from typing import Any

from textkaizen.errors import RecipeError
from textkaizen.recipe import Recipe
from textkaizen.recipe.text import Tokenising, Writing
from textkaizen.study.catalogue.entry import ANY, Change, Improvement, Needs

OFF = (0, 0)
READ_IN_ORDER = {*Writing._fields, *Tokenising._fields, "min_texts", "longest"}
JAPANESE = Needs(("ja",), ("fugashi", "unidic_lite"), "ja")
IPADIC = Needs(("ja",), ("fugashi", "ipadic"), "ja")
SUDACHI = Needs(("ja",), ("sudachipy", "sudachidict_core"), "ja")
CHINESE = Needs(("zh",), ("rjieba",), "zh")
KOREAN = Needs(("ko",), ("kiwipiepy", "kiwipiepy_model"), "ko")
THAI = Needs(("th",), ("nlpo3", "pythainlp"), "th")
SUBWORDS = Needs((), ("tokenizers", "sentencepiece"), "subwords")
STOP_WORDS = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
}


def rules(**changes: Any) -> Change:
    """Return the change that sets some text rules; nothing where they contradict the others."""

    def change(recipe: Recipe) -> Recipe:
        if recipe.shape.reads_in_order and not changes.keys() & READ_IN_ORDER:
            return recipe  # nothing is counted there
        try:
            return recipe.with_text(**changes)
        except RecipeError:
            return recipe

    return change


def words_by(tokens: str, **changes: Any) -> Change:
    """Return the change to other words; words that were off come back."""

    def change(recipe: Recipe) -> Recipe:
        spans = {} if recipe.text.words != OFF else {"words": (1, 2)}
        return rules(tokens=tokens, **spans, **changes)(recipe)

    return change


def _made(name: str, change: Change, claim: str, source: str, needs: Needs = ANY) -> Improvement:
    return Improvement(name, "text", change, claim, source, needs)


MANNING = "Manning, Raghavan & Schütze 2008, Introduction to information retrieval, section"
CAVNAR = "Cavnar & Trenkle 1994, N-gram-based text categorization, section 2"

SPANS = (
    _made(
        "characters 1 to 4",
        rules(characters=(1, 4)),
        "Longer runs tell stems and endings apart without any dictionary.",
        CAVNAR,
    ),
    _made(
        "characters 2 to 5",
        rules(characters=(2, 5)),
        "Runs of up to five characters hold most parts of words.",
        "McNamee & Mayfield 2004, Character n-gram tokenization",
    ),
    _made(
        "characters over blanks",
        rules(within_words=False),
        "Where blanks are few or say little, runs may reach over them.",
        CAVNAR,
    ),
    _made(
        "characters only",
        rules(words=OFF),
        "Characters alone need no words and no analyser.",
        "McNamee & Mayfield 2004, Character n-gram tokenization",
    ),
    _made(
        "words only",
        rules(characters=OFF),
        "Words carry the meaning, and there are fewer of them.",
        f"{MANNING} 2.2",
    ),
    _made(
        "single words",
        rules(words=(1, 1)),
        "Pairs of words are many and rare.",
        "Wang & Manning 2012, Baselines and bigrams",
    ),
    _made(
        "words 1 to 3",
        rules(words=(1, 3)),
        "Runs of three words keep some of their order.",
        "Wang & Manning 2012, Baselines and bigrams",
    ),
    _made(
        "UAX 29 words",
        words_by("unicode"),
        "Unicode's own word boundaries keep 3.14 and can't whole.",
        "Unicode Standard Annex 29 (2023), Unicode text segmentation, section 4",
    ),
)

WRITING = (
    _made(
        "numbers as one",
        rules(numbers="replace"),
        "That there is a number says more than which one.",
        f"{MANNING} 2.2.1",
    ),
    _made(
        "links and names as one",
        rules(urls="replace", mentions="replace", emails="replace"),
        "An address says that there is one, and nothing else that comes again.",
        "Go, Bhayani & Huang 2009, Twitter sentiment by distant supervision",
    ),
    _made(
        "without emoji",
        rules(emoji="drop"),
        "Emoji are noise where they say nothing of the subject.",
        "Go, Bhayani & Huang 2009, Twitter sentiment by distant supervision",
    ),
    _made(
        "repeats cut to 2",
        rules(repeats=2),
        "A word drawn out is the same word.",
        "Go, Bhayani & Huang 2009, Twitter sentiment by distant supervision",
    ),
    _made(
        "capitals kept",
        rules(fold_case=False),
        "Capitals tell names, nouns and shouting apart.",
        f"{MANNING} 2.2.3",
    ),
    _made(
        "neologdn",
        rules(neologdn=True),
        "What people type has one form: hyphens, long vowels, blanks between characters.",
        "Sato, Hashimoto & Okumura 2017, mecab-ipadic-NEologd",
        Needs(("ja",), ("neologdn",), "ja"),
    ),
)

MORPHOLOGY = (
    _made(
        "fugashi",
        words_by("fugashi"),
        "Japanese words come from a dictionary: without one a sentence is a single word.",
        "Kudo, Yamamoto & Matsumoto 2004, Conditional random fields to Japanese, section 3",
        JAPANESE,
    ),
    _made(
        "fugashi, base forms",
        words_by("fugashi", form="base"),
        "All forms of a verb are one word.",
        f"{MANNING} 2.2.4",
        JAPANESE,
    ),
    _made(
        "fugashi, readings",
        words_by("fugashi", form="reading"),
        "However a word is written, it is read alike.",
        "Den et al. 2008, A proper approach to Japanese morphological analysis",
        JAPANESE,
    ),
    _made(
        "fugashi, no particles",
        words_by("fugashi", parts="no_particles"),
        "Particles and auxiliary verbs say how, not what.",
        f"{MANNING} 2.2.2",
        JAPANESE,
    ),
    _made(
        "fugashi, content words",
        words_by("fugashi", form="base", parts="content"),
        "Nouns, verbs and adjectives in their base forms hold the meaning.",
        f"{MANNING} 2.2.2",
        JAPANESE,
    ),
    _made(
        "fugashi words only",
        words_by("fugashi", characters=OFF),
        "Words of an analyser need no characters beside them.",
        "Kudo, Yamamoto & Matsumoto 2004, Conditional random fields to Japanese, section 3",
        JAPANESE,
    ),
    _made(
        "IPADIC",
        words_by("ipadic"),
        "Its words are longer than UniDic's short units.",
        "Asahara & Matsumoto 2003, ipadic user's manual",
        IPADIC,
    ),
    _made(
        "Sudachi A",
        words_by("sudachi_a"),
        "Short units: parts of compounds are words of their own.",
        "Takaoka et al. 2018, Sudachi: a Japanese tokenizer for business",
        SUDACHI,
    ),
    _made(
        "Sudachi B",
        words_by("sudachi_b"),
        "Middle units, between parts and names.",
        "Takaoka et al. 2018, Sudachi: a Japanese tokenizer for business",
        SUDACHI,
    ),
    _made(
        "Sudachi C",
        words_by("sudachi_c"),
        "Long units: a name is one word.",
        "Takaoka et al. 2018, Sudachi: a Japanese tokenizer for business",
        SUDACHI,
    ),
    _made(
        "jieba",
        words_by("jieba"),
        "Chinese words come from a dictionary.",
        "Sun 2012, jieba",
        CHINESE,
    ),
    _made(
        "kiwi",
        words_by("kiwi"),
        "Korean morphemes: endings are words of their own.",
        "Lee 2024, Kiwi: developing a Korean morphological analyzer",
        KOREAN,
    ),
    _made(
        "kiwi, no particles",
        words_by("kiwi", parts="no_particles"),
        "Particles and endings say how, not what.",
        "Lee 2024, Kiwi: developing a Korean morphological analyzer",
        KOREAN,
    ),
    _made(
        "Thai words",
        words_by("thai"),
        "Thai words come from a dictionary: nothing stands between them.",
        "Phatthiyaphaibun et al. 2023, PyThaiNLP",
        THAI,
    ),
    _made(
        "subwords, BPE",
        words_by("bpe"),
        "Pieces of words that come often are learnt from these texts.",
        "Sennrich, Haddow & Birch 2016, Neural translation of rare words, section 3.2",
        SUBWORDS,
    ),
    _made(
        "subwords, unigram",
        words_by("unigram"),
        "Pieces of words that together are the likeliest.",
        "Kudo 2018, Subword regularization, section 3.2",
        SUBWORDS,
    ),
)

LISTS = tuple(
    _made(
        f"stop words, {language}",
        rules(stop_words=code),
        "Words that every text has tell no text from another.",
        f"{MANNING} 2.2.2",
        Needs((code,)),
    )
    for code, language in STOP_WORDS.items()
)

WEIGHTS = (
    _made(
        "raw counts",
        rules(sublinear=False),
        "What stands there twice counts twice.",
        f"{MANNING} 6.4.1",
    ),
    _made(
        "binary",
        rules(binary=True),
        "Whether a word is there says more than how often.",
        "Pang, Lee & Vaithyanathan 2002, Thumbs up?, section 6.1",
    ),
    _made(
        "no IDF",
        rules(idf=False),
        "Frequent words count as much as rare ones.",
        f"{MANNING} 6.2",
    ),
    _made("sums of one", rules(norm="l1"), "Weights become shares of a text.", f"{MANNING} 6.4.4"),
    _made(
        "long texts weigh more",
        rules(norm="none"),
        "A longer text says more, and is allowed to.",
        f"{MANNING} 6.4.4",
    ),
    _made(
        "every word kept",
        rules(min_texts=1),
        "What stands in a single text may still tell its label.",
        "Yang & Pedersen 1997, Feature selection in text categorization, section 2.1",
    ),
    _made(
        "rare words dropped",
        rules(min_texts=4),
        "What stands in a few texts only is chance.",
        "Yang & Pedersen 1997, Feature selection in text categorization, section 2.1",
    ),
    _made(
        "characters at half",
        rules(character_weight=0.5),
        "Words count twice as much as runs of characters.",
        "scikit-learn 2011, FeatureUnion, transformer_weights",
    ),
    _made(
        "words at half",
        rules(word_weight=0.5),
        "Runs of characters count twice as much as words.",
        "scikit-learn 2011, FeatureUnion, transformer_weights",
    ),
)

CONVERSIONS = (
    _made(
        "hand-made features",
        rules(
            handmade=(
                "characters",
                "word_length",
                "digits",
                "capitals",
                "punctuation",
                "question",
                "exclamation",
            ),
            handmade_weight=0.5,
        ),
        "Length, digits, capitals and marks say what no single word does.",
        "Kessler, Nunberg & Schütze 1997, Automatic detection of text genre",
    ),
    _made(
        "chi-squared 5,000",
        rules(select="chi2", selected=5000),
        "Features that do not depend on the label are noise.",
        "Yang & Pedersen 1997, Feature selection in text categorization, section 2.4",
    ),
    _made(
        "mutual information 5,000",
        rules(select="mutual_information", selected=5000),
        "Features that tell little of the label are noise.",
        "Yang & Pedersen 1997, Feature selection in text categorization, section 2.3",
    ),
    _made(
        "LSA 100",
        rules(reduce="svd", reduced=100),
        "Words that stand in like texts become one direction.",
        "Deerwester et al. 1990, Indexing by latent semantic analysis",
    ),
    _made(
        "LSA 300",
        rules(reduce="svd", reduced=300),
        "More directions keep more of what tells labels apart.",
        "Deerwester et al. 1990, Indexing by latent semantic analysis",
    ),
    _made(
        "random projection 300",
        rules(reduce="random_projection", reduced=300),
        "Distances survive a random projection, and it learns nothing.",
        "Li, Hastie & Church 2006, Very sparse random projections",
    ),
    _made(
        "hashed to 2**16",
        rules(hashed=2**16),
        "Features may share a place: the network has enough others.",
        "Weinberger et al. 2009, Feature hashing for large scale multitask learning",
    ),
)
