"""The user of a bank of stamps: what it tells the bank, and what it has promised."""

from typing import Any

from amaranth.hdl import Elaboratable, Module, Signal

from hw.layout import Flush


__all__ = ["Watch", "used_as_promised"]


class Watch(Elaboratable):
    """A bank of stamps, and what it was told.

    Attributes
    ----------
    bank : component
        As it was given. It may be inside another ``part``, which is then watched with it.
    owner : :class:`Signal`
        The PCID to which the bank was told to switch last, so that its stamps are of this one.
    asked : :class:`Signal`
        The PCID that it was asked for in the cycle before.
    settled : :class:`Signal`
        What it keeps has not changed since it was asked: it was told nothing in the cycle before,
        and to forget nothing in the one before that.
    forgot : :class:`Signal`
        Two cycles ago it was told to forget a PCID that is not the current one, ...
    forgotten : :class:`Signal`
        ... which was this.
    """

    def __init__(self, bank: Any, *, part: Any = None):
        self.bank  = bank
        self.part  = part or bank
        self.owner = Signal(12)
        self.asked = Signal(12)
        self.settled = Signal()
        self.forgot, self.forgotten = Signal(), Signal(12)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.part = self.part
        bank = self.bank
        acted, flushed, flushed_before, forgets = Signal(), Signal(), Signal(), Signal()
        m.d.comb += self.settled.eq(~acted & ~flushed_before)
        m.d.sync += [
            self.asked.eq(bank.asked),
            acted.eq(bank.switches | (bank.flush != Flush.NONE) | bank.sweep),
            flushed.eq(bank.flush != Flush.NONE),
            flushed_before.eq(flushed),
            forgets.eq((bank.flush == Flush.OF_PCID) & ~bank.own & ~bank.single),
            self.forgot.eq(forgets),
            self.forgotten.eq(self.asked),
        ]
        with m.If(bank.switches):
            m.d.sync += self.owner.eq(self.asked)
        return m


def used_as_promised(watch: Any) -> Any:
    """One thing at a time, and nothing once stamps are used up; what is kept stays while it counts.

    What concerns global rows names the current PCID.
    """
    bank    = watch.bank
    flush   = bank.flush != Flush.NONE
    single  = flush & bank.single
    return ((bank.switches + flush + bank.sweep <= 1)
            & (~(bank.switches | flush) | ~bank.exhausted)
            & (bank.left == watch.owner)
            & (~bank.switches | (watch.settled & (watch.asked != watch.owner)))
            & (~single | (watch.settled & (watch.asked == bank.asked)))
            & (~flush | (bank.own == (bank.asked == watch.owner)))
            & ((bank.flush != Flush.OF_PCID_AND_GLOBAL) | bank.own)
            & (~single | (bank.flush == Flush.OF_PCID)
               | (bank.flush == Flush.OF_PCID_AND_GLOBAL))
            & (bank.flush.as_value() <= max(flush.value for flush in Flush)))
