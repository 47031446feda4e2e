"""The page: what it may load, and how it is used in a browser, with a keyboard and in Japanese.

The browser is Debian's Chromium, driven by Playwright; where there is none those tests are skipped
and say so. `TEXTKAIZEN_SCREENSHOTS` names a folder for pictures of the page.
"""

import csv
import os
import re
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from serving import ask, served

from textkaizen.agent.decisions import Decision
from textkaizen.agent.server import run
from textkaizen.agent.server.app import PAGE, page_file
from textkaizen.agent.server.live import Holder
from textkaizen.agent.server.service import Service
from textkaizen.agent.server.settings import Settings
from textkaizen.data import Corpus
from textkaizen.files.conversations import ConversationStore
from textkaizen.files.models import save_model
from textkaizen.model import learn_model
from textkaizen.recipe import Recipe

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
CHROMIUM = shutil.which("chromium")
SHOTS = os.environ.get("TEXTKAIZEN_SCREENSHOTS")
OPENS = "今日は何時まで開いていますか"
ABROAD = "明日は雨が降りそうですか"
TOKEN = "a-token-of-24-characters"


@pytest.mark.parametrize("path", PAGE)
def test_the_files_of_the_page_name_nothing_that_is_not_theirs(path):
    content = re.sub(r"^\s*// .*", "", page_file(path)[0].decode(), flags=re.MULTILINE)
    # The name of SVG is a name; nobody loads it.
    assert (
        set(re.findall(r"(?:https?:)?//\S", content.replace("http://www.w3.org/2000/svg", "")))
        == set()
    )
    for forbidden in ("innerHTML", "insertAdjacentHTML", "eval(", "document.write", " onclick="):
        assert forbidden not in content
    assert "<style" not in content
    assert " style=" not in content


