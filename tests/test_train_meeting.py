"""A meeting: all of a group are waited for, whoever leaves is not, and a failure is everybody's."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from textkaizen.train.meeting import Meeting

SECONDS = 60  # a machine may stand still for a while; nothing here waits that long when all is well


def doubling(seen):
    return lambda group, parts: (seen.append((group, sorted(parts))), [2 * p for p in parts])[1]


def take_part(meeting, group, parts, seated=None):
    """Hand parts in one after another, once all that are expected have their seats."""
    with meeting.seat(group) as hand_in:
        if seated is not None:
            seated.wait(SECONDS)
        return [hand_in(part) for part in parts]


def test_the_parts_of_a_group_are_done_together_and_results_go_to_whom_they_belong():
    seen, seated = [], threading.Barrier(3)
    meeting = Meeting(doubling(seen))
    with ThreadPoolExecutor(3) as pool:
        parts = [(n, 10 + n, 20 + n) for n in range(3)]
        found = list(pool.map(lambda own: take_part(meeting, "a", own, seated), parts))
    assert found == [[2 * part for part in own] for own in parts]
    assert seen == [("a", [0, 1, 2]), ("a", [10, 11, 12]), ("a", [20, 21, 22])]


def test_who_leaves_is_not_waited_for_any_more():
    seen, seated = [], threading.Barrier(3)
    meeting = Meeting(doubling(seen))
    with ThreadPoolExecutor(3) as pool:
        parts = [range(1), range(3), range(5)]
        list(pool.map(lambda own: take_part(meeting, "a", own, seated), parts))
    assert [len(parts) for _, parts in seen] == [3, 2, 2, 1, 1]


def test_groups_do_not_wait_for_each_other():
    seen = []
    meeting = Meeting(doubling(seen))
    with meeting.seat("a"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(take_part, meeting, "b", [1]).result(SECONDS) == [2]
    assert seen == [("b", [1])]


def test_who_comes_later_takes_part_from_then_on():
    seen, came = [], threading.Event()
    meeting = Meeting(doubling(seen))
    with ThreadPoolExecutor(1) as pool, meeting.seat("a") as hand_in:
        assert hand_in(1) == 2

        def later():
            with meeting.seat("a") as own:
                came.set()
                return own(3)

        other = pool.submit(later)
        assert came.wait(SECONDS)
        assert hand_in(2) == 4
        assert other.result(SECONDS) == 6
    assert seen == [("a", [1]), ("a", [2, 3])]


def test_a_failure_is_raised_by_all_who_took_part_and_the_next_meeting_goes_well():
    failures, seated = [ValueError("no")], threading.Barrier(2)

    def work(group, parts):
        if failures:
            raise failures.pop()
        return parts

    meeting = Meeting(work)
    with ThreadPoolExecutor(2) as pool:
        lanes = [pool.submit(take_part, meeting, "a", [n], seated) for n in range(2)]
        for lane in lanes:
            with pytest.raises(ValueError, match="no"):
                lane.result(SECONDS)
    assert take_part(meeting, "a", [5]) == [5]
