"""All properties, by name."""

from collections.abc import Mapping

from . import (
    current_pcid, entries, first_level, first_level_ways, legality, linear, pdpte, places,
    refinement, responses, rights, second_level, stamp_promises, stamps, tlb,
    tlb_contents, transfers, translator, unit, updater, walker,
)
from .property import Outcome, Property


__all__ = ["PROPERTIES", "tried"]


#: Pure functions first, then blocks, from the ground up.
PROPERTIES: Mapping[str, Property] = {one.name: one for module in (
    rights, entries, linear, legality, current_pcid, pdpte, updater, walker, first_level,
    first_level_ways, second_level, stamps, stamp_promises, tlb, tlb_contents, translator, places,
    transfers, responses, unit, refinement,
) for one in module.PROPERTIES}


def tried(name: str, unit: str, depth: int) -> Outcome:
    """Try to prove a property of a unit; for workers, to which names can be sent."""
    return PROPERTIES[name].tried(unit, depth)
