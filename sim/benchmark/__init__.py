"""How fast the engines are.

============================  ========================================
:mod:`sim.benchmark.series`   repetitions, and the best of them
:mod:`sim.benchmark.works`    what is done
:mod:`sim.benchmark.bare`     ... and by what without a kernel
:mod:`sim.benchmark.vectors`  ... and with access vectors
:mod:`sim.benchmark.measure`  the works, done and timed on the engines
:mod:`sim.benchmark.targets`  what users may expect
:mod:`sim.benchmark.report`   figures as a table and as JSON
============================  ========================================

What the figures mean is described in ``docs/engines.md``.
"""
