"""A stand-in for Amaranth's simulator: testbenches on a component that is compiled.

It has the part of the interface that testbenches of one clock need, with the same meaning: whoever
looks sees what follows from all that was set before, and those that wait for an edge of the clock
are given what was there just before it, and go on in the order in which they were added.
"""

import operator
from collections.abc import Awaitable, Callable, Generator
from typing import Any, ClassVar

from amaranth.hdl import Const, Shape, ShapeCastable, Value, ValueCastable
from amaranth.lib.wiring import Component

from .pins import Pins


__all__ = ["Context", "Simulator", "Tick"]


#: What Amaranth says of an edge: that the clock has one, and that there is no reset.
_EDGE = (True, False)

Looks = tuple[Callable[[], Any], ...]


class Simulator:
    """A component that is compiled once for its content, and testbenches around it.

    Raises :class:`sim.errors.Unavailable` without what compiles it.

    Parameters
    ----------
    toplevel : :class:`amaranth.lib.wiring.Component`
        The design. Testbenches reach its ports, and nothing inside it.
    """

    #: What compiles it.
    PINS: ClassVar[type[Pins]] = Pins

    def __init__(self, toplevel: Component):
        self._pins = self.PINS(toplevel)
        self._testbenches: list[_Testbench] = []
        self._begun = False

    def add_clock(self, period: float) -> None:
        """Say how many seconds a cycle lasts, as Amaranth wants to know. Nothing depends on it."""
        if period <= 0:
            raise ValueError(f"the period of a clock must be positive, not {period!r}")

    def add_testbench(
        self, constructor: "Callable[[Context], Awaitable[None]]", *, background: bool = False,
    ) -> None:
        """Add a testbench. The simulation lasts until all have ended that are not ``background``.

        ``constructor`` is called in each run. Raises :class:`RuntimeError` during one.
        """
        if self._begun:
            raise RuntimeError("Cannot add a testbench to a running simulation")
        self._testbenches.append(_Testbench(constructor, background=background))

    def reset(self) -> None:
        """Go back to the beginning: of the design, and of the testbenches."""
        self._pins.reset()
        self._begun = False

    def run(self) -> None:
        """Run from reset until only testbenches in the background are left.

        What a testbench raises ends the run. Raises :class:`RuntimeError` without a reset since
        the last one.
        """
        if self._begun:
            raise RuntimeError("The simulation has been run: reset() comes first")
        self._begun = True
        pins, testbenches = self._pins, self._testbenches
        context = Context(pins)
        for testbench in testbenches:
            testbench.begin(context)
        running = [testbench for testbench in testbenches if testbench.running]
        while not all(testbench.background for testbench in running):
            pins.evaluate()
            for testbench in running:
                testbench.look()
            pins.advance()
            context.stale = True
            for testbench in running:
                testbench.go_on()
            running = [testbench for testbench in running if testbench.running]


class Context:
    """The simulation, as testbenches have it in their hands.

    Attributes
    ----------
    stale : :class:`bool`
        Something has changed that what comes out does not follow yet.
    """

    def __init__(self, pins: Pins):
        self._pins = pins
        self.stale = False

    def get(self, expr: Any) -> Any:
        """Return a port, or a part of one, as it is now: as its shape has it."""
        look = _look(self._pins, expr)
        if self.stale:
            self._pins.settle()
            self.stale = False
        return look()

    def set(self, expr: Any, value: Any) -> None:
        """Change an input, to a value that its shape accepts."""
        if isinstance(expr, ValueCastable):
            shape = expr.shape()
            if isinstance(shape, ShapeCastable):
                value = shape.const(value)
            expr = Value.cast(expr)
        write = self._pins.writer(expr)
        write(value if type(value) is int else Const.cast(value).value)
        self.stale = True

    def tick(self) -> "Tick":
        """Return what waits for an edge of the clock."""
        return Tick(self._pins)


class Tick:
    """An edge of the clock, to be waited for any number of times.

    To ``await`` it gives true, since the clock has an edge; false, since there is no reset; and
    what was sampled.
    """

    def __init__(self, pins: Pins, looks: Looks = ()):
        self._pins = pins
        self.looks = looks

    def sample(self, *exprs: Any) -> "Tick":
        """Return one that also gives these ports, or parts, as they are just before the edge."""
        return Tick(self._pins, self.looks + tuple(_look(self._pins, expr) for expr in exprs))

    async def until(self, condition: Any) -> tuple[Any, ...]:
        """Wait for the first edge before which a condition is not 0. Return what was sampled."""
        tick, done, values = self.sample(condition), False, []
        while not done:
            _, _, *values, done = await tick
        return tuple(values)

    async def repeat(self, count: int) -> tuple[Any, ...]:
        """Wait for ``count`` edges. Return what was sampled before the last one."""
        count, values = operator.index(count), []
        if count <= 0:
            raise ValueError(f"Repeat count must be a positive integer, not {count!r}")
        for _ in range(count):
            _, _, *values = await self
        return tuple(values)

    def __await__(self) -> "Generator[Tick, tuple[Any, ...], tuple[Any, ...]]":
        return (yield self)


class _Testbench:
    """A testbench, which is waiting for an edge of the clock while it is running."""

    def __init__(self, constructor: Callable[[Context], Awaitable[None]], *, background: bool):
        self._constructor = constructor
        self.background   = background
        self.running      = False

    def begin(self, context: Context) -> None:
        """Start it."""
        self._coroutine = self._constructor(context).__await__()
        self.running    = True
        self._seen: tuple[Any, ...] | None = None
        self.go_on()

    def look(self) -> None:
        """Note what it is going to be given."""
        self._seen = (*_EDGE, *[look() for look in self._looks])

    def go_on(self) -> None:
        """Let it run until it waits again."""
        try:
            tick = self._coroutine.send(self._seen)
        except StopIteration:
            self.running = False
            return
        if not isinstance(tick, Tick):
            raise TypeError(f"a testbench on a compiled design can wait for ticks, not {tick!r}")
        self._looks = tick.looks


def _look(pins: Pins, expr: Any) -> Callable[[], Any]:
    """Reader of a port, or of a part of one, as its shape has it."""
    bits  = pins.reader(Value.cast(expr))
    shape: Any = expr.shape() if isinstance(expr, ValueCastable) else None
    if not isinstance(shape, ShapeCastable) or isinstance(shape, Shape):
        return bits
    last: tuple[int, Any] | None = None

    def look() -> Any:
        # Most ports stay as they are for many cycles.
        nonlocal last
        found = bits()
        if last is None or last[0] != found:
            last = found, shape.from_bits(found)
        return last[1]

    return look
