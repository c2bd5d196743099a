"""Parts of the demonstration system in the simulator, and the requests that they do."""

import functools
from typing import Any, NamedTuple

from amaranth import Elaboratable, Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator, SimulatorContext
from hw_support import PERIOD, simulate
from stream_support import get, idle

from hw.config import MmuConfig
from hw.demo.bridge import Bridge
from hw.demo.protocol import ResponseKind
from hw.demo.rows import RowWriter
from hw.demo.subsystem import MemorySubsystem
from hw.mmu import Mmu
from sim.memory import PhysicalMemory

from .demo_support import Row, operations, rows_in
from .demo_watch import Watch


__all__ = ["PRESS", "Core", "CoreBench", "Played", "played", "played_plain"]


class Core(Elaboratable):
    """Bridge, row writer and machine, without a line. Bytes of requests in, numbers of rows out.

    Attributes
    ----------
    bridge, rows, machine
        The parts.
    """

    def __init__(self, config: MmuConfig, *, ram_kib: int = 32):
        self.machine = MemorySubsystem(config, ram_kib=ram_kib)
        self.bridge  = Bridge(config)
        self.rows    = RowWriter(self.machine)

    def elaborate(self, platform: Any) -> Module:
        """Put the parts together."""
        m = Module()
        m.submodules.machine = machine = self.machine
        m.submodules.bridge  = bridge  = self.bridge
        m.submodules.rows    = rows    = self.rows
        connect(m, bridge.access, machine.access)
        connect(m, bridge.control, machine.control)
        m.d.comb += [
            rows.go.eq(bridge.go & machine.settled),
            rows.mark.eq(bridge.mark),
            rows.marked.eq(bridge.marked),
            bridge.enable.eq(rows.enable),
            machine.enable.eq(rows.enable),
            bridge.report.ready.eq(1),
        ]
        return m


class Played(NamedTuple):
    """Outcome of requests: rows of the responses, kinds of these, and who saw the signals."""

    rows:  list[Row]
    kinds: list[ResponseKind]
    watch: Watch


#: In the place of a request: the button is pressed before the next one.
PRESS = b"press"


class CoreBench:
    """A :class:`Core` that is compiled once, and reset for every run."""

    def __init__(self, config: MmuConfig):
        self._core      = Core(config)
        self._started   = False
        self._simulator = Simulator(self._core)
        self._simulator.add_clock(PERIOD)
        self._simulator.add_testbench(self._computer)
        for testbench in (self._collect, self._look, self._watchdog):
            self._simulator.add_testbench(testbench, background=True)

    def run(self, requests: tuple[bytes, ...], *, gap: int, pause: int,
            press_after: int | None) -> Played:
        """See :func:`played`."""
        self._requests, self._gap, self._pause = requests, gap, pause
        self._press_after = press_after
        self._watch = Watch(self._core.machine, self._core.rows.enable)
        self._numbers: list[int]        = []
        self._kinds:   list[ResponseKind] = []
        if self._started:
            self._simulator.reset()
        self._started = True
        self._simulator.run()
        return Played(rows_in(self._numbers), self._kinds, self._watch)

    async def _computer(self, ctx: SimulatorContext) -> None:
        bridge = self._core.bridge
        self._kinds.append(await get(ctx, bridge.finish))
        for request in self._requests:
            if request == PRESS:
                ctx.set(bridge.toggle, 1)
                await ctx.tick()
                ctx.set(bridge.toggle, 0)
            else:
                last = request is self._requests[-1]
                await self._send(ctx, request, self._press_after if last else None)
        await idle(ctx, 50 + 50 * self._pause)

    async def _send(self, ctx: SimulatorContext, request: bytes, press: int | None) -> None:
        bridge = self._core.bridge
        ctx.set(bridge.end, not request)
        ctx.set(bridge.begun, 1)
        await ctx.tick()
        ctx.set(bridge.begun, 0)
        ctx.set(bridge.finish.ready, 1)
        pins = bridge.bytes.valid, bridge.bytes.payload, bridge.toggle
        taken, waited, done, driven = 0, 0, False, ()
        while not done:
            valid  = taken < len(request) and waited >= self._gap
            before = driven
            driven = valid, request[taken] if valid else 0xEE, taken == press
            if driven != before:
                for pin, value in zip(pins, driven, strict=True):
                    ctx.set(pin, value)
            elif waited >= self._gap and not ctx.get(bridge.bytes.ready | bridge.finish.valid):
                await ctx.posedge(bridge.bytes.ready).posedge(bridge.finish.valid)
            if taken == press:
                press = None
            _, _, ready, done, kind = await ctx.tick().sample(
                bridge.bytes.ready, bridge.finish.valid, bridge.finish.payload)
            waited += 1
            if valid and ready:
                taken, waited = taken + 1, 0
                ctx.set(bridge.end, taken == len(request))
        self._kinds.append(kind)
        ctx.set(bridge.bytes.valid, 0)
        ctx.set(bridge.finish.ready, 0)

    async def _collect(self, ctx: SimulatorContext) -> None:
        numbers = self._core.rows.numbers
        while True:
            if self._pause:
                ctx.set(numbers.ready, 0)
                await idle(ctx, self._pause)
            ctx.set(numbers.ready, 1)
            valid = False
            while not valid:
                if not ctx.get(numbers.valid):
                    await ctx.posedge(numbers.valid)
                _, _, valid, number = await ctx.tick().sample(numbers.valid, numbers.payload)
            self._numbers.append(number)

    async def _look(self, ctx: SimulatorContext) -> None:
        await self._watch.run(ctx)

    async def _watchdog(self, ctx: SimulatorContext) -> None:
        await ctx.delay(200_000 * PERIOD)
        raise TimeoutError("requests still not done after 200,000 cycles")


