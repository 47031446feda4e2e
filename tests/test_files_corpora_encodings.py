"""Encodings: the recognised ones give the same texts, all others are refused and never guessed."""

from pathlib import Path

import pytest

from textkaizen.errors import CorpusError
from textkaizen.files.corpora import load_corpus
from textkaizen.files.decoding import decode

EXAMPLES = Path(__file__).parent.parent / "examples"
JAPANESE = (EXAMPLES / "library-ja.csv").read_text(encoding="utf-8")
GERMAN = (EXAMPLES / "library-de.csv").read_text(encoding="utf-8")
# The waves and minus signs that an encoding has: each knows but one form of them.
FORMS = {"cp932": ("〜−", "～－"), "euc_jp": ("～－", "〜−")}
FRENCH = "text,label\nÀ quelle heure fermez-vous l’été ?,heures\nOù est le prêt ?,prêt\n"
KOREAN = "text,label\n도서관은 몇 시에 문을 여나요?,시간\n책을 연장하고 싶어요,연장\n"
CHINESE = "text,label\n图书馆几点开门？,时间\n我想续借这本书,续借\n"
RUSSIAN = "text,label\nКогда вы открываетесь?,часы\nГде мой читательский билет?,билет\n"


def japanese(encoding):
    return JAPANESE.translate(str.maketrans(*FORMS.get(encoding, ("", ""))))


def refused(content):
    with pytest.raises(CorpusError) as error:
        decode(content, "data.csv")
    message = str(error.value)
    assert message.startswith("data.csv must be ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
def test_japanese_texts_are_the_same_in_every_encoding(tmp_path, encoding):
    (tmp_path / "plain.csv").write_text(japanese(encoding), encoding="utf-8", newline="")
    (tmp_path / "data.csv").write_bytes(japanese(encoding).encode(encoding))
    expected, found = load_corpus(tmp_path / "plain.csv"), load_corpus(tmp_path / "data.csv")
    assert found.texts == expected.texts
    assert found.labels == expected.labels
    assert found.lines == expected.lines
    assert len(found) == JAPANESE.count("\n") - 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_german_texts_are_the_same_in_every_encoding(encoding):
    assert decode(GERMAN.encode(encoding), "data.csv") == GERMAN


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf_16_is_read_in_both_byte_orders(mark):
    encoding = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    assert decode(mark + JAPANESE.encode(encoding), "data.csv") == JAPANESE


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp"])
def test_each_japanese_line_is_recognised_alone_or_refused(encoding):
    """A line without enough kana may be refused, but none is ever read wrongly."""
    lines = [line for line in japanese(encoding).splitlines()[1:] if not line.isascii()]
    read = 0
    for line in lines:
        try:
            assert decode(line.encode(encoding), "data.csv") == line
            read += 1
        except CorpusError as error:
            assert "iconv" in str(error)  # noqa: PT017, each line may go either way
    assert read >= 0.95 * len(lines)  # texts of many kanji or half-width forms are few


def test_half_width_katakana_among_other_texts_are_kept():
    text = (
        "text,label\nﾄｼｮｶﾝは何時に開きますか。本を延長したいのですがどうすればいいですか,時間\n" * 2
    )
    assert decode(text.encode("cp932"), "data.csv") == text
    assert decode(text.encode("euc_jp"), "data.csv") == text


def test_circled_numbers_in_euc_jp_are_read_as_windows_writes_them():
    text = "text,label\n①番の窓口はどこにありますか,場所\n"
    assert decode(text.encode("euc_jis_2004"), "data.csv") == text
    with pytest.raises(UnicodeDecodeError):
        text.encode("euc_jis_2004").decode("euc_jp")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp850", "mac_roman"])
def test_german_in_an_older_encoding_is_refused_with_line_and_remedy(encoding):
    message = refused(GERMAN.encode(encoding, "replace"))
    first = next(number for number, line in enumerate(GERMAN.splitlines(), 1) if not line.isascii())
    assert f"line {first} has the byte" in message
    assert "iconv -f " in message


def test_latin_1_names_the_encoding_to_convert_from():
    assert "iconv -f WINDOWS-1252 -t UTF-8" in refused(GERMAN.encode("cp1252", "replace"))
    assert "iconv -f WINDOWS-1252 -t UTF-8" in refused(FRENCH.encode("cp1252"))


def test_each_german_line_in_latin_1_is_refused_alone():
    for line in GERMAN.splitlines():
        if not line.isascii():
            refused(line.encode("cp1252", "replace"))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (KOREAN, "cp949"),
        (CHINESE, "gb18030"),
        (CHINESE, "gb2312"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp1251"),
        (FRENCH, "cp1252"),
    ],
)
def test_other_languages_in_older_encodings_are_never_taken_for_japanese(text, encoding):
    assert "line 2 has the byte" in refused(text.encode(encoding))


def test_damaged_utf_8_is_called_so_and_never_taken_for_japanese():
    lines = JAPANESE.encode().split(b"\n")
    for number in (2, 100, 300):
        broken = [*lines]
        broken[number - 1] = broken[number - 1].replace(b"\x81", b"", 1)[:-1] + b"\xff"
        message = refused(b"\n".join(broken))
        assert "UTF-8 throughout" in message
        assert f"line {number} " in message


def test_a_damaged_utf_16_file_is_called_so():
    message = refused(JAPANESE.encode("utf-16")[:-1])
    assert "must be UTF-16" in message
    assert "utf-16".upper() in message


def test_iso_2022_jp_and_utf_32_are_refused_by_their_names():
    assert "iconv -f ISO-2022-JP" in refused(
        "text,label\n図書館はどこですか,場所\n".encode("iso2022_jp")
    )
    assert "iconv -f UTF-32" in refused(JAPANESE.encode("utf-32"))
    # An escape in a text of another kind is none of this.
    assert decode(b"text,label\nkey \x1b$B in a mail,x\n", "data.csv").count("\x1b") == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"PK\x03\x04\x14\0", "zip or Excel"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"%PDF-1.7\n", "PDF"),
        (b"text,label\na,b\nc\0,d\n", "line 3 has a NUL byte"),
        ("text,label\na,b\n".encode("utf-16-le"), "line 1 has a NUL byte"),
        ("text,label\na\0,b\n".encode("utf-16"), "line 2 has a NUL"),
        (bytes(range(1, 256)), "fits none of them"),
    ],
)
def test_what_is_no_text_is_refused(content, kind):
    assert kind in refused(content)
