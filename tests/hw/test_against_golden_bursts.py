"""Accesses back to back: they must end as if each had waited for the one before it.

The golden model does them one by one. Nothing edits a table, so that translations are never stale
and there is one right outcome, for the entries too: the model and the unit make the same choice
where the manual leaves one for the accessed flags. Which accesses hit the TLB depends on its size,
so another model, of the unit's choices, counts the strobes.
"""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, TWO_LEVELS, chain
from unit_support import UnitModel

from hw.config import MmuConfig
from hw.layout import Fault
from sim.golden.mmu import GoldenMmu
from sim.paging.walk import features_of
from sw.bus import Access, Kind, PageFault, Register

from .adapter_support import ClassicHalves, HalfMemory
from .memory_support import StrictMemory
from .mmu_support import ONE_LEVEL, SMALL, MmuBench, bench_of, compiled


pytestmark = pytest.mark.slow


P, RW, US, A, D = 1, 2, 4, 0x20, 0x40
LINEAR = 0x4060_5000
TABLES = range(ROOT, ROOT + 0x4000, 0x1000)
PAGES  = (0x8000_9000, 0x1010_2000, 0x0800_4000)

LONG = (FOUR_LEVELS, (
    (Register.CR4, CR4_LONG), (Register.EFER, EFER_LONG), (Register.CR3, ROOT),
    (Register.CR0, CR0_32 | 1 << 16),
))
BITS_32 = (TWO_LEVELS, ((Register.CR3, ROOT), (Register.CR0, CR0_32 | 1 << 16)))

leaves = st.sampled_from((
    P | RW | US, P | RW | US | A | D, P | RW | US | A, P | US, P | RW, 0, P | RW | US | A | D,
))
accesses = st.builds(
    Access, st.integers(LINEAR, LINEAR + 0x2fff) | st.sampled_from(
        (LINEAR, LINEAR + 0xffc, LINEAR + 0xfff, LINEAR + 0x1ffd, LINEAR + 8, 1 << 63)),
    st.sampled_from((1, 2, 4, 8)), st.sampled_from(Kind), st.booleans(),
    st.sampled_from((False, False, True)), st.integers(0, (1 << 64) - 1), st.sampled_from((0, 1)))
controls = st.sampled_from((
    (Register.CR3, ROOT), (Register.CR0, CR0_32), (Register.CR0, CR0_32 | 1 << 16),
    (Register.RFLAGS, 1 << 18), (Register.RFLAGS, 0),
))
#: Parameters of a memory.
timings = {
    "latency": st.integers(1, 4),
    "stall":   st.sampled_from(((), (), (False, True), (True, True, False))),
}


def write_tables(write, form, flags):
    """Map the pages one behind the other, each with its flags."""
    places = chain(form, LINEAR)
    for table, place in zip(TABLES[1:], places[:-1], strict=False):
        write(place, form[1], table | P | RW | US)
    for number, (page, leaf) in enumerate(zip(PAGES, flags, strict=True)):
        write(places[-1] + number * form[1], form[1], page | leaf)


def one_by_one(machine, steps, chained):
    """Outcomes of the accesses among ``steps`` on a model; None where skipped."""
    outcomes, failed = [], False
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            machine.write_control(*step)
        elif failed and number in chained:
            outcomes.append((step, None))
        else:
            outcome = machine.access(step)
            failed  = outcome.fault is not None
            outcomes.append((step, outcome))
    return outcomes


def check(response, access, outcome):
    """Compare one response with the model's outcome."""
    if outcome is None:
        assert response.fault == Fault.SKIPPED
    elif outcome.fault is None:
        assert response.fault == Fault.NONE
        assert response.physical == outcome.physical
        assert access.kind is Kind.WRITE or response.data == outcome.data
    elif isinstance(outcome.fault, PageFault):
        assert response.fault == Fault.PAGE_FAULT
        assert response.error.as_bits() == outcome.fault.error_code
    else:
        assert response.fault == Fault.GENERAL_PROTECTION


def check_burst(bench, mode, memory, *, flags, steps, chained, busy):
    """Play a burst on the unit of a bench, and compare all with the models."""
    form, registers = mode
    config = replace(bench.config, maxphyaddr=40)
    golden, unit = GoldenMmu(features_of(config)), UnitModel(config)
    for machine in (golden, unit):
        write_tables(machine.memory.write, form, flags)
        for register, value in registers:
            machine.write_control(register, value)
    outcomes = one_by_one(golden, steps, chained)
    one_by_one(unit, steps, chained)

    async def main(cpu):
        write_tables(cpu.memory.write, form, flags)
        for register, value in registers:
            await cpu.write_control(register, value)
        responses = await cpu.burst(
            steps, chained=chained, ready=lambda cycle: not busy >> cycle % 9 & 1)
        for response, (access, outcome) in zip(responses, outcomes, strict=True):
            check(response, access, outcome)
        assert cpu.cr2 == golden.state.cr2
        assert cpu.events == +unit.events
        for place in (*TABLES, *PAGES):
            assert cpu.memory.read_bytes(place, 4096) == golden.memory.page(place >> 12)

    bench.run(main, memory=memory)


MODES = pytest.mark.parametrize("mode", [LONG, BITS_32], ids=["4-level", "32-bit"])

bursts = st.fixed_dictionaries({
    "flags":   st.tuples(leaves, leaves, leaves),
    "steps":   st.lists(accesses | accesses | accesses | controls, min_size=5, max_size=24),
    "chained": st.sets(st.integers(0, 23)),
    "busy":    st.integers(0, 0xff),
})


@pytest.mark.parametrize("second_level", [True, False], ids=["larger", "smallest"])
@MODES
@given(memory=st.builds(StrictMemory, **timings), burst=bursts)
@settings(max_examples=60, deadline=None)
def test_a_burst_ends_as_its_accesses_one_by_one(mode, second_level, memory, burst):
    check_burst(compiled(second_level=second_level), mode, memory, **burst)


@pytest.mark.parametrize("sizes", [SMALL, ONE_LEVEL | {"outstanding": 1}],
                         ids=["larger", "smallest"])
@MODES
@given(memory=st.builds(StrictMemory, **timings), burst=bursts)
@settings(max_examples=5, deadline=None)
def test_so_it_does_in_a_unit_of_few_features(mode, sizes, memory, burst):
    check_burst(bench_of(**sizes), mode, memory, **burst)


@cache
def adapted(**bus):
    return MmuBench(MmuConfig(**SMALL), bus)


@pytest.mark.parametrize("bus, memory_type", [
    ({"data_width": 32}, HalfMemory), ({"classic": True, "data_width": 32}, ClassicHalves),
], ids=["32 bits", "32 bits, classic"])
@MODES
@given(timing=st.fixed_dictionaries(timings), burst=bursts)
@settings(max_examples=20, deadline=None)
def test_so_it_does_behind_adapters(mode, bus, memory_type, timing, burst):
    check_burst(adapted(**bus), mode, memory_type(**timing), **burst)
