"""Sequences of operations, each with the result that the golden model predicts for it.

Translations are never stale here: whoever edits an entry flushes all that may be cached of it,
before the next access. So there is one right outcome, also for the entries, and for the order of
all stores: the golden model makes the unit's choice where the manual leaves one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sim.coverage.bins import Coverage
from sim.golden.mmu import GoldenMmu, Outcome
from sim.golden.state import Features
from sw.bus import Access, GeneralProtection, Kind, Register

from .collector import CoverageCollector
from .payloads import encode_access, encode_control, encode_invlpg, encode_invpcid
from .texts import access_text
from .walks import predicted_walks, predicted_write


__all__ = ["AccessStep", "ControlStep", "EditStep", "PhysicalStore", "PredictedSequence", "Step"]


@dataclass(frozen=True)
class PhysicalStore:
    """A store of physical memory, of the bytes of one 8-byte word."""

    word: int
    sel:  int
    data: int   #: In the lanes; other lanes are 0.
    lock: bool

    def __str__(self) -> str:
        return (f"{'locked ' * self.lock}store of {self.data:#018x}, lanes {self.sel:08b}, "
                f"at physical {self.word << 3:#x}")


@dataclass(frozen=True)
class AccessStep:
    """An access to request. ``outcome`` is None if it must be skipped."""

    access:  Access
    chained: bool
    outcome: Outcome | None

    @property
    def payload(self) -> int:
        """Payload of the request."""
        return encode_access(self.access, chained=self.chained)

    def __str__(self) -> str:
        return f"{'chained ' * self.chained}{access_text(self.access)}"


@dataclass(frozen=True)
class ControlStep:
    """A control operation to request. ``value`` is None if the value that is read is arbitrary."""

    text:    str
    payload: int
    value:   int | None
    refused: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class EditStep:
    """An entry that another processor writes while the unit is idle."""

    address: int
    size:    int
    value:   int

    def __str__(self) -> str:
        return f"the entry at {self.address:#x} becomes {self.value:#x}"


Step = AccessStep | ControlStep | EditStep


class _LoggingMmu(GoldenMmu):
    """A golden model that notes the stores of memory by entries, and by parts of operands."""

    def __init__(self, features: Features):
        super().__init__(features)
        self.stored: list[tuple[int, int, int]] = []
        write = self.memory.write

        def noted(physical: int, size: int, value: int) -> None:
            self.stored.append((physical, size, value))
            write(physical, size, value)

        self.memory.write = noted  # type: ignore[method-assign]


class PredictedSequence:
    """Operations in order, each done on the golden model as it is added.

    Parameters
    ----------
    features : :class:`Features`
        Features of the unit, which has just been reset.
    collector : :class:`CoverageCollector` or None
        Collector of coverage.

    Attributes
    ----------
    golden : :class:`GoldenMmu`
        The golden model, after all steps.
    steps : list
        The operations, each with its result.
    stores : list of :class:`PhysicalStore`
        All stores that the unit must do, in order.
    refused : :class:`bool`
        The last write of a control register ends in #GP.
    """

    def __init__(self, features: Features, collector: CoverageCollector | None = None):
        self.golden    = _LoggingMmu(features)
        self.collector = collector or CoverageCollector(Coverage({}))
        self.steps:  list[Step]          = []
        self.stores: list[PhysicalStore] = []
        self.refused = False
        self._failed = False
        self.collector.begin()

    def access(self, access: Access, *, chained: bool = False) -> None:
        """Request an access. A ``chained`` one is skipped if the one before it was not done."""
        state = self.golden.state
        if chained and self._failed:
            self.steps.append(AccessStep(access, chained, None))
            self.collector.access(state, access, chained, (), None)
            return
        walks = tuple(predicted_walks(state, access, self.golden.memory.read))
        self.golden.stored.clear()
        outcome = self.golden.access(access)
        self._failed = outcome.fault is not None
        self.steps.append(AccessStep(access, chained, outcome))
        self.stores += self._stores(access, outcome)
        self.collector.access(state, access, chained, walks, outcome)

    def write(self, register: Register, value: int) -> None:
        """Write a control register."""
        predicted = predicted_write(self.golden.state, register, value, self.golden.memory.read)
        self.refused = predicted.refused
        if not self.refused:
            self.golden.write_control(register, value)
        self.steps.append(ControlStep(f"{register.name} = {value:#x}",
                                      encode_control(register, value), None, predicted.refused))
        self.collector.write(predicted)

    def read(self, register: Register) -> None:
        """Read a control register."""
        self.steps.append(ControlStep(f"read {register.name}", encode_control(register),
                                      self.golden.read_control(register)))
        self.collector.operation(register.name, "read")

    def invlpg(self, linear: int) -> None:
        """Flush the page of ``linear``."""
        self.golden.invlpg(linear)
        self.steps.append(ControlStep(f"INVLPG {linear:#x}", encode_invlpg(linear), None))
        canonical = self.golden.state.canonical(linear & self.golden.state.linear_mask)
        self.collector.operation("INVLPG", "canonical" if canonical else "not canonical")

    def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID of type ``kind``."""
        refused = False
        try:
            self.golden.invpcid(kind, descriptor)
        except GeneralProtection:
            refused = True
        self.steps.append(ControlStep(f"INVPCID {kind}, {descriptor:#x}",
                                      encode_invpcid(kind, descriptor), None, refused))
        self.collector.operation("INVPCID", "refused" if refused else f"type {kind}")

    def edit(self, address: int, size: int, value: int) -> None:
        """Write an entry of ``size`` bytes at physical ``address``, as another processor does."""
        self.golden.memory.write(address, size, value)
        self.steps.append(EditStep(address, size, value))

    def _stores(self, access: Access, outcome: Outcome) -> Iterator[PhysicalStore]:
        """Stores of the access that was done last: entries first, then its operand."""
        parts: dict[int, int] = {}
        for physical, size, value in self.golden.stored:
            if size > 1:
                bits = 8 * (physical & 7)
                yield PhysicalStore(physical >> 3, (1 << size) - 1 << (physical & 7),
                                    value << bits, True)
            else:
                parts[physical] = value & 0xff
        if access.kind is Kind.WRITE and outcome.fault is None and not parts:
            assert outcome.physical is not None
            parts = {outcome.physical + i: access.data >> 8 * i & 0xff for i in range(access.size)}
        words: dict[int, PhysicalStore] = {}
        for physical, byte in parts.items():
            word, lane = physical >> 3, physical & 7
            before = words.get(word, PhysicalStore(word, 0, 0, access.kind is not Kind.WRITE))
            words[word] = PhysicalStore(word, before.sel | 1 << lane,
                                        before.data | byte << 8 * lane, before.lock)
        yield from words.values()
