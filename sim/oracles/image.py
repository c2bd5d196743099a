"""The region as the host puts it into memory: the guest's code, and the tables of a processor.

Ref: Intel SDM Vol. 3A, sections 3.4.5 "Segment Descriptors", 6.11 "IDT Descriptors", 7.2.1 and 7.7
"Task-State Segment".

The source of the code is ``guest.S``. It is here in bytes, since a user need not have an assembler;
a test assembles the source and compares.
"""

import struct
from mmap import mmap

from .layout import (
    CODE, GATES, GDT, GDTR, HOME, IDT, IDTR, INTERRUPT_STACK, REGION, STEPS, TSS, USER_CODE, Mode,
)
from .tables import home_root, home_tables


__all__ = ["ACCESSES", "ASSEMBLED", "CODE_SEGMENT", "CR0", "STACK_SEGMENT", "entry_point",
           "install", "region"]


#: What the assembler makes of guest.S, by whether it is for long mode.
ASSEMBLED = {
    True: bytes.fromhex("""
        16007f01e001a002430010012d017700c70052014901488d2de3ffffff0f0195003300000f019d10330000b8
        100000008ed88ec0b8100000008ed0b8280000000f00d8c7850032000000000000e6f4f39083bd0032000000
        74f5488d9d00000100488da5007000004889de8b030fb74445084801e8ffe0488b43180fbaf0110f22e0b980
        0000c08b43208b53240f30488b43080f22c0488b43180fbae01173030f22e0488b53100f22da0fbae016730c
        508b432831c931d20f01ef580fbae018734c8b4330eb3e488b85883300000f22d80f20e2488b85903300000f
        22e0488b85803300000f22c052b9800000c08b85983300008b959c3300000f305a31c00fbae2187309b9e106
        000031d20f300f0b488b7b08488b4310807b1804740b77048807eb51488907eb4c8907eb48488b7b0831d280
        7b1804740c77050fb607eb35488b07eb308b07eb2c488b7b080f013feb23488b7b30488b4b3848b800000000
        00000080ff7328ff7320ff7318ff7310ff730848cf6a00488d8d35800000514889f359488dbb0000ffff4829
        ef48d1ef488dbc3d0000110048894710488d95058000004829d1c1e903890f31d283f920730bb8007d02000f
        a3c873015a8957040f20d04889470858488947184883c340e98cfeffff66662e0f1f8400000000000fb6070f
        0b66662e0f1f8400000000000fb7070f0b66662e0f1f8400000000008b070f0b66662e0f1f84000000000090
        488b070f0b66662e0f1f840000000000880f0f0b66662e0f1f8400000000009066890f0f0b66662e0f1f8400
        00000000890f0f0b66662e0f1f8400000000009048890f0f0b66662e0f1f84000000000031c0f00fb00f0f0b
        0f1f84000000000031c066f00fb10f0f0b0f1f800000000031c0f00fb10f0f0b0f1f84000000000031c0f048
        0fb10f0f0b0f1f8000000000
    """),
    False: bytes.fromhex("""
        16007601d00190024500070127017500c1004c014401e8000000005d83ed1b0f0195003300000f019d103300
        00b8230000008ed88ec0b8100000008ed0b8280000000f00d8c7850032000000000000e6f4f39083bd003200
        000074f58d9d000001008da50070000089de8b030fb744450801e8ffe08b43180fbaf0110f22e0b9800000c0
        8b43208b53240f308b43080f22c08b43180fbae01173030f22e08b53100f22da0fbae016730c508b432831c9
        31d20f01ef580fbae01873498b4330eb3b8b85883300000f22d80f20e28b85903300000f22e08b8580330000
        0f22c052b9800000c08b85983300008b959c3300000f305a31c00fbae2187309b9e106000031d20f300f0b8b
        7b088b4310807b1804741077048807eb548b53148957048907eb4a8907eb468b7b0831d2807b1804740e7705
        0fb607eb348b57048b07eb2d8b07eb298b7b080f013feb218b7b308b4b380f6f4338b8f0ffffff8d5308ff72
        20ff7218ff7210ff7208ff32cf6a008d8d358000005189f3598dbb0000ffff29efd1ef8dbc3d000011008947
        108957148d950580000029d1c1e903890f31d283f920730bb8007d02000fa3c873015a8957040f20d0894708
        5889471883c340e99efeffff8db426000000008d742600900fb6070f0b8db426000000008d7426000fb7070f
        0b8db426000000008d7426008b070f0b8db426000000008d742600900f6f070f7ec00f73d0200f7ec20f0b90
        880f0f0b8db426000000008d7426009066890f0f0b8db426000000008d742600890f0f0b8db426000000008d
        742600900f7f070f0b8db426000000008d74260031c0f00fb00f0f0b8db426000000009031c066f00fb10f0f
        0b8db4260000000031c0f00fb10f0f0b8db426000000009031c031d231c931dbf00fc70f0f0b6690
    """),
}

