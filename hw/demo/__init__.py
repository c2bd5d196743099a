"""The demonstration system: one unit, its memory, and a bridge to a computer, for an FPGA.

=========================  ==================================================================
:mod:`hw.demo.uart`        bytes on a pin
:mod:`hw.demo.crc`         CRC-32 of bytes, a bit a cycle
:mod:`hw.demo.framing`     frames of bytes: flags, escapes, header, CRC
:mod:`hw.demo.protocol`    codes of requests and responses
:mod:`hw.demo.link`        requests and responses: numbered, in segments, repeated, done once
:mod:`hw.demo.bridge`      executes the operations of a request on the unit's ports
:mod:`hw.demo.rows`        events of a cycle, in numbers: rows of the trace
:mod:`hw.demo.varint`      numbers in bytes
:mod:`hw.demo.counters`    counters of cycles and events
:mod:`hw.demo.ram`         memory: block RAM, or the large RAMs of an UP5K
:mod:`hw.demo.indicators`  lights: a fault, a write by the bypass
:mod:`hw.demo.button`      a button that bounces
:mod:`hw.demo.status`      the greeting, and the counters as they are sent
:mod:`hw.demo.subsystem`   unit and memory, whose clock can stand still
:mod:`hw.demo.system`      the whole, with pins
=========================  ==================================================================
"""
