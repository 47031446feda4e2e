"""Numbers of features become those of words: by hand, and nothing is lost for any rules or text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkaizen.recipe import TextRules
from textkaizen.text.features import Texts
from textkaizen.text.shares import on_words, readers_words
from textkaizen.text.vectorise import Vocabulary

ENGLISH = ("when do you open?", "do you open on monday", "i lost my key", "don't open the bag!")
JAPANESE = ("何時に開きますか", "傘をなくしました。", "図書館は何時まで開いていますか", "営業时间")
THAI = ("ห้องสมุดเปิดกี่โมง", "ทำกุญแจหาย")
TEXTS = ENGLISH + JAPANESE + THAI
RULES = [
    TextRules(),
    TextRules(within_words=False),
    TextRules(characters=(4, 6)),
    TextRules(words=(2, 3), characters=(0, 0)),
    TextRules(words=(0, 0)),
    TextRules(hashed=256),
    TextRules(hashed=256, within_words=False, words=(0, 0)),
    TextRules(tokens="unicode", stop_words="en"),
    TextRules(handmade=("question", "words"), numbers="replace", fold_case=False),
    TextRules(tokens="fugashi", form="base", parts="content", stop_words="ja"),
    TextRules(tokens="ipadic", form="reading"),
    TextRules(tokens="bpe", subwords=100),
]


def by_hand(of_words, of_characters, **rules):
    """A vocabulary of just these features."""
    terms = (*of_words, *of_characters)
    return Vocabulary(TextRules(**rules), terms, len(of_words), np.ones(len(terms), np.float32))


def parted(vocabulary, text, *numbers):
    """Part numbers that are given for the features of a text in their order."""
    features, _ = vocabulary.bag(text)
    assert len(features) == len(numbers)
    found = on_words(vocabulary, text, features, np.array(numbers, float))
    return [(word, round(number, 9)) for word, number in found]


def test_a_run_of_words_is_parted_among_them_by_their_length():
    vocabulary = by_hand(["do", "open", "open do"], (), words=(1, 2), characters=(0, 0))
    found = parted(vocabulary, "Open, DO", 1.0, 2.0, 6.0)
    assert found == [("open", 2 + 4), (",", 0), ("do", 1 + 2)]


def test_a_feature_that_stands_twice_is_parted_among_its_places():
    vocabulary = by_hand(["key", "my"], (), words=(1, 1), characters=(0, 0))
    found = parted(vocabulary, "my key or my bag", 4.0, 3.0)
    assert found == [("my", 1.5), ("key", 4.0), ("or", 0.0), ("my", 1.5), ("bag", 0.0)]


def test_characters_go_to_the_words_they_are_in():
    vocabulary = by_hand((), [" ", " b", "a!", "ab"], words=(0, 0), characters=(1, 2))
    # Blanks pad both words: four places. "a!" lies half on the word, half on the sign.
    found = dict(parted(vocabulary, "ba! ab", 4.0, 1.0, 2.0, 8.0))
    assert found == pytest.approx({"ba": 1 + 1 + 1, "!": 1 + 1, "ab": 2 + 8})


def test_characters_across_blanks_are_parted_and_a_blank_goes_to_its_neighbours():
    vocabulary = by_hand((), [" ", "a b"], words=(0, 0), characters=(1, 3), within_words=False)
    assert parted(vocabulary, "a b", 2.0, 6.0) == [("a", 1.0 + 3.0), ("b", 1.0 + 3.0)]


def test_a_word_that_is_shorter_than_a_run_is_one_feature():
    vocabulary = by_hand((), [" a ", " see"], words=(0, 0), characters=(4, 4))
    assert parted(vocabulary, "a seed", 1.0, 2.0) == [("a", 1.0), ("seed", 2.0)]


def test_what_shares_a_bucket_shares_its_number():
    vocabulary = Vocabulary(TextRules(words=(1, 1), characters=(0, 0), hashed=256), (), 0, ONES)
    names = [str(number) for number in range(100)]
    buckets = {}
    for name in names:
        buckets.setdefault(vocabulary.numbers[0].get(name), []).append(name)
    one, other = next(own for own in buckets.values() if len(own) > 1)[:2]
    assert parted(vocabulary, f"{one} {other}", 3.0) == [(one, 1.5), (other, 1.5)]


ONES = np.ones(256, np.float32)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't stop, a well-known (old) café.", "don't|stop|,|a|well-known|(|old|)|café|."),
        ("http://a.example/b?c=1 ok :-)", "http://a.example/b?c=1|ok|:-)"),
        ("図書館は何時にOPENしますか？", "図書館|は|何時|に|OPEN|しますか|？"),
        ("コーヒー、らーめん", "コーヒー|、|らーめん"),
        ("营业时间abc", "营|业|时|间|abc"),
        ("ทำกุญแจ", "ทำ|กุ|ญ|แ|จ"),
        ("열쇠를 잃어버렸어요", "열쇠를|잃어버렸어요"),
        ("", ""),
    ],
)
def test_readers_words(text, words):
    found = [text[begin:end] for begin, end in readers_words(text)]
    assert found == [word for word in words.split("|") if word]


@pytest.mark.parametrize("text", [*TEXTS, "a\u0301 \u0e31 ー x\u200d \ud800!?\u3000_"])
def test_every_character_but_blanks_is_in_one_word(text):
    spans = readers_words(text)
    covered = [place for begin, end in spans for place in range(begin, end)]
    assert covered == [place for place, sign in enumerate(text) if not sign.isspace()]


def learnt(rules):
    numbers = np.array([0, 1] * (len(TEXTS) // 2), np.int32)
    return Texts(TEXTS).learn(rules, np.arange(len(TEXTS)), numbers, 0).vocabulary


@pytest.fixture(scope="module", params=RULES, ids=lambda rules: str(rules.changed))
def vocabulary(request):
    return learnt(request.param)


TEXT = st.one_of(
    st.sampled_from(TEXTS),
    st.lists(st.sampled_from([*"".join(TEXTS), " ", " ", "\ud800", "\0", "12"]), max_size=25).map(
        "".join
    ),
    st.text(max_size=12),
)


@settings(max_examples=40, deadline=None)
@given(text=TEXT, seed=st.integers(0, 9))
def test_all_that_is_given_comes_out_again(vocabulary, text, seed):
    features, _ = vocabulary.bag(text)
    numbers = np.random.default_rng(seed).normal(size=len(features))
    found = on_words(vocabulary, text, features, numbers)
    assert sum(number for _, number in found) == pytest.approx(numbers.sum(), abs=1e-9)
    assert "(other)" not in dict(found)
    if vocabulary.streams.tokeniser is None and not vocabulary.rules.handmade:
        written = vocabulary.streams.write(text)
        assert "".join(word for word, _ in found) == written.replace(" ", "")


def test_words_by_script_are_told_for_each_script():
    vocabulary = learnt(TextRules(tokens="by_script", min_texts=1))
    for text in TEXTS:
        features, _ = vocabulary.bag(text)
        found = on_words(vocabulary, text, features, np.ones(len(features)))
        assert sum(number for _, number in found) == pytest.approx(len(features))
        written = vocabulary.streams.write(text)
        assert "".join(word for word, _ in found) == written.replace(" ", "")


def test_an_analysers_words_are_shown_as_they_stand_and_what_it_leaves_out_as_well():
    rules = TextRules(tokens="fugashi", form="base", parts="content", min_texts=1)
    vocabulary = learnt(rules)
    features, _ = vocabulary.bag("傘をなくしました。")
    found = on_words(vocabulary, "傘をなくしました。", features, np.ones(len(features)))
    assert "".join(word for word, _ in found) == "傘をなくしました。"
    assert {"傘", "を", "なくし"} <= {word for word, _ in found}
    assert sum(number for _, number in found) == pytest.approx(len(features))


def test_handmade_features_are_named_in_brackets():
    vocabulary = learnt(TextRules(handmade=("question", "words"), min_texts=1))
    features, _ = vocabulary.bag("OPEN?")
    found = dict(on_words(vocabulary, "OPEN?", features, np.ones(len(features))))
    assert (found["(question)"], found["(words)"]) == (1.0, 1.0)
    assert list(found)[-2:] == ["(question)", "(words)"]
