"""Scenarios that come with the project; :mod:`sim.scenario` says what one is.

==============================  ==========================================================
:mod:`sim.scenarios.article`    what the article shows, act by act
:mod:`sim.scenarios.race`       two processors: the locked update of A and D loses nothing
:mod:`sim.scenarios.shootdown`  two processors: no stale translation survives a shootdown
:mod:`sim.scenarios.jit`        a compiler patches its code through /proc/self/mem
:mod:`sim.scenarios.debugger`   a breakpoint is planted, hit and removed
:mod:`sim.scenarios.cast`       processes, files and pages that they share
==============================  ==========================================================
"""

from types import MappingProxyType

from sim.scenario.scenario import Scenario

from . import article, debugger, jit, race, shootdown


__all__ = ["SCENARIOS"]


#: By name, in the order of the list.
SCENARIOS = MappingProxyType({
    scenario.name: scenario
    for scenario in map(Scenario.of, (article, race, shootdown, jit, debugger))})
