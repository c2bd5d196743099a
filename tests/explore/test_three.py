"""A race of three processors, whose schedules can be counted by hand."""

from types import SimpleNamespace

import pytest

from sim.explore import unit
from sim.explore.race import Race, Variant
from sim.explore.search import Exhaustive
from sim.explore.unit import Setting

from .explore_support import explored


#: A word in memory that is in the linear map, and not used by anybody.
WORD = 0xF_F000


def race_of_stores(own_words):
    """Three processors that store twice each: to a word of their own, or all to one."""
    async def prepare(cpus):
        def program(number):
            async def store(cpu, start):
                await start(cpu)
                for _ in range(2):
                    await cpu.store(0xFFFF_8880_0000_0000 + WORD + 8 * number * own_words, 8,
                                    number + 1)
            return store

        def judge(memory):
            last = memory.read(WORD, 8)
            return "the second was last" if last == 2 else None

        return Race([program(number) for number in range(3)], judge)

    return SimpleNamespace(__doc__="Stores", CPUS=3, PREEMPTIONS=0, FLAWED=Variant("6.x"),
                           SOUND=Variant("6.x"), prepare=prepare)


@pytest.fixture
def search(monkeypatch):
    """Search the race in this process, with words of their own or without."""
    def searched(own_words, preemptions=0):
        race = race_of_stores(own_words)
        monkeypatch.setattr(unit, "race_called", lambda name: race)
        return explored(Exhaustive(preemptions), Setting(f"stores {own_words}"))
    return searched


def test_who_goes_on_when_one_has_ended_is_no_preemption_but_a_choice(search):
    result = search(False)
    entry, = result.rounds
    # All six orders of the three programs; the second is the last one in two of them.
    assert entry.played + entry.equal == 6
    assert entry.bad == 2


def test_orders_of_stores_to_different_words_are_the_same_more_often(search):
    own, one = (search(own_words, 1).rounds[1] for own_words in (True, False))
    assert own.bad == 0 < one.bad
    assert own.played < one.played
