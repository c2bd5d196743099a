"""The serial link to a board, seen from the computer.

Ref: docs/serial-link.md.

=========================  ============================================================
:mod:`sim.link.frames`     frames of bytes
:mod:`sim.link.numbers`    numbers in bytes
:mod:`sim.link.line`       serial ports
:mod:`sim.link.exchange`   one request and its answer, in segments
:mod:`sim.link.client`     requests and their answers, repeated until they get through
:mod:`sim.link.traffic`    counts of what went over the line, and how much in vain
:mod:`sim.link.diagnosis`  words for a line on which no board answers
:mod:`sim.link.version1`   boards of the first version
:mod:`sim.link.orders`     operations of a processor, as requests have them
:mod:`sim.link.rows`       what happened on the board, from answers to samples
=========================  ============================================================
"""
