"""Stream drivers for Amaranth testbenches.

Plain ``ctx.tick()`` loops, not ``.until()``: a testbench that is still suspended in ``.until()``
or ``.repeat()`` when the simulation ends dies noisily in Amaranth 0.5.
"""

from typing import Any

from amaranth.sim import SimulatorContext


__all__ = ["get", "idle", "put"]


async def idle(ctx: SimulatorContext, cycles: int) -> None:
    """Let ``cycles`` clock cycles pass."""
    edge = ctx.tick()
    for _ in range(cycles):
        await edge


async def put(ctx: SimulatorContext, stream: Any, payload: Any) -> None:
    """Offer ``payload`` until it is taken.

    ``payload`` is anything that the shape of the stream accepts, such as a dictionary of fields.
    """
    ctx.set(stream.payload, payload)
    ctx.set(stream.valid, 1)
    taken, edge = False, ctx.tick().sample(stream.ready)
    while not taken:
        _, _, taken = await edge
    ctx.set(stream.valid, 0)


async def get(ctx: SimulatorContext, stream: Any) -> Any:
    """Wait for a payload, take it, return it."""
    ctx.set(stream.ready, 1)
    valid, payload = False, None
    edge = ctx.tick().sample(stream.valid, stream.payload)
    while not valid:
        _, _, valid, payload = await edge
    ctx.set(stream.ready, 0)
    return payload
