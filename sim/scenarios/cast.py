"""Cast of the acts: a process, its pages, and kernel threads that do what they should not."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sim.golden.permission import Attempt
from sim.golden.walk import walk
from sim.paging.walk import control_state, features_of
from sim.scenario import (
    MAP_PRIVATE, PAGE_SIZE, PROT_READ, Errno, Interval, KernelError, KernelOops, Signal, Stage,
    Unproven, User, Verdict, wanted, when,
)
from sw.arch.x86.include.asm.current import current
from sw.bus import Access
from sw.init.initramfs import do_copy
from sw.kernel.kthread import kthread_create, kthread_unuse_mm, kthread_use_mm
from sw.kernel.sched.core import context_switch


__all__ = [
    "UID", "Cast", "first_window", "frame_of", "in_kernel_thread", "leaf_of", "mapping_names",
    "page_at", "refused_store", "result_of", "returned",
]


#: Content of the pages at the beginning: words that are easily seen in a waveform.
SECRET   = 0x5EC2E700
OPEN     = 0x0BE40000
CONSTANT = 0xC0257A27

#: The user whose processes play.
UID = 1000


@dataclass
class Cast:
    """A process and its pages, each mapped, touched, and present.

    Attributes
    ----------
    user : :class:`sw.user.User`
        The process. It handles SIGSEGV and SIGBUS.
    secret : :class:`int`
        Its read-only private page: written once, then protected.
    open : :class:`int`
        Its writable private page.
    buffer : :class:`int`
        Another one, for the operands of system calls.
    constant : :class:`int`
        A read-only private mapping of the page of ``path``, never written.
    path : :class:`str`
        A file of one word, CONSTANT.
    """

    user:     User
    secret:   int
    open:     int
    buffer:   int
    constant: int
    path:     str = "/libc"

    @classmethod
    async def gather(cls, stage: Stage) -> "Cast":
        """Start the process and make its pages."""
        await do_copy(stage.cpu, cls.path, CONSTANT.to_bytes(4, "little"), uid=UID)
        user = await stage.user("dragon", UID)
        await user.handle()
        pages = await user.mmap(3 * PAGE_SIZE)
        secret, open_, buffer = (pages + PAGE_SIZE * n for n in range(3))
        await user.store(secret, SECRET, 4)
        await user.store(open_, OPEN, 4)
        await user.mprotect(secret, PAGE_SIZE, PROT_READ)
        await user.store(buffer, 0, 4)
        fd = await user.open(cls.path)
        constant = await user.mmap(PAGE_SIZE, PROT_READ, fd=fd, flags=MAP_PRIVATE)
        for page in (secret, constant):
            await user.load(page, 4)
        return cls(user, secret, open_, buffer, constant)

    async def pwrite(self, user: User, fd: int, value: int, offset: int, count: int = 4) -> int:
        """Write the bytes of ``value`` by a system call; return the bytes done, or -errno."""
        await user.store(self.buffer, value, 8)
        return await result_of(user.pwrite(fd, self.buffer, count, offset))


async def result_of(call: Awaitable[int]) -> int:
    """Await a system call; return its result, or -errno."""
    try:
        return await call
    except KernelError as error:
        return -error.errno


def page_at(linear: int) -> range:
    """The page of ``linear``."""
    start = linear & -PAGE_SIZE
    return range(start, start + PAGE_SIZE)


def frame_of(stage: Stage, linear: int) -> range:
    """The frame in which the processor found ``linear`` last: from the response to that access.

    Raises :class:`Unproven` if there was none.
    """
    accesses = [access for access in stage.trace.accesses(linear=linear) if access.done]
    if not accesses:
        raise Unproven(f"no access to {linear:#x} was done",
                       f"{wanted(linear=linear)} that is done")
    return page_at(accesses[-1].physical)


def leaf_of(stage: Stage, linear: int) -> int:
    """Physical address of the last entry that a walk for ``linear`` reads, with CR3 as it is.

    By the golden model, from the tables in physical memory: nothing is asked of the kernel.
    """
    control = control_state(stage.trace, stage.cycle, features_of(stage.config))
    attempt = Attempt.of(Access(linear, 1))
    return walk(control, attempt, linear, stage.memory.read).entries[-1]


async def in_kernel_thread(
    stage: Stage, user: User, experiment: Callable[[], Awaitable[object]],
) -> KernelOops | None:
    """Run ``experiment`` in a kernel thread that has borrowed the address space of ``user``.

    Returns the oops that ended the thread, if one did.
    """
    cpu    = stage.cpu
    mm     = user.task.mm
    assert mm is not None, "the process lives"
    thread = kthread_create(cpu, "lkdtm")
    await context_switch(cpu, current(cpu), thread)
    await kthread_use_mm(cpu, mm)
    try:
        await experiment()
    except KernelOops as oops:
        return oops
    finally:
        await kthread_unuse_mm(cpu, mm)
    return None


async def refused_store(user: User, linear: int, value: int) -> Signal | None:
    """Have ``user`` store; return the signal that it gets for it, if any."""
    try:
        await user.store(linear, value, 4)
    except Signal as signal:
        return signal
    return None


def first_window(stage: Stage, function: str, interval: Interval) -> Interval:
    """The first window of ``function`` in ``interval``. Raises :class:`Unproven` without one."""
    windows = stage.trace.window(function, during=interval)
    if not windows:
        raise Unproven(f"{function} was not entered", f"{function}{when(interval)}")
    return windows[0]


def mapping_names(stage: Stage) -> tuple[str, str]:
    """Names of the mapping of a page for the kernel, and of its end, in this kernel's era."""
    return stage.kernel.era.kernel_mapping.functions


def returned(stage: Stage, result: int, expected: int) -> Verdict:
    """Judge the result of a system call: the one thing that the program sees for itself."""
    return Verdict(result == expected, stage.cycle - 1, f"the call returned {_name(result)}",
                   f"the call returns {_name(expected)}")


def _name(result: int) -> str:
    return f"-{Errno(-result).name}" if result < 0 else str(result)
