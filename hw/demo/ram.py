"""Physical memory of the demonstration system.

Ref: Wishbone B4, chapters 3.1.3 "Handshaking protocol" and 3.1.3.2 "Pipelined mode"; Lattice
TN-02022 "iCE40 SPRAM Usage Guide".
"""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.wishbone import WishboneSignature


__all__ = ["BlockRam", "Ram", "SpramRam"]


class Ram(wiring.Component):
    """Wishbone target that responds in the next cycle, and never stalls.

    A transfer beyond its end ends in an error.

    Parameters
    ----------
    kib : :class:`int`
        Size in KiB, a power of two.
    maxphyaddr : :class:`int`
        Width of a physical address.

    Members
    -------
    bus : :py:`In(WishboneSignature(maxphyaddr=maxphyaddr))`
        The port. It has no part in cycles in which ``enable`` is low.
    enable : :py:`In(1)`
        The clock of the machine does not stand still.
    settled : :py:`Out(1)`
        The port shows the response. The machine stands still until then.
    clear : :py:`In(1)`
        Strobe: make all words zero. The port is not for use meanwhile.
    clearing : :py:`Out(1)`
        That is going on.
    """

    def __init__(self, *, kib, maxphyaddr):
        if kib < 1 or kib & (kib - 1):
            raise ValueError(f"the size of memory must be a power of two, in KiB, not {kib!r}")
        self.kib    = kib
        self._words = kib * 1024 // 8
        super().__init__({
            "bus":      In(WishboneSignature(maxphyaddr=maxphyaddr)),
            "enable":   In(1),
            "settled":  Out(1, init=1),
            "clear":    In(1),
            "clearing": Out(1),
        })
        width = (self._words - 1).bit_length()
        # Ports of the words that _store() provides.
        self._address = Signal(width)
        self._lanes   = Signal(8)  # bytes to write
        self._datum   = Signal(64)
        self._read    = Signal()

    def elaborate(self, platform):
        m = Module()

        bus      = self.bus
        accepted = Signal()
        beyond   = bus.adr[len(self._address):] != 0
        word     = Signal.like(self._address)
        m.d.comb += [
            accepted.eq(self.enable & bus.cyc & bus.stb),
            self._read.eq(accepted),
            self._address.eq(bus.adr),
            self._datum.eq(bus.dat_w),
        ]
        with m.If(self.enable):
            m.d.sync += [bus.ack.eq(accepted & ~beyond), bus.err.eq(accepted & beyond)]
        with m.If(accepted & bus.we & ~beyond):
            m.d.comb += self._lanes.eq(bus.sel)

        with m.If(self.clear):
            m.d.sync += [self.clearing.eq(1), word.eq(0), bus.ack.eq(0), bus.err.eq(0)]
        with m.If(self.clearing):
            m.d.comb += [self._address.eq(word), self._datum.eq(0), self._lanes.eq(0xFF)]
            m.d.sync += [word.eq(word + 1), self.clearing.eq(~word.all())]

        self._store(m)
        return m

    def _store(self, m):
        """Provide the words."""
        raise NotImplementedError


class BlockRam(Ram):
    """In block RAMs, whichever the FPGA has, with a register before and one behind them.

    From the unit to a hundred block RAMs, and from these back to it, is a long way on an FPGA: each
    half of it has a cycle of the clock for itself.

    Latency
    -------
    After a cycle of the machine with a transfer, ``settled`` is low for two cycles of the clock.
    """

    def _store(self, m):
        m.submodules.words = memory = Memory(shape=64, depth=self._words, init=[])
        write, read = memory.write_port(granularity=8), memory.read_port()
        waits = Signal(2)  # a transfer is before the RAMs, and behind them
        m.d.sync += [
            write.addr.eq(self._address),
            write.data.eq(self._datum),
            write.en.eq(self._lanes),
            read.addr.eq(self._address),
            read.en.eq(self._read),
            self.bus.dat_r.eq(read.data),
            waits.eq(Cat(self._read, waits)),
        ]
        m.d.comb += self.settled.eq(waits == 0)


class SpramRam(Ram):
    """In the four single-port RAMs of an iCE40 UP5K: 128 KiB."""

    def __init__(self, *, kib, maxphyaddr):
        if kib != 128:
            raise ValueError(f"the RAMs of an UP5K have 128 KiB, not {kib!r}")
        super().__init__(kib=kib, maxphyaddr=maxphyaddr)

    def _store(self, m):
        for number in range(4):
            lanes = self._lanes[2 * number:2 * number + 2]
            m.submodules[f"spram{number}"] = Instance("SB_SPRAM256KA",
                i_CLOCK=ClockSignal(),
                i_ADDRESS=self._address,
                i_DATAIN=self._datum.word_select(number, 16),
                i_MASKWREN=Cat(lanes[0].replicate(2), lanes[1].replicate(2)),
                i_WREN=lanes.any(),
                i_CHIPSELECT=self._read | self._lanes.any(),
                i_STANDBY=C(0), i_SLEEP=C(0), i_POWEROFF=C(1),
                o_DATAOUT=self.bus.dat_r.word_select(number, 16),
            )
