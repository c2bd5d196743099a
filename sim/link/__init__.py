"""The serial link to a board, seen from the computer.

Ref: docs/serial-link.md.

=======================  ============================================================
:mod:`sim.link.frames`   frames of octets
:mod:`sim.link.numbers`  numbers in octets
:mod:`sim.link.line`     what octets go through: a serial port
:mod:`sim.link.client`   requests and their answers, repeated until they get through
:mod:`sim.link.orders`   operations of a processor, as requests have them
:mod:`sim.link.rows`     what happened on the board, from answers to samples
=======================  ============================================================
"""
