"""The set of outcomes that the manual allows while cached translations may be stale.

After software edits an entry and before it flushes, the processor may use the entry or what it
cached of it (Intel SDM Vol. 3A, sections 4.10.2.3 "Details of TLB Use", 4.10.3, 4.10.4). This
model keeps every translation that may be cached, and every table that a paging-structure cache may
know, and judges outcomes that were observed on a machine. It is stricter than the manual in that
the machine does not speculate: only what some access used may be cached, unless somebody calls
:meth:`StaleModel.prefetch`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sw.bus import Access, PageFault, Register

from .control import Flush, write_register
from .invpcid import Invalidation, invpcid
from .mmu import Outcome
from .permission import Attempt, Refusal
from .possibilities import StaleMachine
from .reserved import A, D
from .state import ControlState, Features, PagingMode
from .walk import found_by, walk


__all__ = ["StaleModel"]


@dataclass
class StaleModel(StaleMachine):
    """A machine whose translations may be stale, and the judge of one that is real. Rule 24."""

    @classmethod
    def of(cls, machine: Features) -> "StaleModel":
        """``machine`` after reset."""
        return cls(state=ControlState(machine=machine))

    def write_control(self, register: Register, value: int) -> None:
        """Write a control register. Raises :class:`GeneralProtection` and changes nothing."""
        self.state, flush = write_register(self.state, register, value, self.memory.load)
        self._forget(Invalidation(flush, self.state.pcid))

    def invlpg(self, linear: int) -> None:
        """Forget the translations of the page that contains ``linear``."""
        linear &= self.state.linear_mask
        if self.state.canonical(linear):
            self._forget(Invalidation(Flush.OF_PCID_AND_GLOBAL, self.state.pcid, linear))

    def invpcid(self, kind: int, descriptor: int) -> None:
        """Execute INVPCID. Raises :class:`GeneralProtection` and changes nothing."""
        self._forget(invpcid(self.state, kind, descriptor))

    def prefetch(self, linears: Iterable[int]) -> None:
        """Let the processor walk to ``linears`` by itself, and cache what it finds, or not.

        Prefetches and speculative accesses may cache every translation that walks can find, whether
        or not an access may use it, after they have set the accessed flags on the way (sections
        4.10.2.2, 4.10.3.1). They do not set dirty flags.
        """
        if self.state.mode is PagingMode.OFF:
            return
        for linear in {linear & self.state.linear_mask for linear in linears}:
            if not self.state.canonical(linear):
                continue
            for start in (None, *self.starts(linear)):
                walked = walk(self.state, Attempt(), linear, self.memory.read, start)
                self.known.update(walked.references)
                self.unsettled.update(update.address for update in walked.upper)
                if walked.refusal not in (Refusal.NOT_PRESENT, Refusal.RESERVED):
                    leaf = walked.steps[-1]
                    self.cached.add(found_by(self.state, leaf, linear, dirty=bool(leaf.entry & D)))
                    if not leaf.entry & A:
                        self.unsettled.add(leaf.address)

    def judge(self, access: Access, outcome: Outcome, read: Callable[[int], int]) -> bool:
        """True if the manual allows that ``access`` ended in ``outcome``.

        ``read`` gives a byte of the real machine's memory after the access. If the outcome is
        allowed the model follows it.
        """
        possibilities = self.possible(access)
        touched = {address for possibility in possibilities for address in possibility.memory}
        after   = {address: read(address) for address in touched}
        matching = [
            possibility for possibility in possibilities
            if possibility.outcome.agrees(outcome) and all(
                value in (possibility.memory.get(address) or (self.memory.read(address, 1),))
                for address, value in after.items())
        ]
        for address, value in after.items():
            self.memory.write(address, 1, value)
        for possibility in matching:
            self.cached.update(possibility.filled)
            self.known.update(possibility.learnt)
        if isinstance(outcome.fault, PageFault):
            self.fault(outcome.fault.address)
        return bool(matching)

    def include(self, *others: "StaleModel") -> None:
        """Let the machine hold all that it may hold by any of the ``others``, too.

        They are other explanations of what was seen: state and memory are the same in all.
        """
        self.cached.update(*(other.cached for other in others))
        self.known.update(*(other.known for other in others))

    def fault(self, linear: int) -> None:
        """End an access in a page fault at ``linear``.

        It sets CR2, and forgets what the current PCID may have of ``linear``, and what may be
        global; of the paging structures, that is what would be used for it. Rules 25, 34.
        """
        pcid = self.state.pcid
        self.state  = replace(self.state, cr2=linear)
        self.cached = {each for each in self.cached if not each.serves(linear, pcid)}
        self.known  = {each for each in self.known  if not each.serves(linear, pcid)}

    def _forget(self, invalidation: Invalidation) -> None:
        """Forget translations, and all that is known of the paging structures of their PCIDs."""
        self.cached = {each for each in self.cached if not invalidation.concerns(each)}
        if invalidation.flush in (Flush.NON_GLOBAL, Flush.EVERYTHING):
            self.known.clear()
        elif invalidation.flush is not Flush.NOTHING:
            self.known = {each for each in self.known if each.pcid != invalidation.pcid}
