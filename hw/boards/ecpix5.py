"""ECPIX-5 with an LFE5UM5G-85F. It has no button of its own but reset: a module on PMOD0 has."""

from .board import Board, Built, Pad


__all__ = ["BOARD"]


def platform():
    """As amaranth-boards has it, and a Pmod BTN in PMOD0."""
    from amaranth.build import Attrs, Pins, Resource
    from amaranth_boards.ecpix5 import ECPIX585Platform
    platform = ECPIX585Platform()
    platform.add_resources([
        Resource("button", 0, Pins("1", dir="i", conn=("pmod", 0)),
                 Attrs(IO_TYPE="LVCMOS33", PULLMODE="DOWN")),
    ])
    return platform


BOARD = Board(
    name="ecpix5",
    title="ECPIX-5 85F (LambdaConcept)",
    fpga="ECP5 LFE5UM5G-85F",
    platform=platform,
    preset="default",
    ram_kib=256,
    clock_hz=50_000_000,
    uart=Pad("uart", 0, label="micro-USB"),
    fault=Pad("rgb_led", 0, "r", label="LED 0 red"),
    bypass=Pad("rgb_led", 1, "g", label="LED 1 green"),
    wp=Pad("rgb_led", 2, "b", label="LED 2 blue"),
    busy=Pad("rgb_led", 3, "g", label="LED 3 green"),
    button=Pad("button", 0, label="BTN0 on PMOD0"),
    overrides={"nextpnr_opts": "--router router2"},
    loader=("-b", "ecpix5"),
    port="/dev/ttyUSB1",
    tested="simulated; on hardware by nobody yet",
    built=Built(
        date="2026-11-30", tools="Yosys 0.70, nextpnr 0.11", fmax_hz=83_900_000, size=2_242_976,
        used={"TRELLIS_COMB": (8118, 83640), "TRELLIS_FF": (3258, 83640), "DP16KD": (136, 208)},
        seconds=205),
)
