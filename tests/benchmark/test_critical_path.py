"""Critical paths are told by the names of our own signals."""

import pytest

from sim.benchmark.hardware.path import critical_path

from .hardware_support import PATH, arc, report


def told(*arcs):
    found = report(50.0)
    found["critical_paths"][0]["path"] = list(arcs)
    return critical_path(found, "clk")


def ending(port):
    return told(arc("clk-to-q", 1.0, "a_SB_DFF_Q O", "a_SB_DFF_Q O"),
                arc("setup", 1.0, f"b_SB_DFFESR_Q_D_SB_LUT4_O_LC {port}",
                    f"b_SB_DFFESR_Q_D_SB_LUT4_O_LC {port}")).end


def test_a_path_goes_from_register_through_signals_to_register():
    found = critical_path(report(50.0), "clk")
    assert (found.begin, found.through) == ("walker.state", ["tlb.hit"])
    assert found.end == "the clock enable of tlb.page"
    assert (found.luts, found.ns, found.routing_ns) == (1, 4.0, 3.0)
    assert str(found) == ("4.0 ns, 1 look-up tables, 75% routing: from walker.state through "
                          "tlb.hit to the clock enable of tlb.page")


def test_a_path_without_signals_between_names_its_ends():
    found = told(arc("clk-to-q", 1.0, "unit.a Q", "unit.a Q"),
                 arc("routing", 1.0, "unit.a Q", "unit.b DI", "unit.a"),
                 arc("setup", 0.0, "unit.b DI", "unit.b DI"))
    assert str(found) == "2.0 ns, 0 look-up tables, 50% routing: from a to b"


@pytest.mark.parametrize("net, name", [
    ("unit.translator._access[64]",                         "translator._access"),
    ("unit.tlb$124.slot_0.rights.user_LUT4_C_Z[4]",         "tlb.slot_0.rights.user"),
    ("unit.tlb.slot_0.dirty_LUT4_A_Z_PFUMX_BLUT_Z",         "tlb.slot_0.dirty"),
    ("unit._held.crosses_TRELLIS_FF_Q_DI_CCU2C_S0$CCU2_FCI_INT", "_held.crosses"),
    ("control__request__valid$34_LUT4_C_Z[2]",              "control.request.valid"),
    ("unit.request__payload$6_SB_DFFESR_Q_1_DFFLC",         "request.payload"),
    ("unit.walker.fsm_state_SB_LUT4_O_I2[0]",               "walker.fsm_state"),
    ("unit.l2_DP16KD_DOA0",                                 "l2"),
    ("$abc$123$auto",                                       "$abc$auto"),
])
def test_what_tools_append_to_a_name_is_left_out(net, name):
    found = told(arc("clk-to-q", 1.0, "unit.a Q", "unit.a Q"),
                 arc("routing", 1.0, "unit.a Q", "unit.b DI", net),
                 arc("setup", 0.0, "unit.b DI", "unit.b DI"))
    assert found.through == [name]


def test_carry_chains_are_no_look_up_tables_and_multiplexers_are():
    ports = (("A", "FCO"), ("FCI", "FCO"), ("FCI", "F"), ("M", "OFX"), ("I3", "O"), ("CIN", "COUT"))
    found = told(*(arc("logic", 1.0, f"unit.c {begin}", f"unit.c {end}") for begin, end in ports))
    assert found.luts == 3


def test_a_signal_is_named_once_and_the_ends_are_not_on_the_way():
    nets  = ("unit.a", "unit.b_LUT4_Z", "unit.c", "unit.b_LUT4_A_Z", "unit.c", "unit.d", "unit.a",
             "unit.e_LUT4_Z")
    found = told(*(arc("routing", 1.0, "unit.a Q", "unit.e DI", net) for net in nets))
    assert found.through == ["b", "c", "d"]


@pytest.mark.parametrize("port, end", [
    ("CE", "the clock enable of b"), ("CEN", "the clock enable of b"), ("LSR", "the reset of b"),
    ("SR", "the reset of b"), ("DI", "b"), ("I0", "b"),
])
def test_a_path_may_end_at_data_clock_enable_or_reset(port, end):
    assert ending(port) == end


def test_a_clock_may_have_no_path():
    assert critical_path(report(50.0), "another") is None


def test_the_words_fit_a_sentence():
    assert str(PATH) == ("25.0 ns, 12 look-up tables, 78% routing: from translator._access through "
                         "tlb.hit, translator.denied to the clock enable of walker.state")
