"""A walker, and the walk that it does, by what has passed its ports."""

from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib import data

from hw.layout import Entry, Level, Pdpte
from hw.permission import Rights, below
from hw.reserved import is_leaf, reserved


__all__ = ["Watch", "top_of"]


def walk_layout(config: Any) -> Any:
    """A walk as far as it has come, by the entries that memory has returned."""
    return data.StructLayout({
        "began":     1,       #: An entry was returned.
        "failed":    1,       #: A transfer of the walk has ended in a bus error.
        "missing":   1,       #: Some entry had P = 0.
        "malformed": 1,       #: Some entry had P = 1 and a reserved bit.
        "rights":    Rights,  #: What all entries grant.
        "entry":     Entry,   #: The last one, without what has been stored since.
        "level":     Level,   #: Its level.
        "leaf":      1,       #: It maps a page.
        "accessed":  1,       #: It has A set by now.
        "dirty":     1,       #: It has D set by now.
        "next":      Level,   #: Level of the entry that comes after it.
        "table":     config.frame_width,  #: Frame of the table that this is in.
    })


def top_of(mode: Any) -> Any:
    """Level of the entries that a walk from the root begins with."""
    return Mux(mode.long_mode, Mux(mode.five_levels, Level.PML5, Level.PML4), Level.PD)


