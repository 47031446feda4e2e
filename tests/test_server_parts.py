"""Parts of a server by themselves: settings, tokens, buckets, texts put together, the swap."""

import asyncio
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import model

from textkaizen.agent.server import limits, live
from textkaizen.agent.server.limits import Rates
from textkaizen.agent.server.live import Holder
from textkaizen.agent.server.settings import PUBLIC_RATE, Settings, token_from
from textkaizen.agent.server.speaking import MOST_CONVERSATIONS, Speaker
from textkaizen.agent.server.together import MOST, Together
from textkaizen.errors import TextkaizenError, UsageError
from textkaizen.files.models import save_model


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "", "localhost.me"])
def test_an_address_that_others_reach_needs_a_token_unless_it_is_open(tmp_path, host):
    with pytest.raises(UsageError, match="must ask for a token"):
        Settings(tmp_path, host=host)
    assert Settings(tmp_path, host=host, token="x" * 16).hosts == ()
    opened = Settings(tmp_path, host=host, is_open=True, workers=2)
    assert opened.rate_of_worker == PUBLIC_RATE / 2
    assert Settings(tmp_path, host=host, is_open=True, rate=0.0).rate_of_worker == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_an_address_of_this_machine_needs_none_and_has_no_rate(tmp_path, host):
    assert Settings(tmp_path, host=host).rate_of_worker == 0
    assert Settings(tmp_path, host=host, rate=4.0, workers=2).rate_of_worker == 2


def test_one_text_of_the_longest_kind_fits_into_a_body(tmp_path):
    assert Settings(tmp_path).body_bytes == 2**20
    assert Settings(tmp_path, characters=10**6).body_bytes > 12 * 10**6


def test_a_token_comes_from_the_file_before_the_environment(tmp_path):
    variables = {"TEXTKAIZEN_TOKEN": "of-the-environment"}
    (tmp_path / "token").write_text("of-the-file-itself\n", encoding="utf-8")
    assert token_from(tmp_path / "token", variables) == "of-the-file-itself"
    assert token_from(None, variables) == "of-the-environment"
    assert token_from(None, {}) is None


@pytest.mark.parametrize(
    "token", ["", "short", "ぱすわーどぱすわーどぱすわーど", "with\ta tab in its midst"]
)
def test_a_token_that_protects_nothing_is_refused_and_not_repeated(token):
    with pytest.raises(UsageError, match="at least 16 characters") as refused:
        token_from(None, {"TEXTKAIZEN_TOKEN": token})
    assert not token or token not in str(refused.value)


