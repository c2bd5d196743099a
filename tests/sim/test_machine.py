"""The kernel on the gateware: what it does is on record."""

import pytest

from hw.bus import ControlOp, Register
from hw.layout import AccessKind
from sim.machine import Machine
from sim.memory import PhysicalMemory
from sim.record import claims
from sim.record.interval import Interval
from sim.scenario.stage import Stage
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_SHARED
from sw.include.linux.signal_types import Signal
from sw.mm.pgtable_generic import pte_offset_map


pytestmark = pytest.mark.slow


EACH_MODE = pytest.mark.parametrize("mode", ["4level", "32bit", "pae", "5level"])

PAGE = 4096


def stage_of(play, *, engine="cxxrtl", **options):
    """Boot a machine and run ``play`` on it; return the stage."""
    machine = Machine(engine=engine, **options)
    stage   = Stage(machine)

    async def main(_):
        async with stage.act("Test"):
            await play(stage)

    machine.run(main)
    return stage


@EACH_MODE
@pytest.mark.parametrize("engine", ["pysim", "cxxrtl"])
def test_paging_is_turned_on_during_boot_and_stays_on(mode, engine):
    async def play(stage):
        booted.append(stage.cycle)

    booted = []
    trace  = stage_of(play, mode=mode, engine=engine).trace
    [paged] = trace.while_state(lambda state: state.pg == 1)
    assert 0 < paged.since < booted[0] and paged.until == trace.cycles
    assert claims.state_throughout(
        trace, during=Interval(booted[0] - 1), wp=1, smep=1, smap=1).holds
    assert claims.control_done(trace, op=ControlOp.WRITE, register=Register.CR3).holds
    assert claims.executed(trace, "start_kernel", "startup").holds


@EACH_MODE
@pytest.mark.parametrize("timing", [{"latency": 4}, {"stall": [True, False, False]}],
                         ids=["slow", "stalling"])
def test_other_memory_changes_the_cycles_and_nothing_else(mode, timing):
    async def play(stage):
        user = await stage.user("case")
        at   = await user.mmap(PAGE)
        await user.store(at, 0xabcd)
        loaded.append(await user.load(at))

    loaded = []
    plain  = stage_of(play, mode=mode).trace
    other  = stage_of(play, mode=mode, memory=PhysicalMemory(**timing)).trace
    assert loaded == [0xabcd] * 2
    assert other.cycles > plain.cycles
    assert [(a.linear, a.kind, a.fault, a.data) for a in other.all_accesses] == \
        [(a.linear, a.kind, a.fault, a.data) for a in plain.all_accesses]


@EACH_MODE
def test_walks_are_told_from_accesses_to_the_tables(mode):
    async def play(stage):
        user = await stage.user("case")
        at   = await user.mmap(PAGE)
        await user.store(at, 1)
        async with stage.testing("a walk") as interval:
            await stage.cpu.invlpg(at)
            await user.load(at)
        intervals.append((at, interval))

    intervals = []
    trace = stage_of(play, mode=mode).trace
    [(at, interval)] = intervals
    levels = {"4level": 4, "32bit": 2, "pae": 2, "5level": 5}[mode]   # PAE begins in registers
    reads  = trace.transfers(walk=True, during=interval)
    assert len(reads) == len(trace.events("entry_read", during=interval)) == levels
    assert len(trace.events("walk_begun", during=interval)) == 1
    [data] = trace.transfers(walk=False, during=interval)
    [load] = trace.accesses(linear=at, during=interval)
    assert load.physical // 8 * 8 == data.address


@EACH_MODE
def test_the_walker_sets_the_dirty_bit_of_a_shared_page_at_its_first_store(mode):
    async def play(stage):
        user = await stage.user("case")
        at   = await user.mmap(PAGE, flags=MAP_SHARED | MAP_ANONYMOUS)
        await user.load(at, 4)
        ptep  = await pte_offset_map(stage.cpu, user.task.mm, at)
        entry = ptep - stage.kernel.paging.PAGE_OFFSET
        async with stage.testing("the first store") as interval:
            await user.store(at, 1, 4)
        stage.claim("dirty", claims.set_by_walker(stage.trace, "dirty", entry=entry,
                                                  during=interval))
        async with stage.testing("the second store") as interval:
            await user.store(at, 2, 4)
        stage.claim("dirty before", claims.set_by_walker(stage.trace, "dirty", entry=entry,
                                                         during=interval))

    assert [claim.holds for claim in stage_of(play, mode=mode).acts[0].claims] == [True, False]


@EACH_MODE
def test_two_translations_can_be_in_the_tlb_at_once(mode):
    async def play(stage):
        user = await stage.user("case")
        at   = await user.mmap(PAGE)
        await user.store(at, 0x55, 4)
        ptep = await pte_offset_map(stage.cpu, user.task.mm, at)
        async with stage.testing("both") as interval:
            for _ in range(2):
                await user.load(at, 4)
                await stage.cpu.load(ptep, 4)
        stage.claim("both", claims.both_in_tlb(stage.trace, at, ptep, during=interval))

    assert stage_of(play, mode=mode).acts[0].claims[0].holds


@EACH_MODE
def test_copies_to_user_memory_are_bracketed_by_stac_and_clac(mode):
    async def play(stage):
        user = await stage.user("case")
        at   = await user.mmap(PAGE)
        await user.store_bytes(at, b"contents")
        fd   = await user.open("/proc/self/mem")
        async with stage.testing("the copy") as interval:
            await user.pwrite(fd, at, 8, at)
        page = range(at, at + PAGE)
        stage.claim("bracketed", claims.ac_brackets(
            stage.trace, function="copy_from_user", linear=page, during=interval))
        stage.claim("by the kernel", claims.no_request(
            stage.trace, linear=page, user=True, during=interval))

    for claim in stage_of(play, mode=mode).acts[0].claims:
        assert claim.holds, claim


@EACH_MODE
def test_a_store_to_a_read_only_page_is_refused_with_its_error_code(mode):
    async def play(stage):
        user = await stage.user("case")
        await user.handle()
        at   = await user.mmap(PAGE)
        await user.store(at, 5, 4)
        await user.mprotect(at, PAGE, 1)
        async with stage.testing("the store") as interval:
            with pytest.raises(Signal):
                await user.store(at + 8, 6, 4)
        [refused] = stage.trace.faults(linear=at + 8, during=interval)
        assert (refused.kind, refused.user, refused.error_code) == (AccessKind.WRITE, True, 0b111)
        assert stage.trace.state_at(refused.completed).cr2 == at + 8
        stage.claim("delivered", claims.executed(
            stage.trace, "exc_page_fault", "do_user_addr_fault", "force_sig_fault",
            during=interval))
        await user.load(at, 4)
        stage.claim("unchanged", claims.loaded(stage.trace, 5, linear=at, user=True))

    for claim in stage_of(play, mode=mode).acts[0].claims:
        assert claim.holds, claim
