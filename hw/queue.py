"""Queues of what is in flight, in the kind of memory that the FPGA has."""

from amaranth import *
from amaranth.lib import fifo
from amaranth.lib.memory import Memory


__all__ = ["BlockQueue", "queue_of"]


def queue_of(config, *, width, depth, at_once=True):
    """A queue for a unit. ``at_once`` is as for :class:`BlockQueue`; others are always so."""
    if config.block_ram:
        return BlockQueue(width=width, depth=depth, at_once=at_once)
    return fifo.SyncFIFO(width=width, depth=depth)


class BlockQueue(Elaboratable, fifo.FIFOInterface):
    """A queue in block RAM, with the ports of :class:`amaranth.lib.fifo.SyncFIFO`.

    The oldest entry is read again before each cycle. What has been written last cannot be read
    yet, but no other entry can be the oldest as soon.

    Parameters
    ----------
    width, depth : :class:`int`
        Bits of an entry, and entries, a power of two.
    at_once : :class:`bool`
        An entry can be read in the cycle after it was written, for as many flip-flops as it has
        bits; else in the second one. It counts in ``level`` from the next one on.
    """

    def __init__(self, *, width, depth, at_once):
        super().__init__(width=width, depth=depth)
        self.level    = Signal(range(depth + 1))
        self._at_once = at_once

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
        m.d.sync += [first.eq(after), self.level.eq(self.level + writes - reads)]

        if self._at_once:
            last = Signal(self.width)
            with m.If(writes):
                m.d.sync += last.eq(self.w_data)
            m.d.comb += [
                self.r_rdy.eq(self.level != 0),
                self.r_data.eq(Mux(self.level == 1, last, read.data)),
            ]
        else:
            m.d.sync += self.r_rdy.eq(self.level > reads)
            m.d.comb += self.r_data.eq(read.data)

        return m
