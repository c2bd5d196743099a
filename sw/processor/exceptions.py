"""A processor's state, and what comes between its instructions: exceptions and interrupts.

Ref: Intel SDM Vol. 3A, section 6.12 "Exception and Interrupt Handling"; Vol. 1, section 3.4.3.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sw.arch.x86.include.asm.processor import X86_TRAP_GP, X86_TRAP_PF, kmap_ctrl, pt_regs
from sw.arch.x86.mm.extable import Fixup, exception_table_entry
from sw.bus import Bus, Fault, PageFault, Register

if TYPE_CHECKING:
    from sw.include.linux.mm_types import mm_struct
    from sw.include.linux.sched import task_struct
    from sw.kernel.sched.completion import completion
    from sw.kernel.smp import call_single_data
    from sw.vmlinux import Kernel


__all__ = ["Execution", "Handler", "Restarts", "TripleFault"]


R = TypeVar("R")

X86_EFLAGS_AC = 1 << 18

#: ``await handler(cpu, regs)``.
Handler = Callable[[Any, pt_regs], Awaitable[None]]


#: Exceptions, one in the handler of the other, that overflow the kernel's stack.
NESTED = 16

#: Restarts of one instruction after faults that its handler has dealt with, it says. A machine
#: whose handler never mends what is wrong would go on for ever.
RESTARTS = 100


class TripleFault(Exception):
    """An exception that cannot be delivered: the processor shuts down."""


class Restarts:
    """Restarts of one instruction, counted while it gets no further."""

    def __init__(self) -> None:
        self._left  = 0
        self._times = 0

    def count(self, fault: Fault, left: int) -> None:
        """Count one more, with ``left`` bytes to do."""
        self._times = self._times + 1 if left == self._left else 1
        self._left  = left
        if self._times > RESTARTS:
            raise TripleFault(f"handled {RESTARTS} times, in vain: {fault}") from fault


class Execution:
    """One processor, but for its instructions.

    An exception is delivered to the handler in ``idt``. If the handler chose a landing pad,
    :class:`sw.arch.x86.mm.extable.Fixup` is raised.

    Parameters
    ----------
    bus : :class:`sw.bus.Bus`
        Its view of memory, and its control registers.
    kernel : :class:`sw.vmlinux.Kernel`
        The kernel that executes on it.
    number : :class:`int`
        Its number, from 0.

    Attributes
    ----------
    current : :class:`sw.include.linux.sched.task_struct` or :class:`None`
        The task that executes; none before the first.
    cpl : :class:`int`
        Current privilege level, 0 or 3.
    ac : :class:`bool`
        RFLAGS.AC.
    interrupts_enabled : :class:`bool`
        RFLAGS.IF.
    stack : :class:`list` of :class:`str`
        Traced kernel functions that execute, outermost first.
    extable : :class:`list`
        Exception table entries that cover the executing code, outermost first.
    idt : :class:`dict`
        Handlers of exceptions and interrupts by vector.
    lstar : callable or :class:`None`
        Entry point of system calls.
    features : :class:`int`
        What the machine can do, as ``Register.FEATURES`` says.
    cr4 : :class:`int`
        CR4 as last written (Linux: cpu_tlbstate.cr4).
    loaded_mm : :class:`sw.include.linux.mm_types.mm_struct` or :class:`None`
        The address space in CR3; none before paging is on, and while it changes.
    loaded_tlb_gen : :class:`int`
        Flushes of that address space which this processor has done.
    is_lazy : :class:`bool`
        The current task has borrowed that address space, and uses only the kernel's half of it.
    kmap_ctrl : :class:`sw.arch.x86.include.asm.processor.kmap_ctrl`
        Pages that the current task has mapped locally.
    call_single_queue : :class:`list` of :class:`sw.kernel.smp.call_single_data`
        Functions that other processors ask it to call.
    idle : :class:`sw.include.linux.sched.task_struct` or :class:`None`
        The task that it executes when there is no other.
    runqueue : :class:`list`
        Programs that wait for it to be idle, each with its completion.
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
        self.interrupts_enabled          = False
        self.stack: list[str]            = []
        self.extable: list[exception_table_entry] = []
        self.idt: dict[int, Handler]     = {}
        self.lstar: Callable[..., Awaitable[int]] | None = None

        self.features                    = 0
        self.cr4                         = 0
        self.loaded_mm: mm_struct | None = None
        self.loaded_tlb_gen              = 0
        self.is_lazy                     = False
        self.kmap_ctrl                   = kmap_ctrl()
        self.call_single_queue: list[call_single_data] = []
        self.idle: task_struct | None    = None
        self.runqueue: list[tuple[Callable[..., Awaitable[Any]], completion]] = []
        self.sleeping                    = False
        self._nested                     = 0  # exceptions being handled

    async def _restart(self, fault: Fault, left: int, restarts: Restarts) -> None:
        """Deliver what stopped an instruction that has ``left`` bytes to do.

        It is to be done again when this returns.
        """
        restarts.count(fault, left)
        try:
            await self._deliver(fault)
        except Fixup as fixup:
            fixup.rcx = left
            raise

    async def interrupt(self) -> None:
        """Take the interrupts that wait, the highest vector first, unless IF is clear."""
        while self.interrupts_enabled and self.bus.interrupts:
            vector = await self.bus.take_interrupt()
            await self._enter(self._regs(vector), None)

    async def _deliver(self, fault: Fault) -> None:
        if isinstance(fault, PageFault):
            regs = self._regs(X86_TRAP_PF)
            regs.error_code = fault.error_code
        else:
            regs = self._regs(X86_TRAP_GP)
        await self._enter(regs, fault)
        if regs.fixup:
            raise Fixup

    def _regs(self, vector: int) -> pt_regs:
        return pt_regs(
            user_mode  = self.cpl == 3,
            ac         = self.ac,
            interrupts = self.interrupts_enabled,
            trap_nr    = vector,
            extable    = self.extable[-1] if self.extable else None,
        )

    async def _enter(self, regs: pt_regs, fault: Fault | None) -> None:
        """Go through an interrupt gate, and come back. ``fault``: why, if not for an interrupt."""
        handler = self.idt.get(regs.trap_nr)
        if handler is None:
            raise TripleFault(f"no handler for vector {regs.trap_nr:#x}: {fault}") from fault
        if self._nested == NESTED:
            raise TripleFault(f"stack overflow, {NESTED} exceptions deep: {fault}") from fault
        extable, self.extable = self.extable, []
        self._nested += 1
        try:
            await self._call(handler(self, regs))
        finally:
            self._nested -= 1
            self.extable = extable

    async def _call(self, handler: Awaitable[R]) -> R:
        """Execute ``handler`` at CPL 0 with IF clear; then go back, however it ended (IRET)."""
        before = self.cpl, self.ac, self.interrupts_enabled
        self.cpl, self.interrupts_enabled = 0, False
        try:
            result = await handler
        except Exception:
            await self._iret(*before)
            raise
        await self._iret(*before)
        return result

    async def _iret(self, cpl: int, ac: bool, interrupts_enabled: bool) -> None:
        self.interrupts_enabled = False
        if self.ac != ac:
            await self._write_ac(ac)
        self.cpl, self.interrupts_enabled = cpl, interrupts_enabled

    async def _write_ac(self, ac: bool) -> None:
        self.ac = ac
        await self.bus.write_control(Register.RFLAGS, X86_EFLAGS_AC if ac else 0)
