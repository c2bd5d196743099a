"""Errors of a machine that every room above can meet."""

from collections.abc import Sequence


__all__ = ["BusHang", "LimitReached", "MachineLost", "Unavailable", "Unsuited"]


class BusHang(Exception):
    """The machine did not respond in time.

    Attributes
    ----------
    cycle : :class:`int`
        Cycle in which the engine gave up.
    """

    def __init__(self, cycle: int, waiting_for: str):
        super().__init__(f"no response to {waiting_for} by cycle {cycle}")
        self.cycle = cycle


class LimitReached(Exception):
    """A run was not over after as many cycles as it may take.

    Parameters
    ----------
    limit : :class:`int`
        Cycles that it may take.
    waiting : sequence of :class:`str`
        What each processor was waiting for.
    """

    def __init__(self, limit: int, waiting: Sequence[str]):
        each = "; ".join(f"processor {number} was waiting for {operation}"
                         for number, operation in enumerate(waiting))
        super().__init__(f"the run is not over after {limit:,} cycles, its limit (--limit, or "
                         f"CYCLES in the scenario, sets another); {each}")


class MachineLost(Exception):
    """The machine is out of reach from some moment on. The message says why."""


class Unavailable(Exception):
    """This engine lacks something on this computer. The message says what to install or to do."""


class Unsuited(Exception):
    """The machine cannot do what is wanted of it. The message says what, and what to do."""
