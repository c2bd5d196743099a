"""Accessed and dirty bits against another processor: a locked update loses nothing

Ref: Intel SDM Vol. 3A, section 4.8 "Accessed and Dirty Flags", section 8.1.2.1 "Automatic Locking".
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from sim.scenario import (
    PAGE_SIZE, Cpu, Interval, Stage, TimeSlice, User, Verdict, all_of, nothing_lost, set_by_walker,
    updates, written_back,
)
from sw.arch.x86.include.asm.pgtable import (
    pte_mkclean, pte_mkold, ptep_get, ptep_set_wrprotect, set_pte_at,
)
from sw.arch.x86.include.asm.processor import cpu_relax
from sw.arch.x86.mm.tlb import flush_tlb_page
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.mmap.find import vma_lookup
from sw.mm.pgtable_generic import pte_offset_map_lock, pte_unmap_unlock

from .cast import leaf_of


MODES = ("4level", "32bit", "pae", "5level")

MACHINE = {"cpus": 2}

#: Bits of a page-table entry (SDM Vol. 3A, Table 4-6).
WRITABLE, ACCESSED = 1 << 1, 1 << 5

#: After how many steps the processor that begins must wait for the other, race by race.
HEAD_STARTS = range(1, 10)

#: Steps in which the other gets through.
ENOUGH = 16


@dataclass
class Race:
    """One page, and the two who are after its entry."""

    user:  User
    page:  int
    ready: bool = False  # the kernel, on processor 1
    begun: bool = False


@traced
async def write_protect(cpu: Cpu, race: Race) -> None:
    """Program of processor 1: take A and D from the entry; at the start, R/W."""
    mm   = race.user.task.mm
    assert mm is not None, "the process lives"
    vma  = vma_lookup(mm, race.page)
    ptep = await pte_offset_map_lock(cpu, mm, race.page)
    assert vma is not None and ptep is not None, "the page is mapped"
    pte = pte_mkold(pte_mkclean(kconfig(cpu).paging, await ptep_get(cpu, ptep)))
    await set_pte_at(cpu, mm, race.page, ptep, pte | WRITABLE)
    await flush_tlb_page(cpu, vma, race.page)
    race.ready = True
    while not race.begun:
        await cpu_relax(cpu)
    await ptep_set_wrprotect(cpu, mm, race.page, ptep)
    pte_unmap_unlock(cpu, mm)
    await flush_tlb_page(cpu, vma, race.page)


async def play(stage: Stage) -> None:
    """Two acts: each bit that the walker sets, against the bit that the kernel clears."""
    user = await stage.user("racer")
    page = await user.mmap(PAGE_SIZE)
    await user.store(page, 0)
    leaf = leaf_of(stage, page)

    async def load() -> None:
        await user.load(page)

    async def store() -> None:
        await user.store(page, 0x5EED)

    async with stage.act("The walker sets A while the kernel forbids writing"):
        intervals = await _races(stage, user, page, load)
        _claim(stage, "accessed", leaf, intervals)
        stage.claim("after each race the entry is accessed, and not writable",
                    _always(intervals, lambda interval: _entry_left(stage, leaf, interval)))
    async with stage.act("The walker sets D while the kernel forbids writing"):
        # What is left depends on who was first: a store that came too late is done after a fault.
        _claim(stage, "dirty", leaf, await _races(stage, user, page, store))


async def _races(
    stage: Stage, user: User, page: int, instruction: Callable[[], Awaitable[None]],
) -> list[Interval]:
    """All races of ``instruction`` against the kernel."""
    intervals = [await _run(stage, Race(user, page), instruction, first, steps)
             for first in (0, 1) for steps in HEAD_STARTS]
    stage.did(f"{len(intervals)} races for one page-table entry: either processor goes first, and "
              f"is stopped after 1 to {HEAD_STARTS[-1]} steps")
    return intervals


def _claim(stage: Stage, bit: str, leaf: int, intervals: list[Interval]) -> None:
    """Claims on either bit of the entry at physical ``leaf``."""
    stage.claim(f"the walker of processor 0 sets {bit[0].upper()} in a locked bus cycle",
                _once(intervals, lambda interval: set_by_walker(
                    stage.trace, bit, entry=leaf, during=interval)))
    stage.claim("the kernel clears R/W on processor 1 in a locked bus cycle",
                _always(intervals, lambda interval: _write_protected(stage, leaf, interval)))
    stage.claim("both came first: in some races the walker, in others the kernel",
                _both_first(stage, leaf & -8, intervals))
    stage.claim("no store to the entry is lost",
                _always(intervals, lambda interval: nothing_lost(
                    stage.traces, word=leaf & -8, during=interval)))


async def _run(
    stage: Stage, race: Race, instruction: Callable[[], Awaitable[None]], first: int, steps: int,
) -> Interval:
    """One race: processor ``first`` makes ``steps``, then the other goes, then both."""
    opponent = await stage.start(1, partial(write_protect, race=race))
    while not race.ready:
        await cpu_relax(stage.cpu)
    async with stage.testing("no store to the entry is lost") as interval:
        stage.schedule.follow([TimeSlice(first, steps), TimeSlice(1 - first, ENOUGH)])
        race.begun = True
        await instruction()
        await stage.finish(opponent)
    return interval


def _write_protected(stage: Stage, leaf: int, interval: Interval) -> Verdict:
    """The kernel's own update: a locked store that leaves R/W clear, and it was set before."""
    expected = f"processor 1 clears R/W at physical {leaf:#x} in a locked bus cycle"
    shift    = 8 * (leaf % 8)
    for read, store in updates(stage.traces[1], word=leaf & -8, during=interval):
        if read.data >> shift & WRITABLE and not store.data >> shift & WRITABLE:
            return Verdict(True, store.accepted, f"locked store to physical {leaf:#x}", expected,
                           stage.traces[1].linear_at(store.accepted), cpu=1)
    return Verdict(False, None, f"no locked store that clears R/W at physical {leaf:#x}",
                   expected, cpu=1)


def _entry_left(stage: Stage, leaf: int, interval: Interval) -> Verdict:
    shift = 8 * (leaf % 8)
    return written_back(stage.traces, word=leaf & -8, clear=WRITABLE << shift,
                        set_=ACCESSED << shift, during=interval)


def _both_first(stage: Stage, word: int, intervals: list[Interval]) -> Verdict:
    """The first locked store, in the order of memory, is not of one processor in all races."""
    expected = "the first locked store is processor 0's in some races, processor 1's in others"
    firsts: dict[int, int] = {}
    for interval in intervals:
        stores = [(store.accepted, number) for number, trace in enumerate(stage.traces)
                  for _, store in updates(trace, word=word, during=interval)]
        if stores:
            cycle, number = min(stores)
            firsts.setdefault(number, cycle)
    if len(firsts) < 2:
        return Verdict(False, None, "one of them was always first", expected)
    return Verdict(True, max(firsts.values()),
                   ", ".join(f"processor {number} in cycle {cycle}"
                             for number, cycle in sorted(firsts.items())), expected)


def _always(intervals: list[Interval], judge: Callable[[Interval], Verdict]) -> Verdict:
    return all_of(*map(judge, intervals))


def _once(intervals: list[Interval], judge: Callable[[Interval], Verdict]) -> Verdict:
    """The first verdict for the claim; without one, the last."""
    verdicts = list(map(judge, intervals))
    return next((verdict for verdict in verdicts if verdict.holds), verdicts[-1])
