"""Timing diagrams: a story, played on a unit in Amaranth's simulator, becomes WaveJSON."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from amaranth import Value
from amaranth.sim import Simulator, SimulatorContext

from hw.bus import ControlOp, Register
from hw.config import MmuConfig
from hw.layout import AccessKind
from hw.mmu import Mmu
from sim.memory import PhysicalMemory


__all__ = ["Diagram", "Lane", "Processor", "wavejson"]


#: Linear addresses of two pages, in 32-bit paging: one that may be written, and one that may not.
WRITABLE, READ_ONLY = 0x80_0000, 0x80_2000

#: Physical addresses: of the page directory, of the page table, and of the writable page.
DIRECTORY, TABLE, FRAME = 0x1000, 0x2000, 0x5000

#: Flags of entries: present, user, accessed; writable; dirty.
BASE, WRITE, DIRTY = 0x25, 0x2, 0x40

#: CR0: paging with and without write protection.
PG, PG_WP = 0x8000_0001, 0x8001_0001


class Processor:
    """The processor's side of the ports, which a story drives. It is always ready for responses."""

    def __init__(self, ctx: SimulatorContext, unit: Mmu):
        self._ctx, self._unit = ctx, unit
        self.watched = False

    def begin(self) -> None:
        """Begin the diagram, with the next cycle."""
        self.watched = True

    async def access(
        self, linear: int, kind: AccessKind = AccessKind.READ, *, data: int = 0,
    ) -> None:
        """Request an access of four bytes by a user program; return once it is accepted."""
        await self._put(self._unit.access.request, {
            "linear": linear, "size": 2, "kind": kind, "user": 1, "data": data})

    async def write(self, register: Register, value: int) -> None:
        """Request a write of a control register; return once it is accepted."""
        await self._put(self._unit.control.request, {
            "op": ControlOp.WRITE, "register": register, "value": value})

    async def idle(self, cycles: int) -> None:
        """Let clock cycles pass."""
        for _ in range(cycles):
            await self._ctx.tick()

    async def _put(self, stream: Any, payload: dict[str, Any]) -> None:
        self._ctx.set(stream.payload, payload)
        self._ctx.set(stream.valid, 1)
        accepted = False
        while not accepted:
            _, _, accepted = await self._ctx.tick().sample(stream.ready)
        self._ctx.set(stream.valid, 0)


@dataclass(frozen=True)
class Lane:
    """One line of a diagram.

    Attributes
    ----------
    name : :class:`str`
        Name of the signal.
    signal : callable
        The signal of a :class:`hw.mmu.Mmu`.
    text : callable or :class:`None`
        Spelling of a value; without it, the signal is one bit, drawn as a level.
    valid : callable or :class:`None`
        The signal by which ``signal`` means something; at other times it is drawn as unknown.
    """

    name:   str
    signal: Callable[[Any], Any]
    text:   Callable[[int], str] | None = None
    valid:  Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Diagram:
    """A diagram, and the story that it is drawn of.

    Attributes
    ----------
    title : :class:`str`
        Its subject, in a line.
    story : coroutine function
        Drives a :class:`Processor`, in 32-bit paging. The diagram begins where it says so.
    groups : mapping of :class:`str` to sequence of :class:`Lane`
        The lines, by the port that they are of.
    memory : mapping of :class:`str` to anything
        Parameters of the :class:`sim.memory.PhysicalMemory` behind the unit.
    leaf : :class:`int`
        Further flags of the entry that maps the writable page.
    """

    title:  str
    story:  Callable[[Processor], Awaitable[None]]
    groups: dict[str, tuple[Lane, ...]]
    memory: dict[str, Any] = field(default_factory=dict)
    leaf:   int = DIRTY


def wavejson(diagram: Diagram) -> dict[str, Any]:
    """Play the story of a diagram, and return what its signals did as WaveJSON."""
    lanes   = [lane for group in diagram.groups.values() for lane in group]
    columns = _played(diagram, lanes)
    lines   = iter([_line(lane, column) for lane, column in zip(lanes, columns, strict=True)])
    cycles  = len(columns[0])
    return {
        "signal": [{"name": "clk", "wave": "p" + "." * (cycles - 1)}, *(
            [name, *(next(lines) for _ in group)] for name, group in diagram.groups.items())],
        "head": {"text": diagram.title, "tick": 0},
        "config": {"hscale": 2},
    }


def _played(diagram: Diagram, lanes: list[Lane]) -> list[list[tuple[int, int]]]:
    """Return, for each lane and each cycle, the value, and 1 if it is valid."""
    unit    = Mmu(MmuConfig(tlb_entries=4))
    memory  = PhysicalMemory(**diagram.memory)
    columns: list[list[tuple[int, int]]] = [[] for _ in lanes]
    signals = [Value.cast(signal(unit)) for lane in lanes
               for signal in (lane.signal, lane.valid or (lambda _: Value.cast(1)))]
    for number, flags in ((0, WRITE | diagram.leaf), (2, DIRTY)):
        memory.write(TABLE + 4 * number, 4, FRAME + 0x1000 * number | BASE | flags)
    memory.write(DIRECTORY + 4 * (WRITABLE >> 22), 4, TABLE | BASE | WRITE)
    memory.write(FRAME, 8, 0x1122_3344)
    playing = []

    async def play(ctx: SimulatorContext) -> None:
        ctx.set(unit.access.response.ready, 1)
        ctx.set(unit.control.response.ready, 1)
        playing.append(processor := Processor(ctx, unit))
        await processor.write(Register.CR3, DIRECTORY)
        await processor.write(Register.CR0, PG)
        await diagram.story(processor)

    async def watch(ctx: SimulatorContext) -> None:
        while True:
            _, _, *values = await ctx.tick().sample(*signals)
            if playing and playing[0].watched:
                pairs = zip(values[::2], values[1::2], strict=True)
                for column, pair in zip(columns, pairs, strict=True):
                    column.append(pair)

    async def serve(ctx: SimulatorContext) -> None:
        await memory.serve(ctx, unit.memory)

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(play)
    for testbench in (watch, serve):
        simulator.add_testbench(testbench, background=True)
    simulator.run()
    return columns


def _line(lane: Lane, column: list[tuple[int, int]]) -> dict[str, Any]:
    """Return the line of a lane: a letter a cycle, and the spelling of each value that is a "="."""
    wave, texts, before = "", [], ""
    for value, valid in column:
        if not valid:
            now = "x"
        elif lane.text is None:
            now = str(value)
        else:
            now = lane.text(value)
        wave += "." if now == before else now if lane.text is None or not valid else "="
        if wave[-1] == "=":
            texts.append(now)
        before = now
    line: dict[str, Any] = {"name": lane.name, "wave": wave}
    return line | {"data": texts} if texts else line
