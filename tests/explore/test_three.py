"""A race of three processors, whose schedules can be counted by hand."""

import pytest

from .explore_support import in_worker, stores


def test_who_goes_on_when_one_has_ended_is_no_preemption_but_a_choice():
    entry, = in_worker(stores, False, 0).rounds
    # All six orders of the three programs; the second is the last one in two of them.
    assert entry.played + entry.equal == 6
    assert entry.bad == 2


@pytest.mark.slow
def test_orders_of_stores_to_different_words_are_the_same_more_often():
    own, one = (in_worker(stores, own_words, 1).rounds[1] for own_words in (True, False))
    assert own.bad == 0 < one.bad
    assert own.played < one.played
