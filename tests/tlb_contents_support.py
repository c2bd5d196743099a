"""Contents of a TLB that are rebuilt from its changes, beside those of the model of the unit."""

from collections.abc import Iterable
from typing import Any

from unit_support import UnitModel

from sim.golden.walk import Translation
from sim.record.tlb import TlbEntry


__all__ = ["held", "in_model"]


def held(entries: Iterable[TlbEntry]) -> list[Any]:
    """Translations that were rebuilt, as far as they must be those of the model."""
    return sorted(((entry.linear, entry.physical, entry.size,
                    None if entry.level == 1 else 0 if entry.global_page else entry.pcid,
                    entry.large, entry.writable, entry.user, entry.execute_disable, entry.dirty,
                    entry.global_page, entry.key) for entry in entries), key=str)


def in_model(model: UnitModel) -> list[Any]:
    """The same of the translations in the model."""
    def described(linear: int, physical: int, translation: Translation,
                  **others: Any) -> tuple[Any, ...]:
        rights = translation.rights
        return (linear, physical, *others.values(), rights.writable, rights.user,
                rights.execute_disable, translation.dirty, translation.global_page,
                rights.key or 0)

    pieces = [described(piece.linear, piece.physical, piece.whole, size=1 << 12, pcid=None,
                        large=piece.large) for piece in model.tlb.first.pieces]
    if model.tlb.second is None:
        return sorted(pieces, key=str)
    return sorted([*pieces, *(
        described(found.linear, found.physical, found, size=found.size, pcid=pcid, large=False)
        for pcid, found in model.tlb.second.translations(model.state.pcid))], key=str)
