"""Accesses that follow each other: one in each cycle, and as many in flight as there may be."""

import pytest
from paging_support import CR0_32, ROOT, TWO_LEVELS

from hw.layout import Fault
from sw.bus import Access, Register

from .memory_support import StrictMemory
from .mmu_support import Unit, four_levels, two_levels
from .rules_support import FRAME, READ, map_page, reach


#: Accesses of a burst, and cycles that it takes besides one for each.
LENGTH, BESIDES = 32, 2


class SlowMemory(StrictMemory):
    """Memory that responds twelve cycles after a transfer."""

    def __init__(self):
        super().__init__(latency=12)


async def burst(cpu, access, length=LENGTH):
    """Issue one access ``length`` times, as fast as the unit accepts it.

    Returns the responses, and the cycles from the first request to the last response.
    """
    last = 0

    def ready(cycle):
        nonlocal last
        last = cycle
        return True

    return await cpu.burst([access] * length, chained=set(), ready=ready), last + 1


@pytest.mark.slow
@two_levels()
async def test_a_hit_is_accepted_in_every_cycle(cpu):
    map_page(cpu, form=TWO_LEVELS)
    assert await reach(cpu, READ) == FRAME
    responses, cycles = await burst(cpu, READ)
    assert {response.physical for response in responses} == {FRAME}
    assert cycles == LENGTH + BESIDES


@pytest.mark.slow
@four_levels()
async def test_so_is_an_access_that_ends_in_a_protection_fault(cpu):
    responses, cycles = await burst(cpu, Access(1 << 63, 8))
    assert {response.fault for response in responses} == {Fault.GENERAL_PROTECTION}
    assert cycles == LENGTH + BESIDES


@pytest.mark.slow
@pytest.mark.parametrize("outstanding", [1, 2, 4, 8])
def test_as_many_transfers_are_in_flight_as_there_may_be(outstanding):
    async def main(cpu):
        map_page(cpu, form=TWO_LEVELS)
        assert await reach(cpu, READ) == FRAME
        _, alone = await burst(cpu, READ, length=1)
        _, full  = await burst(cpu, READ, length=outstanding)
        assert full == alone + outstanding - 1
        # One more waits for the first response.
        _, more = await burst(cpu, READ, length=outstanding + 1)
        assert more == 2 * alone - 1

    Unit({"outstanding": outstanding}, SlowMemory,
         ((Register.CR3, ROOT), (Register.CR0, CR0_32))).run(main)
