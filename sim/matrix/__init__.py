"""Every way to write, against every kind of memory: each played, none asserted.

============================  ====================================================
:mod:`sim.matrix.scene`       processes around a page that something is written to
:mod:`sim.matrix.memory`      kinds of pages
:mod:`sim.matrix.ways`        ways to write
:mod:`sim.matrix.conditions`  machines, kernels and writers that differ from the usual
:mod:`sim.matrix.cell`        one way at one kind of page: what came of it
:mod:`sim.matrix.play`        all cells, on as few machines as can be
:mod:`sim.matrix.text`        the matrix as text
:mod:`sim.matrix.json`        the matrix as JSON
:mod:`sim.matrix.html`        the matrix as a page for a browser
============================  ====================================================
"""
