"""A unit behind bridge and row writer in the simulator, for the engine serial, without a line."""

from amaranth.lib import data
from amaranth.sim import SimulatorContext
from stream_support import get, idle

from hw.bus import Events
from hw.demo.protocol import ResponseKind
from hw.presets import PRESETS
from sim.engines.serial.link.client import VERSION, Counters, Greeting
from sim.engines.serial.link.traffic import Traffic

from .demo_bench import CoreBench
from .demo_support import COUNTERS, leb128
from .demo_watch import Watch


__all__ = ["CoreClient"]


#: Memory of a core.
RAM_KIB = 32

#: Cycles after which the last row of a request has come, or more.
PIPELINE = 50

#: What is counted, besides cycles, by its names among the counters and among the strobes.
COUNTED = {"hits": "hit", "misses": "missed", "walks": "walk_begun", "page_faults": "page_fault"}


class CoreClient(CoreBench):
    """In the place of :class:`sim.engines.serial.link.client.Client`: requests go to a core.

    Parameters
    ----------
    preset : :class:`str`
        Name of what the unit can do.
    """

    def __init__(self, preset: str):
        super().__init__(PRESETS[preset])
        self.traffic   = Traffic()
        self._preset   = list(PRESETS).index(preset)
        self._gap      = self._pause = 0
        self._watch    = Watch(self._core.machine, self._core.rows.enable)
        self._numbers: list[int]          = []
        self._kinds:   list[ResponseKind] = []
        self._request: bytes | None       = None

    def connect(self) -> Greeting:
        """Greet; the core has not run yet."""
        return Greeting(VERSION, self._preset, RAM_KIB, 12_000)

    def do(self, request: bytes) -> list[bytes]:
        """Have operations done; return bytes of the rows."""
        assert self._requested(request) is ResponseKind.ROWS
        numbers, self._numbers = self._numbers, []
        return [b"".join(map(leb128, numbers))]

    def counters(self) -> Counters:
        """Count what was on the unit's ports."""
        assert self._requested(COUNTERS) is ResponseKind.COUNTERS
        strobes = [said["events"][0] for _, said in self._watch.rows if "events" in said]
        bits    = {name: field.offset for name, field in data.Layout.cast(Events)}
        return Counters(self._watch.cycle, **{
            name: sum(value >> bits[strobe] & 1 for value in strobes)
            for name, strobe in COUNTED.items()})

    def close(self) -> None:
        """There is no line to give up."""

    def _requested(self, request: bytes) -> ResponseKind:
        """Let the core do a request; return the kind of its response."""
        self.traffic.requests += 1
        self._request = request
        while self._request is not None:
            self._simulator.advance()
        return self._kinds[-1]

    async def _computer(self, ctx: SimulatorContext) -> None:
        await get(ctx, self._core.bridge.finish)
        while True:
            while self._request is None:
                await ctx.tick()
            await self._send(ctx, self._request, None)
            await idle(ctx, PIPELINE)
            self._request = None
