"""Commands that show again what a run showed."""

from dataclasses import dataclass


__all__ = ["DEFAULT_ENGINE", "TRACED", "WalkCommand"]


DEFAULT_ENGINE = "pysim"

#: Engines on whose record the contents of the TLB are, in this process.
TRACED = ("pysim", "cxxrtl")

#: Engines whose runs are the same in every cycle.
ALIKE = (*TRACED, "cocotb")


@dataclass(frozen=True)
class WalkCommand:
    """The commands `dragoncage walk` of a run, without their last word: the cycle.

    It goes, pickled, to the process in which the run is played; for the page it is a
    :data:`sim.page.subjects.Command`.

    Attributes
    ----------
    words : :class:`str`
        Words that choose the scenario and the machine, as :func:`.choice.as_words` makes them.
    engine : :class:`str`
        The engine that plays the run.
    """

    words:  str
    engine: str

    def __call__(self, linear: int | None, cpu: int, cr3: int | None = None) -> str | None:
        """The command for an address, or for all that is mapped if that is None.

        It is for the address space of ``cr3``, or for that of the cycle.

        Returns None if this engine's runs are its own: no other is the same in every cycle.
        """
        if self.engine not in ALIKE:
            return None
        what = "--all" if linear is None else f"{linear:#x}"
        on   = f" --cpu {cpu}" if cpu else ""
        of   = "" if cr3 is None else f" --cr3 {cr3:#x}"
        fast = (f" --engine {self.engine}"
                if self.engine in TRACED and self.engine != DEFAULT_ENGINE else "")
        return f"dragoncage walk {what} {self.words}{on}{of}{fast} --at"
