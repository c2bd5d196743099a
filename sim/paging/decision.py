"""Deciding bits: those of entries and control registers that make a refusal what it is.

Ref: Intel SDM Vol. 3A, sections 4.6.1 "Determination of Access Rights", 4.6.2 "Protection Keys",
4.7.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sim.golden.permission import Refusal
from sim.golden.reserved import RW, US, XD

from .walk import WalkStep


__all__ = ["CONTROLS_OF", "ENTRY_BITS", "Decisive", "decided_by", "decided_by_tlb"]


class Decisive(NamedTuple):
    """A bit that decides: of the entry of a level, or, if that is empty, of a control register.

    The translation in the TLB is the level "TLB".
    """

    level: str
    bit:   str


#: The bits of a control register that a refusal needs.
CONTROLS_OF: Mapping[Refusal, Sequence[str]] = {
    Refusal.WRITE_PROTECT:   ["CR0.WP"],
    Refusal.SMEP:            ["CR4.SMEP"],
    Refusal.SMAP:            ["CR4.SMAP", "RFLAGS.AC"],
    Refusal.IMPLICIT:        ["CR4.SMAP"],
    Refusal.EXECUTE_DISABLE: ["EFER.NXE"],
    Refusal.PKRU_ACCESS:     ["CR4.PKE", "PKRU"],
    Refusal.PKRU_WRITE:      ["CR4.PKE", "PKRU"],
    Refusal.PKRS_ACCESS:     ["CR4.PKS", "PKRS"],
    Refusal.PKRS_WRITE:      ["CR4.PKS", "PKRS"],
}

#: The bit of an entry that a refusal needs, and the values that it has where it decides.
_BITS: Mapping[Refusal, tuple[str, Callable[[int], bool]]] = {
    Refusal.SUPERVISOR_PAGE: ("U/S", lambda entry: not entry & US),
    Refusal.READ_ONLY:       ("R/W", lambda entry: not entry & RW),
    Refusal.WRITE_PROTECT:   ("R/W", lambda entry: not entry & RW),
    Refusal.SMEP:            ("U/S", lambda entry: bool(entry & US)),
    Refusal.SMAP:            ("U/S", lambda entry: bool(entry & US)),
    Refusal.IMPLICIT:        ("U/S", lambda entry: bool(entry & US)),
    Refusal.EXECUTE_DISABLE: ("XD",  lambda entry: bool(entry & XD)),
}

#: Those that the last entry of a walk decides by itself.
_ENDS = {
    Refusal.NOT_PRESENT: "P",   Refusal.RESERVED:    "reserved",
    Refusal.PKRU_ACCESS: "key", Refusal.PKRU_WRITE:  "key",
    Refusal.PKRS_ACCESS: "key", Refusal.PKRS_WRITE:  "key",
}

#: Names of the bits of an entry that a refusal needs.
ENTRY_BITS: Mapping[Refusal, str] = _ENDS | {refusal: bit for refusal, (bit, _) in _BITS.items()}


def decided_by(steps: Sequence[WalkStep], refusal: Refusal) -> tuple[Decisive, ...]:
    """The bits that decide a refusal, root first, and then those of control registers."""
    controls = (Decisive("", control) for control in CONTROLS_OF.get(refusal, ()))
    if refusal in _ENDS:
        # Without an entry from memory, it is a PDPTE register of PAE paging that ends the walk.
        level = steps[-1].level.name if steps else "PDPTE"
        return Decisive(level, _ENDS[refusal]), *controls
    bit, decides = _BITS[refusal]
    return (*(Decisive(step.level.name, bit) for step in steps if decides(step.entry)), *controls)


def decided_by_tlb(refusal: Refusal) -> tuple[Decisive, ...]:
    """The bits that decide a refusal by the translation in the TLB: it has those of all levels."""
    return (Decisive("TLB", ENTRY_BITS[refusal]),
            *(Decisive("", control) for control in CONTROLS_OF.get(refusal, ())))
