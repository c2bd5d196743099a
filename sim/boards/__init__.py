"""Boards: bitstreams, made, judged and brought there; and in `simulated`, boards that need none.

===========================  ===========================================
:mod:`sim.boards.tools`      the programs that make and load a bitstream
:mod:`sim.boards.build`      the making of a bitstream
:mod:`sim.boards.progress`   its progress
:mod:`sim.boards.nextpnr`    figures of place and route
:mod:`sim.boards.report`     boards and builds as text and as JSON
:mod:`sim.boards.loader`     the loading of a bitstream
:mod:`sim.boards.simulated`  boards without a board
===========================  ===========================================
"""
