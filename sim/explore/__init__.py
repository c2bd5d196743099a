"""Races, and searches of their schedules for a bad outcome.

A race is played on golden processors, from one point on, in copies of the process; a schedule is
the few switches by which it differs from the order that a machine has of its own accord.

============================  =====================================================================
:mod:`sim.explore.race`       the form of a race: programs, and a judge of memory
:mod:`sim.explore.races`      those that come with the project
:mod:`sim.explore.machine`    a golden machine that stands at the start of a race
:mod:`sim.explore.order`      the order of steps that a machine has of its own accord
:mod:`sim.explore.plan`       plans: the switches by which a schedule differs from it
:mod:`sim.explore.play`       a race played step by step
:mod:`sim.explore.footprint`  what steps touch, and so whether they commute
:mod:`sim.explore.fork`       copies of this process
:mod:`sim.explore.sample`     schedules that are drawn: by coin, or by PCT
:mod:`sim.explore.unit`       units of a search: what a worker does at a time
:mod:`sim.explore.pool`       workers: processes here, or of a Dask cluster
:mod:`sim.explore.state`      what a search knows, in a file
:mod:`sim.explore.search`     which schedules are played, and what is known afterwards
:mod:`sim.explore.minimise`   schedules made smaller
:mod:`sim.explore.told`       a schedule step by step, and as operations
:mod:`sim.explore.report`     what a search has found out, as text and as JSON
:mod:`sim.explore.gate`       a gate that makes any engine follow a plan
:mod:`sim.explore.racers`     programs of a race behind it
:mod:`sim.explore.confirm`    schedules played again on the gateware
:mod:`sim.explore.replay`     a schedule that was found, as a scenario
============================  =====================================================================
"""
