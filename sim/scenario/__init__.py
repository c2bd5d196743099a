"""Scenarios: stories played on a machine, and the claims that they make.

============================  ====================================================
:mod:`sim.scenario.scenario`  scenarios, from a module to a run
:mod:`sim.scenario.module`    the form of such a module
:mod:`sim.scenario.stage`     acts, steps and claims
:mod:`sim.scenario.watch`     what a scenario awaits while it plays
:mod:`sim.scenario.failure`   how a run ends before its time
:mod:`sim.scenario.mistakes`  what the author of a scenario has to mend, and where
:mod:`sim.scenario.report`    a run as text and as JSON
============================  ====================================================
"""
