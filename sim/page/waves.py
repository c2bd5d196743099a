"""Signals of a waveform, and what each slot of a TLB holds, change by change."""

from collections.abc import Iterable, Iterator
from typing import Any

from sim.record.slots import TlbSlots
from sim.record.viewed import Viewed
from sim.record.waves import Shown

from .numbered import Numbered


__all__ = ["waves"]


#: Integers above this are text: a browser's numbers are exact up to it.
EXACT = (1 << 53) - 1

#: The values of a signal, each with the cycle from which on it holds, beginning with cycle 0.
_Changes = list[tuple[int, int | str]]


def waves(viewed: Viewed, translations: int) -> dict[str, Any]:
    """All signals, and the slots of TLBs that ever hold something: their names, and their changes.

    A TLB holds as many ``translations`` at most. The changes of a signal are a flat list of cycles
    and values, each cycle counted from the change before. A value of a signal with texts is a place
    in its list of ``texts``.
    """
    slots = TlbSlots(viewed.signals, translations)
    used  = [(slot, changes) for slot, changes
             in zip(slots.shown, _held(viewed, slots), strict=True) if len(changes) > 1]
    found = [*zip(viewed.signals, _changes(viewed), strict=True), *used]
    texts = [Numbered[str]() for _ in found]
    return {
        "signals": [{"group": signal.group, "name": signal.name, "width": signal.width,
                     "text": int(signal.text is not None), "when": _when(signal, viewed)}
                    for signal, _ in found],
        "changes": [list(_flat(changes, names))
                    for (_, changes), names in zip(found, texts, strict=True)],
        "texts":   [names.things for names in texts],
    }


def _when(signal: Shown, viewed: Viewed) -> int | None:
    """Place of the signal while which is high this one means something; None: always."""
    return None if not signal.when else next(
        place for place, other in enumerate(viewed.signals)
        if (other.group, other.name) == (signal.group, signal.when))


def _changes(viewed: Viewed) -> Iterator[_Changes]:
    """The changes of each signal."""
    places, offset = [], 0
    for signal in viewed.signals:
        places.append((offset, (1 << signal.width) - 1))
        offset += signal.width
    found: list[list[tuple[int, int]]] = [[(0, 0)] for _ in places]
    before = 0
    for cycle, bits in viewed.rows:
        changed, before = bits ^ before, bits
        for (place, mask), changes in zip(places, found, strict=True):
            if changed >> place & mask:
                changes.append((cycle, bits >> place & mask))
    for signal, changes in zip(viewed.signals, found, strict=True):
        text = signal.text
        yield [(cycle, value if text is None else text(value)) for cycle, value in changes]


def _held(viewed: Viewed, slots: TlbSlots) -> list[_Changes]:
    """The changes of each slot. It has another text from the cycle after a strobe on."""
    found: list[_Changes] = [[(0, text)] for text in slots.texts]
    for cycle, bits in viewed.rows:
        for slot, text in slots.step(cycle, bits):
            found[slot].append((cycle + 1, text))
    return found


def _flat(changes: Iterable[tuple[int, int | str]], names: Numbered[str]) -> Iterator[Any]:
    last = 0
    for cycle, value in changes:
        yield cycle - last
        if isinstance(value, str):
            yield names.number(value)
        else:
            yield value if value <= EXACT else hex(value)
        last = cycle
