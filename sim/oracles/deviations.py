"""Known deviations: where an oracle is not as the manual says, or the manual leaves a choice.

Ref: Intel SDM Vol. 3A, sections 4.4.1 "PDPTE Registers", 4.7 "Page-Fault Exceptions" and 4.8
"Accessed and Dirty Flags".
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sim.vectors.vector import Ending, Vector, VectorStep

from .layout import LEGACY
from .limits import mode_of


__all__ = ["DEVIATIONS", "Deviation"]


_P, _W, _U, _RSVD, _PK = 1, 2, 4, 8, 0x20

_A, _D = 1 << 5, 1 << 6

#: Linear addresses that PVM, a KVM for hosts that are guests themselves, keeps for itself.
_PVM = range(0xffff_8000_0000_0000, 0xffff_8080_0000_0000)


class Deviation(NamedTuple):
    """A way in which an oracle differs.

    Attributes
    ----------
    name : :class:`str`
        A name for it.
    oracles : sequence of :class:`str`
        Those that have it.
    rule : :class:`str`
        Number of the rule in docs/paging-rules.md.
    reason : :class:`str`
        What it does, and who is right.
    ends : callable or :class:`None`
        Tells whether an access that should end in one way ends in another because of it.
    flags : callable or :class:`None`
        Tells whether an entry of a vector, of that address, has flags that differ because of it.
        Given are the entry as it should be and as it is, and whether any access faulted.
    """

    name:    str
    oracles: Sequence[str]
    rule:    str
    reason:  str
    ends:    Callable[[VectorStep, Ending, Ending], bool] | None        = None
    flags:   Callable[[Vector, int, int, int, bool], bool] | None       = None


def _lacks(manual: Ending, seen: Ending, bits: int) -> bool:
    """Tell whether an error code is right but for ``bits``, which are missing."""
    return (manual.fault == seen.fault == "#PF" and manual.cr2 == seen.cr2
            and manual.error_code & ~bits == seen.error_code)


def _reserved_without_p(_: VectorStep, manual: Ending, seen: Ending) -> bool:
    return bool(manual.error_code & _RSVD) and _lacks(manual, seen, _P)


def _locked_as_read(access: VectorStep, manual: Ending, seen: Ending) -> bool:
    lacking = _W | _P if manual.error_code & _RSVD else _W
    return access.kind == "rmw" and (
        _lacks(manual, seen, lacking)
        or bool(manual.error_code & _PK) and _lacks(manual, seen, _W | _PK))


def _key_of_supervisor(access: VectorStep, manual: Ending, seen: Ending) -> bool:
    refused = _U | _PK
    return manual.error_code & refused == refused and _lacks(
        manual, seen, _PK | (_W if access.kind == "rmw" else 0))


def _other_page(access: VectorStep, manual: Ending, seen: Ending) -> bool:
    end = access.linear + access.size
    return (manual.fault == seen.fault == "#PF" and manual.cr2 != seen.cr2
            and {manual.cr2, seen.cr2} == {access.linear, end & -0x1000}
            and access.linear >> 12 != end - 1 >> 12)


def _kept(access: VectorStep, _: Ending, seen: Ending) -> bool:
    return access.linear in _PVM and seen.fault == "#PF" and not seen.error_code & _P


def _after_fault(_: Vector, address: int, manual: int, seen: int, faulted: bool) -> bool:
    return faulted and not (manual ^ seen) & ~(_A | _D)


def _of_pdpte(vector: Vector, address: int, manual: int, seen: int, _: bool) -> bool:
    start = vector.cr3 & -0x20
    return (mode_of(vector) is LEGACY[1] and address in range(start, start + 0x20)
            and manual | _A == seen)


#: All that are known.
DEVIATIONS = (
    Deviation("flags after a fault", ["kvm", "qemu"], "16",
              "after a page fault A of the entries above, and A and D of the first of two pages, "
              "may be set or not", flags=_after_fault),
    Deviation("the other page", ["kvm", "qemu"], "16",
              "the manual does not say which fault comes first where both pages of an access have "
              "one", ends=_other_page),
    Deviation("reserved, not present", ["qemu"], "3",
              "QEMU reports a reserved bit with P = 0; the manual has P = 1",
              ends=_reserved_without_p),
    Deviation("locked, read", ["qemu"], "9",
              "QEMU reports a locked read-modify-write that faults as a read, and judges the key "
              "of its page as for one; the manual has W = 1",
              ends=_locked_as_read),
    Deviation("key of a supervisor page", ["qemu"], "14",
              "QEMU does not look at the key of a supervisor page that a user's access may not use "
              "anyway; the manual has PK = 1 whenever the key's register refuses",
              ends=_key_of_supervisor),
    Deviation("accessed PDPTE", ["qemu"], "28",
              "QEMU sets bit 5 of a PDPTE of PAE paging as if it were A; in the manual it is "
              "reserved",
              flags=_of_pdpte),
    Deviation("kept addresses", ["kvm"], "2",
              "a KVM for hosts that are guests (PVM) keeps 512 GiB from 0xffff800000000000 on for "
              "itself, where no page of a guest is present", ends=_kept),
)
