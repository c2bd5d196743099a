"""A look at a scenario while it plays: where it ends, in which system call, what is not awaited."""

import gc
import inspect
import sys
import warnings
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CoroutineType
from typing import Any

from sw.arch.x86.entry.syscalls import syscall_64
from sw.user import User

from .mistakes import Frame, Location, Mistake, innermost


__all__ = ["Watch", "call_in"]


#: The project's folder, and what in it is no scenario.
ROOT  = Path(__file__).parents[2]
OURS  = [ROOT / "hw", ROOT / "sim", ROOT / "sw"]
STORY = ROOT / "sim/scenarios"

#: Names of system calls by their numbers.
NAMES = {number: name.removeprefix("NR_") for name, number in vars(syscall_64).items()
         if name.startswith("NR_")}


class Watch:
    """Watches what a scenario plays, which is awaited through it.

    Parameters
    ----------
    file : :class:`str`
        The scenario's file.
    dropped : callable
        Called when it is dropped in the middle, before anything of it is cleaned up.

    Attributes
    ----------
    frames : sequence of :data:`sim.scenario.mistakes.Frame`
        Where it was when it was dropped in the middle; empty, if it was not.
    location : :class:`sim.scenario.mistakes.Location` or :class:`None`
        The line of the file in which it was then.
    forgotten : :class:`list` of :class:`sim.scenario.mistakes.Mistake`
        Calls whose ``await`` is missing.
    """

    def __init__(self, file: str, dropped: Callable[[], None] = lambda: None):
        self._file    = file
        self._dropped = dropped
        self.frames: Sequence[Frame]  = ()
        self.forgotten: list[Mistake] = []

    @property
    def location(self) -> Location | None:
        """The line of the file in which it was dropped."""
        return innermost(self.frames, self._file)

    async def watched(self, playing: Coroutine[Any, Any, None]) -> None:
        """Await ``playing``, in the thread that executes it."""
        depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(1)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.filterwarnings("always", "coroutine .* was never awaited", RuntimeWarning)
                with _only_younger_objects():
                    try:
                        await _Dropped(playing, self._drop)
                    finally:
                        self._look()
        finally:
            sys.set_coroutine_origin_tracking_depth(depth)
            for warning in caught:
                if not self._note(warning.source):
                    warnings.showwarning(warning.message, warning.category, warning.filename,
                                         warning.lineno)

    def _drop(self, playing: Coroutine[Any, Any, None]) -> None:
        self.frames = [*_suspended(playing)]
        self._dropped()

    def _look(self) -> None:
        """Look for coroutines that nobody has begun, in what is left and in what still lives."""
        gc.collect()
        for coroutine in [*_not_begun()]:
            if self._note(coroutine):
                coroutine.close()  # so that nobody else complains of it

    def _note(self, coroutine: Any) -> bool:
        """Note that a coroutine was forgotten, and return whether the scenario did it."""
        origin = getattr(coroutine, "cr_origin", None)
        if not origin or not _is_story(origin[0][0]):
            return False
        file, line, _ = origin[0]
        self.forgotten.append(Mistake(Location.of(file, line), (
            f"{_name(coroutine)}() is called, but never awaited: write await before it")))
        return True


def _name(coroutine: Any) -> str:
    """Name of the function, as the author of a scenario knows it: by the class of the object."""
    owner = coroutine.cr_frame.f_locals.get("self") if coroutine.cr_frame else None
    if owner is None:
        return str(coroutine.__qualname__)
    return f"{type(owner).__name__}.{coroutine.__name__}"


@contextmanager
def _only_younger_objects() -> Iterator[None]:
    """Keep what lives already from the garbage collector, for the body of the ``with`` statement.

    There may be millions of objects, which have nothing to do with the scenario, and to look at
    each takes longer than many a scenario.
    """
    frozen = gc.get_freeze_count() > 0
    if not frozen:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()


class _Dropped:
    """Awaits a coroutine; calls ``drop`` with it first if it is dropped in the middle.

    Python closes a chain of coroutines from its end on, so that afterwards nobody knows where it
    was.
    """

    def __init__(self, playing: Coroutine[Any, Any, None],
                 drop: Callable[[Coroutine[Any, Any, None]], None]):
        self._playing = playing
        self._drop    = drop

    def __await__(self) -> Generator[Any, Any, None]:
        outcome = None
        try:
            while True:
                outcome = yield self._playing.send(outcome)
        except StopIteration:
            return
        except GeneratorExit:
            self._drop(self._playing)
            while inspect.getcoroutinestate(self._playing) != inspect.CORO_CLOSED:
                # On its way out it may wait once more.
                with suppress(RuntimeError):
                    self._playing.close()
            raise


def _suspended(awaited: Any) -> Iterator[Frame]:
    """Frames of a coroutine that waits, and of what it waits for."""
    while (frame := getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)):
        yield frame, frame.f_lineno
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)


def call_in(frames: Sequence[Frame]) -> str:
    """The system call that ``frames`` lead through, as ``name(argument=value, ...)``; or ""."""
    for frame, _ in frames:
        if frame.f_code is User.syscall.__code__:
            return _in_words(frame.f_locals["number"], frame.f_locals["args"])
    return ""


def _in_words(number: int, arguments: tuple[int | str, ...]) -> str:
    function = syscall_64.sys_call_table.get(number)
    names    = [*inspect.signature(function).parameters][1:] if function else []
    said     = [f"{name}={_value(value)}" for name, value in zip(names, arguments, strict=False)]
    said    += [_value(value) for value in arguments[len(said):]]
    return f"{NAMES.get(number, f'system call {number}')}({', '.join(said)})"


def _value(value: Any) -> str:
    return f"{value:#x}" if isinstance(value, int) else f'"{value}"'


def _not_begun() -> Iterator[Coroutine[Any, Any, Any]]:
    """Coroutines of which nothing has been executed, made since their origin is noted."""
    for found in gc.get_objects():
        if (isinstance(found, CoroutineType) and found.cr_origin
                and inspect.getcoroutinestate(found) == inspect.CORO_CREATED):
            yield found


def _is_story(file: str) -> bool:
    """True for a file of a scenario, or of what belongs to one."""
    path = Path(file)
    return not any(map(path.is_relative_to, OURS)) or path.is_relative_to(STORY)
