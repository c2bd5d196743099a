"""An access vector and its outcome, as plain numbers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sw.bus import Access, Kind


__all__ = ["AC", "KINDS", "Ending", "Vector", "VectorOutcome", "VectorStep", "entry_size"]


#: Kinds of access by the names that lines use.
KINDS: Mapping[str, Kind] = {
    "read": Kind.READ, "write": Kind.WRITE, "fetch": Kind.FETCH, "rmw": Kind.COMPARE_EXCHANGE,
}

#: RFLAGS.AC.
AC = 1 << 18

_PG, _PAE, _LME = 1 << 31, 1 << 5, 1 << 8


class VectorStep(NamedTuple):
    """One access, and the state that it brings along.

    Attributes
    ----------
    kind : :class:`str`
        One of :data:`KINDS`.
    linear, size : :class:`int`
        Address of the first byte, and bytes.
    implicit, cpl, ac : :class:`int`
        1 for a system access; 0 or 3; RFLAGS.AC.
    """

    kind:     str
    linear:   int
    size:     int
    implicit: int
    cpl:      int
    ac:       int

    @property
    def access(self) -> Access:
        """The request to the unit.

        Lines have no data: a write stores zero, and a locked access exchanges zero for zero.
        """
        return Access(self.linear, self.size, KINDS[self.kind], self.cpl == 3, bool(self.implicit))


class Vector(NamedTuple):
    """A whole machine, and one access on it.

    Attributes
    ----------
    id : any value that JSON has
        The sender's name for it.
    cr0, cr3, cr4, efer, pkru, pkrs : :class:`int`
        Whole registers.
    maxphyaddr : :class:`int`
        Width of a physical address in bits.
    access : :class:`VectorStep`
        The access.
    entries : :class:`list`
        Addresses and values of paging-structure entries; all other memory is zero.
    before : :class:`list` or :class:`None`
        Accesses that come first. None: the line does not speak of any.
    """

    id:         Any
    cr0:        int
    cr3:        int
    cr4:        int
    efer:       int
    pkru:       int
    pkrs:       int
    maxphyaddr: int
    access:     VectorStep
    entries:    list[tuple[int, int]]
    before:     list[VectorStep] | None


class Ending(NamedTuple):
    """End of one access.

    Attributes
    ----------
    fault : :class:`str` or :class:`None`
        ``#PF`` or ``#GP``.
    error_code, cr2 : :class:`int`
        Of a #PF.
    physical : :class:`int`
        Physical address of the first byte, if there was no fault.
    """

    fault:      str | None = None
    error_code: int        = 0
    cr2:        int        = 0
    physical:   int        = 0


class VectorOutcome(NamedTuple):
    """Outcome of a vector.

    Attributes
    ----------
    ending : :class:`Ending`
        Of the access.
    entries : :class:`list` of :class:`int`
        The values of the entries afterwards, in the vector's order.
    before : :class:`list` of :class:`Ending`
        Those of the accesses that came first.
    cycles : :class:`int` or :class:`None`
        From the cycle in which the access was accepted to that of its response, where the engine
        counts them.
    """

    ending:  Ending
    entries: list[int]
    before:  list[Ending]
    cycles:  int | None = None


def entry_size(cr0: int, cr4: int, efer: int) -> int:
    """Return the bytes of a paging-structure entry: 4 with 32-bit paging, else 8."""
    return 4 if cr0 & _PG and not cr4 & _PAE and not efer & _LME else 8
