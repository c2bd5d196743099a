"""Cycles that an access takes, with memory that responds in the next cycle."""

from functools import partial

import pytest
from paging_support import CR0_32, ROOT

from hw.bus import ControlOp
from hw.bus import Register as HwRegister
from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.benchmark.hardware import cycles as measuring
from sim.benchmark.hardware.cycles import MODES, cycles
from sim.engines.pysim import PysimEngine
from sw.bus import Access, Kind, Register

from .mmu_support import four_levels, pae_paging
from .rules_support import PAE, PGE, WP


#: The record of some accesses, on Amaranth's own simulator.
traced = partial(measuring.traced, engine=PysimEngine)

IN_EACH_MODE = pytest.mark.parametrize("mode", MODES)


@pytest.mark.slow
@IN_EACH_MODE
@pytest.mark.parametrize("kind", [Kind.READ, Kind.WRITE, Kind.FETCH])
def test_a_hit_is_answered_in_two_cycles(mode, kind):
    assert cycles(traced(mode, Access(0, 8), Access(8, 8, kind)))[1] == 2


@IN_EACH_MODE
def test_hits_follow_each_other_every_cycle(mode):
    trace = traced(mode, Access(0, 8), (0, bytes(128)))
    accepted = [access.accepted for access in trace.all_accesses[1:]]
    assert accepted == list(range(accepted[0], accepted[0] + 16))
    assert cycles(trace)[1:] == [2] * 16


def of_one_set():
    """Accesses to more pages than a set of the TLB's first level holds."""
    return [Access(0x10_000 * number, 8) for number in range(3)]


@IN_EACH_MODE
def test_a_hit_of_the_second_level_adds_three_cycles(mode):
    trace = traced(mode, *of_one_set(), Access(0, 8))
    assert cycles(trace)[3] == 2 + 3
    assert len(trace.events("hit_second")) == 1


@IN_EACH_MODE
def test_a_walk_adds_four_cycles_and_one_a_level(mode):
    assert cycles(traced(mode, Access(0, 8))) == [2 + 4 + MODES[mode].levels]


@pytest.mark.slow
@IN_EACH_MODE
def test_a_walk_without_a_second_level_adds_three_cycles_and_one_a_level(mode):
    unit  = MmuConfig(second_entries=0, pae=True, la57=True)
    trace = traced(mode, Access(0, 8), Access(0x1000, 8), config=unit)
    assert cycles(trace) == [2 + 3 + MODES[mode].levels] * 2


@pytest.mark.slow
@pytest.mark.parametrize("latency", [1, 3])
def test_out_of_block_ram_hits_are_as_fast_and_walks_take_a_cycle_more(latency):
    trace = traced("32-bit", Access(0, 8), (0, bytes(128)), config=PRESETS["tiny"], latency=latency)
    accepted = [access.accepted for access in trace.all_accesses[1:]]
    assert accepted == list(range(accepted[0], accepted[0] + 16))
    assert cycles(trace) == [1 + latency + 4 + 2 * latency] + [1 + latency] * 16


@IN_EACH_MODE
def test_a_walk_begins_at_the_lowest_table_that_is_known(mode):
    trace = traced(mode, Access(0, 8), Access(0x1000, 8))
    assert len(trace.events("entry_read")) == MODES[mode].levels + 1
    assert len([t for t in trace.transfers(walk=True) if not t.write]) == MODES[mode].levels + 1
    assert cycles(trace)[1] == 2 + 4 + 1


@IN_EACH_MODE
def test_each_entry_that_is_updated_adds_four_cycles(mode):
    levels = MODES[mode].levels
    assert cycles(traced(mode, Access(0, 8), clear=0x20)) == [2 + 4 + 5 * levels]


@IN_EACH_MODE
def test_the_first_write_to_a_clean_page_reads_its_leaf_and_updates_it(mode):
    trace = traced(mode, Access(0, 8), Access(0, 8, Kind.WRITE), clear=0x40)
    assert cycles(trace)[1] == 2 + 4 + 1 + 4


@IN_EACH_MODE
def test_a_page_crossing_hit_takes_one_cycle_more_a_page_and_a_word(mode):
    warm = [Access(0, 8), Access(0x1000, 8)]
    assert cycles(traced(mode, *warm, Access(0xffc, 8)))[2] == 4


def test_a_walk_takes_a_cycle_a_level_in_every_mode():
    assert {mode: cycles(traced(mode, Access(0, 8))) for mode in MODES} == {
        "5-level": [11], "4-level": [10], "PAE": [8], "32-bit": [8]}


async def taken(cpu, register, value):
    """Cycles from the one in which a control write is offered to that of its response."""
    ctx, control = cpu.ctx, cpu.mmu.control
    ctx.set(control.request.payload, {
        "op": ControlOp.WRITE, "register": HwRegister[register.name], "value": value})
    ctx.set(control.request.valid, 1)
    ctx.set(control.response.ready, 1)
    cycles, responds = 0, False
    while not responds:
        _, _, accepted, responds = await ctx.tick().sample(
            control.request.ready, control.response.valid)
        if accepted:
            ctx.set(control.request.valid, 0)
        cycles += 1
    ctx.set(control.response.ready, 0)
    return cycles - 1


@pytest.mark.parametrize("latency", [1, 3])
@pae_paging()
async def test_a_write_that_loads_pdptes_takes_four_reads_and_a_cycle_more(cpu, latency):
    cpu.memory.latency = latency
    assert await taken(cpu, Register.CR3, ROOT) == 1 + 4 * latency + 1
    await cpu.ctx.tick().repeat(2)  # What the write makes the TLB forget comes first.
    assert await taken(cpu, Register.CR4, PAE | PGE) == 1 + 4 * latency + 1
    await cpu.ctx.tick().repeat(2)
    assert await taken(cpu, Register.CR0, CR0_32 | WP) == 1
    assert await taken(cpu, Register.CR2, 0) == 1


@pytest.mark.slow
@four_levels(pae=True)
async def test_a_write_that_loads_none_takes_one_cycle(cpu):
    assert await taken(cpu, Register.CR3, ROOT) == 1
