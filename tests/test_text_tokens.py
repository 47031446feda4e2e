"""Texts to words, by every analyser: forms, parts of speech, words left out, hostile texts."""

import importlib.metadata
import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textkaizen.errors import MissingExtraError, ModelError, RecipeError
from textkaizen.recipe import Recipe, TextRules
from textkaizen.recipe.text import LEARNT_TOKENS, TOKENS
from textkaizen.recipe.text_checks import text_problems
from textkaizen.text.cut import WORD
from textkaizen.text.normalise import normalise
from textkaizen.text.tokens import (
    learn_subwords,
    require_same,
    subword_tokeniser,
    tokeniser,
)
from textkaizen.text.tokens.boundaries import unicode_words

ANALYSERS = tuple(name for name in TOKENS if name not in (*LEARNT_TOKENS, "words"))
LONG = 200_000
LETTERS = dict.fromkeys(ANALYSERS, "あ") | {"jieba": "汉", "kiwi": "한", "thai": "ก", "ipadic": "a"}
HOSTILE = [
    "",
    " ",
    "\0",
    "安\0全 a\0b",
    "\ud800",
    "x\udfffは",
    "\u200fשלום\u200e עולם\u200f",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1ef\U0001f1f5 \U0001f44d\U0001f3fd",
    "ﾊﾝｶｸｶﾅとﾊﾟﾝ",
    "a\tb\u2028c\x1ed\x85e",
    "<unk> ▁ \\t %m",
    "\u0301\u0301",
]


def cut(text, tokens, **rules):
    made = tokeniser(TextRules(tokens=tokens, **rules).tokenising)
    return made.tokenise([text])[0].split(" ")


@pytest.mark.parametrize(
    ("tokens", "surface", "base", "reading", "no_particles", "content"),
    [
        (
            "fugashi",
            "彼 が 学校 に 行き まし た 。",
            "彼 が 学校 に 行く ます た 。",
            "カレ ガ ガッコウ ニ イキ マシ タ 。",
            "彼 学校 行き",
            "彼 学校 行き",
        ),
        (
            "ipadic",
            "彼 が 学校 に 行き まし た 。",
            "彼 が 学校 に 行く ます た 。",
            "カレ ガ ガッコウ ニ イキ マシ タ 。",
            "彼 学校 行き",
            "彼 学校 行き",
        ),
        (
            "sudachi_c",
            "彼 が 学校 に 行き まし た 。",
            "彼 が 学校 に 行く ます た 。",
            "カレ ガ ガッコウ ニ イキ マシ タ 。",
            "彼 学校 行き",
            "彼 学校 行き",
        ),
    ],
)
def test_japanese_words_have_forms_and_parts(tokens, surface, base, reading, no_particles, content):
    text = "彼が学校に行きました。"
    assert cut(text, tokens) == surface.split()
    assert cut(text, tokens, form="base") == base.split()
    assert cut(text, tokens, form="reading") == reading.split()
    assert cut(text, tokens, parts="no_particles") == no_particles.split()
    assert cut(text, tokens, parts="content") == content.split()


def test_unknown_words_keep_their_surface_and_lemmas_have_no_tails():
    assert cut("ウイスキー", "fugashi", form="base") == ["ウイスキー"]  # UniDic: ウイスキー-whisky
    for tokens in ("fugashi", "ipadic"):
        for form in ("base", "reading"):
            assert cut("qwrtz", tokens, form=form) == ["qwrtz"]
    assert cut("wi-fi", "sudachi_c", form="base") == ["Wi-Fi"]


def test_the_modes_of_sudachi_cut_into_ever_longer_units():
    cuts = [cut("選挙管理委員会", f"sudachi_{mode}") for mode in "abc"]
    assert cuts == [["選挙", "管理", "委員", "会"], ["選挙", "管理", "委員会"], ["選挙管理委員会"]]


def test_sudachi_finds_what_it_finds_when_it_looks_up_everything():
    from sudachipy import Dictionary, SplitMode

    texts = ["2,400人の主力部隊は、9マイル先の", "ＡＢＣを90,00と12.5%", "選挙管理委員会"]
    plain = Dictionary(dict="core")
    for mode, name in ((SplitMode.A, "sudachi_a"), (SplitMode.C, "sudachi_c")):
        whole = plain.tokenizer(mode=mode)
        for text in texts:
            tokens = list(whole.tokenize(text))
            assert cut(text, name) == [token.surface() for token in tokens]
            assert cut(text, name, form="base") == [token.dictionary_form() for token in tokens]
            assert cut(text, name, form="reading") == [token.reading_form() for token in tokens]


