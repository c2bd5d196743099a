"""A run as a file for Perfetto, the viewer of traces.

===========================  ==================================================
:mod:`sim.perfetto.slices`   slices, counters, and the rows that show them
:mod:`sim.perfetto.lanes`    slices that overlap, in lanes
:mod:`sim.perfetto.flows`    what faults, interrupts and INVLPG lead to
:mod:`sim.perfetto.story`    rows of the scenario: acts and claims
:mod:`sim.perfetto.ports`    rows of a processor: what was on its unit's ports
:mod:`sim.perfetto.encoder`  rows as packets of Perfetto's format
:mod:`sim.perfetto.export`   the file
:mod:`sim.perfetto.link`     the viewer's address, at a claim
===========================  ==================================================
"""
