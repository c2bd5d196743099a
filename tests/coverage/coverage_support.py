"""Shared by tests of coverage: a unit that is observed, with a page of its own, and its flaws."""

from contextlib import ExitStack, contextmanager
from functools import cache
from unittest import mock

from amaranth.hdl import C

from hw.presets import PRESETS
from sim.coverage import campaign
from sim.coverage.campaign import Aim, Campaign, Here, Hit
from sim.coverage.model import model_of
from sim.coverage.report import as_json
from sim.coverage.unit import ObservedUnit
from sim.engines.cxxrtl import vectors
from sim.vectors.sequence import AccessStep, SequenceVector
from sim.verification.flawed_rules import rules


FULL = PRESETS["full"]

#: The page of the examples, its tables, and the entry that maps it: 4-level paging.
PAGE, PTE = 0x4060_5000, 0x4028
ENTRIES   = [(0x1000, 0x2007), (0x2008, 0x3007), (0x3018, 0x4007), (PTE, 0x5007)]


@cache
def unit():
    """The full unit."""
    return ObservedUnit(FULL)


def step(kind="read", linear=PAGE, *, cpl=0, size=4, implicit=0, ac=0):
    return AccessStep(kind, linear, size, implicit, cpl, ac, 0x5a)


def vector(*steps, entries=(), cr4=0x20, cr3=0x1000, cr0=0x8000_0011):
    """A machine with the page of the examples, where ``entries`` have other values, and steps."""
    return SequenceVector("test", cr0, cr3, cr4, 0x500, 0, 0, 40, list(steps),
                          sorted((dict(ENTRIES) | dict(entries)).items()))


def seen(*steps, **machine):
    """All that is seen of the steps, but not of the writes that prepare them."""
    run = unit().run(vector(*steps, **machine))
    assert run.difference is None
    first = next(index for index, (cycle, each) in enumerate(run.seen)
                 if getattr(each, "register", "") == "CR3") + 1
    return [each for _, each in run.seen[first:]]


def covered(config, *, rules, accesses=0, until_closed=False, seed=1):
    """A campaign that has run in this process."""
    done = Campaign(config, seed, [bin_.number for bin_ in model_of(config).of_rules(rules)])
    done.run(Here(), accesses=accesses, until_closed=until_closed)
    return done


def document():
    """JSON of a campaign in which everything has happened."""
    bins = [bin_.number for bin_ in model_of(FULL).of_rules([18])]
    done = Campaign(FULL, 1, bins, {bins[0]: 3}, {bins[0]: Hit(Aim(bins[0], 0), 7)},
                    differences=[(Aim(0, 0), "so")], illegal=[("PAT", ("32-bit",), Aim(0, 0))])
    return as_json(done, "full", ["unit.smap=1"], [18])


@contextmanager
def patched(patches):
    """Units that are compiled meanwhile have other functions: by module or class, and name."""
    def forget():
        vectors._compiled.cache_clear()
        campaign._unit.cache_clear()

    forget()
    try:
        with ExitStack() as stack:
            for (owner, name), function in patches.items():
                stack.enter_context(mock.patch.object(owner, name, function))
            yield
    finally:
        forget()


def flawed(flaw):
    """Units that are compiled meanwhile have one of the flaws of rules."""
    return patched(rules(lambda name: C(name == flaw, 1)))
