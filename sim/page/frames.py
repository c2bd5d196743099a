"""Frames that a run is about: their words, and each store to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim.record.history import MemoryHistory, Store

from .evidence import PAGE


__all__ = ["WORDS", "frame"]


#: Words of a frame that are shown at most: those that changed most often.
WORDS = 32


def frame(physical: int, history: MemoryHistory, functions: Mapping[str, int]) -> dict[str, Any]:
    """A frame, with those of its words that were ever anything but zero.

    Of more than :data:`WORDS`, these are the ones that changed most often.
    """
    stored = {address: changes for address in range(physical, physical + PAGE, 8)
              if (changes := _changes(history.stores(address)))}
    most   = sorted(sorted(stored, key=lambda address: -len(stored[address]))[:WORDS])
    return {"physical": hex(physical), "size": PAGE, "more": len(stored) - len(most),
            "words": [{"address": hex(address), "values": [
                [store.transfer.accepted, f"{store.after:#018x}", store.cpu,
                 int(store.transfer.walk),
                 functions["".join(store.transfer.mark.stack[-1:])]]
                for store in stored[address]]} for address in most]}


def _changes(stores: Sequence[Store]) -> list[Store]:
    """The stores that change the word; one that writes what is there does not."""
    found, before = [], 0
    for store in stores:
        if store.after != before:
            found.append(store)
        before = store.after
    return found
