"""One cell: one way to write, tried at one page, and what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sim.record.interval import Interval
from sim.scenario import PAGE_SIZE, PROT_READ, Errno, KernelError, KernelOops, Signal, Stage
from sw.arch.x86.include.asm.irq_vectors import CALL_FUNCTION_VECTOR
from sw.include.linux.signal_types import SIGBUS, SIGSEGV

from .memory import Memory
from .scene import NEW, Page, Scene
from .ways import Attempt, Way


__all__ = ["NO_WAY", "Cell", "tried"]


#: Outcome where there is no such way to that kind of memory.
NO_WAY = "-"

_SIGNALS = {SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS"}


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix.

    Attributes
    ----------
    way, memory, condition : :class:`str`
        Names of its row, and of what its column is about.
    outcome : :class:`str`
        "done"; the errno or the signal that refused it; "oops", if the kernel ended a thread of its
        own for it; :data:`NO_WAY`.
    visible : :class:`tuple` of :class:`str`
        Who reads the new word afterwards: "process", whose page it is, and "object", which is the
        mapping of another process.
    error_code : :class:`int` or :class:`None`
        Of the page fault that refused it, if one did.
    faults : :class:`int`
        Calls of handle_mm_fault() during the attempt: what getrusage() counts, and GUP's own.
    exceptions : :class:`int`
        Page faults that processors took in the same time.
    shootdowns : :class:`int`
        Interrupts by which processors were made to forget translations.
    cycles : :class:`int`
        How long the attempt took, on the processor that made it.
    since : :class:`int`
        Cycle in which it began, of a run that has several cells.
    """

    way:        str
    memory:     str
    condition:  str
    outcome:    str
    visible:    tuple[str, ...] = ()
    error_code: int | None      = None
    faults:     int             = 0
    exceptions: int             = 0
    shootdowns: int             = 0
    cycles:     int             = 0
    since:      int             = 0


async def tried(stage: Stage, way: Way, memory: Memory, condition: str, uid: int) -> Cell:
    """Try a way on a stage. What was measured is from the signals."""
    try:
        scene = await Scene.gather(stage, uid, memory.prepare)
        page  = await _page(scene, memory)
    except KernelError as error:
        if error.errno != Errno.ENOSYS:
            raise
        return Cell(way.name, memory.name, condition, NO_WAY)  # no such memory on this machine
    await scene.occupy()
    outcome, attempt = await _prepared(way, scene, page)
    async with stage.act(f"{way.name}: {memory.name}, {condition}") as interval:
        if attempt is not None:
            outcome = await _outcome(attempt)
    visible = await _visible(scene, page)
    await scene.leave()
    exceptions = [fault for trace in stage.traces for fault in trace.faults(during=interval)]
    by_fault   = exceptions and outcome in ("SIGSEGV", "SIGBUS", "EFAULT", "oops")
    return Cell(
        way.name, memory.name, condition, outcome, visible,
        error_code=exceptions[-1].error_code if by_fault else None,
        faults=_windows(stage, "handle_mm_fault", interval), exceptions=len(exceptions),
        shootdowns=_shootdowns(stage, interval),
        cycles=0 if interval.until is None else interval.until - interval.since,
        since=interval.since)


async def _page(scene: Scene, memory: Memory) -> Page:
    """Map the page. If that is refused, all end, and :class:`KernelError` is raised."""
    try:
        return await memory.page(scene)
    except KernelError:
        await scene.leave()
        raise


async def _prepared(way: Way, scene: Scene, page: Page) -> tuple[str, Attempt | None]:
    """The attempt; without one, its outcome before it is made."""
    try:
        attempt = await way.prepare(scene, page)
    except KernelError as error:
        return error.errno.name, None
    return NO_WAY, attempt


async def _outcome(attempt: Attempt) -> str:
    try:
        await attempt()
    except KernelError as error:
        return error.errno.name
    except Signal as signal:
        return _SIGNALS[signal.signo]
    except KernelOops:
        return "oops"
    return "done"


async def _visible(scene: Scene, page: Page) -> tuple[str, ...]:
    """Names of those who read the new word."""
    async def process() -> int:
        if not page.prot & PROT_READ:
            await scene.victim.mprotect(page.linear, PAGE_SIZE, PROT_READ)
        return await scene.victim.load(page.linear, 4)

    readers: dict[str, Callable[[], Awaitable[int]]] = {}
    if page.mapped:
        readers["process"] = process
    if page.twin is not None:
        twin = page.twin
        readers["object"] = lambda: scene.keeper.load(twin, 4)
    return tuple([name for name, read in readers.items() if await read() == NEW])


def _windows(stage: Stage, function: str, interval: Interval) -> int:
    """Number of times that a kernel function was executed."""
    return sum(len(trace.window(function, during=interval)) for trace in stage.traces)


def _shootdowns(stage: Stage, interval: Interval) -> int:
    return sum(len(trace.interrupts(during=interval, sent=True, vector=CALL_FUNCTION_VECTOR))
               for trace in stage.traces)
