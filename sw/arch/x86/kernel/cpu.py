"""A processor: instructions on a bus, privilege, and the delivery of exceptions.

Ref: Intel SDM Vol. 3A, sections 6.12 "Exception and Interrupt Handling" and 2.5 "Control
Registers"; Vol. 2, STAC, CLAC, REP, INVLPG, SYSCALL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from sw.arch.x86.include.processor import X86_TRAP_GP, X86_TRAP_PF, kmap_ctrl, pt_regs
from sw.arch.x86.mm.extable import Fixup, exception_table_entry
from sw.bus import Access, Answer, Bus, GeneralProtection, Kind, PageFault, Register

from .strings import BURST, CHUNK, chunk_size, pieces

if TYPE_CHECKING:
    from sw.kernel.kernel import Kernel
    from sw.kernel.sched import task_struct
    from sw.mm.mm_types import mm_struct


__all__ = ["Cpu", "Handler", "TripleFault"]


R = TypeVar("R")

X86_EFLAGS_AC = 1 << 18

Fault   = PageFault | GeneralProtection
Handler = Callable[["Cpu", pt_regs], Awaitable[None]]


#: Exceptions, one in the handler of the other, that overflow the kernel's stack.
NESTED = 16


#: Restarts of one instruction after page faults that its handler has dealt with, it says. A
#: machine whose handler never mends what is wrong would go on for ever.
RESTARTS = 100

#: What the restarts of one string operation are counted by: address, bytes left, times in a row.
NOT_STUCK = (0, 0, 0)


class TripleFault(Exception):
    """An exception that cannot be delivered: the processor shuts down."""


class Cpu:
    """One processor.

    An access that faults is delivered to the handler in ``idt``, and done again when the handler
    returns. If the handler chose a landing pad, :class:`sw.arch.x86.mm.extable.Fixup` is raised.

    Parameters
    ----------
    bus : :class:`sw.bus.Bus`
        Its view of memory, and its control registers.
    kernel : :class:`sw.kernel.kernel.Kernel`
        The kernel that executes on it.
    number : :class:`int`
        Its number, from 0.

    Attributes
    ----------
    current : :class:`sw.kernel.sched.task_struct` or :class:`None`
        The task that executes; none before the first.
    cpl : :class:`int`
        Current privilege level, 0 or 3.
    ac : :class:`bool`
        RFLAGS.AC.
    stack : :class:`list` of :class:`str`
        Traced kernel functions that execute, outermost first.
    extable : :class:`list`
        Exception table entries that cover the executing code, outermost first.
    idt : :class:`dict`
        Exception handlers by vector.
    lstar : callable or :class:`None`
        Entry point of system calls.
    features : :class:`int`
        What the machine can do, as ``Register.FEATURES`` says.
    cr4 : :class:`int`
        CR4 as last written (Linux: cpu_tlbstate.cr4).
    loaded_mm : :class:`sw.mm.mm_types.mm_struct` or :class:`None`
        The address space in CR3.
    loaded_tlb_gen : :class:`int`
        Flushes of that address space which this processor has done.
    kmap_ctrl : :class:`sw.arch.x86.include.processor.kmap_ctrl`
        Pages that the current task has mapped locally.
    sleeping : :class:`bool`
        It waits to be woken up.
    """

    def __init__(self, bus: Bus, kernel: Kernel, number: int = 0):
        self.bus    = bus
        self.kernel = kernel
        self.number = number

        self.current: task_struct | None = None
        self.cpl                         = 0
        self.ac                          = False
        self.stack: list[str]            = []
        self.extable: list[exception_table_entry] = []
        self.idt: dict[int, Handler]     = {}
        self.lstar: Callable[..., Awaitable[int]] | None = None

        self.features                    = 0
        self.cr4                         = 0
        self.loaded_mm: mm_struct | None = None
        self.loaded_tlb_gen              = 0
        self.kmap_ctrl                   = kmap_ctrl()
        self.sleeping                    = False
        self._nested                     = 0  # exceptions being handled
        self._stuck                      = NOT_STUCK

    # Exceptions

    async def _deliver(self, fault: Fault) -> None:
        is_page_fault = isinstance(fault, PageFault)
        regs = pt_regs(
            user_mode  = self.cpl == 3,
            ac         = self.ac,
            trap_nr    = X86_TRAP_PF if is_page_fault else X86_TRAP_GP,
            error_code = fault.error_code if isinstance(fault, PageFault) else 0,
            extable    = self.extable[-1] if self.extable else None,
        )
        if regs.trap_nr not in self.idt:
            raise TripleFault(f"no handler for exception {regs.trap_nr}: {fault}") from fault
        if self._nested == NESTED:
            raise TripleFault(f"stack overflow, {NESTED} exceptions deep: {fault}") from fault

        extable, self.extable = self.extable, []
        self._nested += 1
        try:
            await self._call(self.idt[regs.trap_nr](self, regs))
        finally:
            self._nested -= 1
            self.extable = extable
        if regs.fixup:
            raise Fixup

    async def _call(self, handler: Awaitable[R]) -> R:
        """Execute ``handler`` at CPL 0; then give CPL and AC back, however it ended (IRET)."""
        cpl, ac  = self.cpl, self.ac
        self.cpl = 0
        try:
            result = await handler
        except Exception:
            await self._iret(cpl, ac)
            raise
        await self._iret(cpl, ac)
        return result

    async def _iret(self, cpl: int, ac: bool) -> None:
        if self.ac != ac:
            await self.popf(ac)
        self.cpl = cpl

    async def syscall(self, number: int, *args: int | str) -> int:
        """Enter the kernel, and come back with the value of RAX (SYSCALL).

        An argument is a number, or the string that it would point to.
        """
        if self.lstar is None or self.cpl != 3:
            raise TripleFault("SYSCALL by the kernel, or before it set an entry point")
        return await self._call(self.lstar(self, number, *args))

    # Accesses to memory

    def _access(self, linear: int, size: int, kind: Kind, data: int = 0, old: int = 0) -> Access:
        return Access(linear=linear, size=size, kind=kind, user=self.cpl == 3,
                      data=data, compare=old)

    async def _do(self, access: Access) -> int:
        for _ in range(RESTARTS):
            answer = await self.bus.access(access)
            if answer.fault is None:
                return answer.data
            await self._deliver(answer.fault)
        raise TripleFault(f"handled {RESTARTS} times, in vain: {answer.fault}")

    async def load(self, linear: int, size: int) -> int:
        """Read 1, 2, 4 or 8 bytes, at any alignment."""
        return await self._do(self._access(linear, size, Kind.READ))

    async def store(self, linear: int, size: int, value: int) -> None:
        """Write 1, 2, 4 or 8 bytes, at any alignment."""
        await self._do(self._access(linear, size, Kind.WRITE, value))

    async def fetch(self, linear: int, size: int) -> int:
        """Read 1, 2, 4 or 8 bytes of an instruction."""
        return await self._do(self._access(linear, size, Kind.FETCH))

    async def exchange(self, linear: int, size: int, value: int) -> int:
        """Store ``value`` (XCHG). Returns what was there."""
        return await self._do(self._access(linear, size, Kind.EXCHANGE, value))

    async def compare_exchange(self, linear: int, size: int, old: int, new: int) -> int:
        """Store ``new`` if ``old`` is there (LOCK CMPXCHG). Returns what was there."""
        return await self._do(self._access(linear, size, Kind.COMPARE_EXCHANGE, new, old))

    # String operations: what faults is done again from the byte where it stopped

    async def _burst(self, todo: Sequence[Access]) -> tuple[list[Answer], int]:
        """Do accesses until one faults. Returns the answers, and the bytes done before it."""
        answers: list[Answer] = []
        while len(answers) < len(todo):
            answers += await self.bus.burst(todo[len(answers):len(answers) + BURST])
            if answers[-1].fault is not None:
                break
        good = len(answers) - (answers[-1].fault is not None)
        return answers, sum(access.size for access in todo[:good])

    async def _load_some(self, linear: int, count: int) -> tuple[bytes, Fault | None]:
        """Load up to the first fault, which is not delivered."""
        todo = [self._access(piece, size, Kind.READ) for piece, size in pieces(linear, count)]
        answers, done = await self._burst(todo)
        data = b"".join(answer.data.to_bytes(access.size, "little")
                        for access, answer in zip(todo, answers, strict=False))
        return data[:done], answers[-1].fault

    async def _store_some(self, linear: int, data: bytes) -> tuple[int, Fault | None]:
        """Store up to the first fault, which is not delivered. Returns the bytes done."""
        todo = []
        for piece, size in pieces(linear, len(data)):
            value = int.from_bytes(data[piece - linear:piece - linear + size], "little")
            todo.append(self._access(piece, size, Kind.WRITE, value))
        answers, done = await self._burst(todo)
        return done, answers[-1].fault

    async def _restart(self, fault: Fault | None, left: int) -> None:
        """Deliver what stopped a string operation that has ``left`` bytes to do, if anything."""
        if fault is None:
            self._stuck = NOT_STUCK
            return
        if isinstance(fault, PageFault):
            address, before, times = self._stuck
            times = times + 1 if (address, before) == (fault.address, left) else 1
            self._stuck = (fault.address, left, times)
            if times > RESTARTS:
                raise TripleFault(f"handled {RESTARTS} times, in vain: {fault}") from fault
        try:
            await self._deliver(fault)
        except BaseException as end:
            self._stuck = NOT_STUCK  # the instruction is left, by a landing pad or a signal
            if isinstance(end, Fixup):
                end.rcx = left
            raise

    async def load_bytes(self, linear: int, count: int) -> bytes:
        """Read ``count`` bytes, one load after the other."""
        data = b""
        while len(data) < count:
            more, fault = await self._load_some(linear + len(data), count - len(data))
            data += more
            await self._restart(fault, count - len(data))
        return data

    async def store_bytes(self, linear: int, data: bytes) -> None:
        """Write ``data``, one store after the other."""
        done = 0
        while done < len(data):
            more, fault = await self._store_some(linear + done, data[done:])
            done += more
            await self._restart(fault, len(data) - done)

    async def rep_movs(self, to: int, from_: int, count: int) -> None:
        """Copy ``count`` bytes upwards (REP MOVSB)."""
        done = 0
        while done < count:
            size = chunk_size(to + done, from_ + done, count - done)
            data, load_fault  = await self._load_some(from_ + done, size)
            more, store_fault = await self._store_some(to + done, data) if data else (0, None)
            done += more
            # The store that faults is of an earlier byte than the load that did.
            await self._restart(store_fault or load_fault, count - done)

    async def rep_stos(self, to: int, value: int, count: int) -> None:
        """Store the byte ``value`` at ``count`` addresses upwards (REP STOSB)."""
        done = 0
        while done < count:
            some = bytes((value,)) * min(count - done, CHUNK)
            more, fault = await self._store_some(to + done, some)
            done += more
            await self._restart(fault, count - done)

    # Registers

    async def popf(self, ac: bool) -> None:
        """Set RFLAGS.AC, at any privilege level (POPF)."""
        self.ac = ac
        await self.bus.write_control(Register.RFLAGS, X86_EFLAGS_AC if ac else 0)

    async def stac(self) -> None:
        """Allow the kernel's accesses to user pages (STAC)."""
        await self.popf(True)

    async def clac(self) -> None:
        """Forbid them again (CLAC)."""
        await self.popf(False)

    async def _privileged(self) -> None:
        while self.cpl != 0:
            await self._deliver(GeneralProtection("privileged instruction"))

    async def read_cr(self, register: Register) -> int:
        """Read a control register (MOV from CR, RDMSR)."""
        await self._privileged()
        return await self.bus.read_control(register)

    async def write_cr(self, register: Register, value: int) -> None:
        """Write a control register (MOV to CR, WRMSR)."""
        await self._privileged()
        try:
            await self.bus.write_control(register, value)
        except GeneralProtection as fault:
            await self._deliver(fault)

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear`` (INVLPG)."""
        await self._privileged()
        await self.bus.invlpg(linear)
