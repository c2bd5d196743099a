"""Sparse physical memory, and the Wishbone target in front of it.

Ref: Wishbone B4, chapters 3.1.3 "Handshaking protocol", 3.1.3.2 "Pipelined mode".
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

from amaranth.sim import SimulatorContext


__all__ = ["PhysicalMemory", "Target"]


PAGE = 4096  # bytes that are allocated together


class PhysicalMemory:
    """Physical memory, byte by byte. What was never written reads as zero.

    Parameters
    ----------
    latency : :class:`int`
        Cycles from the one in which a transfer is accepted to that of its response; 1 or more.
    stall : sequence of :class:`bool`
        In which cycles the target stalls, from the first one on, repeated for ever. Empty: never.
    size : :class:`int` or :class:`None`
        Bytes from address 0 on that answer to transfers, a multiple of 8: others end in bus errors.
        None: all do.
    """

    def __init__(self, *, latency: int = 1, stall: Sequence[bool] = (), size: int | None = None):
        if latency < 1:
            raise ValueError(f"memory latency must be a cycle or more, not {latency!r}")
        if stall and all(stall):
            raise ValueError("a memory that stalls in every cycle never accepts a transfer")
        self.latency = latency
        self.stall   = tuple(stall)
        self.size    = size
        self._pages: dict[int, bytearray] = {}

    def read(self, address: int, size: int) -> int:
        """Value of ``size`` bytes at physical ``address``, little-endian. Takes no cycle."""
        return int.from_bytes(self.read_bytes(address, size), "little")

    def write(self, address: int, size: int, value: int) -> None:
        """Put ``value`` into ``size`` bytes at physical ``address``. Takes no cycle."""
        self.write_bytes(address, value.to_bytes(size, "little"))

    def read_bytes(self, address: int, size: int) -> bytes:
        """Contents of ``size`` bytes at physical ``address``."""
        found = bytearray()
        while size:
            offset = address % PAGE
            count  = min(size, PAGE - offset)
            page   = self._pages.get(address // PAGE)
            found += page[offset:offset + count] if page else bytes(count)
            address, size = address + count, size - count
        return bytes(found)

    def write_bytes(self, address: int, contents: bytes) -> None:
        """Put ``contents`` at physical ``address``."""
        while contents:
            offset = address % PAGE
            count  = min(len(contents), PAGE - offset)
            self.page(address // PAGE)[offset:offset + count] = contents[:count]
            address, contents = address + count, contents[count:]

    def answers(self, word: int, write: int) -> bool:
        """Tell whether a transfer of the 8-byte word number ``word`` is answered, and done."""
        return self.size is None or word * 8 < self.size

    def transfer(self, word: int, write: int, sel: int, data: int) -> int:
        """Do one transfer of the 8-byte word number ``word``.

        Stores the bytes of ``data`` whose bit in ``sel`` is set if ``write`` is. Returns the word
        that was there before.
        """
        number, offset = divmod(word * 8, PAGE)
        page   = self._pages.get(number)
        before = int.from_bytes(page[offset:offset + 8], "little") if page else 0
        if write:
            mask  = sum(0xff << 8 * lane for lane in range(8) if sel >> lane & 1)
            after = before & ~mask | data & mask
            self.page(number)[offset:offset + 8] = after.to_bytes(8, "little")
        return before

    async def serve(self, ctx: SimulatorContext, port: Any) -> None:
        """Testbench or process: answer the transfers on ``port``. Never returns.

        ``port`` is that of an initiator, a :class:`hw.wishbone.WishboneSignature`.
        """
        target = Target(self)
        pins   = port.ack, port.err, port.dat_r, port.stall
        driven: tuple[int | None, ...] = (None, None, None, None)
        # A trigger takes longer to make than all the rest.
        edge = ctx.tick().sample(port.cyc, port.stb, port.we, port.adr, port.sel, port.dat_w)
        while True:
            # The simulator looks at the whole design each time that something is set.
            before, driven = driven, (
                target.ack, target.err, target.dat_r, target.stall)
            for signal, value, old in zip(pins, driven, before, strict=True):
                if value != old:
                    ctx.set(signal, value)
            _, _, *request = await edge
            target.step(*request)

    def page(self, number: int) -> bytearray:
        """Page ``number``, for writing; it stays the same object."""
        return self._pages.setdefault(number, bytearray(PAGE))


class Target:
    """Wishbone target in pipelined mode, stepped cycle by cycle.

    Attributes
    ----------
    ack, err, dat_r, stall : :class:`int`
        What the target drives in the present cycle.
    """

    def __init__(self, memory: PhysicalMemory):
        self._memory = memory
        self._cycle  = 0
        # Cycle of each response to come, and its data; None is a bus error.
        self._outstanding: deque[tuple[int, int | None]] = deque()
        self.ack, self.err, self.dat_r, self.stall = 0, 0, 0, self._stalls()

    def step(self, cyc: int, stb: int, we: int, adr: int, sel: int, dat_w: int) -> None:
        """Go to the next cycle. The arguments are the initiator's signals in the present one.

        A bus cycle that ends before its transfers are acknowledged forgoes their responses.
        """
        outstanding = self._outstanding
        if not cyc:
            outstanding.clear()
        elif stb and not self.stall:
            word = self._memory.transfer(adr, we, sel, dat_w) \
                if self._memory.answers(adr, we) else None
            outstanding.append((self._cycle + self._memory.latency, word))
        self._cycle += 1
        self.ack = self.err = self.dat_r = 0
        if outstanding and outstanding[0][0] <= self._cycle:
            _, word = outstanding.popleft()
            if word is None:
                self.err = 1
            else:
                self.ack, self.dat_r = 1, word
        self.stall = self._stalls()

    def _stalls(self) -> int:
        pattern = self._memory.stall
        return int(pattern[self._cycle % len(pattern)]) if pattern else 0
