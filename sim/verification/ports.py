"""Ports of a design under cocotb: sampled once a cycle, for all that look at them.

A cycle is named by the clock edge that ends it. At the edge a port is sampled, as the registers of
the design see it, and what a driver writes then counts from the next cycle on: as in a clocking
block of SystemVerilog.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol


__all__ = ["Agent", "ClockingBlock", "Port", "SignalPort", "StreamCycle", "StreamPort",
           "WishboneCycle", "WishbonePort", "sampled"]


def sampled(handle: Any) -> int | None:
    """Value of a signal; None if a bit of it is unknown (X or Z)."""
    try:
        return int(handle.value)
    except ValueError:
        return None


class Port(Protocol):
    """Signals that are sampled together."""

    def sample(self) -> None:
        """Note the present cycle."""


class Agent(Protocol):
    """A driver, a monitor or a checker: called once a cycle, after all ports are sampled."""

    def step(self) -> None:
        """Read the ports, and drive the signals of the next cycle."""


class ClockingBlock:
    """Samples the ports in every cycle, and calls the agents: one task for all of them.

    Parameters
    ----------
    clock : handle
        The clock.
    edge : awaitable
        Its rising edge, which can be waited for again and again; without it, cocotb's.

    Attributes
    ----------
    cycle : :class:`int`
        Cycles so far.
    """

    def __init__(self, clock: Any, edge: Awaitable[Any] | None = None):
        self.cycle  = 0
        self._edge  = edge or _rising_edge(clock)
        self._ports:  list[Port]  = []
        self._agents: list[Agent] = []

    def add(self, *, ports: tuple[Port, ...] = (), agents: tuple[Agent, ...] = ()) -> None:
        """Call these too, in this order, after those that were added before."""
        self._ports  += ports
        self._agents += agents

    async def tick(self) -> None:
        """Let one cycle pass."""
        await self._edge
        self.cycle += 1
        for port in self._ports:
            port.sample()
        for agent in self._agents:
            agent.step()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let cycles pass until ``condition()``."""
        while not condition():
            await self.tick()


def _rising_edge(clock: Any) -> Awaitable[Any]:
    from cocotb.triggers import RisingEdge

    return RisingEdge(clock)


class StreamCycle(NamedTuple):
    """One cycle of a stream. None is unknown, as the payload is that is not valid."""

    valid:   int | None = 0
    ready:   int | None = 0
    payload: int | None = None

    @property
    def transfers(self) -> bool:
        """True if the payload is transferred."""
        return self.valid == 1 and self.ready == 1


class StreamPort:
    """An Amaranth stream: signals ``NAME_payload``, ``NAME_valid``, ``NAME_ready``.

    Attributes
    ----------
    payload, valid, ready : handle
        The signals.
    now : :class:`StreamCycle`
        The cycle that was sampled last.
    """

    def __init__(self, dut: Any, name: str):
        self.payload = getattr(dut, f"{name}_payload")
        self.valid   = getattr(dut, f"{name}_valid")
        self.ready   = getattr(dut, f"{name}_ready")
        self.now     = StreamCycle()

    def sample(self) -> None:
        """Note the present cycle."""
        valid    = sampled(self.valid)
        self.now = StreamCycle(valid, sampled(self.ready), sampled(self.payload) if valid else None)


class WishboneCycle(NamedTuple):
    """One cycle of a Wishbone B4 bus in pipelined mode. None is unknown.

    The signals that ``stb`` qualifies (RULE 3.60) are sampled while it is high, ``dat_r`` while
    ``ack`` is (RULE 3.65). ``rst`` is the reset.
    """

    cyc:   int | None = 0
    stb:   int | None = 0
    lock:  int | None = 0
    stall: int | None = 0
    ack:   int | None = 0
    err:   int | None = 0
    we:    int | None = None
    adr:   int | None = None
    sel:   int | None = None
    dat_w: int | None = None
    dat_r: int | None = None
    rst:   int | None = 0

    @property
    def accepts(self) -> bool:
        """True if the target accepts a transfer (RULE 3.57, RULE 3.58)."""
        return self.cyc == 1 and self.stb == 1 and self.stall == 0

    @property
    def acknowledges(self) -> bool:
        """True if the target ends a transfer, well or in an error."""
        return self.cyc == 1 and (self.ack == 1 or self.err == 1)


class WishbonePort:
    """A Wishbone bus: signals ``NAME_cyc`` and so on, named as in :mod:`hw.wishbone`.

    Attributes
    ----------
    now : :class:`WishboneCycle`
        The cycle that was sampled last.
    ack, err, stall, dat_r : handle
        The signals that a target drives.
    """

    def __init__(self, dut: Any, name: str, reset: Any):
        def signal(field: str) -> Any:
            return getattr(dut, f"{name}_{field}")

        self.ack, self.err, self.stall, self.dat_r = map(signal, ("ack", "err", "stall", "dat_r"))
        self.now      = WishboneCycle()
        self._always  = [signal(field) for field in ("cyc", "stb", "lock", "stall", "ack",
                                                         "err")]
        self._request = [signal(field) for field in ("we", "adr", "sel", "dat_w")]
        self._reset   = reset

    def sample(self) -> None:
        """Note the present cycle."""
        cyc, stb, lock, stall, ack, err = map(sampled, self._always)
        we, adr, sel, dat_w = map(sampled, self._request) if stb else (None,) * 4
        dat_r    = sampled(self.dat_r) if ack else None
        self.now = WishboneCycle(cyc, stb, lock, stall, ack, err, we, adr, sel, dat_w, dat_r,
                                 sampled(self._reset))


class SignalPort:
    """A signal by itself.

    Attributes
    ----------
    now : :class:`int` or None
        Its value in the cycle that was sampled last.
    """

    def __init__(self, handle: Any):
        self.now: int | None = None
        self._handle = handle

    def sample(self) -> None:
        """Note the present cycle."""
        self.now = sampled(self._handle)
