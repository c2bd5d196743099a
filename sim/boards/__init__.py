"""Boards: bitstreams and their way to a board, and boards that are simulated.

===========================  ==========================================
:mod:`sim.boards.tools`      programs for bitstreams, and where they are
:mod:`sim.boards.nextpnr`    report of place and route
:mod:`sim.boards.build`      build of a bitstream
:mod:`sim.boards.loader`     loader of bitstreams
:mod:`sim.boards.report`     boards and builds as tables and as JSON
:mod:`sim.boards.simulated`  simulated boards
===========================  ==========================================
"""
