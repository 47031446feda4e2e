"""Threads: results in order, items taken as they are needed, and an end to every lane."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np  # noqa: F401 (brings the linear algebra whose threads are counted)
import pytest
from threadpoolctl import threadpool_info

from textkaizen.workers.threads import Threads, cores

SECONDS = 20  # nothing here takes longer unless it hangs


def test_results_come_in_the_order_of_the_items():
    naps = [0.03, 0.0, 0.02, 0.0, 0.01, 0.0]

    def nap(number):
        time.sleep(naps[number])
        return number

    assert list(Threads(3)(nap, range(6))) == list(range(6))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("items", [0, 1, 2, 40])
def test_any_number_of_items_goes_through_any_number_of_threads(threads, items):
    assert list(Threads(threads)(lambda item: item + 1, range(items))) == list(range(1, items + 1))


def test_lanes_run_side_by_side():
    meeting = threading.Barrier(2)
    assert sorted(Threads(2)(lambda item: meeting.wait(SECONDS), range(2))) == [0, 1]


def test_items_are_taken_only_when_a_thread_is_about_to_be_free():
    taken, finished, most = [], [], []

    def items():
        for number in range(30):
            taken.append(number)
            most.append(len(taken) - len(finished))
            yield number

    def work(number):
        time.sleep(0.001)
        finished.append(number)

    assert len(list(Threads(2)(work, items()))) == 30
    # Two at work, one ready for whoever is free first, and the one just taken.
    assert max(most) <= 4


def test_endless_items_are_no_trouble():
    results = Threads(2)(lambda item: item, count())
    assert [next(results) for _ in range(10)] == list(range(10))
    results.close()


def test_a_slow_first_lane_does_not_hold_up_the_others():
    fifth_ran = threading.Event()

    def work(number):
        if number == 5:
            fifth_ran.set()
        return fifth_ran.wait(SECONDS) if number == 0 else True

    assert list(Threads(2)(work, range(6))) == [True] * 6


def test_a_result_that_is_there_is_handed_on_before_the_next_item_but_one_is_asked_for():
    results, seen = [], []

    def items():
        for number in range(4):
            yield number
            time.sleep(0.05)  # time enough for a lane that does nothing
            seen.append(len(results))

    append_each(results, Threads(2)(lambda item: item, items()))
    assert results == [0, 1, 2, 3]
    assert all(had >= number for number, had in enumerate(seen))


def append_each(kept, results):
    """Keep each result at once, as a consumer does who may be interrupted."""
    for result in results:
        kept += [result]


def waiting_lane(workers, started, ended):
    """A lane that trains until it is told to stop."""

    def lane(number):
        started.append(number)
        deadline = time.monotonic() + SECONDS
        while not workers.stopping() and time.monotonic() < deadline:
            time.sleep(0.001)
        ended.append((number, workers.stopping(1, {"loss": 0.5})))

    return lane


def interrupted_items(started):
    yield from range(2)
    while len(started) < 2:
        time.sleep(0.001)
    raise KeyboardInterrupt


def test_an_interruption_stops_lanes_at_work_and_is_handed_on():
    workers, started, ended = Threads(2), [], []
    with pytest.raises(KeyboardInterrupt):
        list(workers(waiting_lane(workers, started, ended), interrupted_items(started)))
    assert sorted(ended) == [(0, True), (1, True)]
    assert not workers.stopping()
    assert list(workers(lambda item: item, range(3))) == [0, 1, 2]  # and it can be used again


def test_an_interruption_while_waiting_stops_lanes_and_starts_no_more():
    workers, started, ended = Threads(2), [], []
    lane = waiting_lane(workers, started, ended)
    results = workers(lambda number: number if number == 0 else lane(number), range(50))
    assert next(results) == 0
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert len(started) == len(ended) <= 3
    assert all(stopped for _, stopped in ended)
    assert not workers.stopping()


def test_a_consumer_that_ends_early_stops_the_lanes_at_work():
    workers, started, ended = Threads(2), [], []
    lane = waiting_lane(workers, started, ended)
    results = workers(lambda number: number if number == 0 else lane(number), range(50))
    assert next(results) == 0
    results.close()
    assert len(started) == len(ended) <= 3
    assert all(stopped for _, stopped in ended)
    assert not workers.stopping()


def test_a_second_interruption_leaves_no_lane_at_work_and_no_order_to_stop(monkeypatch):
    workers, started, ended = Threads(2), [], []
    real, calls = ThreadPoolExecutor.shutdown, []

    def interrupted_once(pool, *how, **more):
        calls.append(pool)
        if len(calls) == 1:
            raise KeyboardInterrupt
        real(pool, *how, **more)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", interrupted_once)
    with pytest.raises(KeyboardInterrupt):
        list(workers(waiting_lane(workers, started, ended), interrupted_items(started)))
    assert sorted(ended) == [(0, True), (1, True)]
    assert not workers.stopping()


def test_what_was_yielded_before_an_interruption_is_the_callers():
    kept = []

    def items():
        for number in range(1000):
            yield number
            if len(kept) >= 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        append_each(kept, Threads(2)(lambda item: item, items()))
    assert 3 <= len(kept) < 1000
    assert kept == list(range(len(kept)))


def test_an_error_in_a_lane_is_raised_once_and_stops_the_others():
    workers, started, ended = Threads(2), [], []
    lane = waiting_lane(workers, started, ended)

    def work(number):
        if number == 0:
            raise ValueError("of lane 0")
        lane(number)

    results = workers(work, range(50))
    with pytest.raises(ValueError, match="of lane 0"):
        next(results)
    with pytest.raises(StopIteration):
        next(results)
    assert len(started) == len(ended) <= 3
    assert not workers.stopping()


def test_each_lane_has_one_thread_of_linear_algebra_and_they_come_back():
    before = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    seen = list(
        Threads(2)(
            lambda item: {
                pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"
            },
            range(2),
        )
    )
    assert before
    assert seen == [{1}, {1}]
    after = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert after == before


def test_by_default_there_is_a_thread_for_each_core():
    assert Threads().count == cores() >= 1
