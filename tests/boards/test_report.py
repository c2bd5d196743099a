"""Reports of place and route, and shortcomings of a design."""

import json

import pytest

from sim.boards.nextpnr import Clock, NextpnrReport, overfull, parse, shortcomings


def report(*clocks):
    return NextpnrReport([Clock(f"clock{number}", achieved * 1e6, required * 1e6)
                   for number, (achieved, required) in enumerate(clocks)], {})


def test_frequencies_are_read_in_hz_and_kinds_that_are_not_used_are_left_out():
    found = parse(json.dumps({
        "critical_paths": [],
        "fmax": {"clk": {"achieved": 12.5, "constraint": 12.0}},
        "utilization": {"ICESTORM_LC": {"used": 7, "available": 5280},
                        "SB_GB": {"used": 0, "available": 8}}}))
    assert found == NextpnrReport([Clock("clk", 12.5e6, 12e6)], {"ICESTORM_LC": (7, 5280)})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fmax": [], "utilization": {}}',
                                  '{"fmax": {"clk": {}}, "utilization": {}}'])
def test_what_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)


def test_a_clock_that_may_be_as_fast_as_it_is_is_met():
    assert shortcomings(report((25.0, 25.0)), 25_000_000) == []


def test_each_clock_that_is_too_slow_is_named():
    found = shortcomings(report((24.99, 25.0), (99.0, 100.0), (50.0, 50.0)), 25_000_000)
    assert found == ["clock0 reaches 24.99 MHz, and needs 25.00 MHz",
                     "clock1 reaches 99.00 MHz, and needs 100.00 MHz"]


@pytest.mark.parametrize("clocks", [(), ((30.0, 12.0),), ((30.0, 24.9),)])
def test_a_design_whose_clock_was_not_held_to_the_boards_is_not_for_use(clocks):
    assert shortcomings(report(*clocks), 25_000_000) == [
        "no clock was held to the board's 25.00 MHz"]


def test_a_frequency_that_was_rounded_to_a_period_is_the_boards():
    assert shortcomings(report((38.5, 30.0003)), 30_000_000) == []


def test_what_there_is_not_enough_of_is_read_from_the_log():
    log = ("Info: Device utilisation:\n"
           "Info: \t         ICESTORM_LC:    5307/   5280   100%\n"
           "Info: \t               SB_IO:       8/     96     8%\n"
           "Info: \t             SOMETHING:       3/     2     150%\n")
    assert overfull(log) == ["5,307 logic cells of 5,280", "3 SOMETHING of 2"]
    assert overfull("Info: 1/ 2 50%\n") == []


def test_a_design_without_a_legal_placement_names_what_is_fullest():
    rows = ("Info: \t         ICESTORM_LC:    7654/   7680    99%\n"
            "Info: \t        ICESTORM_RAM:      28/     32    87%\n")
    assert overfull(f"{rows}ERROR: Unable to find legal placement for all cells\n") == [
        "no placement was found with 7,654 logic cells of 7,680"]
    assert overfull(f"{rows}ERROR: no such part\n") == []
