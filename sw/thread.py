"""A thread in user mode: instructions, and nothing else.

Each is one time slice on the processor: the task is made current first, its instruction is executed
at CPL 3, and the processor is left in the kernel, where the next task may be chosen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_enable
from sw.bus import check_number
from sw.errno import Errno, KernelError
from sw.include.linux.sched import (
    JOBCTL_STOP_SIGMASK, fatal_signal_pending, task_is_stopped_or_traced, task_struct,
)
from sw.include.linux.signal_types import (
    SI_KERNEL, SIGKILL, Killed, Stopped, Waiting, kernel_siginfo,
)
from sw.kconfig import kconfig
from sw.kernel.entry.common import exit_to_user_mode
from sw.kernel.sched.core import context_switch
from sw.processor.cpu import Cpu
from sw.processor.strings import load_bytes, store_bytes


__all__ = ["Thread"]


T = TypeVar("T")

#: Results of system calls that are errors: -MAX_ERRNO to -1.
MAX_ERRNO = 4095


class Thread:
    """One thread of a program.

    A signal that it handles is raised by the method that caused or met it, as
    :class:`sw.include.linux.signal_types.Signal`; one that kills it, as ``Killed``. While it has
    stopped each method raises ``Stopped``, and while it waits for the child of a vfork()
    ``Waiting``, and does nothing; after its end :class:`RuntimeError`. A system call after which it
    stops or waits is done, and returns.

    Parameters
    ----------
    cpu : :class:`sw.processor.cpu.Cpu`
        Processor that it runs on.
    task : :class:`task_struct`
        Its task in the kernel.
    """

    def __init__(self, cpu: Cpu, task: task_struct):
        self.cpu  = cpu
        self.task = task

    def on(self, cpu: Cpu) -> Self:
        """Return the same thread for a program that executes on another processor.

        It must not be the current task of any processor when that program uses it.
        """
        return type(self)(cpu, self.task)

    @property
    def pid(self) -> int:
        """Number of the thread."""
        return self.task.pid

    @property
    def word(self) -> int:
        """Bytes of a register."""
        return kconfig(self.cpu).paging.address_mask.bit_length() // 8

    async def _run(self, instructions: Callable[[], Awaitable[T]]) -> T:
        """Execute ``instructions`` as this task, after the signals that wait for it."""
        cpu = self.cpu
        if self.task.death is not None:
            death, self.task.death = self.task.death, None
            raise Killed(death)
        if self.task.on_cpu not in (None, cpu) and fatal_signal_pending(self.task):
            raise Killed(kernel_siginfo(SIGKILL, SI_KERNEL))  # the other processor ends it
        if self.task.exit_state:
            raise RuntimeError(f"process {self.pid} has ended, {_ending(self.task.exit_code)}")
        if self.task.state:
            raise Waiting(f"process {self.pid} waits for the child of a vfork()")
        if task_is_stopped_or_traced(self.task):
            info = self.task.last_siginfo
            raise Stopped(info.si_signo if info else self.task.jobctl & JOBCTL_STOP_SIGMASK)
        if current(cpu) is not self.task:
            await context_switch(cpu, current(cpu), self.task)
        await exit_to_user_mode(cpu)
        await local_irq_enable(cpu)  # IRET loads RFLAGS with IF set
        cpu.cpl = 3
        try:
            return await instructions()
        finally:
            cpu.cpl = 0

    # Instructions

    async def nop(self) -> None:
        """Execute an instruction that does nothing (NOP): a signal that waits is met."""
        async def nothing() -> None:
            pass

        await self._run(nothing)

    def _check_address(self, linear: int) -> None:
        """Refuse an address that no register of the program can hold."""
        check_number(linear, kconfig(self.cpu).paging.address_mask.bit_length(), "the address")

    async def load(self, linear: int, size: int = 8) -> int:
        """Read 1, 2, 4 or 8 bytes."""
        self._check_address(linear)
        return await self._run(lambda: self.cpu.load(linear, size))

    async def store(self, linear: int, value: int, size: int = 8) -> None:
        """Write 1, 2, 4 or 8 bytes."""
        self._check_address(linear)
        await self._run(lambda: self.cpu.store(linear, size, value))

    async def fetch(self, linear: int, size: int = 1) -> int:
        """Read 1, 2, 4 or 8 bytes of an instruction."""
        self._check_address(linear)
        return await self._run(lambda: self.cpu.fetch(linear, size))

    async def load_bytes(self, linear: int, count: int) -> bytes:
        """Read ``count`` bytes."""
        self._check_address(linear)
        return await self._run(lambda: load_bytes(self.cpu, linear, count))

    async def store_bytes(self, linear: int, data: bytes) -> None:
        """Write ``data``."""
        self._check_address(linear)
        await self._run(lambda: store_bytes(self.cpu, linear, data))

    async def int3(self) -> None:
        """Execute a breakpoint."""
        await self._run(self.cpu.int3)

    async def syscall(self, number: int, *args: int | str) -> int:
        """Execute SYSCALL. Returns RAX; raises :class:`KernelError` for an error in it."""
        result = await self._run(lambda: self.cpu.syscall(number, *args))
        if -MAX_ERRNO <= result < 0:
            raise KernelError(Errno(-result))
        return result


def _ending(exit_code: int) -> str:
    """Describe the end of a process, by the status that its parent can wait for."""
    signo = exit_code & 0x7f
    return f"killed by signal {signo}" if signo else f"with status {exit_code >> 8}"
