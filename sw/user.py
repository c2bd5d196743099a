"""A process as its program sees it: loads, stores and system calls, and nothing else.

A program is a coroutine that calls these methods. Each is one time slice on the processor:
the task is made current first, its instruction is executed at CPL 3, and the processor is left in
the kernel, where the next task may be chosen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sw.arch.x86.entry.syscalls import syscall_64
from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_enable
from sw.bus import check_number
from sw.errno import Errno, KernelError
from sw.include.linux.fs import O_RDWR, SEEK_SET
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE
from sw.include.linux.ptrace import PTRACE_PEEKDATA
from sw.include.linux.sched import (
    JOBCTL_STOP_SIGMASK, fatal_signal_pending, task_is_stopped_or_traced, task_struct,
)
from sw.include.linux.signal import sigmask
from sw.include.linux.signal_types import (
    SI_KERNEL, SIG_BLOCK, SIG_HANDLER, SIGBUS, SIGKILL, SIGSEGV, Killed, Stopped,
    kernel_siginfo,
)
from sw.include.linux.wait import WNOHANG
from sw.init.main import run_init_process
from sw.kconfig import kconfig
from sw.kernel.cred import cred, init_cred
from sw.kernel.entry.common import exit_to_user_mode
from sw.kernel.pid import init_pid_ns
from sw.kernel.sched.core import context_switch
from sw.processor.cpu import Cpu
from sw.processor.strings import load_bytes, store_bytes


__all__ = ["User"]


T = TypeVar("T")

#: Results of system calls that are errors: -MAX_ERRNO to -1.
MAX_ERRNO = 4095


class User:
    """One thread of a program.

    A signal that it handles is raised by the method that caused or met it, as
    :class:`sw.include.linux.signal_types.Signal`; one that kills it, as ``Killed``. While it has
    stopped each method raises ``Stopped``, and does nothing; after its end :class:`RuntimeError`.
    A system call after which it stops is done, and returns.

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
        self._operands = range(0)  # memory for those of system calls

    @classmethod
    async def create(cls, cpu: Cpu, comm: str = "init", credentials: cred | None = None) -> User:
        """Make a process with an empty address space, root's unless ``credentials`` are given."""
        return cls(cpu, await run_init_process(cpu, comm, credentials or init_cred))

    def on(self, cpu: Cpu) -> User:
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

    # Memory

    async def mmap(self, length: int, prot: int = PROT_READ | PROT_WRITE,
                   flags: int = MAP_PRIVATE | MAP_ANONYMOUS, fd: int = -1, offset: int = 0, *,
                   addr: int = 0) -> int:
        """Map memory; return its linear address."""
        return await self.syscall(syscall_64.NR_mmap, addr, length, prot, flags, fd, offset)

    async def munmap(self, addr: int, length: int) -> None:
        """Unmap memory."""
        await self.syscall(syscall_64.NR_munmap, addr, length)

    async def mprotect(self, addr: int, length: int, prot: int) -> None:
        """Change the permissions of memory."""
        await self.syscall(syscall_64.NR_mprotect, addr, length, prot)

    async def mremap(self, addr: int, old_len: int, new_len: int, flags: int = 0,
                     new_addr: int = 0) -> int:
        """Give memory another size or address; return its address."""
        return await self.syscall(syscall_64.NR_mremap, addr, old_len, new_len, flags, new_addr)

    async def brk(self, brk: int) -> int:
        """Make the heap end at ``brk``; return where it ends, which is unchanged on failure."""
        return await self.syscall(syscall_64.NR_brk, brk)

    async def madvise(self, addr: int, length: int, advice: int) -> None:
        """Advise the kernel about memory."""
        await self.syscall(syscall_64.NR_madvise, addr, length, advice)

    # Files

    async def open(self, path: str, flags: int = O_RDWR, mode: int = 0) -> int:
        """Open a file; return its descriptor."""
        return await self.syscall(syscall_64.NR_open, path, flags, mode)

    async def creat(self, path: str, mode: int = 0o644) -> int:
        """Make a file and open it for writing; return its descriptor."""
        return await self.syscall(syscall_64.NR_creat, path, mode)

    async def close(self, fd: int) -> None:
        """Free a descriptor."""
        await self.syscall(syscall_64.NR_close, fd)

    async def lseek(self, fd: int, offset: int, whence: int = SEEK_SET) -> int:
        """Set a file's position; return it."""
        return await self.syscall(syscall_64.NR_lseek, fd, offset, whence)

    async def read(self, fd: int, buf: int, count: int) -> int:
        """Read into memory at ``buf``; return the bytes done."""
        return await self.syscall(syscall_64.NR_read, fd, buf, count)

    async def write(self, fd: int, buf: int, count: int) -> int:
        """Write from memory at ``buf``; return the bytes done."""
        return await self.syscall(syscall_64.NR_write, fd, buf, count)

    async def pread(self, fd: int, buf: int, count: int, offset: int) -> int:
        """Read at ``offset`` into memory at ``buf``; return the bytes done."""
        return await self.syscall(syscall_64.NR_pread64, fd, buf, count, offset)

    async def pwrite(self, fd: int, buf: int, count: int, offset: int) -> int:
        """Write at ``offset`` from memory at ``buf``; return the bytes done."""
        return await self.syscall(syscall_64.NR_pwrite64, fd, buf, count, offset)

    async def write_bytes(self, fd: int, data: bytes, offset: int | None = None) -> int:
        """Write ``data`` from memory of its own, at ``offset`` if given; return the bytes done."""
        buf = await self._memory(len(data))
        await self.store_bytes(buf, data)
        if offset is None:
            return await self.write(fd, buf, len(data))
        return await self.pwrite(fd, buf, len(data), offset)

    async def read_bytes(self, fd: int, count: int, offset: int | None = None) -> bytes:
        """Read up to ``count`` bytes by way of memory of its own, at ``offset`` if given."""
        buf  = await self._memory(count)
        done = await (self.read(fd, buf, count) if offset is None else
                      self.pread(fd, buf, count, offset))
        return await self.load_bytes(buf, done)

    async def _memory(self, count: int) -> int:
        """Address of ``count`` bytes, which are mapped when they are needed first."""
        if count > len(self._operands):
            start = await self.mmap(count)
            self._operands = range(start, start + count)
        return self._operands.start

    async def pipe(self, flags: int = 0) -> tuple[int, int]:
        """Make a pipe; return the descriptors of its reading end and of its writing end."""
        at = await self._memory(8)
        await self.syscall(syscall_64.NR_pipe2, at, flags)
        return await self.load(at, 4), await self.load(at + 4, 4)

    async def memfd_create(self, name: str = "", flags: int = 0) -> int:
        """Make a file in memory; return its descriptor."""
        return await self.syscall(syscall_64.NR_memfd_create, name, flags)

    async def ftruncate(self, fd: int, length: int) -> None:
        """Give an open file another size."""
        await self.syscall(syscall_64.NR_ftruncate, fd, length)

    async def fcntl(self, fd: int, cmd: int, arg: int = 0) -> int:
        """Do something about a descriptor or its open file."""
        return await self.syscall(syscall_64.NR_fcntl, fd, cmd, arg)

    async def iovec(self, *segments: tuple[int, int]) -> int:
        """Make an array of buffers, each an address and its bytes; return its address.

        It is there until another call needs the memory.
        """
        word = kconfig(self.cpu).paging.address_mask.bit_length() // 8
        at   = await self._memory(2 * word * len(segments))
        await self.store_bytes(at, b"".join(
            number.to_bytes(word, "little") for segment in segments for number in segment))
        return at

    async def vmsplice(self, fd: int, *segments: tuple[int, int], flags: int = 0) -> int:
        """Give a pipe the pages of buffers, or read it into them; return the bytes done."""
        return await self.syscall(syscall_64.NR_vmsplice, fd, await self.iovec(*segments),
                                  len(segments), flags)

    # Processes

    async def fork(self) -> User:
        """Make a child; return it. It goes on with whatever its methods are called to do."""
        return self._other(await self.syscall(syscall_64.NR_fork))

    async def clone(self, clone_flags: int) -> User:
        """Make a child or a thread that shares what ``clone_flags`` say; return it."""
        return self._other(await self.syscall(syscall_64.NR_clone, clone_flags))

    def _other(self, pid: int) -> User:
        return type(self)(self.cpu, init_pid_ns(self.cpu).tasks[pid])

    async def execve(self, path: str) -> None:
        """Begin another program. What it calls are the methods of this object, too."""
        await self.syscall(syscall_64.NR_execve, path, 0, 0)
        self._operands = range(0)

    async def exit(self, code: int = 0) -> None:
        """End the process. The object is of no use afterwards."""
        await self.syscall(syscall_64.NR_exit_group, code)

    async def wait(self, pid: int = -1) -> int:
        """Reap a dead child; return its number, or 0 if none is dead yet."""
        return await self.syscall(syscall_64.NR_wait4, pid, 0, WNOHANG, 0)

    async def wait_status(self, pid: int = -1, options: int = WNOHANG) -> tuple[int, int]:
        """Reap a dead child; return its number and status, or (0, 0) if none is dead yet."""
        stat_addr = await self._memory(4)
        number    = await self.syscall(syscall_64.NR_wait4, pid, stat_addr, options, 0)
        return number, await self.load(stat_addr, 4) if number else 0

    async def kill(self, pid: int, signo: int) -> None:
        """Send a signal."""
        await self.syscall(syscall_64.NR_kill, pid, signo)

    async def handle(self, *signals: int) -> None:
        """Handle signals, by default those of bad memory accesses, from now on."""
        for signo in signals or (SIGSEGV, SIGBUS):
            await self.syscall(syscall_64.NR_rt_sigaction, signo, SIG_HANDLER)

    async def sigprocmask(self, *signals: int, how: int = SIG_BLOCK) -> None:
        """Let signals wait from now on, or change the mask in another way (SIG_*)."""
        nset = await self._memory(8)
        await self.store(nset, sigmask(*signals))
        await self.syscall(syscall_64.NR_rt_sigprocmask, how, nset, 0, 8)

    async def setpgid(self, pid: int, pgid: int) -> None:
        """Put a process into a process group."""
        await self.syscall(syscall_64.NR_setpgid, pid, pgid)

    async def ptrace(self, request: int, pid: int = 0, addr: int = 0, data: int = 0) -> None:
        """Begin, use or end tracing a task."""
        await self.syscall(syscall_64.NR_ptrace, request, pid, addr, data)

    async def peek(self, pid: int, addr: int) -> int:
        """Read a word of a tracee."""
        data = await self._memory(8)
        await self.ptrace(PTRACE_PEEKDATA, pid, addr, data)
        return await self.load(data, self.word)


def _ending(exit_code: int) -> str:
    """Describe the end of a process, by the status that its parent can wait for."""
    signo = exit_code & 0x7f
    return f"killed by signal {signo}" if signo else f"with status {exit_code >> 8}"
