"""Timing diagrams: a story, played in Amaranth's simulator, becomes WaveJSON."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from amaranth import Value
from amaranth.sim import Simulator, SimulatorContext


__all__ = ["Bench", "Diagram", "Lane", "Player", "wavejson"]


class Player:
    """Driver of a design, for a story.

    Attributes
    ----------
    ctx : :class:`amaranth.sim.SimulatorContext`
        The simulator.
    parts : object
        What the bench has of the design, for the story and for the lanes.
    watched : :class:`bool`
        The diagram has begun.
    """

    def __init__(self, ctx: SimulatorContext, parts: Any):
        self.ctx, self.parts = ctx, parts
        self.watched = False

    async def prepare(self) -> None:
        """The beginning of all stories of a bench."""

    def begin(self) -> None:
        """Begin the diagram, with the next cycle."""
        self.watched = True

    async def idle(self, cycles: int = 1) -> None:
        """Let clock cycles pass."""
        for _ in range(cycles):
            await self.ctx.tick()

    async def strobe(self, *signals: Any) -> None:
        """Set signals of a bit for one cycle."""
        for signal in signals:
            self.ctx.set(signal, 1)
        await self.ctx.tick()
        for signal in signals:
            self.ctx.set(signal, 0)

    async def put(self, stream: Any, payload: Any) -> None:
        """Offer a payload; return once it is accepted."""
        self.ctx.set(stream.payload, payload)
        self.ctx.set(stream.valid, 1)
        accepted = False
        while not accepted:
            _, _, accepted = await self.ctx.tick().sample(stream.ready)
        self.ctx.set(stream.valid, 0)


@dataclass(frozen=True)
class Bench:
    """A fresh design, for one story.

    Attributes
    ----------
    design : elaboratable
        What is simulated.
    parts : object
        What lanes and player are given of it.
    beside : sequence of coroutine function
        Testbenches that run beside the story.
    player : callable
        Makes a :class:`Player` for it.
    """

    design: Any
    parts:  Any
    beside: tuple[Callable[[SimulatorContext], Awaitable[None]], ...] = ()
    player: Callable[[SimulatorContext, Any], Player] = Player


@dataclass(frozen=True)
class Lane:
    """One line of a diagram.

    Attributes
    ----------
    name : :class:`str`
        Name of the signal.
    signal : callable
        The signal, of the parts of a bench.
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
        Drives a :class:`Player`. The diagram begins where it says so. Its docstring explains the
        diagram to readers, where no page does.
    groups : mapping of :class:`str` to sequence of :class:`Lane`
        The lines, by the port or the block that they are of.
    bench : callable
        Makes the design.
    scale : :class:`int`
        Width of a cycle: long numbers need more.
    """

    title:  str
    story:  Callable[[Any], Awaitable[None]]
    groups: dict[str, tuple[Lane, ...]]
    bench:  Callable[[], Bench]
    scale:  int = 2


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
        "config": {"hscale": diagram.scale},
    }


def _played(diagram: Diagram, lanes: list[Lane]) -> list[list[tuple[int, int]]]:
    """Return, for each lane and each cycle, the value, and 1 if it is valid."""
    bench   = diagram.bench()
    columns: list[list[tuple[int, int]]] = [[] for _ in lanes]
    signals = [Value.cast(signal(bench.parts)) for lane in lanes
               for signal in (lane.signal, lane.valid or (lambda _: Value.cast(1)))]
    playing = []

    async def play(ctx: SimulatorContext) -> None:
        playing.append(player := bench.player(ctx, bench.parts))
        await player.prepare()
        await diagram.story(player)

    async def watch(ctx: SimulatorContext) -> None:
        while True:
            _, _, *values = await ctx.tick().sample(*signals)
            if playing and playing[0].watched:
                pairs = zip(values[::2], values[1::2], strict=True)
                for column, pair in zip(columns, pairs, strict=True):
                    column.append(pair)

    simulator = Simulator(bench.design)
    simulator.add_clock(1e-6)
    simulator.add_testbench(play)
    for testbench in (watch, *bench.beside):
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
