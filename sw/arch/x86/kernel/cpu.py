"""A processor: instructions on a bus.

Ref: Intel SDM Vol. 3A, section 2.5 "Control Registers"; Vol. 2, STAC, CLAC, INVLPG, SYSCALL, STI,
CLI, HLT, PAUSE.
"""

from __future__ import annotations

from sw.bus import Access, Fault, GeneralProtection, Kind, Register

from .execution import Handler, Restarts, TripleFault
from .strings import StringOperations


__all__ = ["Cpu", "Handler", "TripleFault"]


class Cpu(StringOperations):
    """One processor. An instruction that faults is done again when the handler returns.

    Interrupts are taken before an instruction, never inside one.
    """

    async def syscall(self, number: int, *args: int | str) -> int:
        """Enter the kernel, and come back with the value of RAX (SYSCALL).

        An argument is a number, or the string that it would point to.
        """
        if self.lstar is None or self.cpl != 3:
            raise TripleFault("SYSCALL by the kernel, or before it set an entry point")
        return await self._call(self.lstar(self, number, *args))

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
            await self._restart(fault, 0, restarts)
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
            await self._restart(GeneralProtection("privileged instruction"), 0, restarts)

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
