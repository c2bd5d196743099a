"""Queues of what is in flight, in the kind of memory that the FPGA has."""

from amaranth import *
from amaranth.lib import fifo
from amaranth.lib.memory import Memory


__all__ = ["BlockQueue", "queue_of"]


def queue_of(config, *, width, depth, last=None):
    """A queue for a unit. ``last`` is as for :class:`BlockQueue`; others do not need it."""
    if config.block_ram:
        return BlockQueue(width=width, depth=depth, last=last)
    return fifo.SyncFIFO(width=width, depth=depth)


class BlockQueue(Elaboratable, fifo.FIFOInterface):
    """A queue in block RAM, with the ports of :class:`amaranth.lib.fifo.SyncFIFO`.

    The oldest entry is read again before each cycle. What was written in the cycle before cannot be
    read yet: if it is the oldest, it comes from a register.

    Parameters
    ----------
    width, depth : :class:`int`
        Bits of an entry, and entries, a power of two.
    last : :class:`Value` or :class:`None`
        Registers of somebody else which have, in the cycle after something was written, what that
        was. Without them the queue has its own.
    """

    def __init__(self, *, width, depth, last=None):
        super().__init__(width=width, depth=depth)
        self.level = Signal(range(depth + 1))
        self._last = last

    def elaborate(self, platform):
        m = Module()

        m.submodules.entries = memory = Memory(
            shape=self.width, depth=self.depth, init=[], attrs={"ram_style": "block"})
        read, write = memory.read_port(), memory.write_port()
        reads, writes = self.r_en & self.r_rdy, self.w_en & self.w_rdy
        first = Signal(range(self.depth))  # number of the oldest entry, now and in the next cycle
        after = Signal.like(first)
        m.d.comb += [
            after.eq(first + reads),
            read.addr.eq(after),
            write.addr.eq(first + self.level),
            write.data.eq(self.w_data),
            write.en.eq(writes),
            self.r_level.eq(self.level),
            self.w_rdy.eq(self.level != self.depth),
            self.w_level.eq(self.level),
        ]
        last = self._last
        if last is None:
            last = Signal(self.width)
            with m.If(writes):
                m.d.sync += last.eq(self.w_data)
        older = Signal()  # the oldest entry was there before the last cycle
        m.d.sync += [
            first.eq(after),
            self.level.eq(self.level + writes - reads),
            older.eq(self.level > reads),
        ]
        m.d.comb += [
            self.r_rdy.eq(self.level != 0),
            self.r_data.eq(Mux(older, read.data, last)),
        ]

        return m
