"""A debugger plants a breakpoint in a shared library: one process stops, the others never know

Ref: gdb and rr, which plant theirs through /proc/PID/mem; Linux 6.12, kernel/ptrace.c.
"""

from dataclasses import dataclass

from sim.scenario import (
    MAP_PRIVATE, PAGE_SIZE, PROT_EXEC, PROT_READ, AccessKind, Interval, Stage, User, Verdict,
    all_of, executed, loaded, no_fault, not_executed,
)
from sim.scenarios.cast import UID, frame_of, result_of, returned
from sw.include.linux.ptrace import PTRACE_CONT, PTRACE_PEEKDATA, PTRACE_POKEDATA, PTRACE_SEIZE
from sw.include.linux.signal_types import SIGTRAP
from sw.include.linux.wait import __WALL, WNOHANG
from sw.init.initramfs import do_copy


MODES = ("4level", "32bit", "pae", "5level")

LIBRARY = "/libc"

#: Code: NOP eight times, and INT3.
NOPS, NOP, INT3 = 0x9090_9090_9090_9090, 0x90, 0xCC

#: Status of a process that a breakpoint stopped (WSTOPSIG in bits 15 to 8).
STOPPED = SIGTRAP << 8 | 0x7F


@dataclass
class Cast:
    """Two processes that execute a library, and one that debugs the first.

    ``breakpoint`` is an address that both have mapped the library's code at.
    """

    debugged:   User
    neighbour:  User
    debugger:   User
    breakpoint: int
    buffer:     int

    @classmethod
    async def gather(cls, stage: Stage) -> "Cast":
        """Start them; both execute the library."""
        await do_copy(stage.cpu, LIBRARY, NOPS.to_bytes(8, "little"), uid=UID)
        debugger = await stage.user("gdb", UID)
        buffer   = await debugger.mmap(PAGE_SIZE)
        await debugger.store(buffer, INT3)
        debugged = await stage.user("a.out", UID)
        fd   = await debugged.open(LIBRARY)
        code = await debugged.mmap(PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd)
        neighbour = await debugged.fork()
        return cls(debugged, neighbour, debugger, code, buffer)


async def play(stage: Stage) -> None:
    """A breakpoint is planted, hit, and removed."""
    cast = await Cast.gather(stage)
    await _shared(stage, cast)
    await _planted(stage, cast)
    await _hit(stage, cast)
    await _removed(stage, cast)


def _executes(stage: Stage, cast: Cast, byte: int, during: Interval) -> Verdict:
    """Judge which byte a fetch from the address of the breakpoint has read."""
    return loaded(stage.trace, byte, kind=AccessKind.FETCH, linear=cast.breakpoint, user=True,
                  during=during)


async def _shared(stage: Stage, cast: Cast) -> None:
    async with stage.act("Two processes execute one library"):
        frames, since = [], Interval(stage.cycle)
        for user in (cast.debugged, cast.neighbour):
            await user.fetch(cast.breakpoint)
            frames.append(frame_of(stage, cast.breakpoint))
        stage.did(f"both have mapped {LIBRARY} privately at {cast.breakpoint:#x}, to be executed")
        stage.claim("both fetch a NOP", _executes(stage, cast, NOP, since))
        stage.claim("... from one frame", Verdict(
            frames[0] == frames[1], stage.cycle - 1,
            f"frames {frames[0].start:#x} and {frames[1].start:#x}", "the same frame twice",
            cast.breakpoint))


async def _planted(stage: Stage, cast: Cast) -> None:
    trace, debugger, code = stage.trace, cast.debugger, cast.breakpoint
    async with stage.act("The debugger plants a breakpoint, through /proc/PID/mem"):
        mem    = await debugger.open(f"/proc/{cast.debugged.pid}/mem")
        shared = frame_of(stage, code)
        async with stage.testing("one byte becomes INT3") as interval:
            result = await result_of(debugger.pwrite(mem, cast.buffer, 1, code))
        stage.did(f"it wrote a byte to /proc/{cast.debugged.pid}/mem at {code:#x}; the process "
                  "runs, and nobody traces it")
        stage.claim("the call wrote 1 byte", returned(stage, result, 1))
        stage.claim("the page is copied first: copy-on-write, by get_user_pages",
                    executed(trace, "faultin_page", "wp_page_copy", "copy_to_user_page",
                             during=interval))
        since = Interval(stage.cycle)
        await cast.debugged.fetch(code)
        own = frame_of(stage, code)
        stage.claim("the process fetches INT3", _executes(stage, cast, INT3, since))
        since = Interval(stage.cycle)
        await cast.neighbour.fetch(code)
        stage.claim("its neighbour fetches the NOP, from the library's frame", all_of(
            _executes(stage, cast, NOP, since), Verdict(
                frame_of(stage, code) == shared != own, stage.cycle - 1,
                f"frame {frame_of(stage, code).start:#x}",
                f"frame {shared.start:#x}, and not {own.start:#x}", code)))


async def _hit(stage: Stage, cast: Cast) -> None:
    debugger, debugged = cast.debugger, cast.debugged
    async with stage.act("The process comes to the breakpoint"):
        await debugger.ptrace(PTRACE_SEIZE, debugged.pid)
        await debugged.int3()
        pid, status = await debugger.wait_status(debugged.pid, __WALL | WNOHANG)
        stage.did("the debugger traces the process now, which executed INT3")
        stage.claim("it stopped, and its tracer is told: SIGTRAP", Verdict(
            (pid, status) == (debugged.pid, STOPPED), stage.cycle - 1,
            f"wait4() returned {pid}, status {status:#x}",
            f"wait4() returns {debugged.pid}, status {STOPPED:#x}"))


async def _removed(stage: Stage, cast: Cast) -> None:
    trace, debugger, debugged, code = stage.trace, cast.debugger, cast.debugged, cast.breakpoint
    async with stage.act("The debugger puts the byte back, by POKEDATA, and lets it go on"):
        await debugger.ptrace(PTRACE_PEEKDATA, debugged.pid, code, cast.buffer)
        word = await debugger.load(cast.buffer, 4)
        async with stage.testing("the word is poked") as interval:
            await debugger.ptrace(PTRACE_POKEDATA, debugged.pid, code, NOPS >> 32)
        await debugger.ptrace(PTRACE_CONT, debugged.pid)
        stage.did(f"it read a word that begins with {word & 0xFF:#x}, and wrote {NOP:#x} there")
        stage.claim("no page is copied again: the process has its own", all_of(
            executed(trace, "get_user_pages_remote", "copy_to_user_page", during=interval),
            not_executed(trace, "wp_page_copy", during=interval)))
        since = Interval(stage.cycle)
        await debugged.fetch(code)
        stage.claim("the process executes what it had executed", all_of(
            _executes(stage, cast, NOP, since),
            no_fault(trace, linear=code, user=True, during=since)))