def test_a_token_file_that_is_missing_is_told(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        token_from(tmp_path / "nothing", {})


def test_a_bucket_empties_and_fills_as_worked_out_by_hand():
    now = [100.0]
    rates = Rates(2.0, clock=lambda: now[0])  # four at once, then one each half second
    assert [rates.wait("me") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    now[0] += 0.25
    assert rates.wait("me") == 0.25
    now[0] += 0.25
    assert [rates.wait("me"), rates.wait("me")] == [0, 0.5]
    now[0] += 1000
    assert [rates.wait("me") for _ in range(5)] == [0, 0, 0, 0, 0.5]


@given(
    st.floats(0.1, 100),
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_nobody_gets_more_than_the_rate_and_the_burst(rate, pauses):
    now, let_in = 0.0, 0
    rates = Rates(rate, clock=lambda: now)
    for pause in pauses:
        now += pause
        let_in += rates.wait("me") == 0
    # A millionth for rounding.
    assert let_in <= max(1.0, rate * limits.BURST_SECONDS) + now * rate + 1e-6


def test_clients_are_forgotten_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(limits, "MOST_CLIENTS", 10)
    rates = Rates(1.0, clock=lambda: 0.0)
    for number in range(100):
        rates.wait(str(number))
    assert len(rates._buckets) == 10


def test_all_addresses_of_one_network_are_one_client():
    assert limits.client_of("2001:db8::1") == limits.client_of("2001:db8::2:3")
    assert limits.client_of("2001:db8:0:1::1") != limits.client_of("2001:db8::1")
    assert limits.client_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert limits.client_of("fe80::1%eth0") == limits.client_of("fe80::2")
    assert limits.client_of("no:address") == "no:address"


def test_texts_that_wait_are_answered_together_each_by_the_model_it_was_sent_to():
    calls, go = [], threading.Event()

    def answer_all(name, texts):
        calls.append((name, list(texts)))
        assert go.wait(10)
        return [f"{name} {text}" for text in texts]

    async def run():
        together = Together(answer_all)
        asked = [("old", "a"), ("old", "b"), ("old", "c"), ("new", "d"), ("new", "e")]
        tasks = []
        for one in asked:
            tasks.append(asyncio.create_task(together.answer(*one)))
            await asyncio.sleep(0.01)  # the first is taken before the others come
        go.set()
        found = await asyncio.gather(*tasks)
        together.close()
        return found

    assert asyncio.run(run()) == ["old a", "old b", "old c", "new d", "new e"]
    assert calls == [("old", ["a"]), ("old", ["b", "c"]), ("new", ["d", "e"])]


def test_a_batch_has_an_end_and_a_failure_is_told_to_all_of_it():
    sizes = []

    def answer_all(name, texts):
        sizes.append(len(texts))
        if name == "broken":
            raise ZeroDivisionError
        return texts

    async def run():
        together = Together(answer_all)
        fine = await asyncio.gather(*(together.answer("fine", str(n)) for n in range(MOST + 5)))
        broken = (together.answer("broken", str(n)) for n in range(3))
        failures = await asyncio.gather(*broken, return_exceptions=True)
        again = await together.answer("fine", "again")
        together.close()
        return fine, failures, again

    fine, failures, again = asyncio.run(run())
    assert fine == [str(n) for n in range(MOST + 5)]
    assert [type(one) for one in failures] == [ZeroDivisionError] * 3
    assert again == "again"
    assert sizes == [MOST, 5, 3, 1]


def test_who_has_gone_is_not_answered():
    asked = []

    def answer_all(_model, texts):
        asked.extend(texts)
        time.sleep(0.02)
        return texts

    async def run():
        together = Together(answer_all)
        first = asyncio.create_task(together.answer(None, "first"))
        gone = asyncio.create_task(together.answer(None, "gone"))
        await asyncio.sleep(0.005)
        last = asyncio.create_task(together.answer(None, "last"))
        await asyncio.sleep(0)
        gone.cancel()
        found = await first, await last
        together.close()
        return found

    assert asyncio.run(run()) == ("first", "last")
    assert "last" in asked


def test_conversations_are_forgotten_before_they_fill_the_memory(tmp_path):
    save_model(model(), tmp_path / "model")
    own = live.load(Settings(tmp_path / "model"))
    speaker = Speaker()
    for number in range(MOST_CONVERSATIONS + 10):
        speaker._replies(own, str(number))
    assert len(speaker._conversations) == MOST_CONVERSATIONS


@pytest.fixture
def holder(tmp_path):
    save_model(model(), tmp_path / "model")
    told = []
    made = Holder(Settings(tmp_path / "model"), told.append)
    made.told = told
    return made


def test_a_new_model_takes_the_place_of_the_old_one(holder, tmp_path):
    before = holder.live
    assert not holder.is_newer()
    save_model(model(shout=True), tmp_path / "model")
    assert holder.is_newer()
    holder.swap()
    assert holder.live.hash != before.hash
    assert holder.live.model.labels == ("HOURS", "LOSS", "RENEWAL")
    assert (holder.swaps, holder.refused) == (1, 0)
    assert not holder.is_newer()
    assert holder.told == [f"A new model is in use: {holder.live.hash[:12]}."]


def test_the_same_model_saved_again_changes_nothing(holder, tmp_path):
    before = holder.live
    save_model(model(), tmp_path / "model")
    holder.swap()
    assert holder.live is before
    assert holder.swaps == 0


def test_a_model_that_is_damaged_is_told_once_and_the_old_one_stays(holder, tmp_path):
    before = holder.live
    content = (tmp_path / "model" / "weights.safetensors").read_bytes()
    (tmp_path / "model" / "weights.safetensors").write_bytes(content[:-1])
    (tmp_path / "model" / "model.sha256").touch()
    for _ in range(3):
        assert holder.is_newer()
        holder.swap()
    assert holder.live is before
    assert (holder.swaps, holder.refused, len(holder.told)) == (0, 1, 1)
    assert holder.told[0].startswith("The model in use stays. ")
    save_model(model(shout=True), tmp_path / "model")
    holder.swap()
    assert holder.swaps == 1


def test_a_model_whose_labels_do_not_fit_the_replies_is_not_used(tmp_path):
    save_model(model(), tmp_path / "model")
    (tmp_path / "replies.csv").write_text("label,reply\nloss,Oh.\n", encoding="utf-8")
    holder = Holder(Settings(tmp_path / "model", tmp_path / "replies.csv"))
    save_model(model(shout=True), tmp_path / "model")
    holder.swap()
    assert (holder.swaps, holder.refused) == (0, 1)
    (tmp_path / "replies.csv").write_text("label,reply\nLOSS,OH.\n", encoding="utf-8")
    assert holder.is_newer()
    holder.swap()
    assert holder.live.replies == {"LOSS": ("OH.",)}


def test_a_folder_that_has_gone_is_waited_for(holder, tmp_path):
    (tmp_path / "model").rename(tmp_path / "away")
    assert not holder.is_newer()
    (tmp_path / "away").rename(tmp_path / "model")


def test_what_is_no_model_cannot_be_served(tmp_path):
    with pytest.raises(TextkaizenError, match="does not exist"):
        Holder(Settings(tmp_path / "nothing"))


def test_a_server_looks_at_once_when_it_is_asked_to(holder, tmp_path):
    save_model(model(shout=True), tmp_path / "model")

    async def run():
        asked = asyncio.Event()
        task = asyncio.create_task(holder.watch(asked))
        await asyncio.sleep(0)
        asked.set()
        for _ in range(200):
            await asyncio.sleep(0.005)
            if holder.swaps:
                break
        task.cancel()

    began = time.monotonic()
    asyncio.run(run())
    assert holder.swaps == 1
    assert time.monotonic() - began < holder._settings.watch_seconds