def test_chinese_korean_and_thai():
    assert cut("我们在北京的大学学习。", "jieba") == [
        "我们",
        "在",
        "北京",
        "的",
        "大学",
        "学习",
        "。",
    ]
    assert cut("我们在北京的大学学习。", "jieba", parts="content") == [
        "我们",
        "北京",
        "大学",
        "学习",
    ]
    assert cut("나는 학교에 갔다.", "kiwi") == ["나", "는", "학교", "에", "가", "었", "다", "."]
    assert cut("나는 학교에 갔다.", "kiwi", form="base", parts="no_particles") == [
        *("나", "학교", "가다")
    ]
    assert cut("ฉันรักภาษาไทย", "thai") == ["ฉัน", "รัก", "ภาษาไทย"]


def test_each_stretch_is_cut_by_its_script():
    assert cut("新宿でhello worldと言う", "by_script") == [
        "新宿",
        "で",
        "hello",
        "world",
        "と",
        "言う",
    ]
    assert cut("我们学习 python", "by_script") == ["我们", "学习", "python"]
    assert cut("서울에서 ok, ภาษาไทย", "by_script") == ["서울", "에서", "ok", "ภาษาไทย"]
    assert cut("Das kann's, 👍🏽!", "by_script") == ["Das", "kann's", "👍🏽"]
    text = "1. 「ABC」 私はГрад!? ﾊﾟﾝ 3"
    found = [piece for _, piece in pieces_by_script(text)]
    assert "".join(found) == text


def pieces_by_script(text):
    from textkaizen.text.tokens.scripts import stretches_by_script

    return stretches_by_script(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # From the rules of UAX #29: WB6 and 7, 7a to 7c, 11 and 12, 13, 13a, 3c, 15, 4.
        ("can't o'clock l’œil", ["can't", "o'clock", "l’œil"]),
        ("ש'ס צה\"ל", ["ש'ס", 'צה"ל']),
        ("3.50 1,000 1.a", ["3.50", "1,000", "1", "a"]),
        ("a_b 12ab カタカナー", ["a_b", "12ab", "カタカナー"]),
        ("ひら漢字", ["ひ", "ら", "漢", "字"]),
        ("👩‍👧👍🏽🇩🇪🇯🇵", ["👩‍👧", "👍🏽", "🇩🇪", "🇯🇵"]),
        ("e\u0301t\u00ade a:b", ["e\u0301t\u00ade", "a:b"]),
        (" -- … € ", []),
    ],
)
def test_unicode_words_follow_the_annex(text, words):
    assert unicode_words(text) == words


def test_without_stop_words_runs_of_letters_need_no_tokeniser():
    assert tokeniser(TextRules().tokenising) is None
    made = tokeniser(TextRules(drop_words=("Ｔｈｅ",)).tokenising)
    assert made.tokenise(["The theory, the end"]) == ["theory end"]
    assert cut("der Hund und die Katze", "words", stop_words="de") == ["Hund", "Katze"]
    assert cut("これはペンです", "fugashi", stop_words="ja") == ["ペン"]
    with pytest.raises(RecipeError, match=r"found 'xx'\. There are lists for af, ar"):
        tokeniser(TextRules(stop_words="xx").tokenising)


@pytest.mark.parametrize("tokens", ["words", "unicode", "thai", "bpe", "unigram"])
def test_parts_of_speech_need_an_analyser_that_knows_them(tokens):
    (problem,) = text_problems(TextRules(tokens=tokens, parts="content"))
    assert problem == (
        f"text.parts needs an analyser that knows parts of speech; text.tokens = {tokens} does not"
    )
    assert Recipe(text=TextRules(tokens="kiwi", parts="content")).text.parts == "content"


@pytest.mark.parametrize("tokens", ANALYSERS)
def test_hostile_texts_have_words_and_always_the_same(tokens):
    made = tokeniser(TextRules(tokens=tokens).tokenising)
    found = made.tokenise(HOSTILE)
    assert found == [made.tokenise([text])[0] for text in HOSTILE]
    assert found[:3] == ["", "", ""]
    # Kiwi needs 20 seconds for so much Hangul without a blank.
    long = [LETTERS[tokens] * (LONG // 20 if tokens in ("kiwi", "by_script") else LONG)]
    found += made.tokenise(long)
    assert found[-1]
    for words in found:
        assert words.split() == ([] if not words else words.split(" "))
        words.encode()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec=None, exclude_categories=()), max_size=30)))
@example(["私はﾊﾟﾝ\u0301"])
def test_any_text_can_be_cut_by_every_analyser(texts):
    for tokens in ("unicode", "fugashi", "ipadic", "sudachi_a", "jieba", "kiwi", "by_script"):
        made = tokeniser(TextRules(tokens=tokens).tokenising)
        found = made.tokenise(texts)
        assert found == made.tokenise(texts[::-1])[::-1]
        for text, words in zip(texts, found, strict=True):
            assert words == " ".join(words.split())
            if not normalise(text):
                assert not words


