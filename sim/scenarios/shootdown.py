"""A punch under another processor's eyes: copy-on-write, and the TLB shootdown that it needs

Ref: Linux 6.12, mm/memory.c (wp_page_copy), arch/x86/mm/tlb.c; Intel SDM Vol. 3A, section 4.10.5
"Propagation of Paging-Structure Changes to Multiple Processors".
"""

from dataclasses import dataclass

from sim.scenario import (
    CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM, AccessRecord, ControlOp, Cpu, Interval,
    Stage, Unproven, User, Verdict, all_of, control_done, executed, interrupted, loaded, no_event,
    no_fault, no_request, no_stale_access, wanted,
)
from sw.arch.x86.include.asm.irq_vectors import CALL_FUNCTION_VECTOR
from sw.arch.x86.include.asm.processor import cpu_relax

from .cast import Cast, first_window, page_at, returned


MODES = ("4level", "32bit", "pae", "5level")

MACHINE = {"cpus": 2}

PATCH = 0xFEE1DEAD

#: Loads that the reader does before the punch, and after.
LOADS = 8


@dataclass
class Reader:
    """A thread that reads one word again and again, on processor 1."""

    user:  User
    word:  int
    loads: int  = 0
    over:  bool = False

    async def read(self, cpu: Cpu) -> None:
        """Program of processor 1: load until it is ``over``, and a little longer."""
        user, late = self.user.on(cpu), 0
        while late < LOADS:
            late += self.over
            await user.load(self.word, 4)
            self.loads += 1


async def play(stage: Stage) -> None:
    """One process, two threads: one reads its own code, the other punches it."""
    cast   = await Cast.gather(stage)
    user   = cast.user
    word   = cast.constant
    thread = await user.clone(CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
    mem    = await user.open("/proc/self/mem")
    reader = Reader(thread, word)

    async with stage.act("A thread on processor 1 reads a page, through its own TLB"):
        begun   = Interval(stage.cycle)
        reading = await stage.start(1, reader.read)
        while reader.loads < LOADS:
            await cpu_relax(stage.cpu)
        before = Interval(_loads(stage, word, begun)[0].completed, stage.cycle)
        stage.did(f"processor 1 maps {cast.path} privately at {word:#x}, and reads it in a loop")
        old = page_at(_loads(stage, word, before)[0].physical)
        stage.claim("after the first one, its loads hit its TLB: no walk", lambda: all_of(
            no_fault(stage.traces[1], linear=word, user=True, during=before),
            no_event(stage.traces[1], "walk_begun", during=before)))

    async with stage.act("Processor 0 writes to that page through /proc/self/mem"):
        async with stage.testing("no stale translation survives the shootdown") as punch:
            result = await cast.pwrite(user, mem, PATCH, word)
        reader.over = True
        await stage.finish(reading)
        stage.did(f"processor 0 wrote 4 bytes to /proc/self/mem at {word:#x}; processor 1 read on")
        stage.claim("the call wrote 4 bytes", returned(stage, result, 4))
        _claim_shootdown(stage, word, punch)
        _claim_coherence(stage, word, punch, old)


def _claim_shootdown(stage: Stage, word: int, punch: Interval) -> None:
    """Claims on how processor 0 makes processor 1 forget."""
    stage.claim("the page is copied, and the old entry cleared and flushed", executed(
        stage.trace, "wp_page_copy", "flush_tlb_mm_range", during=punch))
    stage.claim("processor 0 interrupts processor 1", interrupted(
        stage.traces, source=0, target=1, vector=CALL_FUNCTION_VECTOR, during=punch))
    stage.claim("processor 1 forgets that one page: INVLPG in flush_tlb_func", control_done(
        stage.traces[1], op=ControlOp.INVLPG, linear=word, function="flush_tlb_func",
        during=punch))
    stage.claim("processor 0 waits for it before it stores a byte",
                lambda: _waited(stage, word, punch))


def _claim_coherence(stage: Stage, word: int, punch: Interval, old: range) -> None:
    """Claims on what processor 1 reads before and after."""
    stage.claim("from the end of the flush on, processor 1 never finds the old frame", lambda:
                no_stale_access(
                    stage.traces[1], linear=word, physical=old,
                    during=first_window(stage, "flush_tlb_mm_range", punch).after))
    stage.claim("... and in the end it reads the new bytes", loaded(
        stage.traces[1], PATCH, linear=word, user=True, during=punch.and_after))
    stage.claim("nobody stores to the old frame, which is the file's", all_of(*(
        no_request(trace, physical=old, writes=True, during=punch.and_after)
        for trace in stage.traces)))


def _loads(stage: Stage, word: int, interval: Interval) -> list[AccessRecord]:
    """The reader's loads that were done. Raises :class:`Unproven` if there are none."""
    loads = [load for load in stage.traces[1].accesses(linear=word, user=True, during=interval)
             if load.done]
    if not loads:
        raise Unproven(f"processor 1 did not load from {word:#x}",
                       wanted(linear=word, user=True, during=interval))
    return loads


def _waited(stage: Stage, word: int, punch: Interval) -> Verdict:
    """Between the interrupt and the first byte that is stored, processor 1 has forgotten."""
    forgotten = control_done(stage.traces[1], op=ControlOp.INVLPG, linear=word, during=punch)
    stored    = executed(stage.trace, "copy_to_user_page", during=punch)
    expected  = f"{forgotten.expected} on processor 1, then {stored.expected} on processor 0"
    if forgotten.cycle is None or stored.cycle is None:
        return Verdict(False, None, f"{forgotten.detail}; {stored.detail}", expected)
    return Verdict(forgotten.cycle < stored.cycle, stored.cycle,
                   f"INVLPG completed in cycle {forgotten.cycle}, copy_to_user_page in cycle "
                   f"{stored.cycle}", expected)
