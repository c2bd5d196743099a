# amaranth: UnusedElaboratable=no
"""Descriptions of the boards, and their pins."""

import json
import re
from dataclasses import replace

import pytest

from hw.boards import BOARDS
from hw.boards.board import Pad
from hw.boards.top import LIGHTS, Top
from hw.demo.ram import BlockRam
from hw.demo.system import BAUD
from hw.presets import PRESETS
from sim.boards.simulated import system


ULX3S = BOARDS["ulx3s"]

#: KiB of a memory that is as a board's, but soon written down, if a board may have any size of it.
RAM_KIB = 16

EACH = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


@pytest.fixture(scope="module")
def plans():
    """Each board's platform and build plan, with the whole system."""
    made = {}
    for name, board in BOARDS.items():
        if board.ram is BlockRam:
            board = replace(board, ram_kib=RAM_KIB)
        platform = board.platform()
        made[name] = platform, platform.prepare(Top(board), name, **board.overrides)
    return made


def constraints(plan, name):
    """Text of the file with pins and clocks."""
    [text] = [text for file, text in plan.files.items()
              if file in (f"{name}.pcf", f"{name}.lpf")]
    return text


def indicators(board):
    """Pads of the lights and of the button, as far as the board has them."""
    return [pad for role in (*LIGHTS, "button") if (pad := getattr(board, role)) is not None]


def test_there_are_an_ice40_and_two_ecp5_boards():
    assert {"icebreaker", "ulx3s"} <= set(BOARDS)
    assert sum(board.fpga.startswith("ECP5") for board in BOARDS.values()) >= 2


@EACH
def test_a_board_is_called_as_its_file(board):
    assert board.platform.__module__ == f"hw.boards.{board.name}"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", board.name)


@EACH
def test_the_baud_rate_is_less_than_one_percent_off(board):
    divisor = board.clock_hz // BAUD
    assert abs(board.clock_hz / divisor / BAUD - 1) < 0.01
    assert divisor >= 4


@EACH
def test_a_clock_that_was_built_has_five_percent_in_hand(board):
    if board.built is not None:
        assert board.built.fmax_hz >= 1.05 * board.clock_hz


@EACH
def test_preset_and_memory_exist(board):
    assert board.preset in PRESETS
    assert board.ram(kib=board.ram_kib, maxphyaddr=40).kib == board.ram_kib


@EACH
def test_every_pad_has_a_place_of_its_own_and_a_label(board):
    pads = [board.uart, *indicators(board)]
    assert all(pad.label for pad in pads)
    assert len({(pad.resource, pad.number, pad.part) for pad in pads}) == len(pads)


@pytest.mark.parametrize("name", ["ecpix5", "icebreaker", "ulx3s"])
def test_a_fault_and_a_write_by_the_bypass_have_lights_and_wp_has_a_button(name):
    board = BOARDS[name]
    assert board.fault is not None and board.bypass is not None and board.button is not None


@pytest.mark.slow
@EACH
def test_all_pads_are_pins_of_the_platform(plans, board):
    _, plan = plans[board.name]
    ports = constraints(plan, board.name)
    for pad in indicators(board):
        part = f"__{pad.part}" if pad.part else ""
        assert f"{pad.resource}_{pad.number}{part}__io" in ports
    for name in ("rx", "tx"):
        assert f"{board.uart.resource}_{board.uart.number}__{name}__io" in ports


@pytest.mark.slow
@EACH
def test_place_and_route_is_told_the_clock_of_the_platform(plans, board):
    platform, plan = plans[board.name]
    told = re.search(r'(?:FREQUENCY PORT "\w+"|set_frequency \w+) ([\d.]+)( HZ)?',
                     constraints(plan, board.name))
    hz = float(told[1]) * (1 if told[2] else 1e6)
    assert hz == platform.default_clk_frequency


@pytest.mark.slow
@EACH
def test_a_pll_makes_the_clock_if_it_is_not_the_platforms(plans, board):
    platform, plan = plans[board.name]
    text = plan.files[f"{board.name}.il"]
    made = "EHXPLLL" in text or "SB_PLL40_PAD" in text
    assert made == (platform.default_clk_frequency != board.clock_hz)


@pytest.mark.slow
@EACH
def test_the_system_is_in_the_design(plans, board):
    _, plan = plans[board.name]
    text = plan.files[f"{board.name}.il"]
    assert f"module \\{board.name}.system.machine.mmu.walker" in text
    assert ("SB_SPRAM256KA" in text) == (board.name == "icebreaker")


@pytest.mark.slow
@EACH
def test_the_plan_has_the_steps_that_are_known(plans, board):
    _, plan = plans[board.name]
    commands = json.loads(plan.files[f"build_{board.name}.json"])["commands"]
    programs = [command[0] for command in commands]
    assert programs[0] == "yosys" and programs[1].startswith("nextpnr-") and len(programs) == 3


@pytest.mark.slow
def test_all_colours_of_a_light_are_pins(plans):
    _, plan = plans["ecpix5"]
    ports = constraints(plan, "ecpix5")
    assert all(f"rgb_led_{number}__{colour}__io" in ports
               for number in range(4) for colour in "rgb")


@pytest.mark.slow
def test_lights_and_button_may_be_missing():
    board = replace(ULX3S, ram_kib=RAM_KIB, bypass=None, wp=None, busy=None, button=None)
    plan  = board.platform().prepare(Top(board), board.name, **board.overrides)
    ports = constraints(plan, board.name)
    assert "led_0__io" in ports and "led_1__io" not in ports and "button" not in ports


@pytest.mark.parametrize("mistake, reason", [
    ({"preset": "huge"},            "there is no preset 'huge': there are tiny, default, classic"),
    ({"fault": Pad("lamp", 0)},     "the platform has no lamp 0"),
    ({"fault": Pad("led", 99)},     "the platform has no led 99"),
    ({"fault": Pad("led", 0, "r")}, "led 0 has no signal 'r'"),
    ({"fault": ULX3S.bypass},       "led 1 is given twice"),
    ({"fault": Pad("usb", 0)},      "usb 0 is several signals: d_p, d_n, pullup; its part must"),
    ({"uart": ULX3S.button},        "button_fire 0 has no signal 'rx'"),
    ({"clock_hz": 20_000_001},      "no PLL of an ECP5 makes 20000001 Hz from 25000000 Hz exactly"),
])
def test_a_mistake_in_a_boards_file_is_named(mistake, reason):
    board = replace(ULX3S, **mistake)
    with pytest.raises(ValueError, match=f"^{reason}"):
        board.platform().prepare(Top(board), board.name, **board.overrides)


@pytest.mark.slow
def test_a_board_whose_ram_is_no_cell_of_its_own_is_simulated_without_models():
    # That of the other RAM is compiled, and played on: tests/engines.
    text = system.text(replace(ULX3S, ram_kib=RAM_KIB), models=True)
    assert all(name.startswith("top.") for name in re.findall(r"^  cell \\(\S+)", text, re.M))
    assert "SB_SPRAM256KA" not in text
