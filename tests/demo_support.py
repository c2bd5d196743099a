"""The computer's side of the serial link, in few lines and apart from sim.link; and benches.

What octets mean is written here once more, from docs/serial-link.md, so that a mistake in hw.demo
or in sim.link does not pass as two readings that agree.
"""

from binascii import crc_hqx
from collections.abc import Sequence
from typing import Any

from amaranth import Elaboratable, Module
from amaranth.lib.wiring import connect
from amaranth.sim import SimulatorContext

from hw.bus import ControlOp, Register
from hw.config import MmuConfig
from hw.demo.bridge import Bridge
from hw.demo.machine import Machine
from hw.demo.rows import RowWriter
from hw.layout import AccessKind


__all__ = ["CONNECT", "CONTINUE", "COUNTERS", "CYCLE", "Core", "Row", "Watch", "access", "control",
           "framed", "leb128", "mark", "numbers_in", "rows_in", "unframed"]


# Frames

def framed(number: int, payload: bytes, *, length: int | None = None, crc: int = 0) -> bytes:
    """A frame between two flags. ``length`` is a false one, ``crc`` is XORed with the right one."""
    content  = (len(payload) if length is None else length).to_bytes(2, "little")
    content += bytes([number]) + payload
    content += (crc_hqx(content, 0xFFFF) ^ crc).to_bytes(2, "big")
    escaped  = b"".join(bytes([0x7D, octet ^ 0x20]) if octet in (0x7D, 0x7E) else bytes([octet])
                        for octet in content)
    return b"\x7e" + escaped + b"\x7e"


def unframed(octets: bytes) -> list[tuple[int, bytes]]:
    """Numbers and payloads of the frames in ``octets``, each of which must be right."""
    assert octets[:1] in (b"", b"\x7e") and octets[-1:] in (b"", b"\x7e")
    found = []
    for content in filter(None, octets.split(b"\x7e")):
        head, *escaped = content.split(b"\x7d")
        plain = head + b"".join(bytes([part[0] ^ 0x20]) + part[1:] for part in escaped)
        length, payload = int.from_bytes(plain[:2], "little"), plain[3:-2]
        assert length == len(payload) <= 1024
        assert crc_hqx(plain[:-2], 0xFFFF) == int.from_bytes(plain[-2:], "big")
        found.append((plain[2], payload))
    return found


# Requests

CONNECT, CONTINUE, COUNTERS, CYCLE = b"\x01", b"\x02", b"\x03", b"\x05"


def mark(number: int) -> bytes:
    """MARK."""
    return b"\x04" + number.to_bytes(2, "big")


def control(op: ControlOp, register: Register = Register.CR0, value: int = 0) -> bytes:
    """CONTROL."""
    return bytes([6, op.value | register.value << 4]) + value.to_bytes(8, "big")


def access(
    kind: AccessKind, linear: int, *data: int | tuple[int, int], size: int = 8, count: int = 1,
    user: int = 0, implicit: int = 0, chained: int = 0,
) -> bytes:
    """ACCESS: of all ``data`` (for COMPARE_EXCHANGE with what each is compared with), or count."""
    flags  = size.bit_length() - 1 | kind.value << 2 | user << 5 | implicit << 6 | chained << 7
    order  = bytes([7, flags, len(data) or count]) + linear.to_bytes(8, "big")
    for datum in data:
        for number in datum if isinstance(datum, tuple) else (datum,):
            order += number.to_bytes(size, "big")
    return order


# Answers

def leb128(number: int) -> bytes:
    """A number in octets."""
    octets = b""
    while number >= 0x80:
        octets += bytes([number & 0x7F | 0x80])
        number >>= 7
    return octets + bytes([number])


def numbers_in(octets: bytes) -> list[int]:
    """The numbers in ``octets``; the last must be whole."""
    numbers, bits, shift = [], 0, 0
    for octet in octets:
        bits |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            numbers.append(bits)
            bits = shift = 0
    assert shift == 0
    return numbers


#: What a row says: its cycle, and numbers by what they are about.
Row = tuple[int, dict[str, tuple[int, ...]]]

#: Bits of the mask from the lowest on, and how many numbers each has.
PARTS = {"mark": 1, "state": 6, "events": 1, "ack": 1, "transfer": 2, "word": 1, "response": 3,
         "request": 2, "datum": 2, "controlled": 2, "control": 2}


