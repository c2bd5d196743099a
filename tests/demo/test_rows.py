"""Rows of the trace: what they say is what the signals show."""

import pytest
from amaranth import Module, Signal
from hw_support import PERIOD, simulate
from stream_support import get, idle

from hw.bus import AccessSignature, ControlOp, ControlSignature, Events, Register
from hw.demo.rows import RowWriter
from hw.layout import AccessKind
from hw.presets import PRESETS
from hw.wishbone import WishboneSignature

from .demo_bench import PRESS, played
from .demo_support import CYCLE, access, control, mark, rows_in, settled


pytestmark = pytest.mark.slow


class Ports:
    """The ports of a machine, without one."""

    def __init__(self):
        self.access  = AccessSignature().create()
        self.control = ControlSignature().create()
        self.memory  = WishboneSignature(maxphyaddr=40).create()
        self.events  = Signal(Events)


#: Values that are no number of another field.
FULL = (1 << 64) - 1


def written(*cycles, quiet=(), pause=0):
    """Rows for ``cycles``: in each, what a function sets by ``put(signal, value)``.

    ``quiet`` says by number of a cycle how many cycles come before it in which nothing happens.
    """
    ports   = Ports()
    writer  = RowWriter(ports)
    numbers = []
    quiet   = dict(quiet)
    bench   = Module()
    ran     = Signal(32)       # cycles of the machine
    bench.submodules.writer = writer
    bench.d.sync += ran.eq(ran + writer.enable)

    async def run(ctx):
        for number, cycle in enumerate(cycles):
            ctx.set(writer.go, 1)
            await several(ctx, quiet.get(number, 0))
            touched = []

            def put(signal, value, touched=touched):
                ctx.set(signal, value)
                touched.append(signal)

            cycle(put, ports, writer)
            if ctx.get(writer.marked):     # a strobe, while the machine stands still
                ctx.set(writer.go, 0)
                await ctx.tick()
                ctx.set(writer.marked, 0)
                ctx.set(writer.go, 1)
            await several(ctx, 1)
            for signal in touched:
                if signal is not writer.mark:
                    ctx.set(signal, 0)
        ctx.set(writer.go, 0)
        await idle(ctx, 5)

    async def several(ctx, count):
        until = ctx.get(ran) + count
        if count:
            # The machine has a cycle in three of the clock, or in more.
            await ctx.delay((3 * count - 3) * PERIOD)
        while ctx.get(ran) < until:
            await ctx.tick()

    async def collect(ctx):
        while True:
            await idle(ctx, pause)
            if not ctx.get(writer.numbers.valid):
                await ctx.posedge(writer.numbers.valid)
            numbers.append(await get(ctx, writer.numbers))

    simulate(bench, run, background=(collect,), deadline=250_000)
    return rows_in(numbers)


def nothing(put, ports, writer):
    """A cycle in which nothing happens."""


def transfer(put, ports, writer, *, we=0):
    """Memory takes a transfer."""
    memory = ports.memory
    put(memory.cyc, 1)
    put(memory.stb, 1)
    put(memory.we, we)
    put(memory.lock, 1)
    put(memory.adr, 0x12_3456_789A)
    put(memory.sel, 0x5A)
    put(memory.dat_w, FULL - 1)


def request(put, ports, writer, *, kind=AccessKind.READ):
    """An access is accepted."""
    put(ports.access.request.valid, 1)
    put(ports.access.request.ready, 1)
    put(ports.access.request.p.linear, FULL - 2)
    put(ports.access.request.p.size, 3)
    put(ports.access.request.p.kind, kind)
    put(ports.access.request.p.implicit, 1)
    put(ports.access.request.p.chained, 1)
    put(ports.access.request.p.data, FULL - 3)
    put(ports.access.request.p.compare, 0)


def response(put, ports, writer):
    """An access completes."""
    put(ports.access.response.valid, 1)
    put(ports.access.response.p.fault, 1)
    put(ports.access.response.p.error.write, 1)
    put(ports.access.response.p.error.fetch, 1)
    put(ports.access.response.p.physical, (1 << 52) - 1)
    put(ports.access.response.p.data, FULL)


def failed(put, ports, writer):
    """A transfer ends in an error."""
    put(ports.memory.cyc, 1)
    put(ports.memory.err, 1)


