"""A processor: registers and instructions on a bus.

Ref: Intel SDM Vol. 3A, section 2.5 "Control Registers", section 6.12 "Exception and Interrupt
Handling", section 15.1 "Machine Checks and Architecture"; Vol. 1, section 3.4.3; Vol. 2, STAC,
CLAC, INVLPG, SYSCALL, STI, CLI, HLT, PAUSE.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sw.bus import Access, Bus, BusError, Fault, GeneralProtection, Kind, PageFault, Register

from .exceptions import NESTED, Fixup, Handler, Restarts, TripleFault, pt_regs


__all__ = ["Cpu"]


R = TypeVar("R")

_X86_EFLAGS_AC = 1 << 18

_BREAKPOINT         = 3
_GENERAL_PROTECTION = 13
_PAGE_FAULT         = 14
_MACHINE_CHECK      = 18


class Cpu:
    """One processor. An instruction that faults is done again when the handler returns.

    Interrupts are taken before an instruction, never inside one. An exception is delivered to the
    handler in ``idt``. If the handler chose a landing pad, :class:`sw.processor.exceptions.Fixup`
    is raised. Operations on many bytes are in :mod:`sw.processor.strings`.

    Parameters
    ----------
    bus : :class:`sw.bus.Bus`
        Its view of memory, and its control registers.
    number : :class:`int`
        Its number, from 0.

    Attributes
    ----------
    cpl : :class:`int`
        Current privilege level, 0 or 3.
    ac : :class:`bool`
        RFLAGS.AC.
    interrupts_enabled : :class:`bool`
        RFLAGS.IF.
    idt : :class:`dict`
        Handlers of exceptions and interrupts by vector.
    lstar : callable or :class:`None`
        Entry point of system calls.
    gs_base : :class:`object`
        The kernel's own variables for this processor (IA32_GS_BASE). The processor does not look
        at them.
    extable : :class:`list`
        Exception table entries that cover the executing code, innermost last. They stand for the
        instruction pointer: the processor saves the innermost one, and does not look at it.
    """

    def __init__(self, bus: Bus, number: int = 0):
        self.bus    = bus
        self.number = number

        self.cpl                     = 0
        self.ac                      = False
        self.interrupts_enabled      = False
        self.idt: dict[int, Handler] = {}
        self.lstar: Callable[..., Awaitable[int]] | None = None
        self.gs_base: Any            = None
        self.extable: list[object]   = []
        self._nested                 = 0  # exceptions being handled

    async def syscall(self, number: int, *args: int | str) -> int:
        """Enter the kernel, and come back with the value of RAX (SYSCALL).

        An argument is a number, or the string that it would point to.
        """
        if self.lstar is None or self.cpl != 3:
            raise TripleFault("SYSCALL by the kernel, or before it set an entry point")
        return await self._call(self.lstar(self, number, *args))

    async def int3(self) -> None:
        """Enter the handler of breakpoints, and go on behind the instruction (INT3)."""
        if self.bus.interrupts and self.interrupts_enabled:
            await self.interrupt()
        await self._enter(self._regs(_BREAKPOINT), None)

    # Accesses to memory

    async def _do(self, access: Access) -> int:
        if self.bus.interrupts and self.interrupts_enabled:
            await self.interrupt()
        response = await self.bus.access(access)
        if response.fault is not None:
            return await self._do_again(access, response.fault)
        return response.data

    async def _do_again(self, access: Access, fault: Fault | None) -> int:
        data, restarts = 0, Restarts()
        while fault is not None:
            await self.restart(fault, 0, restarts)
            response = await self.bus.access(access)
            data, fault = response.data, response.fault
        return data

    async def load(self, linear: int, size: int) -> int:
        """Read 1, 2, 4 or 8 bytes, at any alignment."""
        return await self._do(Access(linear, size, Kind.READ, self.cpl == 3))

    async def store(self, linear: int, size: int, value: int) -> None:
        """Write 1, 2, 4 or 8 bytes, at any alignment."""
        await self._do(Access(linear, size, Kind.WRITE, self.cpl == 3, data=value))

    async def fetch(self, linear: int, size: int) -> int:
        """Read 1, 2, 4 or 8 bytes of an instruction."""
        return await self._do(Access(linear, size, Kind.FETCH, self.cpl == 3))

    async def exchange(self, linear: int, size: int, value: int) -> int:
        """Store ``value`` (XCHG). Returns what was there."""
        return await self._do(Access(linear, size, Kind.EXCHANGE, self.cpl == 3, data=value))

    async def compare_exchange(self, linear: int, size: int, old: int, new: int) -> int:
        """Store ``new`` if ``old`` is there (LOCK CMPXCHG). Returns what was there."""
        return await self._do(Access(linear, size, Kind.COMPARE_EXCHANGE, self.cpl == 3,
                                     data=new, compare=old))

    # Registers

    async def popf(self, ac: bool) -> None:
        """Set RFLAGS.AC, at any privilege level (POPF)."""
        if self.bus.interrupts and self.interrupts_enabled:
            await self.interrupt()
        await self._write_ac(ac)

    async def stac(self) -> None:
        """Allow the kernel's accesses to user pages (STAC)."""
        await self.popf(True)

    async def clac(self) -> None:
        """Forbid them again (CLAC)."""
        await self.popf(False)

    async def _privileged(self) -> None:
        """Begin an instruction of the kernel's."""
        if self.bus.interrupts and self.interrupts_enabled:
            await self.interrupt()
        restarts = Restarts()
        while self.cpl != 0:
            await self.restart(GeneralProtection("privileged instruction"), 0, restarts)

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

    async def invpcid(self, kind: int, descriptor: int) -> None:
        """Forget translations by PCID (INVPCID)."""
        await self._privileged()
        try:
            await self.bus.invpcid(kind, descriptor)
        except GeneralProtection as fault:
            await self._deliver(fault)

    # Interrupts

    async def sti(self) -> None:
        """Set RFLAGS.IF, and take what waits (STI and the instruction behind it)."""
        self.interrupts_enabled = True
        if self.bus.interrupts:
            await self.interrupt()

    def cli(self) -> None:
        """Clear RFLAGS.IF (CLI)."""
        self.interrupts_enabled = False

    async def hlt(self) -> None:
        """Stop until an interrupt waits, and take it if IF is set (HLT)."""
        assert self.cpl == 0, "HLT by a program"
        await self.bus.halt()
        await self.interrupt()

    async def sti_hlt(self) -> None:
        """Set RFLAGS.IF and stop. STI lets no interrupt in before the instruction behind it."""
        self.interrupts_enabled = True
        await self.hlt()

    async def pause(self) -> None:
        """Let time pass (PAUSE). It has no bus operation; to read a register costs as little."""
        if self.bus.interrupts and self.interrupts_enabled:
            await self.interrupt()
        await self.bus.read_control(Register.RFLAGS)

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt processor number ``target`` (WRMSR to the APIC's command register)."""
        await self._privileged()
        await self.bus.send_interrupt(target, vector)

    # Exceptions, and the way back

    async def restart(self, fault: Fault, left: int, restarts: Restarts) -> None:
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
            regs = self._regs(_PAGE_FAULT)
            regs.error_code = fault.error_code
        elif isinstance(fault, BusError):
            regs = self._regs(_MACHINE_CHECK)
        else:
            regs = self._regs(_GENERAL_PROTECTION)
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
        await self.bus.write_control(Register.RFLAGS, _X86_EFLAGS_AC if ac else 0)
