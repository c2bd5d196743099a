"""Evidence of a claim: the access behind it, and the two paths to its frame.

The left path is that through an address of the user, the right one that through an address of the
kernel for the same frame.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from sim.paging.walk import features_of, page_walk
from sim.record.history import MemoryHistory
from sim.record.interval import Interval
from sim.record.records import AccessRecord
from sim.scenario.stage import Act, Claim, Stage


__all__ = ["PAGE", "Evidence", "Path", "Paths", "Witness"]


#: Bytes of a page and of a frame.
PAGE = 1 << 12


@dataclass(frozen=True, slots=True)
class Path:
    """A page of linear addresses, as one processor sees it."""

    cpu:    int
    linear: int


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths to a frame: through the user's address, and through the kernel's."""

    left:  Path | None = None
    right: Path | None = None
    frame: int | None  = None

    @property
    def whole(self) -> bool:
        """True if both are known."""
        return self.left is not None and self.right is not None


@dataclass(frozen=True, slots=True)
class Witness:
    """An access that a processor made; ``number`` is its place in that one's trace."""

    cpu:    int
    number: int
    access: AccessRecord

    @property
    def path(self) -> Path:
        """The page that it is to."""
        return Path(self.cpu, self.access.linear & -PAGE)


class Evidence:
    """Looks for the accesses behind claims.

    Parameters
    ----------
    stage : :class:`sim.scenario.stage.Stage`
        The stage, when all is over.
    history : :class:`sim.record.history.MemoryHistory`
        Its memory in any cycle.
    """

    def __init__(self, stage: Stage, history: MemoryHistory):
        self._traces   = stage.traces
        self._history  = history
        self._features = features_of(stage.config)
        self._end      = stage.kernel.paging.TASK_SIZE
        self._offset   = stage.kernel.paging.PAGE_OFFSET
        self._lowmem   = stage.kernel.lowmem_bytes

    def of_user(self, path: Path) -> bool:
        """Tell whether the addresses of a page are the user's."""
        return path.linear < self._end

    def witness(self, claim: Claim) -> Witness | None:
        """The access behind a claim; None if none is.

        It ends in the cycle of the claim, or else begins in it, or else has the walker or a locked
        bus cycle at work in it.
        """
        cycle = claim.cycle
        if cycle is None:
            return None
        fits: Sequence[Callable[[Witness], bool]] = (
            lambda found: found.access.completed == cycle,
            lambda found: found.access.accepted == cycle,
            lambda found: found.access.accepted <= cycle <= found.access.completed
            and self._at_work(found.cpu, cycle))
        near = list(self._near(cycle))
        return next((witness for fit in fits for witness in near if fit(witness)), None)

    def frame(self, witness: Witness) -> int | None:
        """The frame that an access was to, also if it was refused; None if nothing maps one."""
        access = witness.access
        if access.done:
            return access.physical & -PAGE
        walk = page_walk(self._traces, self._history, access.linear, cycle=access.accepted,
                         cpu=witness.cpu, features=self._features)
        if walk.translation is None:
            return None
        return walk.translation.translate(walk.linear) & -PAGE

    def paths(self, witness: Witness, act: Act) -> Paths:
        """The paths to the frame of an access: its own, and the nearest other in the act."""
        frame, own = self.frame(witness), witness.path
        user       = self.of_user(own)
        other      = None if frame is None else self._other(frame, witness, act, user=not user)
        return Paths(own, other, frame) if user else Paths(other, own, frame)

    def main(self, found: Sequence[Paths]) -> Paths:
        """Those of several that most of them are, and that are whole if any is."""
        counted = Counter(found)
        return max(counted, key=lambda paths: (paths.whole, counted[paths]), default=Paths())

    def _at_work(self, cpu: int, cycle: int) -> bool:
        """Tell whether the walker, or a locked bus cycle, of a processor has a transfer then."""
        return any(transfer.walk or transfer.lock for transfer in
                   self._traces[cpu].transfers(during=Interval(cycle, cycle + 1)))

    def _near(self, cycle: int) -> Iterator[Witness]:
        """Accesses that begin in ``cycle``, or some before it."""
        for cpu, trace in enumerate(self._traces):
            accesses = trace.all_accesses
            number   = bisect_left(accesses, cycle + 1, key=attrgetter("accepted"))
            # No more than a few are on their way at a time.
            for place in range(max(number - 16, 0), number):
                yield Witness(cpu, place, accesses[place])

    def _other(self, frame: int, witness: Witness, act: Act, *, user: bool) -> Path | None:
        """The path of the other side to a frame: of the access in the act that is nearest in time.

        If there is none, it is the linear map's for the kernel's side, and none for the user's.
        """
        found = [(abs(access.accepted - witness.access.accepted), cpu, access.linear)
                 for cpu, trace in enumerate(self._traces)
                 for access in trace.accesses(during=Interval(act.since, act.until),
                                              physical=range(frame, frame + PAGE))
                 if (access.linear < self._end) is user]
        if found:
            _, cpu, linear = min(found)
            return Path(cpu, linear & -PAGE)
        if user or frame >= self._lowmem:
            return None
        return Path(witness.cpu, self._offset + frame)
