"""The memory-management unit: translation in front of memory."""

from typing import NamedTuple

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .bus import AccessSignature, ControlSignature, Events, TlbUpdate
from .config import MmuConfig
from .control import Control
from .layout import Fault, Flush
from .linear import extended, page_of
from .physical import width_members
from .tlb import Tlb
from .transfer import TransferUnit
from .translator import Translator
from .walker import Walker
from .wishbone import WishboneSignature, requests, responses


__all__ = ["Mmu"]


class _Blocks(NamedTuple):
    """Blocks of a unit, by the names that they have in it."""

    control:    Control
    translator: Translator
    tlb:        Tlb
    walker:     Walker
    transfer:   TransferUnit


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
    cycle. A hit of the second level adds three cycles; a walk adds four, one for each entry that it
    reads, and four for each whose accessed or dirty bit has to be set. A unit without a second
    level walks from the root, and saves a cycle; one whose first level is in block RAM does not.

    Members
    -------
    access : :py:`In(AccessSignature())`
        Accesses of the processor.
    control : :py:`In(ControlSignature())`
        Control registers, INVLPG and INVPCID.
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

        self._faulted = Signal()  # an access has ended in a page fault in the cycle before

    def elaborate(self, platform):
        m = Module()

        blocks = _Blocks(*(block(self.config)
                           for block in (Control, Translator, Tlb, Walker, TransferUnit)))
        for name, block in blocks._asdict().items():
            m.submodules[name] = block
        # Amaranth's simulator computes all of a module anew when something of it changes: so each
        # of these has its own.
        for add in (self._connect_accesses, self._connect_walks, self._connect_control,
                    self._look_up, self._share_memory, self._count, self._show):
            m.submodules[add.__name__[1:]] = part = Module()
            add(part, blocks)

        return m

    def _connect_accesses(self, m, blocks):
        """From the processor through the translator to memory, and back."""
        translator, transfer = blocks.translator, blocks.transfer
        connect(m, flipped(self.access.request), translator.request)
        connect(m, translator.result, transfer.request)
        connect(m, transfer.response, flipped(self.access.response))
        m.d.comb += [
            translator.takes.eq(transfer.takes),
            translator.ends.eq(transfer.ends),
        ]

    def _connect_walks(self, m, blocks):
        """From a miss through the TLB to the walker, and back."""
        translator, tlb, walker = blocks.translator, blocks.tlb, blocks.walker
        connect(m, translator.find, tlb.find)
        connect(m, tlb.found, translator.found)
        connect(m, tlb.walk, walker.request)
        connect(m, walker.response, tlb.walked)
        connect(m, walker.learn, tlb.learn)
        m.d.comb += tlb.drained.eq(blocks.transfer.drained)

    def _connect_control(self, m, blocks):
        """Let control operations wait for accesses, and accesses for what they invalidate."""
        control, translator, tlb, walker = (
            blocks.control, blocks.translator, blocks.tlb, blocks.walker)
        connect(m, flipped(self.control), control.control)
        busy = Signal()
        m.d.comb += [
            translator.mode.eq(control.mode),
            translator.protection.eq(control.protection),
            busy.eq(tlb.busy | self._faulted | (control.invalidation.flush != Flush.NONE)),
            translator.hold.eq(self.control.request.valid | busy),
            translator.busy.eq(busy),
            control.quiet.eq(translator.empty & blocks.transfer.drained & ~busy),
            walker.mode.eq(control.mode),
            walker.protection.eq(control.protection),
            tlb.pcid.eq(control.mode.pcid),
            tlb.moved.eq(control.moved),
        ]
        if self.config.variable_maxphyaddr:
            m.d.comb += [part.maxphyaddr.eq(self.maxphyaddr) for part in (control, walker)]
        if self.config.pae:
            m.d.comb += walker.pdptes.eq(control.pdptes)

    def _look_up(self, m, blocks):
        """Let the TLB look up the page of each access, and forget what is to be forgotten.

        A page fault makes the same forgotten as INVLPG of its page would. Rules 25, 34.
        """
        control, translator, tlb = blocks.control, blocks.translator, blocks.tlb
        m.d.comb += [
            tlb.page.eq(translator.page),
            tlb.after.eq(translator.after),
            tlb.elsewhere.eq(translator.elsewhere),
            translator.other.eq(tlb.other),
            tlb.look.eq(translator.look),
            translator.candidates.eq(tlb.candidates),
            tlb.invalidate.eq(control.invalidation),
        ]
        m.d.sync += self._faulted.eq(translator.fault.valid)
        m.d.comb += [
            control.fault.valid.eq(self._faulted),
            control.fault.payload.eq(translator.fault.payload),
        ]
        with m.If(self._faulted):
            # Whether an access is denied takes long to find out: it counts a cycle later.
            m.d.comb += [
                tlb.invalidate.flush.eq(Flush.OF_PCID_AND_GLOBAL),
                tlb.invalidate.pcid.eq(control.mode.pcid),
                tlb.invalidate.single.eq(1),
                tlb.invalidate.page.eq(page_of(translator.fault.payload, config=self.config)),
            ]

    def _share_memory(self, m, blocks):
        """Connect memory to the walker while it is active, and else to the transfers of accesses.

        Each waits for the other. The transfers have it also if neither is active: from the verdict
        on an access to the choice of an address would be a long way.
        """
        transfers, walks = blocks.transfer.memory, blocks.walker.memory
        m.d.comb += [*requests(transfers, self.memory), *responses(self.memory, transfers),
                     *responses(self.memory, walks)]
        with m.If(walks.cyc):
            m.d.comb += requests(walks, self.memory)
        if self.config.pae:
            self._lend_memory(m, transfers, blocks.control.memory, idle=blocks.translator.empty)

    def _lend_memory(self, m, transfers, loads, *, idle):
        """Connect memory to the loader of PDPTEs, active or not, while the unit holds no access.

        From a control operation to the choice of an address would be a long way, too. Transfers may
        still be in flight, and keep the bus.
        """
        m.d.comb += responses(self.memory, loads)
        with m.If(idle):
            m.d.comb += [
                *requests(loads, self.memory),
                self.memory.cyc.eq(transfers.cyc | loads.cyc),
            ]

    def _count(self, m, blocks):
        """Gather the strobes."""
        control, translator, tlb, walker, _ = blocks
        events  = self.events
        result  = translator.result
        invalidation = control.invalidation
        walk_begun   = tlb.walk.valid & tlb.walk.ready
        m.d.comb += [
            events.hit.eq(translator.counted_hit),
            events.hit_second.eq(tlb.found_second & ~tlb.hit),
            events.missed.eq(walk_begun & ~tlb.hit),
            events.walk_begun.eq(walk_begun),
            events.walk_ended.eq(walker.response.valid & walker.response.ready),
            events.entry_read.eq(walker.entry_read),
            events.walk_again.eq(walker.walk_again),
            events.accessed.eq(walker.accessed),
            events.dirtied.eq(walker.dirtied),
            events.filled.eq(tlb.fill.valid),
            events.evicted.eq(tlb.evicted),
            events.flushed.eq((invalidation.flush != Flush.NONE) & ~invalidation.single),
            events.invalidated.eq((invalidation.flush != Flush.NONE) & invalidation.single),
            events.dropped.eq(self._faulted),
            events.switched.eq(tlb.switched),
            events.crossed.eq(translator.crossed),
            events.page_fault.eq(
                result.valid & result.ready & (result.p.fault == Fault.PAGE_FAULT)),
            events.protection.eq(translator.protection_fault),
            events.refused.eq(control.refused),
            events.bus_error.eq(self.memory.cyc & self.memory.err),
            events.kept.eq(tlb.kept),
            events.displaced.eq(tlb.displaced),
            events.expired.eq(tlb.expired),
            events.swept.eq(tlb.swept),
        ]

    def _show(self, m, blocks):
        """Show what the strobes of the TLB concern."""
        control, tlb   = blocks.control, blocks.tlb
        update, filled = self.tlb, tlb.fill.p

        invalidation = tlb.invalidate
        invalidating = invalidation.flush != Flush.NONE
        # These are not made zero: that would be 300 look-up tables.
        m.d.comb += [
            update.frame.eq(filled.frame),
            update.large.eq(filled.large),
            update.rights.eq(filled.rights),
            update.dirty.eq(filled.dirty),
            update.evicted_page.eq(extended(tlb.evicted_page, config=self.config)),
        ]
        if self.config.keys:
            m.d.comb += update.key.eq(filled.key)
        with m.If(tlb.fill.valid | invalidating):
            m.d.comb += [
                update.page.eq(extended(
                    Mux(invalidating, invalidation.page, tlb.walk.p.page), config=self.config)),
                update.pcid.eq(Mux(invalidating, invalidation.pcid, control.mode.pcid)),
                update.global_page.eq(Mux(
                    invalidating, invalidation.flush == Flush.OF_PCID_AND_GLOBAL,
                    filled.global_page)),
                update.flush.eq(Mux(invalidation.single, Flush.NONE, invalidation.flush)),
            ]
        with m.If(tlb.kept | tlb.displaced):
            m.d.comb += update.row.eq(tlb.row)
        with m.If(tlb.expired):
            m.d.comb += update.pcid.eq(tlb.expired_pcid)