def acknowledged(put, ports, writer):
    """A transfer completes."""
    put(ports.memory.cyc, 1)
    put(ports.memory.ack, 1)
    put(ports.memory.dat_r, 0x8000_0000_0000_0001)


def operation(put, ports, writer):
    """A control operation is accepted."""
    put(ports.control.request.valid, 1)
    put(ports.control.request.ready, 1)
    put(ports.control.request.p.op, ControlOp.INVLPG)
    put(ports.control.request.p.register, Register.FEATURES)
    put(ports.control.request.p.value, FULL - 4)


def operated(put, ports, writer):
    """A control operation completes."""
    put(ports.control.response.valid, 1)
    put(ports.control.response.p.fault, 1)
    put(ports.control.response.p.value, FULL - 5)


def events(put, ports, writer):
    """Strobes."""
    put(ports.events.hit, 1)
    put(ports.events.accessed, 0b1010)
    put(ports.events.refused, 1)


def marked(put, ports, writer):
    """A mark."""
    put(writer.mark, 0xABCD)
    put(writer.marked, 1)


REQUEST = (3 | 1 << 6 | 1 << 7, FULL - 2)
SAID = {
    "mark":       (marked,       {"mark": (0xABCD,)}),
    "events":     (events,       {"events": (Events.const(
        {"hit": 1, "accessed": 0b1010, "refused": 1}).as_bits(),)}),
    "ack":        (acknowledged, {"ack": (0x8000_0000_0000_0001,)}),
    "transfer":   (transfer,     {"transfer": (0x12_3456_789A, 2 | 0x5A << 2)}),
    "response":   (response,     {"response": (1 | 0b10010 << 3, (1 << 52) - 1, FULL)}),
    "request":    (request,      {"request": REQUEST}),
    "controlled": (operated,     {"controlled": (1, FULL - 5)}),
    "control":    (operation,    {"control": (2 | 15 << 4, FULL - 4)}),
    "error":      (failed,       {"error": ()}),
}


def test_the_first_cycle_shows_mark_and_state():
    assert written(nothing, nothing) == [(0, {"mark": (0,), "state": (0,) * 12})]


@pytest.mark.parametrize("name", SAID)
def test_each_thing_that_can_happen(name):
    happens, said = SAID[name]
    state = [(4, {"state": (0,) * 12})] if name == "control" else []
    assert written(nothing, nothing, nothing, happens, nothing, nothing)[1:] == [(3, said), *state]


@pytest.mark.parametrize("kind", list(AccessKind))
def test_only_what_stores_has_data(kind):
    def happens(*arguments):
        request(*arguments, kind=kind)

    [_, (_, said)] = written(nothing, happens)
    assert said["request"] == (REQUEST[0] | kind.value << 2, REQUEST[1])
    stores = kind not in (AccessKind.READ, AccessKind.FETCH)
    assert said.get("datum") == ((FULL - 3, 0) if stores else None)


def test_what_a_transfer_writes():
    [_, (_, said)] = written(nothing, lambda *arguments: transfer(*arguments, we=1))
    assert said == {"transfer": (0x12_3456_789A, 3 | 0x5A << 2), "word": (FULL - 1,)}


@pytest.mark.parametrize("pause", [0, 3])
def test_all_at_once(pause):
    def everything(*arguments):
        for happens, _ in SAID.values():
            happens(*arguments)

    [_, (cycle, said), (after, state)] = written(nothing, everything, nothing, pause=pause)
    assert cycle == 1 and after == 2 and set(state) == {"state"}
    assert said == {name: value for _, part in SAID.values() for name, value in part.items()}


@pytest.mark.parametrize("withheld", ["stb", "cyc", "stall"])
def test_what_is_not_taken_is_not_said(withheld):
    def stopped(put, ports, writer):
        transfer(put, ports, writer)
        acknowledged(put, ports, writer)
        put(getattr(ports.memory, withheld), withheld == "stall")

    rows = written(nothing, stopped)
    # A response needs cyc alone.
    expected = {} if withheld == "cyc" else {"ack": (0x8000_0000_0000_0001,)}
    assert rows[1:] == ([(1, expected)] if expected else [])


