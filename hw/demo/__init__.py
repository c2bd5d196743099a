"""The demonstration system: one unit, its memory, and a bridge to a computer, for an FPGA.

=========================  ================================================================
:mod:`hw.demo.uart`        octets on a pin
:mod:`hw.demo.crc`         CRC-32 of bytes, a bit a cycle
:mod:`hw.demo.framing`     frames of bytes: flags, escapes, header, CRC
:mod:`hw.demo.link`        requests and answers: numbered, in segments, repeated, done once
:mod:`hw.demo.bridge`      does the operations of a request on the unit's ports
:mod:`hw.demo.rows`        what happened in a cycle, in numbers
:mod:`hw.demo.varint`      numbers in octets
:mod:`hw.demo.counters`    how often things happened
:mod:`hw.demo.report`      the greeting, and the counters, as responses
:mod:`hw.demo.ram`         memory: block RAM, or the large RAMs of an UP5K
:mod:`hw.demo.indicators`  lights: a fault, a write by the bypass
:mod:`hw.demo.button`      a button that bounces
:mod:`hw.demo.machine`     unit and memory, whose clock can stand still
:mod:`hw.demo.system`      the whole, with pins
=========================  ================================================================
"""