def test_no_letter_is_lost():
    text = "私はABC 3.5の店に行った、10km先の。"
    for tokens in (
        "fugashi",
        "ipadic",
        "sudachi_a",
        "sudachi_b",
        "sudachi_c",
        "jieba",
        "by_script",
    ):
        assert "".join(WORD.findall(text)) == "".join(WORD.findall("".join(cut(text, tokens))))


LEARNT_FROM = [
    *("the theory of the thing", "therefore they think", "これはペンです", "それはペンでした"),
    *(f"{one} {two}" for one in ("open", "opens", "opened") for two in ("late", "later", "lately")),
]


@pytest.mark.parametrize("tokens", LEARNT_TOKENS)
def test_learnt_pieces_are_the_same_each_time_and_make_up_words(tokens):
    rules = TextRules(tokens=tokens, subwords=100).tokenising
    learnt = learn_subwords(LEARNT_FROM, rules)
    assert len(json.loads(learnt)["model"]["vocab"]) <= 100
    assert {learn_subwords(LEARNT_FROM[::step], rules) for step in (1, -1)} == {learnt}
    made = subword_tokeniser(learnt, rules)
    (words,) = made.tokenise(["opened the"])
    assert words.replace(" ", "").replace("▁", "") == "openedthe"
    assert made.tokenise(["", "ж", "<ж> <unk>"])[:2] == ["", ""]
    assert made.tokenise(HOSTILE) == [made.tokenise([text])[0] for text in HOSTILE]
    for few in ([], [""], ["a"], [chr(0x4E00 + number) for number in range(300)]):
        again = subword_tokeniser(learn_subwords(few, rules), rules)
        assert [set(words.split()) <= {"a", "▁a"} for words in again.tokenise(["a b"])] == [True]
    with pytest.raises(ModelError, match=r"cannot be read .*: train it again"):
        subword_tokeniser(learnt[:-9], rules)


def test_pieces_that_are_left_out():
    rules = TextRules(tokens="bpe", drop_words=("THE",)).tokenising
    made = subword_tokeniser(learn_subwords(["the end"] * 9, rules), rules)
    assert made.tokenise(["the end"]) == ["▁end"]


def test_a_model_is_used_with_the_dictionary_it_was_trained_with():
    rules = TextRules(tokens="fugashi", stop_words="ja").tokenising
    identity = tokeniser(rules).identity
    require_same(identity, rules)
    require_same(re.sub(r"fugashi [\d.]+", "fugashi 0.1", identity), rules)
    version = importlib.metadata.version("unidic-lite")
    then = identity.replace(version, "0.9")
    with pytest.raises(
        ModelError,
        match=rf"cut with unidic-lite 0.9, and here is unidic-lite {version}.*"
        r'pip install "unidic-lite==0.9"; or train it again',
    ):
        require_same(then, rules)
    other = re.sub(r'"stop_words": "ja \w+"', '"stop_words": "ja 00000000"', identity)
    with pytest.raises(ModelError, match="leaves out the stop words ja 00000000, and the list"):
        require_same(other, rules)
    with pytest.raises(ModelError, match="the model is damaged"):
        require_same(tokeniser(TextRules(tokens="ipadic").tokenising).identity, rules)
    with pytest.raises(ModelError, match="not one line of JSON"):
        require_same("{", rules)
    require_same("", TextRules().tokenising)
    learnt = TextRules(tokens="bpe").tokenising
    require_same(subword_tokeniser(learn_subwords(["a"], learnt), learnt).identity, learnt)


def test_what_is_not_installed_is_one_sentence(monkeypatch):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr("textkaizen.text.tokens.analysis.version", missing)
    extras = {"fugashi": "ja", "sudachi_b": "ja", "jieba": "zh", "kiwi": "ko", "thai": "th"}
    for tokens, extra in extras.items():
        with pytest.raises(MissingExtraError, match=rf'pip install "textkaizen\[{extra}\]"$'):
            tokeniser(TextRules(tokens=tokens).tokenising)
    with pytest.raises(MissingExtraError, match=r'pip install "textkaizen\[subwords\]"$'):
        learn_subwords(["a"], TextRules(tokens="bpe").tokenising)
    made = tokeniser(TextRules(tokens="by_script").tokenising)
    assert made.tokenise(["only English"]) == ["only English"]
    with pytest.raises(MissingExtraError, match=r"by fugashi needs fugashi, which is not"):
        made.tokenise(["これ"])
