"""iCEBreaker at 18 MHz, with or without its break-off section (or the same as a PMOD on PMOD2)."""

from hw.demo.ram import SpramRam

from .board import Board, Built, Pad


__all__ = ["BOARD"]


def platform():
    """As amaranth-boards has it, and with what can be broken off."""
    from amaranth_boards.icebreaker import ICEBreakerPlatform
    platform = ICEBreakerPlatform()
    platform.add_resources(platform.break_off_pmod)
    return platform


BOARD = Board(
    name="icebreaker",
    title="iCEBreaker (1BitSquared)",
    fpga="iCE40 UP5K",
    platform=platform,
    preset="tiny",
    ram=SpramRam,
    ram_kib=128,
    clock_hz=18_000_000,
    uart=Pad("uart", 0, label="USB"),
    fault=Pad("led_r", 0, label="LEDR"),
    bypass=Pad("led_g", 0, label="LEDG"),
    wp=Pad("led_r", 1, label="LED1"),
    busy=Pad("led_g", 1, label="LED2"),
    button=Pad("button", 0, label="UBTN"),
    # Flip-flops are mapped with the logic between them: else it would not fit.
    overrides={"synth_opts": "-device u -dff"},
    loader=("-b", "ice40_generic"),
    port="/dev/ttyUSB1",
    tested="simulated, also as a netlist; on hardware by nobody yet",
    built=Built(
        date="2026-11-30", tools="Yosys 0.70, nextpnr 0.11", fmax_hz=20_840_000, size=104_090,
        used={"ICESTORM_LC": (5256, 5280), "ICESTORM_RAM": (16, 30), "ICESTORM_SPRAM": (4, 4)},
        seconds=303),
)
