"""The unit behind the adapters that a bus needs."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect, flipped

from hw.config import MmuConfig
from hw.mmu import Mmu
from hw.wishbone import ClassicSignature, WishboneSignature

from .classic import ClassicBridge
from .width import DownConverter


__all__ = ["AdaptedMmu"]


class AdaptedMmu(wiring.Component):
    """x86 memory-management unit: :class:`hw.mmu.Mmu` with another bus towards memory.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        Sizes and features.
    classic : :class:`bool`
        The bus is in standard mode, else in pipelined mode.
    data_width : :class:`int`
        Bits of its words: 64, or 32.

    Latency
    -------
    That of the unit with such memory, and what :class:`.width.DownConverter` and
    :class:`.classic.ClassicBridge` add.

    Members
    -------
    access, control, events, tlb, maxphyaddr
        As those of :class:`hw.mmu.Mmu`.
    memory : :py:`Out(ClassicSignature(...))`
        Physical memory. Without ``classic`` a :class:`hw.wishbone.WishboneSignature`.
    """

    def __init__(self, config=None, *, classic=False, data_width=64):
        self.config     = MmuConfig() if config is None else config
        self.classic    = classic
        self.data_width = data_width
        self._mmu       = Mmu(self.config)
        bus = ClassicSignature if classic else WishboneSignature
        super().__init__(dict(self._mmu.signature.members.items()) | {
            "memory": Out(bus(maxphyaddr=self.config.maxphyaddr, data_width=data_width))})

    def elaborate(self, platform):
        m = Module()

        m.submodules.mmu = mmu = self._mmu
        connect(m, flipped(self.access), mmu.access)
        connect(m, flipped(self.control), mmu.control)
        m.d.comb += [self.events.eq(mmu.events), self.tlb.eq(mmu.tlb)]
        if self.config.variable_maxphyaddr:
            m.d.comb += mmu.maxphyaddr.eq(self.maxphyaddr)
        self._adapt(m, mmu.memory)

        return m

    def _adapt(self, m, memory):
        """Put what the bus needs between it and the unit's port."""
        maxphyaddr = self.config.maxphyaddr
        if self.data_width == 32:
            m.submodules.converter = converter = DownConverter(
                maxphyaddr=maxphyaddr, outstanding=2 * self.config.outstanding)
            connect(m, memory, converter.initiator)
            memory = converter.target
        if self.classic:
            m.submodules.bridge = bridge = ClassicBridge(
                maxphyaddr=maxphyaddr, data_width=self.data_width)
            connect(m, memory, bridge.initiator)
            memory = bridge.target
        connect(m, memory, flipped(self.memory))
