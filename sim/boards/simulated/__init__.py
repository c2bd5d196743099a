"""Simulated boards: the whole demonstration system, behind the pins of its UART.

====================================  ==============================================
:mod:`sim.boards.simulated.system`    the system of a board, as a simulator takes it
:mod:`sim.boards.simulated.board`     one that is compiled, driven byte by byte
:mod:`sim.boards.simulated.netlist`   the same from what synthesis makes of it
:mod:`sim.boards.simulated.terminal`  a board behind a pseudo-terminal
====================================  ==============================================
"""
