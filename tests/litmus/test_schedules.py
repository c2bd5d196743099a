"""All schedules: the reduction loses no outcome, and plays no two equal ones."""

from functools import partial

import pytest

from sim.litmus.golden import GoldenPlayer
from sim.litmus.parser import parse
from sim.litmus.schedules import explored

from .litmus_support import every_schedule, two


MAPPED = "PA(a)=1; PA(b)=2; PTE(x)=(oa:PA(a), D:0); PTE(y)=(oa:PA(b));"


def mapped(first, second):
    """A test of two pages, with a value for each ECX that is exchanged."""
    registers = "".join(f"{cpu}:ECX={7 + cpu};" for cpu, program in enumerate((first, second))
                        if "ECX" in program)
    return two(MAPPED + registers, first, second)


@pytest.mark.slow
@pytest.mark.parametrize("first, second", [
    ("MOV [x],$5", "MOV EAX,[x]; MOV EBX,[x]"),
    ("MOV [x],$5", "MOV [PTE(x)],(oa:PA(b), D:0); MOV EAX,[x]"),
    ("MOV [PTE(x)],(oa:PA(b)); INVLPG [x]; IPI P1", "MOV EAX,[x]; HLT; INVLPG [x]; MOV EBX,[x]"),
    ("XCHG [x],ECX", "XCHG [x],ECX; MOV EAX,[PTE(x)]"),
    ("MOV [PTE(x)],(P:0); MOV [PTE(x)],(oa:PA(b))", "MOV EAX,[x]; MOV EBX,[x]"),
])
def test_no_outcome_is_lost(first, second):
    test    = mapped(first, second)
    play    = partial(GoldenPlayer().play, test, frozenset())
    all_    = [found.outcome for found in every_schedule(play)]
    reduced = [found.outcome for found in explored(play)]
    assert set(reduced) == set(all_)
    assert len(reduced) < len(all_)


def test_no_outcome_of_three_processors_is_lost():
    test = parse("X86 three\n{ PA(a)=1; PA(b)=2; PTE(x)=(oa:PA(a)); PTE(y)=(oa:PA(b)); }\n"
                 "P0 | P1 | P2 ;\n MOV [PTE(x)],(P:0) | MOV EAX,[PTE(x)] | MOV EAX,[PTE(y)] ;\n"
                 " | MOV [PTE(y)],(P:0) | MOV EBX,[PTE(x)] ;\n")
    play = partial(GoldenPlayer().play, test, frozenset())
    all_, reduced = list(every_schedule(play)), list(explored(play))
    assert {found.outcome for found in reduced} == {found.outcome for found in all_}
    assert len({equal(found.steps) for found in all_}) == len(reduced) < len(all_)


def equal(steps):
    """The order of all pairs of steps that depend on each other: the same for equal schedules."""
    numbered, counts = [], {}
    for step in steps:
        counts[step.cpu] = counts.get(step.cpu, 0) + 1
        numbered.append((step, (step.cpu, counts[step.cpu], step.told)))
    return frozenset((one[1], other[1]) for place, one in enumerate(numbered)
                     for other in numbered[place + 1:] if one[0].depends(other[0]))


def test_no_two_schedules_are_equal():
    test = mapped("MOV [x],$5; MOV EAX,[y]", "MOV [y],$6; XCHG [x],ECX")
    play = partial(GoldenPlayer().play, test, frozenset())
    orders = [equal(found.steps) for found in explored(play)]
    assert len(orders) == len(set(orders)) > 5


def test_steps_that_touch_different_words_are_played_in_one_order():
    test = mapped("MOV [x],$5", "MOV [y],$6")
    assert len(list(explored(partial(GoldenPlayer().play, test, frozenset())))) == 1
