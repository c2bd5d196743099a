"""Evidence of a claim: the access that its verdict names, and another path beside it.

The left path is that through an address of the user, the right one that through an address of the
kernel for the same frame. Where an act is about two addresses of one side, or about one in two
address spaces, these are the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sim.paging.walk import features_of, page_walk
from sim.record.history import MemoryHistory
from sim.record.interval import Interval
from sim.record.records import AccessRecord
from sim.record.witness import Witness
from sim.scenario.acts import Act
from sim.scenario.stage import Stage


__all__ = ["PAGE", "Evidence", "Path", "Paths", "Seen", "path_of"]


#: Bytes of a page and of a frame.
PAGE = 1 << 12


@dataclass(frozen=True, slots=True)
class Path:
    """A page of linear addresses in the address space of a CR3, as one processor sees it."""

    cpu:    int
    cr3:    int
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


class Seen(NamedTuple):
    """An access that a claim of an act names, and the frame that it was to, or None."""

    access: Witness
    frame:  int | None

    @property
    def path(self) -> Path:
        """The path that it took."""
        return path_of(self.access)

    @property
    def cycle(self) -> int:
        """The cycle in which it was accepted."""
        return self.access.access.accepted


def path_of(witness: Witness) -> Path:
    """The path that an access took, by the CR3 that it had."""
    return _path(witness.cpu, witness.access)


def _path(cpu: int, access: AccessRecord) -> Path:
    return Path(cpu, access.state.cr3, access.linear & -PAGE)


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

    def paths(self, claimed: Seen, seen: Sequence[Seen], act: Act) -> Paths:
        """The paths of a claim: that of its own access, and another one.

        Of the accesses ``seen`` by the claims of the act, it is the path of one to the same frame;
        or else of one that met this path in another frame of the act. Without any it is that of
        the other side: of the access to the frame that is nearest in time, or else the linear
        map's, which nobody used.
        """
        met   = _met(claimed, seen)
        other = self.opposite(claimed, act) if met is None else met
        order = [each.path for each in seen]
        if other is None:
            left, right = (None, claimed.path) if self._of_kernel(claimed.path) else (
                claimed.path, None)
        else:
            left, right = sorted((claimed.path, other), key=lambda path: (
                self._of_kernel(path), order.index(path) if path in order else len(order)))
        return self._paths(left, right, claimed.frame, act)

    def beside(self, paths: Paths, main: Paths, act: Act) -> Paths:
        """The paths of a claim about the kernel's access alone, beside the left one of the act."""
        if paths.left is not None or paths.right == main.left:
            return paths
        return self._paths(main.left, paths.right, paths.frame, act)

    def opposite(self, claimed: Seen, act: Act) -> Path | None:
        """The path of the other side to the frame of an access."""
        frame, kernels = claimed.frame, self._of_kernel(claimed.path)
        if frame is None:
            return None
        found = [(abs(access.accepted - claimed.cycle), cpu, access)
                 for cpu, trace in enumerate(self._traces)
                 for access in trace.accesses(during=Interval(act.since, act.until),
                                              physical=range(frame, frame + PAGE))
                 if (access.linear >= self._end) is not kernels]
        if found:
            return _path(*min(found)[1:])
        if kernels or frame >= self._lowmem:
            return None
        return Path(claimed.path.cpu, claimed.path.cr3, self._offset + frame)

    def _paths(self, left: Path | None, right: Path | None, frame: int | None, act: Act) -> Paths:
        return Paths(left, right, frame, tuple(
            side for side, path in (("left", left), ("right", right))
            if path is not None and not self._used(path, act)))

    def _of_kernel(self, path: Path) -> bool:
        return path.linear >= self._end

    def _used(self, path: Path, act: Act) -> bool:
        return any(access.state.cr3 == path.cr3 for access in self._traces[path.cpu].accesses(
            during=Interval(act.since, act.until), linear=range(path.linear, path.linear + PAGE)))


def _met(claimed: Seen, seen: Sequence[Seen]) -> Path | None:
    """The path of another access to the frame of one; or else to a frame that its path led to.

    Of several it is the last one before, or else the first one after.
    """
    led = {each.frame for each in seen if each.path == claimed.path}
    for frames in {claimed.frame}, led:
        others = [each for each in seen
                  if each.frame in frames - {None} and each.path != claimed.path]
        if others:
            return min(others, key=lambda each: (each.cycle > claimed.cycle,
                                                 abs(each.cycle - claimed.cycle))).path
    return None
