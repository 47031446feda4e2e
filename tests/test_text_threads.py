"""Calls in threads: results in order, a few calls ahead, errors not lost."""

import threading
import time

import pytest

from textkaizen.text.threads import cores, in_order


def test_results_come_in_the_order_of_the_calls():
    def late(number):
        time.sleep(0.02 if number % 2 == 0 else 0)
        return number

    calls = ((lambda number=number: late(number)) for number in range(12))
    assert list(in_order(calls)) == list(range(12))
    assert list(in_order([])) == []


def test_no_more_calls_are_taken_than_can_soon_be_made():
    taken = 0

    def calls():
        nonlocal taken
        for taken in range(1, 101):
            yield lambda number=taken: number

    results = in_order(calls())
    for number in range(1, 51):
        assert next(results) == number
        assert taken <= number + cores() + 1
    results.close()
    assert taken < 100


def test_a_single_call_needs_no_thread():
    assert list(in_order([threading.current_thread])) == [threading.current_thread()]


def test_an_error_in_a_call_arrives():
    def fail():
        raise ValueError("no")

    results = in_order([lambda: 1, fail, lambda: 3])
    assert next(results) == 1
    with pytest.raises(ValueError, match="no"):
        next(results)
