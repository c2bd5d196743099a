"""Footprints: what steps touch of the kernel's state, and which of them commute."""

import pytest

from sim.explore.footprint import Footprint, watch
from sim.explore.fork import ChildFailed, in_copy
from sw.include.linux.mm_types import mm_struct, page
from sw.variables import DEFINE, image


def footprint(*, reads=(), writes=()):
    made = Footprint()
    made.reads.update(reads)
    made.writes.update(writes)
    return made


@pytest.mark.parametrize("one, other, commute", [
    (footprint(reads="ab"), footprint(reads="bc"), True),
    (footprint(writes="a"), footprint(reads="bc"), True),
    (footprint(writes="a"), footprint(reads="ab"), False),
    (footprint(reads="a"), footprint(writes="a"), False),
    (footprint(writes="a"), footprint(writes="a"), False),
])
def test_steps_commute_unless_one_writes_what_the_other_touches(one, other, commute):
    assert one.conflicts(other) == (not commute)
    assert other.conflicts(one) == (not commute)


def watched(*steps):
    """Take the footprint of each step, in a copy of this process, where all is watched."""
    def taken():
        ended = watch()
        prints = []
        for step in steps:
            ended()
            step()
            prints.append(ended())
        return [[one.conflicts(other) for other in prints] for one in prints]

    return in_copy(taken)


def test_attributes_of_the_kernel_s_objects_are_watched():
    one, other = page(1), page(2)

    def changes(): one.refcount = 5
    def reads():   assert one.refcount
    def apart():   other.refcount = 5

    table = watched(changes, reads, apart, lambda: one.dirty)
    assert table[0] == [True, True, False, False]
    assert table[1] == [True, False, False, False]


def test_a_list_is_written_to_if_it_is_another_one_afterwards():
    mm = mm_struct()
    table = watched(lambda: mm.mmap.append("mapping"), lambda: len(mm.mmap),
                    lambda: len(mm.mmap), lambda: mm.cpumask.add(1))
    assert table[0][:3] == [True, True, True]
    assert table[1][:3] == [True, False, False]
    assert table[3] == [False, False, False, True]


def test_variables_of_the_kernel_are_watched():
    variables, counter, other = image(), DEFINE(int), DEFINE(int)
    variables.set(counter, 1)
    variables.set(other, 1)
    table = watched(lambda: variables.set(counter, 2), lambda: variables[counter],
                    lambda: variables[other])
    assert table[0] == [True, True, False]
    assert table[1][2] is False


def test_nothing_is_watched_in_this_process():
    assert page.__getattribute__ is object.__getattribute__


def test_a_copy_that_fails_says_why():
    with pytest.raises(ChildFailed, match="ZeroDivisionError"):
        in_copy(lambda: 1 // 0)