class Watch(Elaboratable):
    """A walker, and the walk that it does.

    Parameters
    ----------
    walker : component
        The walker.
    part : elaboratable or :class:`None`
        What the walker is a part of, which is then watched with it, if it is not alone.

    Attributes
    ----------
    under_way : :class:`Signal`
        A walk has begun in a cycle before this one, and has not ended.
    steady : :class:`Signal`
        The control state is that of the cycle before, if one has.
    sound : :class:`Signal`
        Memory completes what it has accepted, and nothing else.
    request : :class:`Signal`
        What is walked.
    reads : :class:`Signal`
        An entry is read: not by an update.
    walk : :class:`Signal`
        The walk, with what is returned in this cycle.
    before : :class:`Signal`
        The walk without that.
    latest : :class:`Signal`
        The request that was accepted last, before this cycle.
    root : :class:`Signal`
        The walk as it begins at the root.
    outstanding, reading : :class:`Signal`
        A transfer was accepted, and has not completed; and it is the read of an entry.
    upper : :class:`Signal`
        The entry that was read last is the upper half of its word.
    place : :class:`Signal`
        Address and lanes of that read.
    again : :class:`Signal`
        What was returned last by a read of the present locked bus cycle, ...
    compared : :class:`Signal`
        ... if there was one.
    answers : :class:`Signal`
        Transfers of the walk that have completed, since it has begun, or begun anew.
    """

    def __init__(self, walker: Any, *, part: Any = None):
        self.walker   = walker
        self.part     = part or walker
        self.under_way = Signal()
        self.steady   = Signal()
        self.sound    = Signal()
        self.request  = Signal(walker.request.p.shape())
        self.reads    = Signal()
        self.walk     = Signal(walk_layout(walker.config))
        self.before   = Signal.like(self.walk)
        self.latest   = Signal.like(self.request)
        self.root     = Signal.like(self.walk)
        self.outstanding = Signal()
        self.reading  = Signal()
        self.upper    = Signal()
        self.place    = Signal.like(Cat(walker.memory.adr, walker.memory.sel))
        self.again    = Signal(64)
        self.compared = Signal()
        self.answers  = Signal(6)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.part = self.part
        walker = self.walker
        self._follow_control(m)
        self._begin(m)

        requested = walker.request.valid & walker.request.ready
        so_far    = self.before
        memory    = walker.memory
        m.d.comb += [self.walk.eq(so_far), self.request.eq(self.latest)]
        m.d.sync += [
            so_far.eq(self.walk),
            self.latest.eq(self.request),
            self.answers.eq(self.answers + (self.outstanding & (memory.ack | memory.err))),
        ]
        self._follow_memory(m, so_far)
        # The first entry is read in the cycle of the request.
        with m.If(requested):
            start = walker.request.p.start
            m.d.sync += self.answers.eq(0)
            m.d.comb += [self.request.eq(walker.request.p), self.walk.eq(self.root)]
            with m.If(walker.request.p.started):
                # Its table is below the PDPTE registers, which are not looked at.
                m.d.comb += [
                    self.walk.missing.eq(0),
                    self.walk.rights.eq(start.rights),
                    self.walk.next.eq(start.level),
                    self.walk.table.eq(start.table),
                ]
        with m.If(walker.walk_again):
            m.d.sync += [so_far.eq(self.root), self.answers.eq(0)]
        return m

    def _follow_control(self, m: Any) -> None:
        """See whether the control state stays during a walk."""
        walker  = self.walker
        control = Cat(walker.mode.as_value(), walker.protection.as_value(), self._pdptes())
        before  = Signal.like(control)
        m.d.sync += before.eq(control)
        with m.If(walker.response.valid & walker.response.ready):
            m.d.sync += self.under_way.eq(0)
        with m.If(walker.request.valid & walker.request.ready):
            m.d.sync += self.under_way.eq(1)
        m.d.comb += self.steady.eq(~self.under_way | (control == before))

    def _pdptes(self) -> Any:
        """The PDPTE registers, if there are any."""
        return self.walker.pdptes.as_value() if self.walker.config.pae else Cat()

    def _begin(self, m: Any) -> None:
        """Know where a walk from the root begins."""
        mode, root = self.walker.mode, self.root
        m.d.comb += [
            root.rights.eq(Rights.const({"writable": 1, "user": 1})),
            root.next.eq(top_of(mode)),
            root.table.eq(mode.root),
        ]
        if self.walker.config.pae:
            with m.If(mode.pae):
                pdpte = data.View(Pdpte, self._pdptes().word_select(
                    self.request.page[18:20], 64))
                m.d.comb += [root.table.eq(pdpte.frame), root.missing.eq(~pdpte.present)]

    def _follow_memory(self, m: Any, so_far: Any) -> None:
        """Take what memory returns for the next entry, and see the bits that updates store."""
        memory   = self.walker.memory
        accepted = memory.cyc & memory.stb & ~memory.stall
        locked   = memory.cyc & memory.lock
        # Memory answers to others, too.
        ack, err = self.outstanding & memory.ack, self.outstanding & memory.err
        stored   = data.View(Entry, memory.dat_w)
        m.d.comb += [
            self.reads.eq(accepted & ~memory.lock),
            self.sound.eq((~(memory.ack | memory.err) | self.outstanding)
                          & ~(memory.ack & memory.err)),
        ]
        with m.If(ack | err):
            m.d.sync += [self.outstanding.eq(0), self.reading.eq(0)]
        with m.If(accepted):
            m.d.sync += [self.outstanding.eq(1), self.reading.eq(~memory.lock)]
        with m.If(self.reads):
            m.d.sync += [
                self.upper.eq(memory.sel == 0xf0),
                self.place.eq(Cat(memory.adr, memory.sel)),
            ]
        with m.If(err):
            m.d.comb += self.walk.failed.eq(1)
        half = Mux(self.upper, memory.dat_r[32:], memory.dat_r[:32])
        word = Mux(self.walker.mode.wide, memory.dat_r, half)
        with m.If(self.reading & ack):
            self._go_on(m, so_far, word)
        with m.If(accepted & memory.we):
            # Entries of 4 bytes are stored in both halves, of which one is selected.
            m.d.sync += [
                so_far.accessed.eq(so_far.accessed | stored.accessed),
                so_far.dirty.eq(so_far.dirty | stored.dirty),
            ]
        with m.If(~locked | err | (ack & self.compared)):
            m.d.sync += self.compared.eq(0)
        with m.Elif(ack & ~self.reading):
            m.d.sync += [self.compared.eq(1), self.again.eq(word)]

    def _go_on(self, m: Any, so_far: Any, word: Any) -> None:
        """Go on to an entry that was returned."""
        walker = self.walker
        entry  = data.View(Entry, word)
        form   = {"mode": walker.mode}
        bad    = reserved(entry, so_far.next, **form, nxe=walker.protection.nxe,
                          maxphyaddr=walker.config.maxphyaddr, config=walker.config)
        m.d.comb += [
            self.walk.began.eq(1),
            self.walk.missing.eq(so_far.missing | ~entry.present),
            self.walk.malformed.eq(so_far.malformed | (entry.present & bad)),
            self.walk.rights.eq(below(so_far.rights, entry)),
            self.walk.entry.eq(entry),
            self.walk.level.eq(so_far.next),
            self.walk.leaf.eq(is_leaf(entry, so_far.next, **form)),
            self.walk.accessed.eq(entry.accessed),
            self.walk.dirty.eq(entry.dirty),
            self.walk.next.eq(so_far.next - 1),
            self.walk.table.eq(entry.frame),
        ]
