"""The page: whole, escaped, self-contained, readable by eyes and by screen readers."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from test_report_example import LABELS, TEXTS, example
from test_report_kinds import results, study_example

import textkaizen.report
from textkaizen.recipe import Recipe
from textkaizen.report import reproduce
from textkaizen.report.answer import answer, gain
from textkaizen.report.figures import DEEPEST
from textkaizen.report.ladder import rounds
from textkaizen.report.page import LONGEST_TEXT, MOST_MISTAKES, render

REPORT = Path(textkaizen.report.__file__).parent
CSS = "".join((REPORT / f"{n}.css").read_text(encoding="utf-8") for n in ("figure", "page"))
VOID = {"meta", "link", "br"}
PAGES = {name: render(result) for name, result in results().items()}


class Page(HTMLParser):
    """Tags with their attributes, checked for balance as they are read."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.mark.parametrize("name", PAGES)
def test_every_kind_of_result_makes_a_well_formed_page(name):
    page = Page(PAGES[name])
    assert page.open == []
    assert len(page.all("h1")) == 1
    assert PAGES[name].startswith("<!DOCTYPE html>")
    assert "None" not in "".join(page.texts)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_no_network_and_runs_nothing(name):
    page = Page(PAGES[name])
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in page.tags:
        assert not [key for key in attributes if key.startswith("on")]
        for key in ("src", "href", "xlink:href"):
            target = attributes.get(key)
            assert target is None or target.startswith("#") or (tag, target) == ("link", "data:,")
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert "http" not in CSS
    policies = [a["content"] for a in page.all("meta") if "http-equiv" in a]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_texts_labels_and_warnings_are_escaped_wherever_they_stand():
    page = PAGES["whole"]
    assert "&lt;script&gt;alert(&#39;text&#39;)&lt;/script&gt;" in page
    assert "&lt;script&gt;alert(&#39;label&#39;)&lt;/script&gt;" in page
    assert "&lt;b&gt;renew&lt;/b&gt;" in page
    assert "<script" not in page
    assert "<b>renew" not in page


def test_anything_may_be_hostile():
    evil = "\"><script>alert(1)</script>{{ 7 * 7 }}' onload='"
    whole = example()
    hostile = replace(
        whole,
        data={"path": evil, "hash": evil, "warnings": [evil], "test_path": evil},
        labels=(evil, *whole.labels[1:]),
        test_texts=(evil,) * len(whole.test_texts),
        verdicts=tuple(replace(v, name=evil, change=evil) for v in whole.verdicts),
        adopted=(evil,),
        advice=f"{evil}: {evil}",
        versions={evil: evil},
    )
    page = render(hostile)
    assert "<script" not in page
    assert not [key for _, attributes in Page(page).tags for key in attributes if key == "onload"]
    assert "{{ 7 * 7 }}" in page


def test_a_page_can_be_written_as_utf_8_whatever_the_texts_hold():
    page = PAGES["whole"]
    assert page.encode("utf-8").decode("utf-8") == page
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", page)
    assert "日曜日は何時まで開いていますか。" in page
    assert "אני רוצה להאריך את ההשאלה" in page


def test_the_page_is_the_same_each_time():
    assert render(example()) == PAGES["whole"]


@pytest.mark.parametrize("name", PAGES)
def test_figures_are_named_for_screen_readers_and_tables_have_captions(name):
    page = Page(PAGES[name])
    for attributes in page.all("svg"):
        named = attributes.get("role") == "img" and attributes.get("aria-label")
        inner = "overflow" in attributes
        assert named or inner or attributes.get("aria-hidden") == "true"
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(th.get("scope") in ("col", "row") for th in page.all("th"))
    assert page.all("html") == [{"lang": "en"}]
    boxes = [a for _, a in page.tags if "scroll" in a.get("class", "").split()]
    assert all("tabindex" in box and "aria-label" in box for box in boxes)


@pytest.mark.parametrize("name", PAGES)
def test_links_within_the_page_lead_somewhere_and_ids_are_unique(name):
    page = Page(PAGES[name])
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = {a["href"].removeprefix("#") for a in page.all("a")}
    assert links
    assert links <= set(ids)
    labelled = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert labelled <= set(ids)


def test_sections_come_in_the_order_of_a_reader_in_a_hurry():
    ids = [a["id"] for _, a in Page(PAGES["whole"]).tags if a.get("id", "-title")[-6:] != "-title"]
    assert ids == [
        "ladder", "verdicts", "unshown", "design", "scores", "curves", "mistakes", "data", "recipe",
        "again",
    ]  # fmt: skip


def test_the_headline_is_the_advice_and_the_gain_has_its_interval():
    page = PAGES["whole"].replace("\N{NO-BREAK SPACE}", " ")
    assert "<h1>Use the adopted network</h1>" in page
    line = re.search('<p class="lead">(.*?)</p>', page)[1]
    assert line == (
        "+6.6 points of accuracy [+3.9, +9.3] over the baseline on 348 held-out texts: shown "
        "(p &lt; 0.001)."
    )


def test_every_verdict_is_in_a_figure_or_listed_as_not_tried():
    page, whole = Page(PAGES["whole"]), example()
    drawn = [a["aria-label"] for a in page.all("svg") if a.get("class") == "row-figure"]
    tried = [verdict for verdict in whole.verdicts if verdict.gap is not None]
    assert len(drawn) == len(tried) + 2 * len(whole.finalists) + len(whole.places)
    for verdict in tried:
        assert any(
            told.startswith(f"{verdict.name}: ") and told.endswith(verdict.verdict)
            for told in drawn
        )
    assert PAGES["whole"].count("<strong>Not tried</strong>") == 2
    assert PAGES["whole"].count("adopted without evidence</span>") == 2


