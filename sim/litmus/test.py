"""Litmus tests: small programs on several processors, and an outcome to look for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum


__all__ = ["ABSENT", "DIRECTORY", "TABLE", "Atom", "Condition", "Entry", "Instruction", "Kind",
           "LitmusTest", "Location", "Op", "Outcome", "Quantifier", "Value"]


#: Name, in an entry of the page directory, of the page table that all addresses of a test share.
TABLE = "PT"


@dataclass(frozen=True, order=True)
class Entry:
    """A paging-structure entry.

    Attributes
    ----------
    frame : :class:`str`
        Name of the frame that it maps; :data:`TABLE` in the page directory; empty: frame 0.
    present, writable, user, accessed, dirty : :class:`bool`
        Its flags P, R/W, U/S, A and D.
    """

    frame:    str  = ""
    present:  bool = True
    writable: bool = True
    user:     bool = True
    accessed: bool = True
    dirty:    bool = True

    def __str__(self) -> str:
        if self == ABSENT:
            return "(P:0)"
        flags = (("P", self.present), ("RW", self.writable), ("US", self.user),
                 ("A", self.accessed), ("D", self.dirty))
        frame = self.frame if self.frame in ("", TABLE) else f"PA({self.frame})"
        return f"({', '.join([f'oa:{frame}'] + [f'{name}:0' for name, on in flags if not on])})"

    def touched(self, *, write: bool) -> "Entry":
        """The entry after a walk that has used it, for a store or for a load."""
        return replace(self, accessed=True, dirty=self.dirty or write)


#: An entry of zeros.
ABSENT = Entry("", False, False, False, False, False)

#: Contents of memory: a number in a page, an entry in a table.
Value = int | Entry


class Kind(Enum):
    """Kind of a location."""

    VIRTUAL   = "va"   #: A user's page, by a linear address.
    PHYSICAL  = "pa"   #: A page of memory.
    TABLE     = "pte"  #: The page-table entry of a linear address.
    DIRECTORY = "pde"  #: The page-directory entry of them all.


@dataclass(frozen=True)
class Location:
    """A location, by its kind and the letter in its name."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return {Kind.VIRTUAL: "{}", Kind.PHYSICAL: "PA({})", Kind.TABLE: "PTE({})",
                Kind.DIRECTORY: "PDE"}[self.kind].format(self.name)


DIRECTORY = Location(Kind.DIRECTORY)


class Op(Enum):
    """Operation of an instruction."""

    LOAD      = "load"
    STORE     = "store"
    EXCHANGE  = "exchange"   #: Locked: stores, and loads what was there.
    INVLPG    = "invlpg"
    FENCE     = "fence"
    INTERRUPT = "interrupt"  #: Interrupts another processor.
    WAIT      = "wait"       #: Waits for an interrupt, and takes it.


@dataclass(frozen=True)
class Instruction:
    """An instruction. What an operation does not need is left as it is.

    Attributes
    ----------
    op : :class:`Op`
        What it does.
    location : :class:`Location` or :class:`None`
        Where: that of a user's page is an access at CPL 3, all others are the kernel's.
    register : :class:`str`
        What a load or an exchange loads.
    value : :data:`Value`
        What a store or an exchange stores.
    target : :class:`int`
        The processor that is interrupted.
    """

    op:       Op
    location: Location | None = None
    register: str   = ""
    value:    Value = 0
    target:   int   = 0


#: What is known at the end: values by ``0:EAX`` and ``[PTE(x)]``, and ``fault(1,x)``, which is 1.
Outcome = frozenset[tuple[str, Value]]


@dataclass(frozen=True)
class Atom:
    """A statement about an end: ``name`` has ``value``, or has not."""

    name:    str
    value:   Value
    negated: bool = False

    def holds(self, outcome: Mapping[str, Value]) -> bool:
        """Tell whether it is true of an end. A fault that there was not is 0."""
        return (outcome.get(self.name, 0) == self.value) is not self.negated

    def __str__(self) -> str:
        if self.name.startswith("fault"):
            return f"~{self.name}" if self.negated else self.name
        return f"{'~' if self.negated else ''}{self.name}={self.value}"


class Quantifier(Enum):
    """Sense of a condition."""

    EXISTS    = "exists"     #: The manual allows it, and the machine shows it.
    ALLOWED   = "allowed"    #: The manual allows it; a machine need not show it.
    FORBIDDEN = "forbidden"  #: No machine may show it.


@dataclass(frozen=True)
class Condition:
    """Outcomes to look for: those of which all atoms of one of several clauses are true."""

    quantifier: Quantifier
    clauses:    tuple[tuple[Atom, ...], ...]

    def holds(self, outcome: Outcome) -> bool:
        """Tell whether it is true of an end."""
        known = dict(outcome)
        return any(all(atom.holds(known) for atom in clause) for clause in self.clauses)

    def __str__(self) -> str:
        return f"{self.quantifier.value} ({self.expression})"

    @property
    def expression(self) -> str:
        """Its clauses."""
        return " \\/ ".join(" /\\ ".join(map(str, clause)) for clause in self.clauses)


@dataclass(frozen=True)
class LitmusTest:
    """A litmus test.

    Attributes
    ----------
    name, about : :class:`str`
        Its name; and what it shows, in a sentence.
    threads : sequence of sequences of :class:`Instruction`
        The program of each processor. An access that faults is left out.
    initial : mapping of :class:`Location` to :data:`Value`
        What is in memory at first: each page, each entry.
    condition : :class:`Condition` or :class:`None`
        What to look for.
    """

    name:      str
    threads:   Sequence[Sequence[Instruction]]
    initial:   Mapping[Location, Value]
    about:     str = ""
    condition: Condition | None = None

    @property
    def addresses(self) -> list[str]:
        """Linear addresses, by their letters."""
        return [place.name for place in self.initial if place.kind is Kind.TABLE]

    @property
    def frames(self) -> list[str]:
        """Pages of memory, by their letters."""
        return [place.name for place in self.initial if place.kind is Kind.PHYSICAL]

    @property
    def upper(self) -> bool:
        """True if the page directory changes."""
        return any(step.location == DIRECTORY and step.op is not Op.LOAD
                   for thread in self.threads for step in thread)
