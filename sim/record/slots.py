"""Contents of TLBs in a waveform: a text for each translation, from the changes that units show.

A translation has the first slot that is free when it comes, until it goes. That is an order for
readers, and not the order of the unit's own arrays.
"""

from collections.abc import Sequence

from amaranth.lib import data

from hw.bus import Events, TlbUpdate

from .decoding import tlb_changes
from .tlb import TlbContents, TlbEntry
from .waves import Shown
from .words import rights_text


__all__ = ["TlbSlots"]


#: The groups with the fields of :class:`hw.bus.TlbUpdate` and of :class:`hw.bus.Events`, in their
#: order, and the first of these.
CHANGES, EVENTS = ("tlb", "page"), ("events", "hit")

#: Text of a slot that is free.
FREE = "-"

_events = (1 << data.Layout.cast(Events).size) - 1
_update = (1 << data.Layout.cast(TlbUpdate).size) - 1


class TlbSlots:
    """Slots for the translations of all TLBs whose changes are among the signals of a waveform.

    Parameters
    ----------
    signals : sequence of :class:`.waves.Shown`
        Signals in the order in which their values are packed.
    count : :class:`int`
        Translations that a TLB holds at most; without any, there are no slots.

    Attributes
    ----------
    shown : :class:`list` of :class:`.waves.Shown`
        The slots, one TLB after the other; of no width, for their texts are made here.
    texts : :class:`list` of :class:`str`
        What is in them.
    """

    def __init__(self, signals: Sequence[Shown], count: int):
        places = _places(signals)
        scopes = [group.removesuffix(CHANGES[0]) for group, name in places
                  if count and (group.rpartition(".")[2], name) == CHANGES]
        self.shown = [Shown(scope + CHANGES[0], f"entry_{number}", 0, str)
                      for scope in scopes for number in range(count)]
        self.texts = [FREE] * len(self.shown)
        self._tlbs = [_Tlb(places[scope + EVENTS[0], EVENTS[1]],
                           places[scope + CHANGES[0], CHANGES[1]], count) for scope in scopes]

    def step(self, cycle: int, bits: int) -> list[tuple[int, str]]:
        """Take the values in ``cycle``; return the slots that change with the next, and how."""
        changed = [tlb.step(cycle, bits) for tlb in self._tlbs]
        if not any(changed):
            return []
        before, self.texts = self.texts, [
            FREE if entry is None else _text(entry) for tlb in self._tlbs for entry in tlb.slots]
        return [(slot, text) for slot, text in enumerate(self.texts) if text != before[slot]]


class _Tlb:
    """A TLB, its translations in slots; the strobes and what they concern are at these offsets."""

    def __init__(self, events: int, update: int, count: int):
        self._events   = events
        self._update   = update
        self._contents = TlbContents()
        self.slots: list[TlbEntry | None] = [None] * count

    def step(self, cycle: int, bits: int) -> bool:
        """Take the values in a cycle; return whether there was a change."""
        changes = [*tlb_changes(cycle, bits >> self._events & _events,
                                bits >> self._update & _update)]
        for change in changes:
            gone = self._contents.apply(change)
            self.slots = [None if entry in gone else entry for entry in self.slots]
            if change.entry is not None and change.entry.level == 1:
                self.slots[self.slots.index(None)] = change.entry
        return bool(changes)


def _places(signals: Sequence[Shown]) -> dict[tuple[str, str], int]:
    """The offset of each signal among the packed values, by its group and name."""
    found, offset = {}, 0
    for signal in signals:
        found[signal.group, signal.name] = offset
        offset += signal.width
    return found


def _text(entry: TlbEntry) -> str:
    rights = rights_text(entry.writable, entry.user, entry.execute_disable)
    words  = [f"{entry.linear:#x} > {entry.physical:#x}", rights]
    words += ["D"] * entry.dirty + ["G"] * entry.global_page + ["piece"] * entry.large
    words += [f"PCID {entry.pcid:#x}"] * bool(entry.pcid) + [f"key {entry.key}"] * bool(entry.key)
    return " ".join(words)
