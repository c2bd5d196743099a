"""The memory-management unit: translation in front of memory."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .bus import AccessSignature, ControlSignature, Events, TlbUpdate
from .config import MmuConfig
from .control import Control
from .layout import Fault, Flush
from .physical import width_members
from .tlb import Tlb
from .transfer import TransferUnit
from .translation import invalidation_layout
from .translator import Translator
from .walker import Walker
from .wishbone import WishboneSignature


__all__ = ["Mmu"]


class Mmu(wiring.Component):
    """x86 memory-management unit: paging off, and 32-bit, PAE, 4-level and 5-level paging.

    Accesses by linear address come in at ``access`` and leave, translated and allowed, at
    ``memory``, through which paging structures are walked too. ``control`` holds the registers
    that decide how.

    Ref: Intel SDM Vol. 3A, chapter 4 "Paging".

    Parameters
    ----------
    config : :class:`MmuConfig`
        Sizes and features.

    Latency
    -------
    With memory that responds in the next cycle, an access that hits the TLB and lies in one 8-byte
    word completes two cycles after it is accepted, and such accesses follow each other every
    cycle. A miss adds three cycles and one for each level of the walk, and four for each
    entry whose accessed or dirty bit has to be set.

    Members
    -------
    access : :py:`In(AccessSignature())`
        Accesses of the processor.
    control : :py:`In(ControlSignature())`
        Control registers and INVLPG.
    memory : :py:`Out(WishboneSignature(maxphyaddr=config.maxphyaddr))`
        Physical memory.
    events : :py:`Out(Events)`
        Strobes for measurement.
    tlb : :py:`Out(TlbUpdate)`
        Translations that those strobes concern.
    maxphyaddr : :py:`In(range(config.maxphyaddr + 1))`
        Width of a physical address, if ``config`` makes it variable. Must not change after reset.
    """

    def __init__(self, config=None):
        self.config = MmuConfig() if config is None else config
        super().__init__({
            "access":  In(AccessSignature()),
            "control": In(ControlSignature()),
            "memory":  Out(WishboneSignature(maxphyaddr=self.config.maxphyaddr)),
            "events":  Out(Events),
            "tlb":     Out(TlbUpdate),
            **width_members(self.config),
        })

        # What the TLB is to forget: a control operation of the cycle before says so.
        self._invalidation = Signal(invalidation_layout(self.config))
        self._invalidating = Signal()

    def elaborate(self, platform):
        m = Module()

        m.submodules.control    = control    = Control(self.config)
        m.submodules.translator = translator = Translator(self.config)
        m.submodules.tlb        = tlb        = Tlb(self.config)
        m.submodules.walker     = walker     = Walker(self.config)
        m.submodules.transfer   = transfer   = TransferUnit(self.config)

        connect(m, flipped(self.access.request), translator.request)
        connect(m, translator.result, transfer.request)
        connect(m, transfer.response, flipped(self.access.response))
        connect(m, flipped(self.control), control.control)

        connect(m, translator.walk, walker.request)
        connect(m, walker.response, translator.walked)
        connect(m, translator.fill, tlb.fill)
        connect(m, translator.fault, control.fault)

        m.d.comb += [
            translator.mode.eq(control.mode),
            translator.protection.eq(control.protection),
            translator.hold.eq(self.control.request.valid | self._invalidating),
            translator.drained.eq(transfer.drained),
            control.quiet.eq(translator.empty & transfer.drained & ~self._invalidating),
            walker.mode.eq(control.mode),
            walker.protection.eq(control.protection),
        ]
        if self.config.variable_maxphyaddr:
            m.d.comb += [part.maxphyaddr.eq(self.maxphyaddr) for part in (control, walker)]
        self._look_up(m, translator, tlb, control)
        users = [walker.memory, transfer.memory]
        if self.config.pae:
            m.d.comb += walker.pdptes.eq(control.pdptes)
            users.append(control.memory)
        self._share_memory(m, users)
        self._count(m, translator, tlb, walker, control)
        self._show(m, translator, tlb, control)

        return m

    def _look_up(self, m, translator, tlb, control):
        """Give the TLB the page of the access, or of INVLPG, which waits until there is none.

        An invalidation is done a cycle after its operation is accepted: no access is looked up
        before the next one. From the operand through all comparators would else be the longest
        path of the unit.
        """
        m.d.sync += self._invalidation.eq(control.invalidation)
        m.d.comb += [
            self._invalidating.eq(self._invalidation.flush != Flush.NONE),
            tlb.page.eq(Mux(self._invalidating, self._invalidation.page, translator.page)),
            tlb.pcid.eq(Mux(self._invalidating, self._invalidation.pcid, control.mode.pcid)),
            tlb.look.eq(translator.look),
            tlb.drop.eq(translator.drop),
            tlb.flush.eq(self._invalidation.flush),
            tlb.single.eq(self._invalidation.single),
            translator.hit.eq(tlb.hit),
            translator.hit_entry.eq(tlb.hit_entry),
            translator.frame.eq(tlb.frame),
        ]

    def _share_memory(self, m, users):
        """Connect memory to the one of its users that is active: each waits for the others."""
        for user in users:
            m.d.comb += [
                user.dat_r.eq(self.memory.dat_r),
                user.stall.eq(self.memory.stall),
                user.ack.eq(self.memory.ack),
                user.err.eq(self.memory.err),
            ]
            with m.If(user.cyc):
                m.d.comb += [
                    getattr(self.memory, name).eq(getattr(user, name))
                    for name in ("cyc", "stb", "we", "lock", "adr", "sel", "dat_w")
                ]

    def _count(self, m, translator, tlb, walker, control):
        """Gather the strobes."""
        events  = self.events
        result  = translator.result
        invalidation = control.invalidation
        m.d.comb += [
            events.hit.eq(translator.counted_hit),
            events.missed.eq(translator.counted_miss),
            events.walk_begun.eq(translator.walk.valid & translator.walk.ready),
            events.walk_ended.eq(walker.response.valid & walker.response.ready),
            events.entry_read.eq(walker.entry_read),
            events.walk_again.eq(walker.walk_again),
            events.accessed.eq(walker.accessed),
            events.dirtied.eq(walker.dirtied),
            events.filled.eq(tlb.fill.valid),
            events.evicted.eq(tlb.evicted),
            events.flushed.eq((invalidation.flush != Flush.NONE) & ~invalidation.single),
            events.invalidated.eq((invalidation.flush != Flush.NONE) & invalidation.single),
            events.dropped.eq(translator.drop & tlb.hit),
            events.crossed.eq(translator.crossed),
            events.page_fault.eq(
                result.valid & result.ready & (result.p.fault == Fault.PAGE_FAULT)),
            events.protection.eq(translator.protection_fault),
            events.refused.eq(control.refused),
            events.bus_error.eq(self.memory.cyc & self.memory.err),
        ]

    def _show(self, m, translator, tlb, control):
        """Show what the strobes of the TLB concern."""
        update, filled = self.tlb, tlb.fill.p

        def extended(page):
            """A linear page number of an address as wide as the processor's."""
            return page.as_signed() if self.config.long_mode else page

        invalidation = control.invalidation
        invalidating = invalidation.flush != Flush.NONE
        with m.If(tlb.fill.valid | translator.drop | invalidating):
            m.d.comb += [
                update.page.eq(extended(Mux(
                    invalidating, invalidation.page, translator.walk.p.page))),
                update.pcid.eq(Mux(invalidating, invalidation.pcid, control.mode.pcid)),
                update.frame.eq(filled.frame),
                update.size.eq(filled.size),
                update.rights.eq(filled.rights),
                update.dirty.eq(filled.dirty),
                update.global_page.eq(Mux(
                    invalidating, invalidation.flush == Flush.OF_PCID_AND_GLOBAL,
                    filled.global_page)),
                update.evicted_page.eq(extended(tlb.evicted_page)),
                update.evicted_pcid.eq(tlb.evicted_pcid),
                update.flush.eq(Mux(invalidation.single, Flush.NONE, invalidation.flush)),
            ]
            if self.config.keys:
                m.d.comb += update.key.eq(filled.key)
