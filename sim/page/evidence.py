"""Evidence of a claim: the access that its verdict names, and the two paths to its frame.

The left path is that through an address of the user, the right one that through an address of the
kernel for the same frame. Where an act is about two addresses of one side, these are the two.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sim.paging.walk import features_of, page_walk
from sim.record.history import MemoryHistory
from sim.record.interval import Interval
from sim.record.witness import Witness
from sim.scenario.acts import Act
from sim.scenario.stage import Stage


__all__ = ["PAGE", "Evidence", "Path", "Paths", "path_of"]


#: Bytes of a page and of a frame.
PAGE = 1 << 12


@dataclass(frozen=True, slots=True)
class Path:
    """A page of linear addresses, as one processor sees it."""

    cpu:    int
    linear: int


@dataclass(frozen=True, slots=True)
class Paths:
    """Two paths to a frame; ``unused`` are the sides that no access of the act took."""

    left:   Path | None     = None
    right:  Path | None     = None
    frame:  int | None      = None
    unused: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """True if both are known."""
        return self.left is not None and self.right is not None


def path_of(witness: Witness) -> Path:
    """The path that an access took."""
    return Path(witness.cpu, witness.access.linear & -PAGE)


class Evidence:
    """Looks for the frames of accesses, and for the paths to them.

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

    def paths(self, frame: int, found: Iterable[Witness], act: Act) -> Paths:
        """The paths to a frame that accesses ``found`` took in an act.

        If they took one alone, the other is that of the other side: of the access in the act that
        is nearest in time, or else the linear map's, which nobody used.
        """
        witnesses = list(found)
        taken     = sorted(dict.fromkeys(map(path_of, witnesses)), key=self._of_kernel)
        if len(taken) == 1:
            other = self._other(frame, witnesses[0], act)
            taken = sorted([*taken, *([] if other is None else [other])], key=self._of_kernel)
        if len(taken) == 1:
            kernels = self._of_kernel(taken[0])
            left, right = (None, taken[0]) if kernels else (taken[0], None)
        else:
            left, right = taken[0], taken[-1] if self._of_kernel(taken[-1]) else taken[1]
        return Paths(left, right, frame, tuple(
            side for side, path in (("left", left), ("right", right))
            if path is not None and not self._used(path, act)))

    def _of_kernel(self, path: Path) -> bool:
        return path.linear >= self._end

    def _used(self, path: Path, act: Act) -> bool:
        return bool(self._traces[path.cpu].accesses(
            during=Interval(act.since, act.until), linear=range(path.linear, path.linear + PAGE)))

    def _other(self, frame: int, witness: Witness, act: Act) -> Path | None:
        """The path of the other side to a frame."""
        kernels = self._of_kernel(path_of(witness))
        found   = [(abs(access.accepted - witness.access.accepted), cpu, access.linear & -PAGE)
                   for cpu, trace in enumerate(self._traces)
                   for access in trace.accesses(during=Interval(act.since, act.until),
                                                physical=range(frame, frame + PAGE))
                   if (access.linear >= self._end) is not kernels]
        if found:
            return Path(*min(found)[1:])
        if kernels or frame >= self._lowmem:
            return None
        return Path(witness.cpu, self._offset + frame)
