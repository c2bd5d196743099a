"""Errors of a machine that every floor above can meet."""


__all__ = ["BusHang", "MachineLost", "Unavailable", "Unsuited"]


class BusHang(Exception):
    """The machine did not answer in time.

    Attributes
    ----------
    cycle : :class:`int`
        Cycle in which the engine gave up.
    """

    def __init__(self, cycle: int, waiting_for: str):
        super().__init__(f"no answer to {waiting_for} by cycle {cycle}")
        self.cycle = cycle


class MachineLost(Exception):
    """The machine is out of reach from some moment on. The message says why."""


class Unavailable(Exception):
    """This engine lacks something on this computer. The message says what to install or to do."""


class Unsuited(Exception):
    """The machine cannot do what is asked of it. The message says what, and what to do."""
