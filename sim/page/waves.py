"""Signals of a waveform, change by change."""

from collections.abc import Iterator
from typing import Any

from sim.record.viewed import Viewed
from sim.record.waves import Shown

from .numbered import Numbered


__all__ = ["waves"]


#: Integers above this are text: a browser's numbers are exact up to it.
EXACT = (1 << 53) - 1


def waves(viewed: Viewed) -> dict[str, Any]:
    """All signals: their names, and their changes.

    The changes of a signal are a flat list of cycles and values, each cycle counted from the
    change before. A value of a signal with texts is a place in its list of ``texts``.
    """
    texts = [Numbered[str]() for _ in viewed.signals]
    return {
        "signals": [{"group": signal.group, "name": signal.name, "width": signal.width,
                     "text": int(signal.text is not None), "when": _when(signal, viewed)}
                    for signal in viewed.signals],
        "changes": [list(_flat(signal, changes, names)) for signal, changes, names
                    in zip(viewed.signals, _changes(viewed), texts, strict=True)],
        "texts":   [names.things for names in texts],
    }


def _when(signal: Shown, viewed: Viewed) -> int | None:
    """Place of the signal while which is high this one means something; None: always."""
    return None if not signal.when else next(
        place for place, other in enumerate(viewed.signals)
        if (other.group, other.name) == (signal.group, signal.when))


def _changes(viewed: Viewed) -> list[list[tuple[int, int]]]:
    """Cycles and values of each signal, beginning with its value in cycle 0."""
    places: list[tuple[int, int, int]] = []  # of each bit: number, offset and mask of its signal
    for number, signal in enumerate(viewed.signals):
        places += [(number, len(places), (1 << signal.width) - 1)] * signal.width
    found: list[list[tuple[int, int]]] = [[(0, 0)] for _ in viewed.signals]
    before = 0
    for cycle, bits in viewed.rows:
        changed, before = bits ^ before, bits
        # Few signals change in a cycle: only they are looked at, from the highest down.
        while changed:
            number, offset, mask = places[changed.bit_length() - 1]
            found[number].append((cycle, bits >> offset & mask))
            changed &= (1 << offset) - 1
    return found


def _flat(signal: Shown, changes: list[tuple[int, int]], names: Numbered[str]) -> Iterator[Any]:
    last = 0
    for cycle, value in changes:
        yield cycle - last
        if signal.text is not None:
            yield names.number(signal.text(value))
        else:
            yield value if value <= EXACT else hex(value)
        last = cycle
