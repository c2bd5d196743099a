"""An access vector of version 2, a sequence of steps, and its outcome, as plain numbers."""

from typing import Any, NamedTuple

from sw.bus import Access, Kind, Register

from .vector import AC, Ending, Vector, VectorOutcome, entry_size


__all__ = [
    "FLAG_WRITES", "AccessOutcome", "AccessStep", "AnyOutcome", "AnyVector", "InvlpgStep",
    "InvpcidStep", "LateStoreStep", "SequenceOutcome", "SequenceVector", "Step", "StepOutcome",
    "StoreStep", "WriteStep",
]


#: Kinds of access by the names that lines use; none has a compare-exchange.
_KINDS = {"read": Kind.READ, "write": Kind.WRITE, "fetch": Kind.FETCH, "rmw": Kind.EXCHANGE,
          "compare-exchange": Kind.COMPARE_EXCHANGE}


class AccessStep(NamedTuple):
    """One access, and the state that it brings along.

    Attributes
    ----------
    kind, linear, size, implicit, cpl, ac
        As in :class:`.vector.VectorStep`.
    data, compare : :class:`int`
        What a write or a locked exchange stores, and what a compare-exchange expects.
    """

    kind:     str
    linear:   int
    size:     int
    implicit: int
    cpl:      int
    ac:       int
    data:     int
    compare:  int = 0

    @property
    def access(self) -> Access:
        """The request to the unit."""
        return Access(self.linear, self.size, _KINDS[self.kind], self.cpl == 3,
                      bool(self.implicit), self.data, self.compare)


class StoreStep(NamedTuple):
    """A store to physical memory of ``size`` bytes, by somebody else than the unit."""

    address: int
    size:    int
    value:   int


class LateStoreStep(NamedTuple):
    """A store that waits until the unit has read the word that it goes to, in the middle of a walk.

    No line has one. The golden model, which does one step at a time, does it at once.
    """

    address: int
    size:    int
    value:   int


class InvlpgStep(NamedTuple):
    """INVLPG."""

    linear: int


class InvpcidStep(NamedTuple):
    """INVPCID: its type, and the two halves of its descriptor."""

    type:   int
    pcid:   int
    linear: int

    @property
    def descriptor(self) -> int:
        """The descriptor, 128 bits."""
        return self.linear << 64 | self.pcid


class WriteStep(NamedTuple):
    """A write of a register."""

    register: Register
    value:    int


#: Writes of RFLAGS, which no vector has among its steps, by what AC becomes.
FLAG_WRITES = tuple(WriteStep(Register.RFLAGS, AC * ac) for ac in (0, 1))

Step = AccessStep | StoreStep | LateStoreStep | InvlpgStep | InvpcidStep | WriteStep


class SequenceVector(NamedTuple):
    """A whole machine, and steps that are done on it in order.

    Attributes
    ----------
    id, cr0, cr3, cr4, efer, pkru, pkrs, maxphyaddr, entries
        As in :class:`.vector.Vector`.
    steps : :class:`list` of :data:`Step`
        The steps.
    """

    id:         Any
    cr0:        int
    cr3:        int
    cr4:        int
    efer:       int
    pkru:       int
    pkrs:       int
    maxphyaddr: int
    steps:      list[Step]
    entries:    list[tuple[int, int]]

    @property
    def operations(self) -> list[Step]:
        """The steps, and before each access that has another AC than the one before it the one of
        :data:`FLAG_WRITES` which sets it.
        """
        found: list[Step] = []
        last = 0
        for step in self.steps:
            if isinstance(step, AccessStep) and step.ac != last:
                last = step.ac
                found.append(FLAG_WRITES[last])
            found.append(step)
        return found

    @property
    def entry_size(self) -> int:
        """Bytes of each of ``entries``."""
        return entry_size(self.cr0, self.cr4, self.efer)

    @property
    def places(self) -> dict[int, int]:
        """Addresses whose values the outcome has, and the bytes of each, in its order.

        An address that is named with two sizes has the larger one.
        """
        found = dict.fromkeys((address for address, _ in self.entries), self.entry_size)
        for step in self.steps:
            if isinstance(step, StoreStep):
                found[step.address] = max(step.size, found.get(step.address, 0))
        return found


class AccessOutcome(NamedTuple):
    """Outcome of one access.

    Attributes
    ----------
    ending : :class:`.vector.Ending`
        Its end.
    data : :class:`int` or :class:`None`
        What was read; None after a write or a fault.
    cycles : :class:`int` or :class:`None`
        From the cycle in which it was accepted to that of its response, where they are counted.
    allowed : :class:`list` or :class:`None`
        Ends that the manual permits, and what is read then, where that was asked for.
    """

    ending:  Ending
    data:    int | None = None
    cycles:  int | None = None
    allowed: list[tuple[Ending, int | None]] | None = None


#: Outcome of a step: for one that may be refused with #GP, whether it was; for others, None.
StepOutcome = AccessOutcome | bool | None


class SequenceOutcome(NamedTuple):
    """Outcome of a sequence.

    Attributes
    ----------
    steps : :class:`list` of :data:`StepOutcome`
        One for each step.
    values : :class:`list` of :class:`int`
        What stands at :attr:`SequenceVector.places` afterwards.
    """

    steps:  list[StepOutcome]
    values: list[int]


#: A vector of either version, and its outcome.
AnyVector  = Vector | SequenceVector
AnyOutcome = VectorOutcome | SequenceOutcome
