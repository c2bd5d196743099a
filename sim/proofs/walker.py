"""Proofs: a walk gives a translation only if every entry allows it, and that of the last entry.

Bounded: for all memory that responds in the cycle after a request, and for all walks that end in a
number of cycles after reset, in every paging mode, from the root or from a table that the request
names. The forms of entries are those of :mod:`hw.reserved`, which has proofs of its own.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal
from amaranth.lib import data

from hw.layout import Entry, Level, PageSize, Pdpte
from hw.linear import entry_offset
from hw.permission import Rights, below, denied_by_key
from hw.presets import PRESETS
from hw.reserved import is_leaf, large_frame_32bit, reserved
from hw.walker import Walker

from .accesses import Case
from .design import inputs_of
from .proof import Sentence, Subject, prove, under
from .property import Method, Property


__all__ = ["CONFIG", "PROPERTIES", "Watch", "prove_of_walker"]


CONFIG = PRESETS["full"]


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

    Attributes
    ----------
    steady : :class:`Signal`
        The control state is that of the cycle before.
    responds : :class:`Signal`
        Memory responds in the cycle after a request, and only then.
    request : :class:`Signal`
        What is walked.
    reads : :class:`Signal`
        An entry is read: not by an update.
    walk : :class:`Signal`
        The walk, with what is returned in this cycle.
    before : :class:`Signal`
        The walk without that.
    """

    def __init__(self, walker: Any):
        self.walker   = walker
        self.steady   = Signal()
        self.responds = Signal()
        self.request  = Signal(walker.request.p.shape())
        self.reads    = Signal()
        self.walk     = Signal(walk_layout(walker.config))
        self.before   = Signal.like(self.walk)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.walker = walker = self.walker
        mode    = walker.mode
        control = Cat(mode.as_value(), walker.protection.as_value(), walker.pdptes.as_value())
        started, before = Signal(), Signal.like(control)
        m.d.sync += [started.eq(1), before.eq(control)]
        m.d.comb += self.steady.eq(~started | (control == before))

        requested = walker.request.valid & walker.request.ready
        latest    = Signal.like(self.request)
        root      = Signal.like(self.walk)
        so_far    = self.before
        m.d.comb += [
            self.walk.eq(so_far),
            self.request.eq(latest),
            root.rights.eq(Rights.const({"writable": 1, "user": 1})),
            root.next.eq(top_of(mode)),
            root.table.eq(mode.root),
        ]
        with m.If(mode.pae):
            pdpte = data.View(Pdpte, walker.pdptes.as_value().word_select(
                self.request.page[18:20], 64))
            m.d.comb += [root.table.eq(pdpte.frame), root.missing.eq(~pdpte.present)]
        m.d.sync += [so_far.eq(self.walk), latest.eq(self.request)]
        self._follow_memory(m, so_far)
        # The first entry is read in the cycle of the request.
        with m.If(requested):
            start = walker.request.p.start
            m.d.comb += [self.request.eq(walker.request.p), self.walk.eq(root)]
            with m.If(walker.request.p.started):
                # Its table is below the PDPTE registers, which are not looked at.
                m.d.comb += [
                    self.walk.missing.eq(0),
                    self.walk.rights.eq(start.rights),
                    self.walk.next.eq(start.level),
                    self.walk.table.eq(start.table),
                ]
        with m.If(walker.walk_again):
            m.d.sync += so_far.eq(root)
        return m

    def _follow_memory(self, m: Any, so_far: Any) -> None:
        """Take what memory returns for the next entry, and see the bits that updates store."""
        memory = self.walker.memory
        requested, returned, upper, stored = Signal(), Signal(), Signal(), Signal(64)
        accepted = memory.cyc & memory.stb & ~memory.stall
        m.d.comb += [
            self.reads.eq(accepted & ~memory.lock),
            self.responds.eq(~memory.stall & ((memory.ack ^ memory.err) == requested)
                             & ~(memory.ack & memory.err)),
        ]
        m.d.sync += [
            requested.eq(accepted),
            returned.eq(self.reads),
            upper.eq(memory.sel == 0xf0),
        ]
        with m.If(memory.err):
            m.d.comb += self.walk.failed.eq(1)
        with m.If(returned & memory.ack):
            half = Mux(upper, memory.dat_r[32:], memory.dat_r[:32])
            self._go_on(m, so_far, Mux(self.walker.mode.wide, memory.dat_r, half))
        with m.If(accepted & memory.we):
            m.d.comb += stored.eq(memory.dat_w)
            m.d.sync += [
                so_far.accessed.eq(so_far.accessed | data.View(Entry, stored).accessed),
                so_far.dirty.eq(so_far.dirty | data.View(Entry, stored).dirty),
            ]

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


