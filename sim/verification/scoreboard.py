"""The scoreboard: responses and stores of a unit beside those that a sequence predicts."""

from collections import Counter
from collections.abc import Iterator

from hw.layout import Fault
from sim.memory import PhysicalMemory
from sw.bus import BusError, GeneralProtection, Kind, PageFault

from .monitors import WishboneTransfer
from .payloads import AccessResult, decode_access, decode_control
from .sequence import AccessStep, ControlStep, EditStep, PhysicalStore, PredictedSequence
from .texts import outcome_text


__all__ = ["Mismatch", "Scoreboard"]


class Mismatch(AssertionError):
    """The unit did other than the golden model."""


_FAULTS = {PageFault: Fault.PAGE_FAULT, GeneralProtection: Fault.GENERAL_PROTECTION,
           BusError: Fault.BUS_ERROR, type(None): Fault.NONE}


class Scoreboard:
    """Compares responses and stores, in order, with those of a sequence.

    Parameters
    ----------
    sequence : :class:`PredictedSequence`
        The sequence that the unit plays.

    Attributes
    ----------
    mismatches : list of :class:`str`
        A line for each difference so far.
    """

    def __init__(self, sequence: PredictedSequence):
        steps = sequence.steps
        self._sequence   = sequence
        self._accesses   = iter([step for step in steps if isinstance(step, AccessStep)])
        self._operations = iter([step for step in steps if isinstance(step, ControlStep)])
        self._stores     = iter(sequence.stores)
        self.mismatches: list[str] = []

    def access(self, payload: int) -> None:
        """Compare the response to an access."""
        step, result = next(self._accesses, None), decode_access(payload)
        if step is None:
            self.mismatches.append(f"{result}, but no access is outstanding")
        elif not _agree(step, result):
            self.mismatches.append(
                f"{step}: {result}, but the golden model: {outcome_text(step.outcome)}")

    def control(self, payload: int) -> None:
        """Compare the response to a control operation."""
        step, result = next(self._operations, None), decode_control(payload)
        if step is None:
            self.mismatches.append(f"{result}, but no operation is outstanding")
        elif step.refused != result.fault or step.value not in (None, result.value):
            value = "" if step.value is None else f"{step.value:#x}, "
            self.mismatches.append(f"{step}: {result.value:#x}, #GP {result.fault}, but the golden "
                                   f"model: {value}#GP {step.refused}")

    def transfer(self, transfer: WishboneTransfer) -> None:
        """Compare a transfer that was accepted, if it is a store."""
        if not transfer.write:
            return
        lanes    = sum(0xff << 8 * lane for lane in range(8) if transfer.sel >> lane & 1)
        store    = PhysicalStore(transfer.word, transfer.sel, transfer.data & lanes, transfer.lock)
        expected = next(self._stores, None)
        if store != expected:
            self.mismatches.append(f"{store}, but the golden model: {expected}")

    def finish(self, memory: PhysicalMemory, strobes: Counter[str]) -> None:
        """Compare ``memory`` and ``strobes`` when the unit has come to the sequence's end."""
        self.mismatches += (f"there was no {store}" for store in self._stores)
        self.mismatches += self._in_memory(memory)
        self.mismatches += self._in_strobes(strobes)

    def _in_memory(self, memory: PhysicalMemory) -> Iterator[str]:
        """Differences of memory, wherever anybody stored."""
        frames  = {store.word >> 9 for store in self._sequence.stores}
        frames |= {step.address >> 12 for step in self._sequence.steps
                   if isinstance(step, EditStep)}
        for frame in sorted(frames):
            expected = bytes(self._sequence.golden.memory.page(frame))
            actual   = memory.read_bytes(frame << 12, 4096)
            if actual != expected:
                first = next(i for i in range(4096) if actual[i] != expected[i])
                yield (f"memory at {frame << 12 | first:#x} is {actual[first]:#x}, but the golden "
                       f"model's is {expected[first]:#x}")

    def _in_strobes(self, strobes: Counter[str]) -> Iterator[str]:
        """Strobes of the unit that count other events than its responses tell."""
        steps   = self._sequence.steps
        faults  = [type(step.outcome.fault) for step in steps
                   if isinstance(step, AccessStep) and step.outcome is not None]
        refused = sum(isinstance(step, ControlStep) and step.refused for step in steps)
        for name, count in (("page_fault", faults.count(PageFault)),
                            ("protection", faults.count(GeneralProtection)), ("refused", refused)):
            if strobes[name] != count:
                yield f"{strobes[name]} strobes {name!r}, but {count} responses"


def _agree(step: AccessStep, result: AccessResult) -> bool:
    outcome = step.outcome
    if outcome is None:
        return result.fault is Fault.SKIPPED
    if result.fault is not _FAULTS[type(outcome.fault)]:
        return False
    if isinstance(outcome.fault, PageFault):
        return result.error == outcome.fault.error_code
    if outcome.fault is not None:
        return True
    data = None if step.access.kind is Kind.WRITE else outcome.data
    return result.physical == outcome.physical and data in (None, result.data)
