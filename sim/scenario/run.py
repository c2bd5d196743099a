"""Result of a run: acts, claims, and how it ended."""

from dataclasses import dataclass, field
from pathlib import Path

from .acts import Act, Claim
from .failure import Failure
from .mistakes import Mistake


__all__ = ["Run"]


@dataclass
class Run:
    """One scenario, played once.

    Attributes
    ----------
    scenario, title, mode, engine, era : :class:`str`
        What was played, and on which machine.
    preset : :class:`str` or :class:`None`
        Name of the unit's configuration, if it has one, before ``switches`` changed it.
    switches : :class:`str`
        Switches that were set, as in :mod:`sim.switches`.
    force_override : :class:`str` or :class:`None`
        The kernel's policy of forced writes, if one was chosen.
    schedule : :class:`str`
        Time slices that the processors had, as in :mod:`sim.schedule`.
    waves : :class:`pathlib.Path` or :class:`None`
        Folder of the waveform, if there is one.
    ram : :class:`int`
        Bytes of memory that the kernel has.
    cycles, seconds
        How long it took, in the machine and here.
    counted, link : mapping of :class:`str` to :class:`int`
        What the machine has counted by itself, if it does, and what went over the link to it, if
        there is one.
    acts : :class:`list` of :class:`.acts.Act`
        What was shown.
    failure, mistake
        What it played on failed, or its author made a mistake, so that it came to its end early.
    unwritten : :class:`dict` of :class:`str`
        Why its waveform, or an export, could not be written, by the name of its option.
    """

    scenario: str
    title:    str
    mode:     str
    engine:   str
    era:      str
    preset:   str | None     = None
    switches: str            = ""
    force_override: str | None = None
    schedule: str            = ""
    waves:    Path | None    = None
    ram:      int            = 0
    cycles:   int            = 0
    counted:  dict[str, int] = field(default_factory=dict)
    link:     dict[str, int] = field(default_factory=dict)
    seconds:  float          = 0.0
    acts:     list[Act]      = field(default_factory=list)
    failure:  Failure | None = None
    mistake:  Mistake | None = None

    unwritten: dict[str, str] = field(default_factory=dict)

    @property
    def claims(self) -> list[Claim]:
        """The claims of all acts."""
        return [claim for act in self.acts for claim in act.claims]

    @property
    def holds(self) -> bool:
        """True if it came to its end, and every claim holds."""
        return (self.failure is None and self.mistake is None
                and all(claim.holds for claim in self.claims))
