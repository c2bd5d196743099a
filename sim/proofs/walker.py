"""Proofs: a walk gives a translation only if every entry allows it, and that of the last entry.

By induction: for walks of any length, in every paging mode of a unit, from the root or from a table
that the request names, whenever memory responds. So that it closes, further sentences say what the
walker keeps. The forms of entries are those of :mod:`hw.reserved`, which has proofs of its own.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import data

from hw.layout import Entry, Level, PageSize
from hw.linear import entry_offset
from hw.permission import below, denied, denied_by_key
from hw.presets import PRESETS
from hw.reserved import is_leaf, large_frame_32bit, reserved
from hw.walker import Walker

from .accesses import Case
from .design import inputs_of
from .opened import in_a_state, in_state, opened
from .proof import Sentence, Subject, prove_for_ever, under
from .property import Method, Property
from .walker_watch import Watch, top_of


__all__ = ["PROPERTIES", "Kept", "frame_and_size", "modes_of", "prove_of_walker", "what_is_kept"]


#: Cycles from reset in which there is a case of everything.
CYCLES = 8

#: Transfers that memory answers at a level, at most: an entry is read, read again, and stored.
ANSWERS = 3


def _says(text: str, when: Any, then: Any) -> Sentence:
    return Sentence("hw.walker", text, when, then)


def modes_of(walker: Any, watch: Watch) -> Value:
    """The paging mode is one that the unit has; a walk begins at a table that there is in it."""
    mode, config, start = walker.mode, walker.config, walker.request.p.start
    lacking = Cat(value for value, there in (
        (mode.long_mode, config.long_mode), (mode.pae, config.pae), (mode.five_levels, config.la57),
        (mode.pse, config.pse)) if not there)
    return (~lacking.any() & ~(mode.pae & mode.long_mode) & (mode.long_mode | ~mode.five_levels)
            & (start.level <= top_of(mode)))


class Kept:
    """A walker's registers, and what its walk should have in them.

    Parameters
    ----------
    walker, inside : component
        The walker, as it was given, and as it is inside.
    watch : :class:`.walker_watch.Watch`
        The walk.
    """

    def __init__(self, walker: Any, inside: Any, watch: Watch):
        self.config, self.mode, self.watch = walker.config, walker.mode, watch
        self.protection = walker.protection
        self.inside, self.module = inside, opened(inside)
        self.updating = opened(self.module.submodules.updater)
        self.entry, self.level = inside._entry, inside._level

    def is_at(self, *states: str) -> Value:
        """The walker is in one of some states."""
        return in_state(self.module, *states)

    def updates(self, *states: str) -> Value:
        """Its updater is."""
        return in_state(self.updating, *states)

    def offset(self, level: Any) -> Value:
        """Offset of the entry for the page at a level, in its table."""
        return entry_offset(self.inside._page, level, wide=self.mode.wide, config=self.config)

    def malformed(self) -> Value:
        """The entry that is kept has a reserved bit."""
        return reserved(self.entry, self.level, mode=self.mode, nxe=self.protection.nxe,
                        maxphyaddr=self.config.maxphyaddr, config=self.config)

    def place(self) -> Value:
        """Address and lanes of the entry that is kept."""
        address = Cat(self.inside._offset, self.inside._table)
        return Cat(address[3:], Mux(self.mode.wide, 0xff, Mux(address[2], 0xf0, 0x0f)))

    def points(self) -> Value:
        """The registers are of the entry that comes next in the walk, before this cycle."""
        inside, before = self.inside, self.watch.before
        return ((self.level == before.next) & (inside._table == before.table)
                & (inside._offset == self.offset(before.next)) & (inside._parent == before.rights)
                & _sound(before) & ~before.failed
                & (~before.began | (before.accessed & ~before.leaf))
                & (before.next <= top_of(self.mode)))

    def has(self, accessed: Any, dirty: Any) -> Value:
        """The registers are of the entry that the walk has come to, and its A and D are these."""
        inside, before, entry = self.inside, self.watch.before, self.entry
        kept, read = entry.as_value(), before.entry.as_value()
        return (before.began & (self.level == before.level) & (self.level <= top_of(self.mode))
                & (self.watch.place == self.place())
                & (inside._offset == self.offset(self.level))
                & (kept[:5] == read[:5]) & (kept[7:] == read[7:])
                & (before.accessed == accessed) & (before.dirty == dirty)
                & (below(inside._parent, entry) == before.rights.as_value())
                & (before.leaf == is_leaf(entry, self.level, mode=self.mode))
                & (before.next == (self.level - 1)[:len(before.next)])
                & (before.table == entry.frame[:self.config.frame_width])
                & entry.present & ~self.malformed()
                & (self.mode.wide | (kept[32:] == 0)))


def _sound(walk: Any) -> Value:
    """No entry of a walk was missing or malformed."""
    return ~walk.missing & ~walk.malformed


def what_is_kept(kept: Kept) -> list[Sentence]:
    """What the walker keeps, in each of its states."""
    watch, inside, before = kept.watch, kept.inside, kept.watch.before
    entry   = kept.entry
    writes  = Case(inside._access, before.rights, kept.protection).write
    stored  = kept.updates("END_UPDATE")
    dirties = before.leaf & writes
    waits   = kept.is_at("WAIT_ENTRY")
    levels  = top_of(kept.mode) - before.next
    checks, updates = kept.is_at("CHECK_ENTRY"), kept.is_at("UPDATE_ENTRY")
    return [
        _says("walker and updater are in states that there are", Const(1),
              in_a_state(kept.module) & in_a_state(kept.updating)),
        _says("a walk is under way in all states but one", Const(1),
              watch.under_way == ~kept.is_at("IDLE")),
        _says("the page and the access are those of the request", ~kept.is_at("IDLE"),
              (inside._page == watch.latest.page) & (inside._access == watch.latest.access)),
        _says("one transfer is outstanding while the walker waits for it, and no other",
              Const(1), (watch.outstanding == (waits | kept.updates(
                  "COMPARE_ENTRY", "END_UPDATE"))) & (watch.reading == waits)),
        _says("an update is of a walk that waits for it", ~kept.updates("READ_ENTRY"), updates),
        _says("an entry that is to be read is the next one", kept.is_at("READ_ENTRY"),
              kept.points()),
        _says("an entry that is being read is the next one", waits,
              kept.points() & (watch.place == kept.place())
              & (watch.upper == (kept.place()[-8:] == 0xf0))),
        _says("the read of a word of which an entry is a half is of that half",
              checks & _sound(before) | updates, watch.upper == (watch.place[-8:] == 0xf0)),
        _says("an entry that is looked at is present, well-formed or neither, as the walk has it",
              checks, ~before.failed & (before.missing == ~entry.present)
              & (before.malformed == (entry.present & kept.malformed()))),
        _says("an entry that is looked at is the last one", checks & _sound(before),
              kept.has(entry.accessed, entry.dirty)),
        _says("an entry that is updated is the last one, and is to be marked", updates,
              _sound(before) & ~before.failed
              & kept.has(entry.accessed | stored, entry.dirty | (stored & dirties))
              & (~entry.accessed | (dirties & ~entry.dirty)) & ~_kept_denial(kept)),
        _says("a walk that begins anew begins at the root", kept.is_at("AGAIN"),
              (before == watch.root) & (watch.answers == 0)),
        _says("a walk that fails has failed", kept.is_at("FAIL"), before.failed),
        _says("what is learnt is the table to which the walk has come", inside.learn.valid,
              before.began & kept.is_at("READ_ENTRY", "WAIT_ENTRY")),
        _says("an entry is stored that was read again, as it was expected",
              kept.updates("WRITE_ENTRY", "END_UPDATE"),
              watch.compared & (watch.again == entry.as_value())),
        _says("an entry is read again once", kept.updates("READ_ENTRY", "COMPARE_ENTRY"),
              ~watch.compared | kept.is_at("AGAIN")),
        _says("memory has answered to an entry that is to be read as often as levels allow",
              kept.is_at("READ_ENTRY", "WAIT_ENTRY"), watch.answers <= ANSWERS * levels),
        _says("memory has answered to an entry that is looked at as often as levels allow",
              checks & _sound(before) | updates,
              watch.answers <= ANSWERS * (top_of(kept.mode) - kept.level) + Mux(
                  checks & entry.accessed & (~dirties | entry.dirty), ANSWERS,
                  1 + kept.updates("WRITE_ENTRY", "END_UPDATE"))),
    ]


def _kept_denial(kept: Kept) -> Value:
    """The entry that is kept maps a page to which the access has no right."""
    access, before, inside = kept.inside._access, kept.watch.before, kept.inside
    return before.leaf & _denied(kept.config, access, before.rights, kept.entry, kept.protection)


def _denied(config: Any, access: Any, rights: Any, entry: Any, protection: Any) -> Value:
    """An access has no right to the page of an entry."""
    known  = {"access": access, "rights": rights, "protection": protection}
    by_key = denied_by_key(**known, key=entry.key) if config.keys else Const(0)
    return denied(**known, by_key=by_key)


def _of_stores(walker: Any, watch: Watch, case: Case) -> list[Sentence]:
    """An entry is stored only with A and D set, in the bus cycle in which it was read again."""
    memory, walk = walker.memory, watch.walk
    stores = memory.cyc & memory.stb & memory.we
    half   = Mux(watch.upper, memory.dat_w[32:], memory.dat_w[:32])
    stored = data.View(Entry, Mux(walker.mode.wide, memory.dat_w, half))
    bits, again = stored.as_value(), watch.again
    read = walk.entry.as_value()
    return [
        _says("an entry is stored where it was read, in a locked bus cycle in which it was read "
              "again, and was as before", stores,
              memory.lock & watch.compared & (Cat(memory.adr, memory.sel) == watch.place)
              & (again == Cat(read[:5], walk.accessed, walk.dirty, read[7:]))),
        _says("an entry is stored as it was, but for A and D", stores,
              (bits[:5] == again[:5]) & (bits[7:] == again[7:])),
        _says("an entry is stored with A = 1", stores, stored.accessed),
        _says("an entry is stored with D = 1 if it was, or if it maps the page of a write",
              stores, stored.dirty == (again[6] | (walk.leaf & case.write))),
        _says("an entry is stored that is present and well-formed, and whose page the access has a "
              "right to", stores, _sound(walk) & ~walk.failed & (~walk.leaf | ~_denied(
                  walker.config, watch.request.access, walk.rights, walk.entry,
                  walker.protection))),
    ]


def _of_reads(walker: Any, watch: Watch) -> list[Sentence]:
    """Entries are read one after the other, each where its table is."""
    config, memory, walk = walker.config, walker.memory, watch.walk
    offset = entry_offset(watch.request.page, walk.next, wide=walker.mode.wide, config=config)
    return [
        _says("an entry is read only if no PDPTE above it is missing, and the last entry is "
              "present, well-formed, marked as accessed, and references a table", watch.reads,
              _sound(walk) & ~walk.failed & (~walk.began | (walk.accessed & ~walk.leaf))),
        _says("an entry is read where its table is, by the linear address", watch.reads,
              memory.adr == Cat(offset, walk.table)[3:]),
    ]


def _of_response(walker: Any, watch: Watch, case: Case) -> list[Sentence]:
    """The response is what the entries say that memory has returned, and so is what is learnt."""
    config, mode, walk = walker.config, walker.mode, watch.walk
    response, learnt, before = walker.response.p, walker.learn.p, watch.before
    found   = response.translation
    ended   = walker.response.valid
    judged  = ended & ~walk.failed
    sound   = _sound(walk)
    allowed = ended & ~response.fault
    key     = found.key == walk.entry.key if config.keys else Const(1)
    return [
        _says("an entry that is missing or malformed ends the walk in a fault", judged & ~sound,
              response.fault),
        _says("a walk ends in a bus error if a transfer of it fails, and only then", ended,
              (response.fault & response.bus_error) == walk.failed),
        _says("what is learnt is the table that an entry references, which is present, "
              "well-formed and marked as accessed, and the rights of all above it",
              walker.learn.valid, before.began & _sound(before) & before.accessed
              & ~before.leaf & ~before.failed & (learnt.level == before.next)
              & (learnt.table == before.table) & (learnt.rights == before.rights)),
        *under(judged & sound, case.access_rights(allowed)),
        *under(judged & response.fault, case.error_code(
            response.error.as_value(), not_present=walk.missing, reserved_bit=walk.malformed)),
        _says("a translation is of the last entry, which maps a page, with the rights of all",
              allowed, walk.leaf & (found.rights == walk.rights) & key
              & (found.global_page == (walk.entry.global_page & mode.pge))),
        _says("its frame and its size are of the last entry", allowed,
              Cat(found.frame, found.size) == frame_and_size(walk, mode, config)),
        _says("a page is marked as accessed, and as dirty by a write, before it is used",
              allowed, walk.accessed & (walk.dirty | ~case.write) & (found.dirty == walk.dirty)),
        _says(f"a walk ends when memory has answered {ANSWERS} times for each level, or before",
              ended & sound & ~walk.failed,
              watch.answers <= ANSWERS * (top_of(mode) - walk.level + 1)),
    ]


def prove_of_walker(walker: Any, inside: Any) -> None:
    """Prove of a walker, which is ``inside``, that its responses are what the entries say."""
    config, memory = walker.config, walker.memory
    watch  = Watch(walker)
    walk   = watch.walk
    by_key = walk.leaf & denied_by_key(
        access=watch.request.access, rights=walk.rights, key=walk.entry.key,
        protection=walker.protection) if config.keys else None
    case   = Case(watch.request.access, walk.rights, walker.protection, by_key)
    prove_for_ever(
        Subject(
            inputs=inputs_of(walker), part=watch,
            given=(watch.steady & watch.sound & modes_of(walker, watch)
                   & Case(walker.request.p.access, walk.rights, walker.protection).given),
            fields={
                **case.fields,
                "IA32_EFER.LMA": walker.mode.long_mode,
                "PAE paging":    walker.mode.pae,
                "5 levels":      walker.mode.five_levels,
                "CR4.PSE":       walker.mode.pse,
                "request":       walker.request.valid & walker.request.ready,
                "page":          watch.request.page,
                "started":       watch.request.started,
                **{name: getattr(memory, name) for name in (
                    "stb", "stall", "we", "adr", "sel", "dat_w", "ack", "err", "dat_r")},
                "next level":    (walk.next, Level),
                "some P = 0":    walk.missing,
                "reserved bit":  walk.malformed,
                "response":      walker.response.valid,
                "fault":         walker.response.p.fault,
                "bus error":     walker.response.p.bus_error,
            }), [
            *_of_reads(walker, watch), *_of_stores(walker, watch, case),
            *_of_response(walker, watch, case), *what_is_kept(Kept(walker, inside, watch)),
        ], cycles=CYCLES, depth=1)


def frame_and_size(walk: Any, mode: Any, config: Any) -> Any:
    """Frame and size of the page that the last entry maps."""
    plain = Cat(walk.entry.frame[:config.frame_width], Mux(
        walk.level == Level.PT, PageSize.KIB4,
        Mux(walk.level == Level.PD, PageSize.MIB2, PageSize.GIB1))[:2])
    large = Cat(large_frame_32bit(walk.entry)[:config.frame_width], Const(PageSize.MIB4, 2))
    return Mux(mode.wide | (walk.level == Level.PT), plain, large)


def _prove(unit: str) -> None:
    walker = Walker(PRESETS[unit])
    prove_of_walker(walker, walker)


PROPERTIES = [Property(
    name="walks", block="hw.walker", source="SDM 4.3 to 4.8",
    says="a walk gives what the entries say that memory returned, each read at base and index: a "
         "translation after A and D are set, or the fault, or a bus error; an entry is stored in "
         "a locked bus cycle, if it is as it was read, with nothing changed but A, and D in that "
         f"of a page that is written; memory answers {ANSWERS} times for each level at most",
    method=Method.INDUCTION, units=tuple(PRESETS), prove=lambda unit, depth: _prove(unit))]
