"""Measurement: the engines' speed, and the unit as hardware.

==============================  ==================================================
:mod:`sim.benchmark.series`     repetitions of a workload, and the best of them
:mod:`sim.benchmark.works`      workloads of a kernel
:mod:`sim.benchmark.bare`       the same copies without a kernel
:mod:`sim.benchmark.vectors`    access vectors, from line to line
:mod:`sim.benchmark.measure`    all workloads, timed on the engines
:mod:`sim.benchmark.report`     figures as a table and as JSON
:mod:`sim.benchmark.bounds`     bounds that figures keep
:mod:`sim.benchmark.hardware`   cost, clock and cycles of the unit, beside others
==============================  ==================================================

The figures are explained in ``docs/engines.md`` and ``docs/hardware.md``.
"""
