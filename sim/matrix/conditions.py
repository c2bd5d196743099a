"""Conditions: how a machine, its kernel or the writer differ from the usual."""

from typing import NamedTuple

from sim.machine import ERAS

from .scene import UID


__all__ = ["CONDITIONS", "USUAL", "Condition"]


class Condition(NamedTuple):
    """A difference from what the command chooses.

    Attributes
    ----------
    name, meaning : :class:`str`
        Its name, for the head of a column, and the same in words.
    switches : :class:`tuple` of :class:`str`
        Switches, as of ``--set``.
    era, force_override : :class:`str` or :class:`None`
        The kernel's version, and its policy of forced writes.
    uid : :class:`int`
        User of the other process.
    """

    name:     str
    meaning:  str
    switches: tuple[str, ...] = ()
    era:      str | None      = None
    force_override: str | None = None
    uid:      int             = UID


#: What the command chooses.
USUAL = Condition("", "")

#: All conditions but the eras.
_OTHERS = (
    Condition("wp=0",    "the kernel leaves CR0.WP clear", ("kernel.wp=0",)),
    Condition("smap=0",  "the kernel does without SMAP", ("kernel.smap=0",)),
    Condition("wp=smap=0", "both", ("kernel.wp=0", "kernel.smap=0")),
    Condition("ptrace", "6.x, and proc_mem.force_override=ptrace", era="6.x",
              force_override="ptrace"),
    Condition("never", "6.x, and proc_mem.force_override=never", era="6.x",
              force_override="never"),
    Condition("user",    "the other process is of another user", uid=UID + 1),
    Condition("root",    "the other process is root's", uid=0),
)

#: All conditions by name, in the order of the columns. An era has one, not one for each name.
CONDITIONS = {condition.name: condition for condition in (
    *_OTHERS, *(Condition(name, f"the rules of Linux {name}", era=name)
                for name, era in ERAS.items() if name == era.name))}