@pytest.mark.parametrize("port, happens", [("access", request), ("control", operation)])
@pytest.mark.parametrize("withheld", ["valid", "ready"])
def test_a_request_that_waits_is_not_said(port, happens, withheld):
    def waiting(put, ports, writer):
        happens(put, ports, writer)
        put(getattr(getattr(ports, port).request, withheld), 0)

    assert written(nothing, waiting, nothing)[1:] == []


def test_state_after_a_page_fault_and_after_a_control_operation():
    def fault(put, ports, writer):
        put(ports.events.page_fault, 1)

    def changed(put, ports, writer):
        state = ports.control.state
        for number, name in enumerate(("cr0", "cr2", "cr3", "cr4", "efer")):
            put(state[name], FULL - number)
        put(state.ac, 1)
        put(state.pkrs, 0xFFFF_FFFF)
        put(state.pdpte3, FULL - 5)

    rows = written(nothing, fault, changed, nothing, operation, nothing, nothing)
    assert [(cycle, said["state"]) for cycle, said in rows[1:] if "state" in said] == [
        (2, (FULL, FULL - 1, FULL - 2, FULL - 3, FULL - 4, 1, 0, 0xFFFF_FFFF, 0, 0, 0, FULL - 5)),
        (5, (0,) * 12)]


@pytest.mark.parametrize("quiet", [65534, 65535])
def test_a_long_quiet_time_has_a_row_of_its_own(quiet):
    rows = written(nothing, events, quiet={1: quiet})[1:]
    said = SAID["events"][1]
    # The row that says nothing stands for the last cycle that 16 bits can count to.
    silent = [(65535, {})] if quiet > 65534 else []
    assert rows == [*silent, (quiet + 1, said)]


def test_the_machine_stands_still_until_its_row_is_out():
    ports, accepted = Ports(), []
    writer = RowWriter(ports)

    async def run(ctx):
        ctx.set(writer.go, 1)
        ctx.set(ports.events.hit, 1)
        enabled, cycle = False, 0
        while not enabled:
            ctx.set(writer.numbers.ready, cycle >= 100 and cycle % 5 == 0)
            _, _, enabled, valid, ready, number = await ctx.tick().sample(
                writer.enable, writer.numbers.valid, writer.numbers.ready,
                writer.numbers.payload)
            if valid and ready:
                accepted.append(number)
            cycle += 1
        assert cycle > 100
        assert rows_in(accepted) == [(0, {"mark": (0,), "state": (0,) * 12, "events": (1,)})]

    simulate(writer, run)


def test_a_quiet_cycle_takes_three_of_the_clock():
    writer = RowWriter(Ports())

    async def run(ctx):
        ctx.set(writer.go, 1)
        ctx.set(writer.numbers.ready, 1)
        while not ctx.get(writer.enable):
            await ctx.tick()
        await ctx.tick()
        for clock in range(60):
            _, _, enabled, valid = await ctx.tick().sample(writer.enable, writer.numbers.valid)
            assert enabled == (clock % 3 == 2) and not valid
        ctx.set(writer.go, 0)
        for _ in range(6):
            _, _, enabled = await ctx.tick().sample(writer.enable)
            assert not enabled

    simulate(writer, run)


@pytest.mark.parametrize("preset", ["tiny", "default"])
@pytest.mark.parametrize("pause", [0, 2])
def test_the_trace_from_rows_is_that_of_the_signals(preset, pause):
    write, read = AccessKind.WRITE, AccessKind.READ
    run = played(
        PRESETS[preset], access(write, 0x1000, 0x2007, size=4) + access(write, 0x2000, 7, size=4)
        + control(ControlOp.WRITE, Register.CR3, 0x1000)
        + control(ControlOp.WRITE, Register.CR0, 0xE000_0011),
        mark(5) + access(read, 0x0, count=3) + access(write, 0x1004, 5, size=4),
        access(AccessKind.COMPARE_EXCHANGE, 0x13, (5, 0), (6, 0), size=4),
        PRESS, access(write, 0xFFC, 1, 2, user=1) + CYCLE + mark(6) + access(read, 0x10, count=16),
        control(ControlOp.INVLPG, value=0), control(ControlOp.READ, Register.CR2), pause=pause)
    assert len(run.rows) > 80
    assert settled(run.rows) == settled(run.watch.rows)
    assert [said["mark"] for _, said in run.rows if "mark" in said] == [(0,), (5,), (6,)]
