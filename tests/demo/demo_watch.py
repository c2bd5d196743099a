"""Watch of a machine: rows of its trace, made from its signals."""

from collections.abc import Iterator
from typing import Any

from amaranth import Cat, ShapeCastable, Value
from amaranth.sim import SimulatorContext

from hw.layout import AccessKind

from .demo_support import Row


__all__ = ["Watch"]


class Watch:
    """Looks at the signals of a machine in each of its cycles, and makes rows of what it sees.

    It runs after the testbenches that drive the machine: they are added to the simulation before.

    Parameters
    ----------
    unit : :class:`hw.demo.subsystem.MemorySubsystem` or :class:`hw.mmu.Mmu`
        The machine. Marks are not its own, so there are none in these rows.
    enable : signal
        In which cycles of the clock the machine runs; all, if there is none.
    """

    def __init__(self, unit: Any, enable: Any = None):
        access, control, memory = unit.access, unit.control, unit.memory
        self._enable = enable
        self.anew()
        self._signals = [
            access.request.valid, access.request.ready, access.request.payload,
            access.response.valid, access.response.payload,
            control.request.valid, control.request.ready, control.request.payload,
            control.response.valid, control.response.payload, control.state, unit.events,
            memory.cyc, memory.stb, memory.we, memory.lock, memory.adr, memory.sel, memory.dat_w,
            memory.stall, memory.ack, memory.err, memory.dat_r]
        self._all = Cat(Value.cast(signal) for signal in self._signals)

    @property
    def cycle(self) -> int:
        """Cycles of the machine so far."""
        return len(self._taken)

    @property
    def rows(self) -> list[Row]:
        """Rows so far. Signals are taken apart here only, since few look at them."""
        rows: list[Row] = []
        shown = True            # the first cycle shows the state
        for cycle, bits in enumerate(self._taken):
            said, shown = _said(*self._apart(bits), shown=shown)
            if said:
                rows.append((cycle, said))
        return rows

    def anew(self) -> None:
        """Begin anew, when the machine is reset."""
        self._taken: list[int] = []

    async def run(self, ctx: SimulatorContext) -> None:
        """Testbench: look. Never returns."""
        while True:
            # Most cycles of the clock are none of the machine's, and pass faster without a look.
            while self._enable is not None and not ctx.get(self._enable):
                await ctx.posedge(self._enable)
            bits = ctx.get(self._all)
            await ctx.tick()
            self._taken.append(bits)

    def _apart(self, bits: int) -> Iterator[Any]:
        for signal in self._signals:
            shape = signal.shape()
            width = len(Value.cast(signal))
            value = bits & (1 << width) - 1
            yield shape.from_bits(value) if isinstance(shape, ShapeCastable) else value
            bits >>= width


def _said(*values: Any, shown: bool) -> tuple[dict[str, tuple[int, ...]], bool]:
    """Contents of a cycle's row, with the state if that is ``shown``; true if the next shows it."""
    (requested, accepted, request, completed, response,
     control_requested, control_accepted, operation, controlled, outcome, state, events,
     cyc, stb, we, lock, adr, sel, dat_w, stall, ack, err, dat_r) = values
    said: dict[str, tuple[int, ...]] = {}
    if shown:
        said["state"] = tuple(getattr(state, name) for name in (
            "cr0", "cr2", "cr3", "cr4", "efer", "ac", "pkru", "pkrs", "pdpte0", "pdpte1", "pdpte2",
            "pdpte3"))
    if events.as_bits():
        said["events"] = (events.as_bits(),)
    if cyc and ack:
        said["ack"] = (dat_r,)
    if cyc and stb and not stall:
        said["transfer"] = (adr, we | lock << 1 | sel << 2)
        if we:
            said["word"] = (dat_w,)
    if completed:
        said["response"] = (response.fault.value | response.error.as_bits() << 3,
                            response.physical, response.data)
    if requested and accepted:
        said["request"] = (request.size | request.kind.value << 2 | request.user << 5
                           | request.implicit << 6 | request.chained << 7, request.linear)
        if request.kind not in (AccessKind.READ, AccessKind.FETCH):
            said["datum"] = (request.data, request.compare)
    if controlled:
        said["controlled"] = (outcome.fault, outcome.value)
    if control_requested and control_accepted:
        said["control"] = (operation.op.value | operation.register.value << 4,
                           operation.value)
    if cyc and err:
        said["error"] = ()
    return said, bool(control_requested and control_accepted or events.page_fault)
