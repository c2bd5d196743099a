"""A processor in front of a unit in the simulator, which tests drive."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from amaranth.sim import SimulatorContext
from stream_support import get, put

from hw.bus import ControlOp
from hw.bus import Register as HwRegister
from hw.layout import AccessKind, Fault
from hw.mmu import Mmu
from sim.golden.mmu import Outcome
from sim.memory import PhysicalMemory
from sim.record.tlb import TlbContents
from sw.bus import Access, BusError, GeneralProtection, Kind, PageFault, Register


__all__ = ["Processor"]


#: Control registers, as the unit's state has them.
REGISTERS = ("cr0", "cr2", "cr3", "cr4", "efer", "ac", "pkru", "pkrs")


class Processor:
    """A processor in front of a unit: one operation at a time, with outcomes as the golden model's.

    Attributes
    ----------
    ctx : :class:`SimulatorContext`
        The simulation.
    mmu : :class:`hw.mmu.Mmu`
        The unit.
    memory : :class:`sim.memory.PhysicalMemory`
        Physical memory; looking at it, or changing it, takes no cycle.
    events : :class:`collections.Counter` or :class:`None`
        How often each strobe was high since reset, until the last operation completed, if
        somebody counts them.
    tlb : :class:`sim.record.tlb.TlbContents` or :class:`None`
        Translations that the unit has, by what it shows of them, if somebody looks.
    """

    def __init__(self, ctx: SimulatorContext, mmu: Mmu, memory: PhysicalMemory,
                 events: Counter[str] | None = None, tlb: TlbContents | None = None):
        self.ctx    = ctx
        self.mmu    = mmu
        self.memory = memory
        self.events = events
        self.tlb    = tlb

    @property
    def maxphyaddr(self) -> int:
        """Width of the unit's physical addresses."""
        if self.mmu.config.variable_maxphyaddr:
            return self.ctx.get(self.mmu.maxphyaddr)
        return self.mmu.memory.signature.maxphyaddr

    @property
    def cr2(self) -> int:
        """CR2 in this cycle."""
        return self.ctx.get(self.mmu.control.state.cr2)

    @property
    def registers(self) -> dict[str, int]:
        """Control registers in this cycle, by the names that the golden model's state has too."""
        state = self.ctx.get(self.mmu.control.state)
        return {name: getattr(state, name) for name in REGISTERS}

    async def access(self, access: Access) -> Outcome:
        """Do one access."""
        await put(self.ctx, self.mmu.access.request, _request(access))
        response = await get(self.ctx, self.mmu.access.response)
        match response.fault:
            case Fault.NONE:
                data = 0 if access.kind is Kind.WRITE else response.data
                return Outcome(data, response.physical)
            case Fault.PAGE_FAULT:
                return Outcome(fault=PageFault(self.cr2, response.error.as_bits()))
            case Fault.GENERAL_PROTECTION:
                return Outcome(fault=GeneralProtection("an access"))
            case Fault.BUS_ERROR:
                return Outcome(fault=BusError("an access"))
        raise AssertionError(f"an access that is not chained ended in {response.fault}")

    async def burst(
        self, steps: list[Access | tuple[Register, int]], *, chained: set[int],
        ready: Callable[[int], bool],
    ) -> list[Any]:
        """Issue accesses as fast as the unit accepts them; return the responses, in order.

        A control write among the ``steps`` waits until what precedes it is accepted, and is
        issued before what follows it. ``chained`` are the numbers of chained accesses,
        ``ready`` tells in which cycles the processor accepts responses.
        """
        access, control = self.mmu.access, self.mmu.control
        cycle, begun, offered, waiting, responses = 0, 0, -1, False, []
        expected = sum(isinstance(step, Access) for step in steps)
        self.ctx.set(control.response.ready, 1)
        while begun < len(steps) or len(responses) < expected:
            step = steps[begun] if begun < len(steps) else None
            if offered != begun:
                offered = begun
                self.ctx.set(access.request.valid, isinstance(step, Access))
                self.ctx.set(control.request.valid, isinstance(step, tuple))
                if isinstance(step, Access):
                    self.ctx.set(access.request.payload, _request(step, chained=begun in chained))
                elif step is not None:
                    self.ctx.set(control.request.payload, _write(*step))
            if cycle == 0 or ready(cycle) != ready(cycle - 1):
                self.ctx.set(access.response.ready, ready(cycle))
            _, _, took_access, took_control, valid, payload = await self.ctx.tick().sample(
                access.request.ready, control.request.ready, access.response.valid,
                access.response.payload)
            begun += bool(took_control if isinstance(step, tuple) else took_access and step)
            assert valid or not waiting, "a response that is offered stays until it is taken"
            waiting = valid and not ready(cycle)
            if valid and ready(cycle):
                responses.append(payload)
            cycle += 1
        # A control write at the end completes in this cycle, and its strobes come in the next.
        await self.ctx.tick().repeat(2)
        self.ctx.set(access.response.ready, 0)
        self.ctx.set(control.response.ready, 0)
        return responses

    async def read_control(self, register: Register) -> int:
        """Read a control register."""
        response = await self._control({
            "op": ControlOp.READ, "register": HwRegister[register.name], "value": 0,
        })
        return response.value

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection`."""
        response = await self._control(_write(register, value))
        if response.fault:
            raise GeneralProtection(f"a write of {value:#x} to {register.name}")

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        await self._control({
            "op": ControlOp.INVLPG, "register": HwRegister.CR0, "value": linear,
        })

    async def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID. Raises :class:`GeneralProtection`."""
        response = await self._control({
            "op": ControlOp.INVPCID, "register": HwRegister.CR0, "value": kind,
            "pcid": descriptor & (1 << 64) - 1, "linear": descriptor >> 64,
        })
        if response.fault:
            raise GeneralProtection(f"INVPCID of type {kind:#x}, descriptor {descriptor:#x}")

    async def _control(self, request: dict[str, Any]) -> Any:
        await put(self.ctx, self.mmu.control.request, request)
        response = await get(self.ctx, self.mmu.control.response)
        await self.ctx.tick()  # What it makes the TLB forget, and the strobes of that, come later.
        return response


def _request(access: Access, *, chained: bool = False) -> dict[str, Any]:
    """``access`` as a payload of the unit's port."""
    mask = (1 << 64) - 1
    return {
        "linear":   access.linear & mask,
        "size":     access.size.bit_length() - 1,
        "kind":     AccessKind[access.kind.name],
        "user":     access.user,
        "implicit": access.implicit,
        "chained":  chained,
        "data":     access.data & mask,
        "compare":  access.compare & mask,
    }


def _write(register: Register, value: int) -> dict[str, Any]:
    """A control-register write as a payload of the unit's port."""
    return {"op": ControlOp.WRITE, "register": HwRegister[register.name], "value": value}
