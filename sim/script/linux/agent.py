"""The program of a process of a script, as a file that Linux executes.

Ref: System V ABI, AMD64 supplement, chapter 4 "Object Files".

Its source is ``agent.S``. It is here in bytes, since a user need not have an assembler; a test
assembles the source and compares.
"""

import os
import struct


__all__ = ["CODE", "agent_file"]


#: Address of its only page.
_ADDRESS = 0x40_0000

_HEADERS = 64 + 2 * 56

_PT_LOAD, _PT_GNU_STACK = 1, 0x6474_E551

#: What the assembler makes of agent.S.
CODE = bytes.fromhex("""
    488b5c24100fb61b83eb4148bf0000000002000000be00001000ba0300000041ba1100000041b8c800000045
    31c9b8090000000f05c1e310488d2c18b90000010081e900100000f0834c0d000085c975f0488d05a8010000
    488985a0000000488d0569020000488985a8000000488da5001000004889a5b000000048c785b80000000000
    000048c785c000000000300000488dbdb000000031f6b8830000000f05bf3c000000b8250000000f05b82700
    00000f0548898590000000b8ba0000000f0548898598000000488945408b4500894504488d7d04be01000000
    ba01000000b8ca0000000f058b55043b55007526488d7d0031f64c8d15db010000b8ca0000000f054883f892
    75debf63000000b8e70000000f0548c74550000000008b4508488b7d10488b7518488b552083f8017297741c
    83f8037252747b83f8050f829c0000000f84af000000cce979ffffff4889f84889f74889d6488b55284c8b55
    304c8b45384c8b8d800000000f054885c00f8552ffffff48837d48000f8447ffffff488b6d48e9b1feffff83
    fe02721e741483fe047408488b07e92affffff8b07e923ffffff0fb707e91bffffff0fb607e913ffffff83fe
    02721e741483fe047408488917e9fffeffff8917e9f8feffff668917e9f0feffff8817e9e9feffff4889bd88
    000000488d85800000009c810c24000100009dffe7ffd7e9c9feffff4889e34881e30000ffff8b460885c00f
    8e85000000b9b00900000fa3f9737b4c8b82a800000083ff05751a83f80275154c3b8388000000750c48c783
    8800000000000000c348897b5048894358488b461048894360488b82c000000048894368488b82c800000048
    8943704c894378488d0557feffff488982a800000048895a78488d8300100000488982a000000081a2b00000
    00fffeffffc38b8bf8000000ff83f800000083e13fc1e10489bc0b0001000089840b040100008b461089840b
    080100008b461889840b0c010000c3b80f0000000f0566900a000000000000000000000000000000
""")


def _elf() -> bytes:
    """Return the program as an ELF file of one segment, which can be read and executed."""
    size   = _HEADERS + len(CODE)
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, _ADDRESS + _HEADERS, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load   = struct.pack("<IIQQQQQQ", _PT_LOAD, 5, 0, _ADDRESS, _ADDRESS, size, size, 0x1000)
    stack  = struct.pack("<IIQQQQQQ", _PT_GNU_STACK, 6, 0, 0, 0, 0, 0, 16)
    return header + load + stack + CODE


def agent_file() -> int:
    """Return a descriptor of the program in memory. Anybody may execute it."""
    fd = os.memfd_create("agent")
    os.write(fd, _elf())
    return fd
