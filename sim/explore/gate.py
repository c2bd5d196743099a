"""A gate before each processor of any engine: it lets operations through in the order of a plan.

The plan counts operations, as a machine of :class:`sim.golden.stepwise.WholeProcessor` makes them,
and the order in which they are made of their own accord is the same (:mod:`.order`). A processor
that must wait reads a register again and again, as in a loop with PAUSE; so the engine need not
know of any of this, and the schedule is the same on each.
"""

from collections.abc import Callable, Sequence

from sim.golden.processors import Wait
from sw.bus import FIRST_VECTOR, Access, Bus, Fault, Register, Response
from sw.processor.cpu import Cpu

from .order import Order
from .plan import Plan


__all__ = ["Gate", "GatedBus"]


class Gate:
    """The gate of one machine. It is open until a race begins, and when it is over.

    Parameters
    ----------
    buses : sequence of :class:`sw.bus.Bus`
        The machine's processors.
    ready : callable
        Called with the gate when all processors are at their start.

    Attributes
    ----------
    buses : :class:`list` of :class:`GatedBus`
        The processors behind the gate.
    over : :class:`list` of :class:`bool`
        The program of each processor has ended.
    pending : :class:`list` of :class:`int`
        Interrupts that wait for each processor since the race has begun.
    """

    def __init__(self, buses: Sequence[Bus], ready: Callable[["Gate"], None]):
        self._switches: dict[int, int] = {}
        self._waits: list[Wait | None] = [None] * len(buses)
        self._order    = Order(len(buses), self._enabled,
                               lambda number: self._waits[number] is Wait.PAUSE)
        self._made     = 0
        self._current: int | None = None
        self._at_start: set[int] = set()
        self._call_ready = ready
        self.over      = [False] * len(buses)
        self.pending   = [0] * len(buses)
        self.buses     = [GatedBus(self, bus, number) for number, bus in enumerate(buses)]

    @property
    def shut(self) -> bool:
        """True while operations wait for their turns."""
        return self.begun and not all(self.over)

    @property
    def begun(self) -> bool:
        """True from when all processors are at their start."""
        return len(self._at_start) == len(self.over)

    def follow(self, plan: Plan) -> None:
        """Follow a plan, counted in operations, from the start on."""
        self._switches = dict(plan)

    async def start(self, cpu: Cpu) -> None:
        """Wait until all processors are at their start, and serve interrupts until then."""
        self._at_start.add(cpu.number)
        if self.begun:
            self._call_ready(self)
        while not self.begun:
            await cpu.interrupt()
            await self.buses[cpu.number].rest()

    def arrive(self, number: int, reason: Wait) -> None:
        """Note that a processor has ended an operation, and what it wants to do next."""
        self._waits[number] = reason
        if self._current in (None, number) and None not in self._waits and self.shut:
            default, useful, _ = self._order.options()
            cpu = self._switches.get(self._made, default)
            self._current = cpu if cpu in useful else default
            self._made   += 1
            self._order.turn(self._current)

    def lets(self, number: int) -> bool:
        """Tell whether it is a processor's turn."""
        return self._current == number or not self.shut

    def _enabled(self, number: int) -> bool:
        return self._waits[number] is not Wait.INTERRUPT or bool(self.pending[number])


class GatedBus:
    """A :class:`sw.bus.Bus` behind the gate."""

    def __init__(self, gate: Gate, bus: Bus, number: int):
        self._gate   = gate
        self._bus    = bus
        self._number = number

    @property
    def interrupts(self) -> int:
        """Interrupts that wait."""
        return self._gate.pending[self._number] if self._gate.shut else self._bus.interrupts

    async def _turn(self, reason: Wait = Wait.TURN) -> None:
        """Wait for the turn."""
        if self._gate.shut:
            self._gate.arrive(self._number, reason)
        while not self._gate.lets(self._number):
            await self.rest()

    async def rest(self) -> None:
        """Let time pass, whosever turn it is."""
        await self._bus.read_control(Register.RFLAGS)

    async def access(self, access: Access) -> Response:
        """Do one access."""
        await self._turn()
        return await self._bus.access(access)

    async def load_string(self, linear: int, count: int, *,
                          user: bool) -> tuple[bytes, Fault | None]:
        """Load bytes upwards."""
        await self._turn()
        return await self._bus.load_string(linear, count, user=user)

    async def store_string(self, linear: int, data: bytes, *,
                           user: bool) -> tuple[int, Fault | None]:
        """Store bytes upwards."""
        await self._turn()
        return await self._bus.store_string(linear, data, user=user)

    async def read_control(self, register: Register) -> int:
        """Read a control register."""
        await self._turn(Wait.PAUSE if register is Register.RFLAGS else Wait.TURN)
        return await self._bus.read_control(register)

    async def write_control(self, register: Register, value: int) -> None:
        """Write a control register."""
        await self._turn()
        await self._bus.write_control(register, value)

    async def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        await self._turn()
        await self._bus.invlpg(linear)

    async def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID."""
        await self._turn()
        await self._bus.invpcid(kind, descriptor)

    async def send_interrupt(self, target: int, vector: int) -> None:
        """Interrupt processor number ``target``."""
        await self._turn()
        await self._bus.send_interrupt(target, vector)
        if self._gate.begun:
            self._gate.pending[target] |= 1 << vector - FIRST_VECTOR

    async def take_interrupt(self) -> int:
        """Accept the interrupt with the highest vector."""
        await self._turn()
        while not self._bus.interrupts:
            await self.rest()
        vector = await self._bus.take_interrupt()
        self._gate.pending[self._number] &= ~(1 << vector - FIRST_VECTOR)
        return vector

    async def halt(self) -> None:
        """Stop until an interrupt waits, or the race is over."""
        if not self._gate.shut:
            await self._bus.halt()
        elif not self.interrupts:
            await self._turn(Wait.INTERRUPT)

    def mark(self, stack: Sequence[str]) -> None:
        """Note which kernel functions are executing."""
        self._bus.mark(stack)
