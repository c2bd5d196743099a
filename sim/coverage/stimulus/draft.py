"""A draft: what a stimulus has to have, and a random source for the rest."""

from collections.abc import Mapping, Sequence
from random import Random

from hw.config import MmuConfig
from sim.coverage.points.terms import LEVELS, MODES, SIZES
from sim.coverage.reachability import Reachability


__all__ = ["Draft"]


_WRITES = ("write", "exchange", "compare-exchange")

#: Kinds of access by the class that a bin names.
_CLASSES = {"read": ("read",), "write": _WRITES, "fetch": ("fetch",)}


class Draft:
    """Values of named axes: those of the bin that is aimed at, and others drawn at random.

    Parameters
    ----------
    rng : :class:`random.Random`
        Random source.
    config : :class:`hw.config.MmuConfig`
        The unit.
    plan : mapping of :class:`str` to :class:`str`
        Axes that have to have a value, as bins have it: "WP=1", "user", "4K".
    """

    def __init__(self, rng: Random, config: MmuConfig, plan: Mapping[str, str]):
        self.rng    = rng
        self.config = config
        self.plan   = dict(plan)
        self.reach  = Reachability(config)

    def given(self, axis: str) -> str | None:
        """The value that an axis has to have, if any."""
        return self.plan.get(axis)

    def let(self, **values: str) -> None:
        """Give axes a value, unless they have one."""
        for axis, value in values.items():
            self.plan.setdefault(axis, value)

    def let_all(self, values: Mapping[str, str]) -> None:
        """The same for axes whose names are no words."""
        for axis, value in values.items():
            self.plan.setdefault(axis, value)

    def choose(self, axis: str, options: Sequence[str]) -> str:
        """The value of an axis: one of several, if it need not have one."""
        return self.plan.get(axis) or self.rng.choice(options)

    def flag(self, name: str, likely: float = 0.5) -> bool:
        """A bit of a register or an entry: 0 where the unit has not got it."""
        value = self.plan.get(name)
        if value is not None:
            return value.endswith("1")
        return self.reach.bit(f"{name}=1") is None and self.rng.random() < likely

    def chance(self, likely: float) -> bool:
        """True with some probability."""
        return self.rng.random() < likely

    # What most stimuli have

    def mode(self) -> str:
        """A paging mode that the unit has, and in which there can be what is wanted."""
        family = {"long mode": ("5-level", "4-level"), "PAE": ("PAE",)}.get(
            self.plan.get("family", ""), MODES)
        if self.plan.get("mode") in MODES:
            return self.plan["mode"]
        return self.rng.choice([
            mode for mode in family if self.reach.mode(mode) is None
            and self.plan.get("size", "4K") in SIZES[mode]
            and self.plan.get("level", "PTE") in LEVELS[mode]])

    def size(self, mode: str) -> str:
        """A size of pages."""
        options = [size for size in SIZES[mode] if self.reach.size(mode, size) is None]
        if self.plan.get("by") == "second level":
            options = [size for size in options if size in ("4K", "2M")]
        return self.choose("size", options)

    def kind(self) -> str:
        """A kind of access."""
        if "kind" in self.plan:
            return self.plan["kind"]
        if "class" in self.plan:
            return self.rng.choice(_CLASSES[self.plan["class"]])
        if self.plan.get("fetches") == "fetch":
            return "fetch"
        kinds = ("read", "read", *_WRITES) if "fetches" in self.plan else (
            "read", "write", "fetch", "exchange", "compare-exchange")
        return self.rng.choice(kinds)

    def privilege(self) -> tuple[int, int]:
        """CPL and whether the access is implicit."""
        privilege = self.choose("privilege", ("user", "user", "supervisor", "supervisor",
                                              "implicit"))
        if privilege == "implicit":
            return 3 * self.flag("CPL"), 1
        return 3 * (privilege == "user"), 0
