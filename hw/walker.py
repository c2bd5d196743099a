"""Hardware page walker: from CR3 to a leaf."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from .layout import Entry, Level, Pdpte
from .linear import entry_offset
from .permission import Protection, Rights, below
from .physical import width_members, width_of
from .reserved import references_table
from .signals import unpacked
from .translation import (
    PagingMode, find_request_layout, pdpte_members, structure_layout, walk_request_layout,
    walk_response_layout,
)
from .updater import Updater
from .verdict import respond_at, verdict_on
from .wishbone import WishboneSignature, requests, responses


__all__ = ["Walker"]


class Walker(wiring.Component):
    """Reads one entry a level, judges the access at the leaf, and sets accessed and dirty bits.

    At each level the entry must be present, then well-formed; rights are judged after the whole
    walk. The accessed bit of an upper entry is set on the way down, so it may be set although the
    walk ends in a fault; the leaf is touched only by an access that is allowed. With PAE paging a
    walk begins below the PDPTE register of the address, and ends at once if that is not present. A
    transfer that fails ends the walk in a bus error. Rules 1, 16, 20.

    Ref: Intel SDM Vol. 3A, sections 4.3 "32-Bit Paging", 4.4 "PAE Paging", 4.5 "4-Level Paging and
    5-Level Paging", 4.8 "Accessed and Dirty Flags".

    Latency
    -------
    From request to response, with memory that responds in the next cycle: one cycle a level and
    two more; four more for each entry whose accessed or dirty bit is set.

    Members
    -------
    request : :py:`In(stream.Signature(walk_request_layout(config)))`
        Walks to do, one at a time.
    response : :py:`Out(stream.Signature(walk_response_layout(config)))`
        Their results.
    learn : :py:`Out(stream.Signature(structure_layout(config), always_ready=True))`
        Each table that an entry of a walk references, in the cycle after it is known.
    mode, protection : :py:`In(PagingMode)`, :py:`In(Protection)`
        Control state. Must not change during a walk.
    pdptes : :py:`In(Pdptes)`
        The PDPTE registers, if ``config`` has PAE paging; likewise.
    memory : :py:`Out(WishboneSignature(maxphyaddr=config.maxphyaddr))`
        Physical memory.
    entry_read, walk_again, dirtied : :py:`Out(1)`
        Strobes: see :class:`hw.bus.Events`.
    accessed : :py:`Out(5)`
        Strobe for each level.
    maxphyaddr : :py:`In(range(config.maxphyaddr + 1))`
        Width of a physical address, if ``config`` makes it variable.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "request":    In(stream.Signature(walk_request_layout(config))),
            "response":   Out(stream.Signature(walk_response_layout(config))),
            "learn":      Out(stream.Signature(structure_layout(config), always_ready=True)),
            "mode":       In(PagingMode),
            "protection": In(Protection),
            "memory":     Out(WishboneSignature(maxphyaddr=config.maxphyaddr)),
            "entry_read": Out(1),
            "walk_again": Out(1),
            "accessed":   Out(5),
            "dirtied":    Out(1),
            **pdpte_members(config),
            **width_members(config),
        })

        self._page    = Signal(config.page_width)
        self._access  = Signal(find_request_layout(config))
        self._level   = Signal(Level)
        self._table   = Signal(config.frame_width)
        self._offset  = Signal(12)                 # that of the entry at that level, in the table
        self._entry   = Signal(Entry)
        self._parent  = Signal(Rights)             # rights that all levels above the entry grant
        self._next    = unpacked("next", {         # where the walk goes from here
            "page":   config.page_width,
            "level":  Level,
            "table":  config.frame_width,
            "offset": 12,
            "rights": Rights,
        })

    def elaborate(self, platform):
        m = Module()

        m.submodules.updater = updater = Updater(self.config)

        m.d.sync += self.learn.valid.eq(0)
        m.d.comb += [
            self.learn.p.level.eq(self._level),
            self.learn.p.table.eq(self._table),
            self.learn.p.rights.eq(self._parent),
            self.entry_read.eq(self.memory.stb & ~self.memory.stall & ~updater.memory.cyc),
        ]
        known   = {"access": self._access, "mode": self.mode, "protection": self.protection,
                   "config": self.config}
        verdict = verdict_on(m, self._entry, self._level, parent=self._parent,
                             maxphyaddr=width_of(self), **known)
        # The updater has memory, but for the reads.
        m.d.comb += [*requests(updater.memory, self.memory),
                     *responses(self.memory, updater.memory)]
        self._point(m)
        self._prepare_update(m, updater, verdict)
        respond_at(m, self.response.p, verdict, self._entry, self._level, **known)

        with m.FSM():
            self._begin(m)
            self._read(m, updater)
            self._check(m, updater, verdict)
            with m.State("FAIL"):
                m.d.comb += self.response.p.bus_error.eq(1)
                self._end(m, fault=1)

        return m

    def _begin(self, m):
        """Begin at the table that a request names, or at the root; or at the root anew."""
        request = self.request.p
        with m.State("IDLE"):
            m.d.comb += [self.request.ready.eq(1), self._next.page.eq(request.page)]
            self._point_to_root(m)
            with m.If(request.started):
                m.d.comb += [
                    self._next.level.eq(request.start.level),
                    self._next.table.eq(request.start.table),
                    self._next.rights.eq(request.start.rights),
                ]
            self._address_next(m)
            with m.If(self.request.valid):
                m.d.sync += [self._page.eq(request.page), self._access.eq(request.access)]
                self._read_first(m, root=~request.started)

        with m.State("AGAIN"):
            self._point_to_root(m)
            self._address_next(m)
            self._read_first(m, root=1)

    def _read(self, m, updater):
        """Read an entry; follow it at once, if it is one that references a table."""
        returned = data.View(Entry, self._select(self.memory.dat_r))
        upper    = references_table(
            returned, self._level, mode=self.mode, nxe=self.protection.nxe,
            maxphyaddr=width_of(self))
        with m.State("READ_ENTRY"):
            m.d.comb += [self.memory.cyc.eq(1), self.memory.stb.eq(1)]
            with m.If(~self.memory.stall):
                m.next = "WAIT_ENTRY"

        with m.State("WAIT_ENTRY"):
            m.d.comb += self.memory.cyc.eq(1)
            self._point_below(m, returned)
            with m.If(returned.accessed):
                self._address_next(m)
            with m.If(self.memory.ack):
                m.d.sync += self._entry.eq(returned)
                m.next = "CHECK_ENTRY"
                # Reserved bits take longer to find out. What is said of an entry that has some
                # depends on neither its level nor its place, for it is not looked at as a leaf.
                with m.If(returned.present & returned.accessed & ~returned.page_size
                          & (self._level != Level.PT)):
                    self._go(m)
                with m.If(upper & returned.accessed):
                    self._read_next(m)
                    m.d.sync += self.learn.valid.eq(1)
                with m.Elif(upper):
                    m.d.comb += updater.request.valid.eq(1)
                    m.next = "UPDATE_ENTRY"
            with m.If(self.memory.err):
                m.next = "FAIL"

    def _check(self, m, updater, verdict):
        """Look at an entry in full, and have it updated; go on from it, or end at it."""
        with m.State("CHECK_ENTRY"):
            with m.If(verdict.update):
                m.d.comb += updater.request.valid.eq(1)
                m.next = "UPDATE_ENTRY"
            with m.Elif(verdict.descend):
                self._descend(m)
            with m.Else():
                self._end(m, fault=~verdict.present | verdict.reserved | verdict.denied)

        with m.State("UPDATE_ENTRY"):
            m.d.comb += updater.request.valid.eq(1)
            with m.If(updater.done & updater.failed):
                m.next = "FAIL"
            with m.Elif(updater.done & updater.changed):
                m.d.comb += self.walk_again.eq(1)
                m.next = "AGAIN"
            with m.Elif(updater.done):
                self._finish_update(m, updater)
                m.next = "CHECK_ENTRY"
                with m.If(verdict.descend):
                    self._descend(m)

    def _end(self, m, *, fault):
        """Respond, and be ready for another walk."""
        m.d.comb += [self.response.valid.eq(1), self.response.p.fault.eq(fault)]
        with m.If(self.response.ready):
            m.next = "IDLE"

    def _point(self, m):
        """Point at the table below the entry that was read last, unless a state does otherwise."""
        following = self._next
        m.d.comb += [
            following.page.eq(self._page),
            following.level.eq((self._level - 1)[:self.config.top_level.bit_length()]),
            following.offset.eq(entry_offset(
                following.page, following.level, wide=self.mode.wide, config=self.config)),
        ]
        self._point_below(m, self._entry)

    def _point_below(self, m, entry):
        """Point at the table that ``entry`` names."""
        m.d.comb += [
            self._next.table.eq(entry.frame[:self.config.frame_width]),
            self._next.rights.eq(below(self._parent, entry)),
        ]

    def _point_to_root(self, m):
        """Point at the root, where nothing is forbidden yet."""
        table = self.mode.root
        if self.config.pae:
            table = Mux(self.mode.pae, self._pdpte().frame, table)
        m.d.comb += [
            self._next.level.eq(self._top()),
            self._next.table.eq(table[:self.config.frame_width]),
            self._next.rights.eq(Rights.const({"writable": 1, "user": 1})),
        ]

    def _top(self):
        """Level of the root."""
        four = Mux(self.mode.long_mode, Level.PML4, Level.PD)
        return Mux(self.mode.five_levels, Level.PML5, four) if self.config.la57 else four

    def _pdpte(self):
        """The PDPTE register of the page."""
        return data.View(Pdpte, self.pdptes.as_value().word_select(self._next.page[18:20], 64))

    def _read_first(self, m, *, root):
        """Issue the first read of a walk.

        One from the root ends, if its PDPTE register is absent, as at an absent entry.
        """
        self._go(m)
        self._read_next(m)
        if self.config.pae:
            with m.If(self.mode.pae & ~self._pdpte().present & root):
                m.d.comb += self.memory.stb.eq(0)
                m.d.sync += self._entry.eq(0)
                m.next = "CHECK_ENTRY"

    def _address_next(self, m):
        """Show memory the address of the entry that comes next: of a read, should there be one."""
        m.d.comb += [
            self.memory.adr.eq(Cat(self._next.offset, self._next.table)[3:]),
            self.memory.sel.eq(Mux(
                self.mode.wide, 0xff, Mux(self._next.offset[2], 0xf0, 0x0f))),
        ]

    def _read_next(self, m):
        """Issue the read of the entry that comes next, and is the present one from now on."""
        m.d.comb += [self.memory.cyc.eq(1), self.memory.stb.eq(1)]
        m.next = "READ_ENTRY"
        with m.If(~self.memory.stall):
            m.next = "WAIT_ENTRY"

    def _go(self, m):
        """Make the entry that comes next the present one, which is to be read."""
        m.d.sync += [
            self._level.eq(self._next.level),
            self._table.eq(self._next.table),
            self._offset.eq(self._next.offset),
            self._parent.eq(self._next.rights),
        ]

    def _descend(self, m):
        """Go on to the table that the entry names."""
        self._go(m)
        m.d.sync += self.learn.valid.eq(1)
        m.next = "READ_ENTRY"

    def _select(self, word):
        """The present entry out of a word of memory."""
        half = Mux(self._offset[2], word[32:], word[:32])
        return Mux(self.mode.wide, word, half)

    def _prepare_update(self, m, updater, verdict):
        """Offer the entry with its accessed bit, and a written leaf with its dirty bit. Rule 15."""
        update = updater.request.p
        accessed, dirty = C(1, 1), verdict.dirties  # bits 5 and 6 of an entry
        m.d.comb += [
            update.address.eq(Cat(self._offset, self._table)),
            update.wide.eq(self.mode.wide),
            update.expected.eq(self._entry),
            update.updated.eq(self._entry.as_value() | Cat(C(0, 5), accessed, dirty)),
        ]

    def _finish_update(self, m, updater):
        """Take the updated entry, and say which of its bits are new."""
        updated = data.View(Entry, updater.request.p.updated)
        m.d.comb += [
            self.accessed.bit_select(self._level, 1).eq(~self._entry.accessed),
            self.dirtied.eq(updated.dirty & ~self._entry.dirty),
        ]
        m.d.sync += [self._entry.accessed.eq(1), self._entry.dirty.eq(updated.dirty)]