def prove_of_walker(walker: Any, cycles: int) -> Any:
    """Prove of walks that fit into a number of cycles that the response is what the entries say."""
    config, mode, memory = walker.config, walker.mode, walker.memory
    watch    = Watch(walker)
    walk     = watch.walk
    response = walker.response.p
    found    = response.translation
    by_key   = walk.leaf & denied_by_key(
        access=watch.request.access, rights=walk.rights, key=walk.entry.key,
        protection=walker.protection)
    case     = Case(watch.request.access, walk.rights, walker.protection, by_key)
    start    = walker.request.p.start
    learnt, before = walker.learn.p, watch.before
    ended    = walker.response.valid
    judged   = ended & ~walk.failed
    sound    = ~walk.missing & ~walk.malformed
    allowed  = ended & ~response.fault
    offset   = entry_offset(
        watch.request.page, walk.next, wide=mode.wide, config=config)

    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("hw.walker", text, when, then)

    prove(
        Subject(
            inputs=inputs_of(walker), part=watch,
            given=(watch.steady & watch.responds & ~(mode.pae & mode.long_mode)
                   & (mode.long_mode | ~mode.five_levels) & (start.level <= top_of(mode))
                   & Case(walker.request.p.access, walk.rights, walker.protection).given),
            fields={
                **case.fields,
                "IA32_EFER.LMA": mode.long_mode,
                "PAE paging":    mode.pae,
                "5 levels":      mode.five_levels,
                "CR4.PSE":       mode.pse,
                "request":       walker.request.valid & walker.request.ready,
                "page":          watch.request.page,
                "started":       watch.request.started,
                **{name: getattr(memory, name) for name in (
                    "stb", "we", "adr", "sel", "dat_w", "ack", "err", "dat_r")},
                "next level":    (walk.next, Level),
                "some P = 0":    walk.missing,
                "reserved bit":  walk.malformed,
                "response":      ended,
                "fault":         response.fault,
                "bus error":     response.bus_error,
            }), [
            says("an entry is read only if no PDPTE above it is missing, and the last entry is "
                 "present, well-formed, marked as accessed, and references a table",
                 watch.reads,
                 sound & ~walk.failed & (~walk.began | (walk.accessed & ~walk.leaf))),
            says("an entry is read where its table is, by the linear address",
                 watch.reads, memory.adr == Cat(offset, walk.table)[3:]),
            says("an entry that is missing or malformed ends the walk in a fault",
                 judged & ~sound, response.fault),
            says("a walk ends in a bus error if a transfer of it fails, and only then",
                 ended, (response.fault & response.bus_error) == walk.failed),
            says("what is learnt is the table that an entry references, which is present, "
                 "well-formed and marked as accessed, and the rights of all above it",
                 walker.learn.valid,
                 before.began & ~before.missing & ~before.malformed & before.accessed
                 & ~before.leaf & ~before.failed & (learnt.level == before.next)
                 & (learnt.table == before.table) & (learnt.rights == before.rights)),
            *under(judged & sound, case.access_rights(allowed)),
            *under(judged & response.fault, case.error_code(
                response.error.as_value(), not_present=walk.missing,
                reserved_bit=walk.malformed)),
            says("a translation is of the last entry, which maps a page, with the rights of all",
                 allowed, walk.leaf & (found.rights == walk.rights)
                 & (found.key == walk.entry.key)
                 & (found.global_page == (walk.entry.global_page & mode.pge))),
            says("its frame and its size are of the last entry", allowed,
                 Cat(found.frame, found.size) == frame_and_size(walk, mode, config)),
            says("a page is marked as accessed, and as dirty by a write, before it is used",
                 allowed, walk.accessed & (walk.dirty | ~case.write) & (found.dirty == walk.dirty)),
        ], cycles=cycles)


def frame_and_size(walk: Any, mode: Any, config: Any) -> Any:
    """Frame and size of the page that the last entry maps."""
    plain = Cat(walk.entry.frame[:config.frame_width], Mux(
        walk.level == Level.PT, PageSize.KIB4,
        Mux(walk.level == Level.PD, PageSize.MIB2, PageSize.GIB1))[:2])
    large = Cat(large_frame_32bit(walk.entry)[:config.frame_width], Const(PageSize.MIB4, 2))
    return Mux(mode.wide | (walk.level == Level.PT), plain, large)


PROPERTIES = [Property(
    name="walks", block="hw.walker", source="SDM 4.3 to 4.8",
    says="a walk gives what the entries say that memory returned, each read at base and index: a "
         "translation after A and D are set, or the fault, or a bus error",
    method=Method.BOUNDED, depth=11, units=("full",),
    prove=lambda unit, depth: prove_of_walker(Walker(PRESETS[unit]), depth))]
