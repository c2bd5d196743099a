"""Registers of a walker and the walk that it does, from which follows what it responds.

The sentences of :mod:`sim.proofs.walker` are about its ports; these are about its registers.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Mux, Value

from hw.linear import entry_offset
from hw.permission import below, denied, denied_by_key
from hw.reserved import is_leaf, reserved

from .accesses import Case
from .opened import in_a_state, in_state, opened
from .proof import Sentence
from .walker_watch import Watch, top_of


__all__ = ["ANSWERS", "Kept", "denies", "says", "sound", "what_is_kept"]


#: Transfers that memory answers at a level, at most: an entry is read, read again, and stored.
ANSWERS = 3


def says(text: str, when: Any, then: Any) -> Sentence:
    """A sentence about a walker."""
    return Sentence("hw.walker", text, when, then)


def sound(walk: Any) -> Value:
    """No entry of a walk was missing or malformed."""
    return ~walk.missing & ~walk.malformed


def denies(config: Any, access: Any, rights: Any, entry: Any, protection: Any) -> Value:
    """An access has no right to the page of an entry."""
    known  = {"access": access, "rights": rights, "protection": protection}
    by_key = denied_by_key(**known, key=entry.key) if config.keys else Const(0)
    return denied(**known, by_key=by_key)


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
                & sound(before) & ~before.failed
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


def what_is_kept(kept: Kept) -> list[Sentence]:
    """Sentences about what the walker keeps, in each of its states."""
    watch, inside, before = kept.watch, kept.inside, kept.watch.before
    entry   = kept.entry
    writes  = Case(inside._access, before.rights, kept.protection).write
    stored  = kept.updates("END_UPDATE")
    dirties = before.leaf & writes
    waits   = kept.is_at("WAIT_ENTRY")
    levels  = top_of(kept.mode) - before.next
    checks, updates = kept.is_at("CHECK_ENTRY"), kept.is_at("UPDATE_ENTRY")
    return [
        says("walker and updater are in states that there are", Const(1),
             in_a_state(kept.module) & in_a_state(kept.updating)),
        says("a walk is under way in all states but one", Const(1),
             watch.under_way == ~kept.is_at("IDLE")),
        says("the page and the access are those of the request", ~kept.is_at("IDLE"),
             (inside._page == watch.latest.page) & (inside._access == watch.latest.access)),
        says("one transfer is outstanding while the walker waits for it, and no other",
             Const(1), (watch.outstanding == (waits | kept.updates(
                 "COMPARE_ENTRY", "END_UPDATE"))) & (watch.reading == waits)),
        says("an update is of a walk that waits for it", ~kept.updates("READ_ENTRY"), updates),
        says("an entry that is to be read is the next one", kept.is_at("READ_ENTRY"),
             kept.points()),
        says("an entry that is being read is the next one", waits,
             kept.points() & (watch.place == kept.place())
             & (watch.upper == (kept.place()[-8:] == 0xf0))),
        says("the read of a word of which an entry is a half is of that half",
             checks & sound(before) | updates, watch.upper == (watch.place[-8:] == 0xf0)),
        says("an entry that is looked at is present, well-formed or neither, as the walk has it",
             checks, ~before.failed & (before.missing == ~entry.present)
             & (before.malformed == (entry.present & kept.malformed()))),
        says("an entry that is looked at is the last one", checks & sound(before),
             kept.has(entry.accessed, entry.dirty)),
        says("an entry that is updated is the last one, and is to be marked", updates,
             sound(before) & ~before.failed
             & kept.has(entry.accessed | stored, entry.dirty | (stored & dirties))
             & (~entry.accessed | (dirties & ~entry.dirty)) & ~_kept_denial(kept)),
        says("a walk that begins anew begins at the root", kept.is_at("AGAIN"),
             (before == watch.root) & (watch.answers == 0)),
        says("a walk that fails has failed", kept.is_at("FAIL"), before.failed),
        says("what is learnt is the table to which the walk has come", inside.learn.valid,
             before.began & kept.is_at("READ_ENTRY", "WAIT_ENTRY")),
        says("an entry is stored that was read again, as it was expected",
             kept.updates("WRITE_ENTRY", "END_UPDATE"),
             watch.compared & (watch.again == entry.as_value())),
        says("an entry is read again once", kept.updates("READ_ENTRY", "COMPARE_ENTRY"),
             ~watch.compared | kept.is_at("AGAIN")),
        says("memory has answered to an entry that is to be read as often as levels allow",
             kept.is_at("READ_ENTRY", "WAIT_ENTRY"), watch.answers <= ANSWERS * levels),
        says("memory has answered to an entry that is looked at as often as levels allow",
             checks & sound(before) | updates,
             watch.answers <= ANSWERS * (top_of(kept.mode) - kept.level) + Mux(
                 checks & entry.accessed & (~dirties | entry.dirty), ANSWERS,
                 1 + kept.updates("WRITE_ENTRY", "END_UPDATE"))),
    ]


def _kept_denial(kept: Kept) -> Value:
    """The entry that is kept maps a page to which the access has no right."""
    before = kept.watch.before
    return before.leaf & denies(
        kept.config, kept.inside._access, before.rights, kept.entry, kept.protection)
