"""ULX3S with an LFE5U-85F, at 50 MHz."""

from .board import Board, Built, Pad


__all__ = ["BOARD"]


def platform():
    """As amaranth-boards has it."""
    from amaranth_boards.ulx3s import ULX3S_85F_Platform
    return ULX3S_85F_Platform()


BOARD = Board(
    name="ulx3s",
    title="ULX3S 85F (Radiona)",
    fpga="ECP5 LFE5U-85F",
    platform=platform,
    preset="default",
    ram_kib=256,
    clock_hz=50_000_000,
    uart=Pad("uart", 0, label="US1"),
    fault=Pad("led", 0, label="D0"),
    bypass=Pad("led", 1, label="D1"),
    wp=Pad("led", 2, label="D2"),
    busy=Pad("led", 3, label="D3"),
    button=Pad("button_fire", 0, label="FIRE1"),
    overrides={"nextpnr_opts": "--router router2"},
    seed=5,
    loader=("-b", "ulx3s"),
    port="/dev/ttyUSB0",
    tested="simulated; on hardware by nobody yet",
    built=Built(
        date="2026-11-30", tools="Yosys 0.70, nextpnr 0.11", fmax_hz=60_590_000, size=752_846,
        used={"TRELLIS_COMB": (8376, 83640), "TRELLIS_FF": (3258, 83640), "DP16KD": (136, 208)},
        seconds=144),
)
