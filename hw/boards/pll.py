"""A clock of another frequency than the board's, on an ECP5 and on an iCE40 UP5K.

Ref: Lattice FPGA-TN-02200 "ECP5 and ECP5-5G sysCLOCK PLL/DLL Design and Usage Guide"; FPGA-DS-02012
"ECP5 and ECP5-5G Family Data Sheet", "sysCLOCK PLL Timing"; FPGA-TN-02052 "iCE40 sysCLOCK PLL
Design and User Guide"; FPGA-DS-02008 "iCE40 UltraPlus Family Data Sheet", "sysCLOCK PLL Timing".
"""

from amaranth import *
from amaranth.lib import io, wiring
from amaranth.lib.cdc import ResetSynchronizer


__all__ = ["PLLS", "Ice40PllClock", "PllClock", "dividers", "ice40_dividers"]


#: Limits of input, oscillator and output in Hz, and divisors that there are.
INPUT_HZ      = range(10_000_000, 400_000_001)
OSCILLATOR_HZ = range(400_000_000, 800_000_001)
OUTPUT_HZ     = range(3_125_000, 400_000_001)
DIVISORS      = range(1, 129)

#: The same of an iCE40. Its reference is not divided here, and its output by powers of two alone.
ICE40_INPUT_HZ      = range(10_000_000, 133_000_001)
ICE40_OSCILLATOR_HZ = range(533_000_000, 1_066_000_001)
ICE40_OUTPUT_HZ     = range(16_000_000, 275_000_001)
ICE40_SHIFTS        = range(1, 7)

#: Highest frequency of the reference for each range of the loop filter, from 1 on.
ICE40_FILTERS = (17_000_000, 26_000_000, 44_000_000, 66_000_000, 101_000_000, 133_000_000)


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


def ice40_dividers(given_hz, wanted_hz):
    """By what an SB_PLL40 divides its oscillator: to compare it, and, as a power of two, at last.

    Raises :class:`ValueError` if the frequency cannot be made exactly. Of several pairs it takes
    that of the fastest oscillator.
    """
    found = [
        ((wanted_hz << shift) // given_hz, shift) for shift in ICE40_SHIFTS
        if wanted_hz << shift in ICE40_OSCILLATOR_HZ and not (wanted_hz << shift) % given_hz
        and (wanted_hz << shift) // given_hz in DIVISORS
    ]
    if not found or given_hz not in ICE40_INPUT_HZ or wanted_hz not in ICE40_OUTPUT_HZ:
        raise ValueError(f"no PLL of an iCE40 makes {wanted_hz!r} Hz from {given_hz!r} Hz exactly")
    return found[-1]


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


class Ice40PllClock(wiring.Component):
    """Drives the domain ``sync`` by the platform's default clock, whose pin is that of the PLL.

    The platform has no reset. nextpnr derives the constraint as for :class:`PllClock`.

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

        given = round(platform.default_clk_frequency)
        compared, shift = ice40_dividers(given, self._hz)
        within = next(number for number, limit in enumerate(ICE40_FILTERS, 1) if given <= limit)
        clock  = Signal()
        locked = Signal()
        m.submodules.pll = Instance("SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE", p_DIVR=C(0, 4), p_DIVF=C(compared - 1, 7),
            p_DIVQ=C(shift, 3), p_FILTER_RANGE=C(within, 3),
            i_PACKAGEPIN=platform.request(platform.default_clk, dir="-").io,
            i_RESETB=C(1), i_BYPASS=C(0), o_PLLOUTGLOBAL=clock, o_LOCK=locked,
        )
        m.d.comb += ClockSignal("sync").eq(clock)
        m.submodules.synchronizer = ResetSynchronizer(~locked, domain="sync")

        return m


#: What makes a clock, and what says whether it can, by the beginnings of the names of FPGAs.
PLLS = {
    "ECP5":       (PllClock, dividers),
    "iCE40 UP5K": (Ice40PllClock, ice40_dividers),
}