def rows_in(numbers: Sequence[int], cycle: int = -1) -> list[Row]:
    """The rows in ``numbers``. The first one comes after ``cycle``."""
    rest, rows = iter(numbers), []
    for since in rest:
        cycle += since
        mask   = next(rest)
        assert mask < 1 << len(PARTS)
        rows.append((cycle, {
            name: tuple(next(rest) for _ in range(count))
            for bit, (name, count) in enumerate(PARTS.items()) if mask >> bit & 1}))
    return rows


# Benches

class Watch:
    """Looks at the signals of a machine in each of its cycles, and makes rows of what it sees.

    Parameters
    ----------
    unit : :class:`hw.demo.machine.Machine` or :class:`hw.mmu.Mmu`
        The machine. Marks are not its own, so there are none in these rows.
    enable : signal
        In which cycles of the clock the machine runs; all, if there is none.

    Attributes
    ----------
    rows : list of :data:`Row`
        What was seen.
    cycle : :class:`int`
        How many cycles of the machine there were.
    """

    def __init__(self, unit: Any, enable: Any = None):
        access, control, memory = unit.access, unit.control, unit.memory
        self.rows: list[Row] = []
        self.cycle   = 0
        self._enable = enable
        self._state  = True   # the next cycle shows it
        self._writes = False  # ... answers a write: what was read does not matter
        self._signals = (
            access.request.valid, access.request.ready, access.request.payload,
            access.response.valid, access.response.payload,
            control.request.valid, control.request.ready, control.request.payload,
            control.response.valid, control.response.payload, control.state, unit.events,
            memory.cyc, memory.stb, memory.we, memory.lock, memory.adr, memory.sel, memory.dat_w,
            memory.stall, memory.ack, memory.dat_r)

    async def run(self, ctx: SimulatorContext) -> None:
        """Testbench: look. Never returns."""
        enables = [] if self._enable is None else [self._enable]
        while True:
            _, _, *values = await ctx.tick().sample(*enables, *self._signals)
            if not enables or values[0]:
                self._look(*values[len(enables):])

    def _look(self, *values: Any) -> None:
        (asked, taken, request, answered, response, asked_control, took_control, operation,
         controlled, outcome, state, events,
         cyc, stb, we, lock, adr, sel, dat_w, stall, ack, dat_r) = values
        said: dict[str, tuple[int, ...]] = {}
        if self._state:
            said["state"] = tuple(getattr(state, name)
                                  for name in ("cr0", "cr2", "cr3", "cr4", "efer", "ac"))
        if events.as_bits():
            said["events"] = (events.as_bits(),)
        if cyc and ack:
            said["ack"] = (0 if self._writes else dat_r,)
        if cyc and stb and not stall:
            said["transfer"] = (adr, we | lock << 1 | sel << 2)
            if we:
                said["word"] = (dat_w,)
        if answered:
            said["response"] = (response.fault.value | response.error.as_bits() << 2,
                                response.physical, response.data)
        if asked and taken:
            said["request"] = (request.size | request.kind.value << 2 | request.user << 5
                               | request.implicit << 6 | request.chained << 7, request.linear)
            if request.kind not in (AccessKind.READ, AccessKind.FETCH):
                said["datum"] = (request.data, request.compare)
        if controlled:
            said["controlled"] = (outcome.fault, outcome.value)
        if asked_control and took_control:
            said["control"] = (operation.op.value | operation.register.value << 4,
                               operation.value)
        if said:
            self.rows.append((self.cycle, said))
        self._state  = bool(asked_control and took_control or events.page_fault)
        self._writes = bool(we)
        self.cycle  += 1


class Core(Elaboratable):
    """Bridge, row writer and machine, without a line. Octets of requests in, numbers of rows out.

    Attributes
    ----------
    bridge, rows, machine
        The parts.
    """

    def __init__(self, config: MmuConfig, *, ram_kib: int = 32):
        self.machine = Machine(config, ram_kib=ram_kib)
        self.bridge  = Bridge(config)
        self.rows    = RowWriter(self.machine)

    def elaborate(self, platform: Any) -> Module:
        """Put the parts together."""
        m = Module()
        m.submodules.machine = machine = self.machine
        m.submodules.bridge  = bridge  = self.bridge
        m.submodules.rows    = rows    = self.rows
        connect(m, bridge.access, machine.access)
        connect(m, bridge.control, machine.control)
        m.d.comb += [
            rows.go.eq(bridge.go),
            rows.mark.eq(bridge.mark),
            rows.marked.eq(bridge.marked),
            bridge.enable.eq(rows.enable),
            machine.enable.eq(rows.enable),
            bridge.report.ready.eq(1),
        ]
        return m
