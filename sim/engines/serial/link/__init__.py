"""The serial link to a board, seen from the computer.

Ref: docs/serial-link.md.

========================================  =======================================================
:mod:`sim.engines.serial.link.frames`     frames of bytes
:mod:`sim.engines.serial.link.numbers`    numbers in bytes
:mod:`sim.engines.serial.link.line`       serial ports
:mod:`sim.engines.serial.link.exchange`   one request and its response, in segments
:mod:`sim.engines.serial.link.client`     requests, repeated until each has its response
:mod:`sim.engines.serial.link.traffic`    counts of what went over the line, and how much in vain
:mod:`sim.engines.serial.link.diagnosis`  words for a line on which no board responds
:mod:`sim.engines.serial.link.version1`   boards of the first version
:mod:`sim.engines.serial.link.commands`   operations of a processor, as requests have them
:mod:`sim.engines.serial.link.rows`       what happened on the board, from responses to samples
========================================  =======================================================
"""
