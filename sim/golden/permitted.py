"""Every outcome that the manual permits for each access of a sequence, given those before it.

What a processor may have cached, and which accessed and dirty flags it has set, cannot be seen from
outside. So all machines are kept that agree with what was seen: each a
:class:`.stale.StaleModel`, with a memory of its own and everything that may be cached. They
speculate about the pages that the sequence accesses, and about no others.

Machines whose memories differ in accessed flags alone are put together, with the flags unsettled
and all that any of them may have cached: nothing but a read of the entry could tell them apart, and
to such a read both values are permitted.

Ref: Intel SDM Vol. 3A, sections 4.8 "Accessed and Dirty Flags", 4.10 "Caching Translation
Information".
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import product
from typing import Any

from sw.bus import Access, GeneralProtection, PageFault, Register

from .memory import GoldenMemory
from .mmu import Outcome
from .possibilities import Bytes, Possibility
from .reserved import A
from .stale import StaleModel
from .state import ControlState


__all__ = ["PermittedOutcomes"]


class PermittedOutcomes:
    """Outcomes that the manual permits, step by step.

    Once an outcome was followed that it does not permit, it permits nothing any more.

    Parameters
    ----------
    state : :class:`.state.ControlState`
        Control state at the beginning, with nothing cached.
    memory : :class:`.memory.GoldenMemory`
        Physical memory at the beginning.
    accesses : iterable of :class:`sw.bus.Access`
        The accesses of the sequence: their pages are those that may be prefetched.
    """

    def __init__(self, state: ControlState, memory: GoldenMemory,
                 accesses: Iterable[Access]) -> None:
        self._linears = {linear & -4096 for access in accesses
                         for linear in (access.linear, access.linear + access.size - 1)}
        self._models  = [StaleModel(state, memory.copy())]
        self._flagged: set[int] = set()
        self._possible: list[tuple[StaleModel, Possibility]] = []
        self._prefetch()

    def store(self, address: int, size: int, value: int) -> None:
        """Store to physical memory, as somebody else than the processor does."""
        for model in self._models:
            model.memory.write(address, size, value)
            model.unsettled.difference_update(range(address, address + size))
        self._prefetch()

    def invlpg(self, linear: int) -> None:
        """Execute INVLPG."""
        for model in self._models:
            model.invlpg(linear)
        self._prefetch()

    def invpcid(self, kind: int, descriptor: int, *, refused: bool) -> None:
        """Execute INVPCID, which ended in #GP if it was ``refused``."""
        self._models = [model for model in self._models
                        if _is_refused(model.invpcid, kind, descriptor) is refused]
        self._prefetch()

    def write_control(self, register: Register, value: int, *, refused: bool) -> None:
        """Write a control register, which ended in #GP if it was ``refused``."""
        self._models = [model for model in self._models
                        if _is_refused(model.write_control, register, value) is refused]
        if register is not Register.RFLAGS:
            self._prefetch()

    def outcomes(self, access: Access) -> list[Outcome]:
        """Return every outcome that ``access`` may have now, without doubles."""
        self._possible = [(model, possibility) for model in self._models
                          for possibility in model.possible(access)]
        found: list[Outcome] = []
        for _, possibility in self._possible:
            if not any(possibility.outcome.agrees(other) for other in found):
                found.append(possibility.outcome)
        return found

    def follow(self, outcome: Outcome) -> None:
        """Go on from the ``outcome`` of the access for which :meth:`outcomes` was asked last."""
        matching: dict[tuple[int, Hashable], tuple[StaleModel, list[Possibility]]] = {}
        for model, possibility in self._possible:
            if possibility.outcome.agrees(outcome):
                key = id(model), frozenset(possibility.memory.items())
                matching.setdefault(key, (model, []))[1].append(possibility)
        self._models = [after for model, alike in matching.values()
                        for after in _after(model, alike, outcome)]
        self._prefetch()
        self._models = list(self._merged())

    def _prefetch(self) -> None:
        for model in self._models:
            model.prefetch(self._linears)
            self._flagged |= model.unsettled

    def _merged(self) -> Iterator[StaleModel]:
        """The machines, with those put together that differ in accessed flags alone."""
        if len(self._models) == 1:
            yield from self._models
            return
        groups: dict[Hashable, list[StaleModel]] = {}
        for model in self._models:
            groups.setdefault(self._without_flags(model), []).append(model)
        for first, *others in groups.values():
            for address in self._flagged:
                if any(address in other.unsettled
                       or (other.memory.read(address, 1) ^ first.memory.read(address, 1)) & A
                       for other in others):
                    first.memory.write(address, 1, first.memory.read(address, 1) & ~A)
                    first.unsettled.add(address)
            first.cached.update(*(other.cached for other in others))
            first.known.update(*(other.known for other in others))
            yield first

    def _without_flags(self, model: StaleModel) -> Hashable:
        """Control state, and memory without the accessed flags that some machine may set."""
        memory = model.memory.copy()
        for address in self._flagged:
            memory.write(address, 1, memory.read(address, 1) & ~A)
        return model.state, frozenset(
            (frame, bytes(page)) for frame, page in memory.nonzero().items())


def _after(model: StaleModel, alike: list[Possibility], outcome: Outcome) -> Iterator[StaleModel]:
    """Machines that ``model`` may be after ``outcome``, by possibilities that leave one memory."""
    for settled in _memories(alike[0].memory):
        after = StaleModel(model.state, model.memory.copy(), set(model.cached), set(model.known),
                           set(model.unsettled))
        for address, (value, unsettled) in settled.items():
            after.memory.write(address, 1, value)
            (after.unsettled.add if unsettled else after.unsettled.discard)(address)
        for possibility in alike:
            after.cached.update(possibility.filled)
            after.known.update(possibility.learnt)
        if isinstance(outcome.fault, PageFault):
            after.fault(outcome.fault.address)
        yield after


def _memories(memory: Bytes) -> Iterator[dict[int, tuple[int, bool]]]:
    """Memories that differ in more than accessed flags: values of bytes, and what is unsettled."""
    choices = [
        [(base, True) if {base, base | A} <= values else (base if base in values else base | A,
                                                          False)
         for base in {value & ~A for value in values}]
        for values in memory.values()]
    for chosen in product(*choices):
        yield dict(zip(memory, chosen, strict=True))


def _is_refused(operation: Callable[..., None], *operands: Any) -> bool:
    try:
        operation(*operands)
    except GeneralProtection:
        return True
    return False
