"""A process as its program sees it: instructions and system calls, and nothing else.

A program is a coroutine that calls these methods.
"""

from __future__ import annotations

from sw.arch.x86.entry.syscalls import syscall_64
from sw.include.linux.fs import O_RDWR, SEEK_SET
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE
from sw.include.linux.ptrace import PTRACE_PEEKDATA
from sw.include.linux.sched import task_struct
from sw.include.linux.signal import sigmask
from sw.include.linux.signal_types import SIG_BLOCK, SIG_HANDLER, SIGBUS, SIGSEGV
from sw.include.linux.wait import WNOHANG
from sw.init.main import run_init_process
from sw.kernel.cred import cred, init_cred
from sw.kernel.pid import init_pid_ns
from sw.processor.cpu import Cpu
from sw.thread import Thread


__all__ = ["User"]


class User(Thread):
    """One thread of a program, with its system calls; the parameters are those of a thread.

    A method for a system call raises :class:`KernelError` if the kernel refuses it.
    """

    def __init__(self, cpu: Cpu, task: task_struct):
        super().__init__(cpu, task)
        self._operands = range(0)  # memory for those of system calls

    @classmethod
    async def create(cls, cpu: Cpu, comm: str = "init", credentials: cred | None = None) -> User:
        """Make a process with an empty address space, root's unless ``credentials`` are given."""
        return cls(cpu, await run_init_process(cpu, comm, credentials or init_cred))

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
        word = self.word
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

    async def vfork(self) -> User:
        """Make a child with this one's memory; return it. This one waits until it needs it not."""
        return self._other(await self.syscall(syscall_64.NR_vfork))

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