#: Selectors of code and stack by CPL.
CODE_SEGMENT, STACK_SEGMENT = {0: 0x08, 3: 0x1b}, {0: 0x10, 3: 0x23}

#: CR0 at home: PG, WP, NE, ET, PE.
CR0 = 0x8001_0031

_VECTORS = 256


def _offsets(mode: Mode) -> tuple[int, ...]:
    return struct.unpack_from("<4H", ASSEMBLED[mode.long])


#: Offset in the code of the instructions of accesses, by whether it is for long mode.
ACCESSES = {mode: struct.unpack_from("<4H", code)[2] for mode, code in ASSEMBLED.items()}


def entry_point(mode: Mode) -> int:
    """Return the linear address at which a processor begins that is at home in ``mode``."""
    return mode.linear + CODE + _offsets(mode)[0]


def install(memory: mmap, mode: Mode) -> None:
    """Put the guest into ``memory``, where a processor can begin that is at home in ``mode``."""
    for address, content in ((REGION, region(mode)), *home_tables(mode)):
        memory[address:address + len(content)] = content


def region(mode: Mode) -> bytes:
    """Return the region for ``mode`` up to its first step."""
    image = bytearray(STEPS)

    def put(offset: int, data: bytes) -> None:
        image[offset:offset + len(data)] = data

    code = ASSEMBLED[mode.long]
    _, trapped, accesses, end = _offsets(mode)
    put(CODE, code)
    put(USER_CODE + accesses, code[accesses:end])
    put(GDT, _descriptors(mode))
    put(TSS, _task(mode))
    put(IDT, b"".join(_gate(mode, vector) for vector in range(_VECTORS)))
    put(GATES, b"".join(_call(CODE + trapped, GATES + 8 * vector) for vector in range(_VECTORS)))
    put(GDTR, _pseudo_descriptor(mode, GDT, 0x37))
    put(IDTR, _pseudo_descriptor(mode, IDT, 0xfff))
    registers = CR0, home_root(mode), mode.cr4, mode.efer
    put(HOME, struct.pack("<4Q", *registers))
    return bytes(image)


def _descriptors(mode: Mode) -> bytes:
    """Code and stack of CPL 0, of CPL 3, and the task's state, which takes two in long mode."""
    bits = 0x20 if mode.long else 0x40
    segments = [0, *(_segment(0, 0xf_ffff, access, 0x80 | flags)
                     for access, flags in ((0x9b, bits), (0x93, 0x40), (0xfb, bits), (0xf3, 0x40)))]
    base = mode.linear + TSS
    return struct.pack("<7Q", *segments, _segment(base, 0x67, 0x89, 0), base >> 32)


def _segment(base: int, limit: int, access: int, flags: int) -> int:
    return (limit & 0xffff | (base & 0xff_ffff) << 16 | access << 40 | (limit >> 16) << 48
            | flags << 48 | (base >> 24 & 0xff) << 56)


def _task(mode: Mode) -> bytes:
    """The stack of CPL 0 is all that it has."""
    stack = mode.linear + INTERRUPT_STACK
    return struct.pack("<4xQ", stack) if mode.long else struct.pack("<4xII", stack, 0x10)


def _gate(mode: Mode, vector: int) -> bytes:
    """Interrupt gate that users may go through, too."""
    target = mode.linear + GATES + 8 * vector
    return struct.pack("<HHHHQ" if mode.long else "<HHHH", target & 0xffff, 0x08, 0xee00,
                       target >> 16 & 0xffff, *([target >> 32] if mode.long else []))


def _call(target: int, place: int) -> bytes:
    return struct.pack("<Bi3x", 0xe8, target - (place + 5))


def _pseudo_descriptor(mode: Mode, offset: int, limit: int) -> bytes:
    return struct.pack("<HQ" if mode.long else "<HI", limit, mode.linear + offset)
