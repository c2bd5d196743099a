"""Bytes on a pin: 8 data bits, no parity, one stop bit, the lowest bit first."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


__all__ = ["Receiver", "Transmitter"]


def _check(divisor):
    if not isinstance(divisor, int) or divisor < 4:
        raise ValueError(f"a bit must last 4 cycles or more, not {divisor!r}")


class Transmitter(wiring.Component):
    """Sends bytes.

    Parameters
    ----------
    divisor : :class:`int`
        Cycles that a bit lasts, 4 or more.

    Latency
    -------
    A byte takes ten bits; the start bit begins in the cycle after the byte is taken.

    Members
    -------
    bytes : :py:`In(stream.Signature(8))`
        What to send.
    tx : :py:`Out(1, init=1)`
        The pin.
    """

    def __init__(self, divisor):
        _check(divisor)
        self._divisor = divisor
        super().__init__({
            "bytes":  In(stream.Signature(8)),
            "tx":     Out(1, init=1),
        })

    def elaborate(self, platform):
        m = Module()

        bits  = Signal(10, init=1)           # what is still to be sent, and a 1 above it
        timer = Signal(range(self._divisor))
        idle  = Signal()

        m.d.comb += [
            idle.eq((bits == 1) & (timer == 0)),
            self.bytes.ready.eq(idle),
        ]
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(~idle):
            m.d.sync += [
                self.tx.eq(bits[0]),
                bits.eq(bits[1:]),
                timer.eq(self._divisor - 1),
            ]
        with m.Elif(self.bytes.valid):
            # The start bit goes out at once; 1 and 1 above the byte: the stop bit, and the end.
            m.d.sync += [
                self.tx.eq(0),
                bits.eq(Cat(self.bytes.payload, C(0b11, 2))),
                timer.eq(self._divisor - 1),
            ]

        return m


class Receiver(wiring.Component):
    """Receives bytes. One without a stop bit is dropped; too short a start bit is none.

    The line may be slower or faster than it should by 2 %.

    Parameters
    ----------
    divisor : :class:`int`
        Cycles that a bit lasts, 4 or more.

    Members
    -------
    rx : :py:`In(1, init=1)`
        The pin, asynchronous.
    bytes : :py:`Out(stream.Signature(8, always_ready=True))`
        What was received.
    """

    def __init__(self, divisor):
        _check(divisor)
        self._divisor = divisor
        super().__init__({
            "rx":     In(1, init=1),
            "bytes":  Out(stream.Signature(8, always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()

        rx    = Signal(init=1)
        bits  = Signal(9)                     # those that are in, behind a 1 that goes down
        timer = Signal(range(self._divisor))
        now   = Signal()                      # the middle of a bit
        m.submodules.rx = FFSynchronizer(self.rx, rx, init=1)

        m.d.comb += [
            now.eq(timer == 0),
            self.bytes.payload.eq(bits[1:]),
        ]
        m.d.sync += [
            timer.eq(Mux(now, self._divisor - 1, timer - 1)),
            self.bytes.valid.eq(0),
        ]
        with m.FSM():
            with m.State("WAIT_FOR_START"):
                m.d.sync += [timer.eq(self._divisor // 2 - 1), bits.eq(1 << 8)]
                with m.If(~rx):
                    m.next = "CHECK_START"

            with m.State("CHECK_START"):
                with m.If(now):
                    m.next = "TAKE_BITS"
                    with m.If(rx):
                        m.next = "WAIT_FOR_START"

            with m.State("TAKE_BITS"):
                with m.If(now & bits[0]):
                    # The next start bit may come sooner than this bit ends, if the line is fast.
                    # A strobe from a register, as much hangs on it. The bits stay for a cycle more.
                    m.d.sync += self.bytes.valid.eq(rx)
                    m.next = "WAIT_FOR_IDLE"
                    with m.If(rx):
                        m.next = "WAIT_FOR_START"
                with m.Elif(now):
                    m.d.sync += bits.eq(Cat(bits[1:], rx))

            with m.State("WAIT_FOR_IDLE"):
                with m.If(rx):
                    m.next = "WAIT_FOR_START"

        return m