@functools.cache
def _bench(config: MmuConfig) -> CoreBench:
    return CoreBench(config)


def played(config: MmuConfig, *requests: bytes, gap: int = 0, pause: int = 0,
           press_after: int | None = None) -> Played:
    """Let a :class:`Core` do ``requests``.

    ``gap`` are cycles before each byte of a request, ``pause`` before each number of a row.
    ``press_after`` bytes of the last request are accepted before the button is pressed.
    """
    return _bench(config).run(requests, gap=gap, pause=pause, press_after=press_after)


def played_plain(config: MmuConfig, *requests: bytes, deadline: int = 50_000) -> list[Row]:
    """Do the same on a unit alone, with a memory that responds in the next cycle: what is seen."""
    mmu    = Mmu(config)
    watch  = Watch(mmu)
    memory = PhysicalMemory()
    due    = 0

    async def computer(ctx: SimulatorContext) -> None:
        ctx.set(mmu.access.response.ready, 1)
        ctx.set(mmu.control.response.ready, 1)
        for request in requests:
            for what, operation in operations(request):
                if what == "access":
                    await issue(ctx, mmu.access.request, operation)
                    continue
                await all_completed(ctx)
                if what == "cycle":
                    await cycle(ctx)
                if what == "control":
                    await issue(ctx, mmu.control.request, operation)
                    while not await cycle(ctx):
                        pass
            await all_completed(ctx)

    async def cycle(ctx: SimulatorContext) -> bool:
        nonlocal due
        _, _, completed, controlled = await ctx.tick().sample(
            mmu.access.response.valid, mmu.control.response.valid)
        due -= completed
        return controlled

    async def all_completed(ctx: SimulatorContext) -> None:
        while due:
            await cycle(ctx)

    async def issue(ctx: SimulatorContext, port: Any, payload: dict[str, Any]) -> None:
        nonlocal due
        ctx.set(port.valid, 1)
        ctx.set(port.payload, payload)
        accepted = False
        while not accepted:
            _, _, accepted, completed = await ctx.tick().sample(
                port.ready, mmu.access.response.valid)
            due += (accepted and "linear" in payload) - completed
        ctx.set(port.valid, 0)

    async def serve(ctx: SimulatorContext) -> None:
        await memory.serve(ctx, mmu.memory)

    simulate(mmu, computer, background=(serve, watch.run), deadline=deadline)
    return watch.rows
