"""A clock of another frequency than the board's, on an ECP5.

Ref: Lattice FPGA-TN-02200 "ECP5 and ECP5-5G sysCLOCK PLL/DLL Design and Usage Guide"; FPGA-DS-02012
"ECP5 and ECP5-5G Family Data Sheet", "sysCLOCK PLL Timing".
"""

from amaranth import *
from amaranth.lib import io, wiring
from amaranth.lib.cdc import ResetSynchronizer


__all__ = ["PllClock", "dividers"]


#: Limits of input, oscillator and output in Hz, and divisors that there are.
INPUT_HZ      = range(10_000_000, 400_000_001)
OSCILLATOR_HZ = range(400_000_000, 800_000_001)
OUTPUT_HZ     = range(3_125_000, 400_000_001)
DIVISORS      = range(1, 129)


def dividers(given_hz, wanted_hz):
    """By what an EHXPLLL divides its oscillator, to compare it with its input, and for its output.

    Raises :class:`ValueError` if the frequency cannot be made exactly. Of several ways it takes
    that with the oscillator in the middle of its range.
    """
    ways = [(abs(given_hz * compared - 600_000_000), compared, given_hz * compared // wanted_hz)
            for compared in DIVISORS
            if given_hz * compared in OSCILLATOR_HZ and given_hz * compared % wanted_hz == 0
            and given_hz * compared // wanted_hz in DIVISORS]
    if not ways or given_hz not in INPUT_HZ or wanted_hz not in OUTPUT_HZ:
        raise ValueError(f"no PLL of an ECP5 makes {wanted_hz!r} Hz from {given_hz!r} Hz exactly")
    _, compared, output = min(ways)
    return compared, output


class PllClock(wiring.Component):
    """Drives the domain ``sync`` by the platform's default clock and reset.

    nextpnr derives the constraint on it from that of the platform's clock, and the divisors.

    Parameters
    ----------
    hz : :class:`int`
        Its frequency.
    """

    def __init__(self, hz):
        super().__init__({})
        self._hz = hz

    def elaborate(self, platform):
        m = Module()

        compared, output = dividers(round(platform.default_clk_frequency), self._hz)
        m.submodules.pad = pad = io.Buffer("i", platform.request(platform.default_clk, dir="-"))
        clock    = Signal()
        feedback = Signal()
        locked   = Signal()
        pressed  = Signal()
        if platform.default_rst is not None:
            reset = io.Buffer("i", platform.request(platform.default_rst, dir="-"))
            m.submodules.reset_pad = reset
            m.d.comb += pressed.eq(reset.i)
        m.submodules.pll = Instance("EHXPLLL",
            p_CLKI_DIV=1, p_CLKFB_DIV=1, p_FEEDBK_PATH="INT_OS",
            p_CLKOP_ENABLE="ENABLED", p_CLKOP_DIV=output, p_CLKOP_CPHASE=output - 1,
            p_CLKOS_ENABLE="ENABLED", p_CLKOS_DIV=compared, p_CLKOS_CPHASE=compared - 1,
            p_OUTDIVIDER_MUXA="DIVA", p_OUTDIVIDER_MUXB="DIVB", p_DPHASE_SOURCE="DISABLED",
            p_INTFB_WAKE="DISABLED", p_PLLRST_ENA="DISABLED", p_STDBY_ENABLE="DISABLED",
            i_CLKI=pad.i, i_CLKFB=feedback, i_RST=C(0), i_STDBY=C(0), i_PLLWAKESYNC=C(0),
            i_ENCLKOP=C(0), i_PHASESEL0=C(0), i_PHASESEL1=C(0), i_PHASEDIR=C(0),
            i_PHASESTEP=C(0), i_PHASELOADREG=C(0),
            o_CLKOP=clock, o_CLKINTFB=feedback, o_LOCK=locked,
        )
        m.d.comb += ClockSignal("sync").eq(clock)
        m.submodules.synchronizer = ResetSynchronizer(~locked | pressed, domain="sync")

        return m