def test_a_round_is_sorted_by_effect():
    for one in rounds(example()):
        values = [verdict.gap.value for verdict in one.tried]
        assert values == sorted(values, reverse=True)


def test_the_numbers_are_in_tables():
    page = PAGES["whole"]
    headings = ("Accuracy, points", "Over networks", "Adjusted p", "False share", "Training time")
    for heading in headings:
        assert f">{heading}</th>" in page
    first = next(v for v in example().verdicts if v.adopted)
    row = page[page.index(f'<th scope="row">{first.name}') :].split("</tr>")[0]
    assert f"{first.seconds / first.lanes:.2g} s" in row
    assert f"{first.p_rate:.3f}" in row or "&lt; 0.001" in row
    assert f">{first.lanes}<" in row
    assert "dropout: 0.0 → 0.5" in row


def test_only_the_first_mistakes_are_shown_and_long_texts_are_cut():
    items = re.findall(r'<li><p dir="auto">(.*?)</p>', PAGES["whole"])
    assert len(items) == MOST_MISTAKES
    assert max(map(len, items)) <= LONGEST_TEXT + 60  # escapes take more characters
    assert any(item.endswith("…") for item in items)
    assert max(map(len, TEXTS)) > LONGEST_TEXT


def test_a_study_has_no_ladder_and_says_what_helps():
    page = PAGES["study"]
    assert "<h1>Dropout 0.5 helps</h1>" in page
    assert 'id="ladder"' not in page
    assert 'id="scores"' not in page
    assert "adopted" not in re.sub("<style>.*?</style>", "", page, flags=re.S)


def test_an_interrupted_run_says_so_and_shows_what_it_has():
    page = PAGES["interrupted"]
    assert "The run was interrupted" in page
    assert "(the run was interrupted): <span" in page
    assert page.count('class="row-figure"') == 3
    assert "<h1>Nothing was measured</h1>" in PAGES["interrupted at once"]
    assert "No improvement was measured." in PAGES["interrupted at once"]


def test_a_run_that_adopts_nothing_shows_no_gain():
    page = PAGES["nothing adopted"]
    assert "<dt>Gain</dt>" not in page
    assert "Nothing was adopted, so the adopted network is the baseline." in page
    assert "The recipe is that of the baseline." in page


def test_a_gain_is_called_shown_lost_or_open_by_its_interval():
    whole = example()
    found = gain(whole)
    for low, high, said in (
        (0.01, 0.05, ": shown ("),
        (-0.01, 0.05, ": not shown ("),
        (-0.05, -0.01, ": shown to be worse ("),
        (0.0, 0.0, "changes nothing"),
    ):
        moved = replace(found, low=low, high=high, value=(low + high) / 2)
        first, *others = whole.finalists
        changed = (replace(first, versus_adopted=moved), *others)
        assert said in answer(replace(whole, finalists=changed)).gain


def test_the_recipe_is_yaml_that_gives_the_recipe_back():
    recipe = Recipe().with_knobs(l1=1e-5, l2=2.5e-7, patience=5.0).with_shape(hidden=(256, 64))
    for each in (recipe, Recipe(), Recipe().with_shape(hidden=())):
        text = "\n".join(line.text for line in reproduce.recipe_lines(each, Recipe()))
        assert Recipe.from_dict(yaml.safe_load(text)) == each


def test_changed_lines_of_the_recipe_name_the_value_of_the_baseline():
    assert "<mark>  dropout: 0.5</mark>" in PAGES["whole"]
    assert "# baseline: 0.0" in PAGES["whole"]
    assert PAGES["study"].count("# baseline:") == 0


def test_a_study_of_fewer_epochs_says_so_in_what_is_not_shown():
    whole = study_example()
    fewer = replace(whole, design=whole.design | {"epochs": 36, "epochs_asked": 60})
    told = "".join(Page(render(fewer)).texts).partition("What is not shown")[2]
    assert "networks were trained for 36 epochs instead of 60" in told
    assert "instead of 60" not in render(whole)


def test_the_page_shows_hash_versions_and_seed():
    page = PAGES["whole"]
    for part in (example().data["hash"], "jax 0.10.2", "<dt>Seed</dt><dd>1</dd>", "4 min 47 s"):
        assert part in page


def test_labels_of_any_length_and_script_are_in_the_page():
    text = "".join(Page(PAGES["two classes"]).texts)
    assert LABELS[0] in text
    assert "開館時間と休館日" in "".join(Page(PAGES["whole"]).texts)


def _luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _blend(colour, ground, share):
    mixed = [
        round(share * int(colour[at : at + 2], 16) + (1 - share) * int(ground[at : at + 2], 16))
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in mixed)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa_in_both_schemes(scheme):
    # 4.5 : 1 for text, 3 : 1 for symbols and lines (WCAG 2.2, 1.4.3 and 1.4.11).
    block = re.findall(r":root \{(.*?)\}", CSS, flags=re.S)[scheme]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block))
    for ground in ("ground", "surface", "tint"):
        for ink in ("ink", "muted", "accent", "hurts"):
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for mark in ("helps", "none"):
            assert _contrast(colours[mark], colours[ground]) >= 3, (mark, ground)
    assert _contrast(colours["ink"], colours["changed"]) >= 4.5
    for cell in ("accent", "hurts"):  # the deepest cell of the heat map
        deepest = _blend(colours[cell], colours["ground"], DEEPEST)
        assert _contrast(colours["ink"], deepest) >= 4.5, cell


def test_every_colour_of_a_figure_is_a_variable_of_the_page():
    figures = "".join(re.findall(r"<svg.*?</svg>", PAGES["whole"], flags=re.S))
    assert not re.search(r'(fill|stroke)="', figures)
