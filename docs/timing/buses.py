"""Stories of what stands between a unit and memory: arbiter, adapters; and interrupts."""

from typing import Any

from amaranth.sim import SimulatorContext

from hw.adapters.classic import ClassicBridge
from hw.adapters.unit import AdaptedMmu
from hw.adapters.width import DownConverter
from hw.arbiter import Arbiter
from hw.interrupts import Interrupts
from sim.memory import PhysicalMemory

from .diagrams import Bench, Diagram, Lane, Player
from .lanes import access, at, bus, numbers, spelt_hex
from .unit import SMALL, WRITABLE, Opened, Processor, tables


__all__ = ["BUSES"]


class Initiator(Player):
    """Initiator of transfers on one bus."""

    async def transfer(self, port: Any, address: int, **signals: int) -> None:
        """Request a transfer of a word; return once it is accepted."""
        await request(self.ctx, port, address, **signals)


async def request(ctx: SimulatorContext, port: Any, address: int, **signals: int) -> None:
    """Request a transfer of a word on a pipelined bus; return once it is accepted."""
    lanes = len(port.sel)
    values = {"cyc": 1, "stb": 1, "we": 0, "sel": (1 << lanes) - 1, "adr": address // lanes}
    for name, value in (values | signals).items():
        ctx.set(getattr(port, name), value)
    stalled = True
    while stalled:
        _, _, stalled = await ctx.tick().sample(port.stall)
    ctx.set(port.stb, 0)


async def end(ctx: SimulatorContext, port: Any) -> None:
    """Wait for a response, and end the bus cycle."""
    completed = False
    while not completed:
        _, _, completed = await ctx.tick().sample(port.ack)
    ctx.set(port.cyc, 0)
    ctx.set(port.lock, 0)


async def two_initiators(player: Initiator) -> None:
    """Two initiators of transfers: the first reads three words, the second has a locked bus cycle.

    Both request in the same cycle, and it is the second one's turn. From the acceptance of its
    read, with ``lock``, until ``lock`` falls, nothing of the first is accepted. Each response goes
    to who has requested it.
    """
    [first, _] = player.parts.initiators
    player.begin()
    await player.idle()
    for address in (0x1000, 0x1008, 0x1010):
        await player.transfer(first, address)
    await end(player.ctx, first)
    await player.idle(2)


def _two_initiators() -> Bench:
    """Make an arbiter; its second initiator reads a word and stores another in its place."""
    arbiter, memory = Arbiter(initiators=2, maxphyaddr=32), PhysicalMemory()

    async def second(ctx: SimulatorContext) -> None:
        port = arbiter.initiators[1]
        await ctx.tick()
        await request(ctx, port, 0x2000, lock=1)
        await ctx.tick()
        await request(ctx, port, 0x2000, lock=1, we=1, dat_w=0xcafe)
        await end(ctx, port)

    async def serve(ctx: SimulatorContext) -> None:
        await memory.serve(ctx, arbiter.target)

    return Bench(arbiter, arbiter, (second, serve), Initiator)


async def to_32_bits(player: Initiator) -> None:
    """A read of eight bytes and one of four, on a bus of 32 bits.

    The first one's two halves are locked, and a cycle without ``stb`` follows, which is for others.
    The second lies in one half, and takes one transfer.
    """
    port = player.parts.initiator
    player.begin()
    await player.idle()
    await player.transfer(port, 0x1000)
    await player.transfer(port, 0x1008, sel=0x0f)
    await player.idle(3)


async def to_classic(player: Initiator) -> None:
    """Two reads on a classic bus, whose target responds a cycle after the request.

    The initiator is stalled until a transfer has completed, and has the response in the cycle
    after; ``stb`` of the classic bus is low in that cycle.
    """
    port = player.parts.initiator
    player.begin()
    await player.idle()
    await player.transfer(port, 0x1000)
    await player.transfer(port, 0x1008)
    await player.idle(3)


async def narrow_and_classic(cpu: Processor) -> None:
    """A load of eight bytes that hits the TLB of a unit with a classic bus of 32 bits.

    Its one transfer becomes two, the lower half first, and each of them takes two cycles and one in
    which ``stb`` is low. The bus is locked until the second is accepted.
    """
    await cpu.access(WRITABLE)
    await cpu.idle(40)
    cpu.begin()
    await cpu.idle()
    await cpu.access(WRITABLE, size=3)
    await cpu.idle(9)


async def sent(player: Player) -> None:
    """Vector 0xf3, sent by processor 0 to processor 1 twice.

    The request waits (bit 3 of ``pending``) until it is taken. One that is sent in the cycle in
    which the same vector is taken waits again.
    """
    sender, receiver = player.parts.processors
    player.ctx.set(sender.send.payload, {"target": 1, "vector": 3})
    player.ctx.set(receiver.vector, 3)
    player.begin()
    await player.idle()
    await player.strobe(sender.send.valid)
    await player.idle(2)
    await player.strobe(sender.send.valid, receiver.take)
    await player.idle()
    await player.strobe(receiver.take)
    await player.idle(2)


def _on_words(component: Any) -> Bench:
    """Make an adapter with words behind it that hold their addresses, one cycle away."""
    async def respond(ctx: SimulatorContext) -> None:
        target = component.target
        while True:
            _, _, requested, ack, word = await ctx.tick().sample(
                target.cyc & target.stb, target.ack, target.adr)
            # A classic transfer stays until it completes, and is done once.
            accepted = requested and not (ack and not hasattr(target, "stall"))
            ctx.set(target.ack, accepted)
            ctx.set(target.dat_r, word * len(target.sel) if accepted else 0)

    return Bench(component, component, (respond,), Initiator)


def _adapted() -> Bench:
    """Make a unit with a classic bus of 32 bits, and a memory that responds a cycle later."""
    unit, memory = AdaptedMmu(SMALL, classic=True, data_width=32), PhysicalMemory()
    tables(memory)

    async def respond(ctx: SimulatorContext) -> None:
        port = unit.memory
        while True:
            _, _, requested, ack, word = await ctx.tick().sample(
                port.cyc & port.stb, port.ack, port.adr)
            ctx.set(port.ack, requested & ~ack)
            ctx.set(port.dat_r, memory.read(word * 4, 4))

    return Bench(unit, Opened(unit), (respond,), Processor)


_INITIATOR = ("cyc", "stb", "stall", "lock", "address", "ack", "dat_r")

#: The diagrams, by the names of their files.
BUSES = {
    "arbiter": Diagram("two initiators, of which one locks the bus", two_initiators, {
        "first":  bus("cyc", "stb", "stall", "address", "ack", port="initiators.0"),
        "second": bus("cyc", "stb", "stall", "lock", "we", "address", "ack", port="initiators.1"),
        "target": (*numbers("owner"),
                   *bus("cyc", "stb", "lock", "we", "address", "ack", port="target")),
    }, _two_initiators),
    "down-converter": Diagram("reads of 64 bits and of 32, on a bus of 32 bits", to_32_bits, {
        "initiator": bus(*_INITIATOR, port="initiator"),
        "target":    bus("cyc", "stb", "lock", "address", "sel", "ack", "dat_r", port="target"),
    }, lambda: _on_words(DownConverter(maxphyaddr=32)), scale=3),
    "classic-bridge": Diagram("two reads on a classic bus", to_classic, {
        "initiator": bus(*_INITIATOR, port="initiator"),
        "target":    bus("cyc", "stb", "address", "ack", "dat_r", port="target"),
    }, lambda: _on_words(ClassicBridge(maxphyaddr=32))),
    "adapted": Diagram("a load of a unit that has a classic bus of 32 bits", narrow_and_classic, {
        "access": access("request.valid", "request.ready", "request.linear",
                         "response.valid", "response.data"),
        "memory": bus("cyc", "stb", "lock", "address", "sel", "ack", "dat_r"),
    }, _adapted),
    "interrupts": Diagram("a vector that is sent twice, and taken twice", sent, {
        "from 0": (
            Lane("send.valid", at("processors.0.send.valid")),
            Lane("send.vector", at("processors.0.send.payload.vector"), spelt_hex,
                 at("processors.0.send.valid"))),
        "to 1": (Lane("pending", at("processors.1.pending"), spelt_hex),
                 Lane("take", at("processors.1.take"))),
    }, lambda: Bench(*[Interrupts(processors=2)] * 2)),
}
