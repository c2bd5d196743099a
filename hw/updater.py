"""Locked compare-and-update of a paging-structure entry: how accessed and dirty bits are set."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .wishbone import WishboneSignature


__all__ = ["Updater", "update_layout"]


def update_layout(config):
    """Address of an entry, the value it must still have, and the one it is to get."""
    return data.StructLayout({
        "address":  config.maxphyaddr,  #: In bytes.
        "wide":     1,                  #: 8 bytes; else 4.
        "expected": 64,                 #: The value that it must still have.
        "updated":  64,                 #: The one that it gets then.
    })


class Updater(wiring.Component):
    """Stores an entry only if memory still holds the value that the walk read.

    The read and the store are one locked bus cycle, so no other initiator's store comes between
    them, and none is ever lost. Rule 17.

    Ref: Intel SDM Vol. 3A, section 8.1.2.1 "Automatic Locking" and section 4.8.

    Latency
    -------
    Two memory round trips, the first of which begins with the request; one if the entry has
    changed, or if its read fails.

    Members
    -------
    request : :py:`In(stream.Signature(update_layout(config)))`
        Update to do. Accepted when it has ended; the values count from the second cycle on.
    done : :py:`Out(1)`
        Strobe: the update has ended.
    changed : :py:`Out(1)`
        With ``done``: the entry had another value, and was left alone.
    failed : :py:`Out(1)`
        With ``done``: a transfer has ended in a bus error. The entry was left alone.
    memory : :py:`Out(WishboneSignature(maxphyaddr=config.maxphyaddr))`
        Physical memory.
    """

    def __init__(self, config):
        super().__init__({
            "request": In(stream.Signature(update_layout(config))),
            "done":    Out(1),
            "changed": Out(1),
            "failed":  Out(1),
            "memory":  Out(WishboneSignature(maxphyaddr=config.maxphyaddr)),
        })

    def elaborate(self, platform):
        m = Module()

        update = self.request.p
        upper  = ~update.wide & update.address[2]
        mask   = Mux(update.wide, C(-1, 64), C(0xffff_ffff, 64))
        stored = Mux(upper, self.memory.dat_r[32:], self.memory.dat_r)

        m.d.comb += [
            self.memory.adr.eq(update.address[3:]),
            self.memory.sel.eq(Mux(update.wide, 0xff, Mux(upper, 0xf0, 0x0f))),
            self.request.ready.eq(self.done),
        ]

        with m.FSM():
            with m.State("READ_ENTRY"):
                with m.If(self.request.valid):
                    self._issue(m, write=0)
                    with m.If(~self.memory.stall):
                        m.next = "COMPARE_ENTRY"

            with m.State("COMPARE_ENTRY"):
                m.d.comb += [self.memory.cyc.eq(1), self.memory.lock.eq(1)]
                self._end_if_failed(m)
                with m.If(self.memory.ack):
                    m.next = "WRITE_ENTRY"
                    with m.If((stored & mask) != (update.expected & mask)):
                        m.d.comb += [self.done.eq(1), self.changed.eq(1)]
                        m.next = "READ_ENTRY"

            with m.State("WRITE_ENTRY"):
                self._issue(m, write=1)
                # Lanes that are not selected do not matter.
                m.d.comb += self.memory.dat_w.eq(Cat(
                    update.updated[:32],
                    Mux(update.wide, update.updated[32:], update.updated[:32])))
                with m.If(~self.memory.stall):
                    m.next = "END_UPDATE"

            with m.State("END_UPDATE"):
                m.d.comb += [self.memory.cyc.eq(1), self.memory.lock.eq(1)]
                self._end_if_failed(m)
                with m.If(self.memory.ack):
                    m.d.comb += self.done.eq(1)
                    m.next = "READ_ENTRY"

        return m

    def _end_if_failed(self, m):
        """End the update, and with it the bus cycle, if the transfer fails."""
        with m.If(self.memory.err):
            m.d.comb += [self.done.eq(1), self.failed.eq(1)]
            m.next = "READ_ENTRY"

    def _issue(self, m, *, write):
        """Request a transfer of the entry."""
        m.d.comb += [
            self.memory.cyc.eq(1),
            self.memory.stb.eq(1),
            self.memory.lock.eq(1),
            self.memory.we.eq(write),
        ]
