"""Loading of the registers that hold the four PDPTEs of PAE paging."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .layout import Pdpte, Pdptes
from .physical import width_members, width_of
from .reserved import malformed_pdpte
from .wishbone import WishboneSignature


__all__ = ["PdpteLoader"]


#: Bits that a present PDPTE, if it is well-formed, has at any width of physical addresses.
_KEPT = Pdpte.const({name: -1 for name, _ in Pdpte}).as_bits()


class PdpteLoader(wiring.Component):
    """Reads four PDPTEs, and says whether each may be loaded into its register.

    It keeps them until the last one is there, so that all are loaded or none. One that memory does
    not answer for must not be loaded either. Rule 28.

    Ref: Intel SDM Vol. 3A, section 4.4.1 "PDPTE Registers", Tables 4-7 and 4-8.

    Latency
    -------
    Four reads, each of which begins when the one before it returns, the first with the request. It
    is accepted in the cycle after the last has returned.

    Members
    -------
    request : :py:`In(stream.Signature(27))`
        Physical address of the first one, in units of 32 bytes: CR3[31:5]. Accepted when all four
        have been read.
    pdptes : :py:`Out(Pdptes)`
        The four, when the request is accepted. One that is not present is 0.
    malformed : :py:`Out(1)`
        One of them must not be loaded, or cannot be read.
    memory : :py:`Out(WishboneSignature(maxphyaddr=config.maxphyaddr))`
        Physical memory.
    maxphyaddr : :py:`In(range(config.maxphyaddr + 1))`
        Width of a physical address, if ``config`` makes it variable.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "request":   In(stream.Signature(27)),
            "pdptes":    Out(Pdptes),
            "malformed": Out(1),
            "memory":    Out(WishboneSignature(maxphyaddr=config.maxphyaddr)),
            **width_members(config),
        })

        self._issued    = Signal(3, name="issued")  # reads that memory has accepted
        self._under_way = Signal(name="under_way")  # one of them has not returned
        self._read      = Signal(2, name="read")    # entries that have

    def elaborate(self, platform):
        m = Module()

        issued, under_way, read = self._issued, self._under_way, self._read
        returned  = data.View(Pdpte, self.memory.dat_r)
        width     = self.config.maxphyaddr
        entry     = Mux(returned.present, (returned.as_value() & _KEPT)[:width], 0)
        entries   = [Signal(width, name=f"entry_{n}") for n in range(4)]
        ended     = self.memory.ack | self.memory.err

        m.d.comb += [
            self.memory.adr.eq(Cat(issued[:2], self.request.payload)),
            self.memory.sel.eq(0xff),
            *(self.pdptes[n].eq(entries[n]) for n in range(4)),
        ]
        with m.FSM():
            with m.State("READ_ENTRIES"):
                m.d.comb += [
                    self.memory.cyc.eq(self.request.valid),
                    self.memory.stb.eq(
                        self.request.valid & ~issued[2] & (~under_way | ended)),
                ]
                with m.If(under_way & ended):
                    m.d.sync += [
                        under_way.eq(0),
                        read.eq(read + 1),
                        Cat(entries).eq(Cat(*entries[1:], entry)),
                        self.malformed.eq(self.malformed | self.memory.err | malformed_pdpte(
                            returned, maxphyaddr=width_of(self))),
                    ]
                    with m.If(read == 3):
                        m.next = "ACCEPT_REQUEST"
                with m.If(self.memory.stb & ~self.memory.stall):
                    m.d.sync += [under_way.eq(1), issued.eq(issued + 1)]

            with m.State("ACCEPT_REQUEST"):
                m.d.comb += self.request.ready.eq(1)
                m.d.sync += [issued.eq(0), self.malformed.eq(0)]
                m.next = "READ_ENTRIES"

        return m
