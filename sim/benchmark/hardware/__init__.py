"""Measurement of the unit as hardware: cost, clock and cycles, beside other open units.

=======================================  ======================================================
:mod:`sim.benchmark.hardware.cycles`     cycles of accesses, measured in simulation
:mod:`sim.benchmark.hardware.wrapper`    flip-flops around a unit, so that only its paths count
:mod:`sim.benchmark.hardware.targets`    FPGAs, and the options of the programs for each
:mod:`sim.benchmark.hardware.path`       critical path of a design, in words
:mod:`sim.benchmark.hardware.flow`       synthesis, place and route, and what is kept of them
:mod:`sim.benchmark.hardware.measure`    all of it, preset by preset
:mod:`sim.benchmark.hardware.peers`      other open units, as they were measured
:mod:`sim.benchmark.hardware.aims`       bounds for the figures, and what is reached
:mod:`sim.benchmark.hardware.tables`     figures as tables
:mod:`sim.benchmark.hardware.document`   figures as JSON
=======================================  ======================================================

``docs/hardware.md`` says what each figure means.
"""