def test_the_page_comes_with_a_policy_that_lets_nothing_else_run_and_is_asked_for_once(tmp_path):
    here = served(tmp_path)
    page = ask(here, "GET", "/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in page.headers["content-security-policy"]
    again = ask(here, "GET", "/", headers={"if-none-match": page.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert ask(here, "HEAD", "/").status == 200
    for path in PAGE:
        assert ask(here, "GET", path).status == 200
    here.close()


@cache
def japanese():
    """A network of the example texts; few epochs are enough to know the opening hours."""
    with (EXAMPLES / "library-ja.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]
    recipe = Recipe().with_shape(hidden=(16,)).with_knobs(epochs=8, learning_rate=0.01)
    return learn_model(Corpus(tuple(texts), tuple(labels)), recipe, seed=0)[0]


class Careful:
    """The model, but for one text, which it says it does not know."""

    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        return getattr(self._model, name)

    def decide(self, text):
        best = self._model.answer(text, 3)
        return Decision(None if text == ABROAD else best[0][0], best)

    def decide_all(self, texts):
        return [self.decide(text) for text in texts]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server in a thread, with a model that can say no and a function that tells why."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    pytest.importorskip("playwright", reason="playwright is not installed")
    folder = tmp_path_factory.mktemp("page")
    save_model(japanese(), folder / "model")
    settings = Settings(
        folder / "model", EXAMPLES / "replies-ja.csv", port=0, store=folder / "kept.sqlite"
    )
    yield from _served(settings, folder)


@pytest.fixture(scope="module")
def closed_address(tmp_path_factory):
    """A server that asks for a token and keeps nothing."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    pytest.importorskip("playwright", reason="playwright is not installed")
    folder = tmp_path_factory.mktemp("closed")
    save_model(japanese(), folder / "model")
    yield from _served(Settings(folder / "model", port=0, token=TOKEN), folder)


def _served(settings, folder):
    holder = Holder(settings)
    object.__setattr__(holder.live, "model", Careful(holder.live.model))
    store = ConversationStore(settings.store) if settings.store else None
    service = Service(settings, holder, store)
    service.why_of = lambda _model, text: [("今日は", -0.1), ("何時まで", 2.5), ("開いて", 1.25)]
    heard = run.listening(settings)
    server = run.server_of(service)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [heard]})
    thread.start()
    yield f"http://127.0.0.1:{heard.getsockname()[1]}/", folder / "kept.sqlite"
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(
    params=[("light", 1280, 800), ("dark", 400, 800)], ids=["light and wide", "dark and narrow"]
)
def page(request, browser, address):
    """The page in Japanese; at the end nothing has gone elsewhere and nothing was complained of."""
    scheme, width, height = request.param
    context = browser.new_context(
        locale="ja-JP", color_scheme=scheme, viewport={"width": width, "height": height}
    )
    opened = context.new_page()
    opened.shot, opened.expected = f"{scheme}-{width}", []
    asked, complaints = [], []
    opened.on("request", lambda sent: asked.append(sent.url))
    opened.on("console", lambda said: complaints.append(said.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(address[0])
    opened.wait_for_function("document.getElementById('about').textContent !== ''")
    yield opened
    context.close()
    assert [said for said in complaints if said not in opened.expected] == []
    assert [url for url in asked if not url.startswith(address[0])] == []


def say(page, text):
    """Write a text and send it with the key; return the reply's element when it is there."""
    before = page.locator(".theirs:not(.waiting)").count()
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")
    reply = page.locator(".theirs:not(.waiting)").nth(before)
    reply.wait_for()
    return reply


def replies_of(label):
    with (EXAMPLES / "replies-ja.csv").open(encoding="utf-8", newline="") as file:
        return [row["reply"] for row in csv.DictReader(file) if row["label"] == label]


def violations(page):
    """What axe-core has against the page as it is."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def picture(page, name):
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{page.shot}-{name}.png")


def test_a_chat_in_japanese_with_a_fallback_a_reason_and_a_thumb(page, address):
    assert page.locator("html").get_attribute("lang") == "ja"
    picture(page, "begin")
    assert violations(page) == []
    reply = say(page, OPENS)
    label = japanese().answer(OPENS)[0][0]
    assert label == "opening_hours"
    assert reply.locator(".said").text_content().removeprefix("回答: ") in replies_of(label)
    unknown = say(page, ABROAD)
    assert "I am not sure what you mean" in unknown.inner_text()

    reply.get_by_role("button", name="詳細").click()
    assert "opening_hours" in reply.locator(".more").inner_text()
    reply.get_by_role("button", name="理由").click()
    words = reply.get_by_role("group", name="決め手になった言葉")
    words.locator("dt").first.wait_for()
    assert words.locator("dt").all_inner_texts() == ["何時まで", "開いて", "今日は"]
    assert words.locator("dd:last-child").all_inner_texts() == ["+2.5", "+1.25", "-0.1"]
    picture(page, "why")

    up, down = (reply.get_by_role("button", name=name) for name in ("良い回答", "良くない回答"))
    for thumb in (down, up):
        thumb.click()
        page.wait_for_function(
            "button => button.ariaPressed === 'true'", arg=thumb.element_handle()
        )
    assert down.get_attribute("aria-pressed") == "false"
    assert "記録しました" in page.get_by_role("status").inner_text()
    with closing(sqlite3.connect(address[1])) as kept:
        query = (
            "SELECT text, label, up FROM thumbs JOIN exchanges ON id = exchange ORDER BY thumbs.at"
        )
        assert kept.execute(query).fetchall()[-1] == (OPENS, "opening_hours", 1)
    assert violations(page) == []
    # Nothing is wider than the screen.
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_all_of_it_is_used_with_the_keyboard_alone(page):
    named = "(it => it.id || it.ariaLabel || it.textContent)(document.activeElement)"
    focused = lambda: page.evaluate(named)
    assert focused() == "text"  # one can write at once
    say(page, OPENS)
    assert focused() == "text"
    order = []
    for _ in range(5):
        page.keyboard.press("Shift+Tab")
        order.append(focused())
    assert order[:3] == ["良くない回答", "良い回答", "詳細"]
    while focused() != "詳細":
        page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # where one is can be seen
    page.keyboard.press("Enter")
    while focused() != "理由":
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator(".more dt", has_text="何時まで").wait_for()
    assert focused() == "決め手になった言葉"
    for _ in range(10):
        page.keyboard.press("Shift+Tab")
        if focused() == "良い回答":
            break
    page.keyboard.press("Enter")
    page.locator("[aria-pressed=true]").wait_for()
    # A new line is no message.
    page.locator("#text").focus()
    page.keyboard.insert_text("一行目")
    page.keyboard.press("Shift+Enter")
    page.keyboard.insert_text("二行目")
    assert page.locator("#text").input_value() == "一行目\n二行目"
    assert page.locator(".mine").count() == 1


def test_enter_that_takes_what_an_input_method_offers_does_not_send(page):
    devtools = page.context.new_cdp_session(page)
    compose = {"selectionStart": 2, "selectionEnd": 2, "text": "なん"}
    devtools.send("Input.imeSetComposition", compose)
    key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    devtools.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
    # As Safari tells it: the composition has ended, and only the code of the key is left.
    page.evaluate(
        "document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'Enter', keyCode: 229, bubbles: true, cancelable: true}))"
    )
    page.evaluate(
        "document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'Enter', keyCode: 13, isComposing: true, bubbles: true, cancelable: true}))"
    )
    time.sleep(0.1)
    assert page.locator(".mine").count() == 0
    devtools.send("Input.insertText", {"text": "何時ですか"})
    page.keyboard.press("Enter")
    page.locator(".theirs:not(.waiting)").wait_for()
    assert page.locator(".mine .said").text_content() == "あなた: 何時ですか"


def test_what_is_written_is_shown_as_text_and_never_run(page):
    script = "<img src=x onerror=document.title='ran'><script>document.title='ran'</script>"
    say(page, script)
    assert page.locator(".mine .said").text_content() == f"あなた: {script}"
    assert page.title() == "textkaizen"
    assert page.locator("img").count() == 0


def test_a_server_that_is_away_is_told_and_can_be_asked_again(page):
    def away(route):
        route.abort()

    page.expected = ["Failed to load resource: net::ERR_FAILED"]
    page.route("**/v1/reply", away)
    failed = say(page, OPENS)
    assert "回答がありませんでした" in failed.inner_text()
    picture(page, "failed")
    assert violations(page) == []
    page.unroute("**/v1/reply", away)
    failed.get_by_role("button", name="もう一度").click()
    page.locator(".theirs:not(.failed):not(.waiting)").wait_for()
    assert page.locator(".failed").count() == 0
    assert page.locator(".mine").count() == 1


def test_a_reason_and_a_thumb_that_fail_are_told_and_can_be_asked_for_again(page):
    def away(route):
        route.abort()

    page.expected = ["Failed to load resource: net::ERR_FAILED"]
    reply = say(page, OPENS)
    reply.get_by_role("button", name="詳細").click()
    for path, name in (("why", "理由"), ("feedback", "良い回答")):
        page.route(f"**/v1/{path}", away)
        button = reply.get_by_role("button", name=name, exact=True)
        button.click()
        reply.get_by_role("alert").first.wait_for()
        assert violations(page) == []
        page.unroute(f"**/v1/{path}", away)
        button.click()
    page.locator("[aria-pressed=true]").wait_for()
    assert reply.locator("dt", has_text="何時まで").count() == 1


def test_a_server_with_a_token_asks_for_it_and_the_page_keeps_it_for_its_tab(
    browser, closed_address
):
    context = browser.new_context(locale="de-DE", viewport={"width": 400, "height": 700})
    page = context.new_page()
    page.shot = "token-400"
    page.goto(closed_address[0])
    field = page.get_by_label("Token dieses Servers")
    field.wait_for()
    assert violations(page) == []
    page.keyboard.type("not-the-token-at-all")
    page.keyboard.press("Enter")
    page.get_by_text("Das war nicht der Token.").wait_for()
    picture(page, "wrong")
    assert violations(page) == []
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    page.locator("#writing").wait_for()
    reply = say(page, OPENS)
    assert "[opening_hours]" in reply.inner_text()
    assert reply.get_by_role("button", name="Gute Antwort").count() == 0  # nothing is kept
    page.reload()
    page.locator("#writing").wait_for()
    context.close()
