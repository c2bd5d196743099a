"""`dragoncage bench hardware`: its tables, its JSON, and its mistakes."""

import json

import pytest

from hw.presets import PRESETS
from sim.benchmark.hardware import measure as measuring
from sim.benchmark.hardware.document import as_json
from sim.benchmark.hardware.peers import PEERS
from sim.benchmark.hardware.tables import as_text
from sim.benchmark.hardware.targets import TARGETS
from sim.cli.main import main

from .hardware_support import fake_tools, measurement


ALL = tuple(PRESETS)

#: Bodies of programs that say that a design is too large.
FULL = 'echo "Info:  ICESTORM_LC:  7279/  5280  137%"\necho "ERROR: no BELs remaining"\nexit 125\n'


def lines_of(text):
    return {" ".join(line.split()) for line in text.splitlines()}


@pytest.fixture
def counted(monkeypatch):
    """Cycles are not simulated."""
    monkeypatch.setattr(measuring, "measured",
                        lambda config, latency: {"hit": 4 * latency, "hits_per_cycle": 1.0})


def test_the_tables_have_cells_clocks_and_times_beside_the_peers():
    lines = lines_of(as_text(measurement("tiny", "default", targets=("ecp5",))))
    assert "default 4,000 4,000 4,000 4,000 40.0 38.0 42.0 1024 3.9" in lines
    assert "microwatt 2,495 1,067 - 8 81 79 83 512 4.9" in lines
    assert "CVA6 2,615 1,273 - 8 57 - - 132 19.8" in lines
    # Four cycles and the one after them, at 40 MHz; three at the 41 MHz of ao486.
    assert "default 125 1.00 125 1.00 125 1.00" in lines
    assert "ao486 73 0.59 195 1.56 - -" in lines
    assert "read hit, with its data 4 / 6 4 / 6" in lines
    assert "cold walk of 4 levels, A set - 4 / 6" in lines
    assert "hits per cycle 0.5 / 0.5 0.5 / 0.5" in lines


def test_the_critical_path_is_that_of_the_median():
    text = " ".join(as_text(measurement("tiny", targets=("up5k",))).split())
    assert ("tiny, critical path of seed 3: 25.0 ns, 12 look-up tables, 78% routing: from "
            "translator._access through tlb.hit, translator.denied to the clock enable of "
            "walker.state") in text


def test_times_are_compared_to_the_first_unit_if_there_is_no_default():
    assert "ratio: to the time of tiny." in as_text(measurement("tiny", "classic"))
    assert "ratio: to the time of default." in as_text(measurement("tiny", "default"))


def test_a_unit_that_does_not_fit_says_so_and_has_no_times():
    text  = as_text(measurement("default", "tiny", targets=("up5k",), unfit={("default", "up5k")}))
    lines = lines_of(text)
    assert "default does not fit: 7,279 logic cells of 5,280" in lines
    assert "default 4,000 4,000 4,000 - - - 1024 3.9" in lines
    assert "ratio: to the time of tiny. *: the translation alone, without the data." in lines
    assert "too large: ao486, z386" in lines
    alone = as_text(measurement("default", targets=("up5k",), unfit={("default", "up5k")}))
    assert "ns," not in alone


def test_the_tables_fit_80_columns():
    text = as_text(measurement(*ALL, unfit={("default", "up5k")}))
    assert max(map(len, text.splitlines())) <= 80
    assert all(line == line.rstrip() for line in text.splitlines())
    assert "\n\n\n" not in text


def test_the_json_has_all_of_it():
    found = json.loads(as_json(measurement("default", "tiny", unfit={("default", "up5k")})))
    assert (found["schema"], found["seeds"]) == (1, [1, 2, 3])
    default, tiny = found["units"]
    assert (default["preset"], default["held"]) == ("default", 1024)
    assert default["cycles"][1]["latency"] == 3 and default["cycles"][1]["figures"]["hit"] == 6
    ecp5, _, up5k = default["costs"]
    assert (ecp5["target"], ecp5["fmax_hz"], ecp5["unfit"]) == ("ecp5", 40_000_000, None)
    assert ecp5["nanoseconds"][0]["figures"]["hit"] == pytest.approx(125)
    assert ecp5["placements"][0]["critical_path"]["through"] == ["tlb.hit", "translator.denied"]
    assert (up5k["fmax_hz"], up5k["unfit"]) == (None, "7,279 logic cells of 5,280")
    assert up5k["nanoseconds"] == [{"latency": latency, "figures": {}} for latency in (1, 3)]
    assert [peer["name"] for peer in found["peers"]["units"]] == [peer.name for peer in PEERS]


def test_peers_are_what_is_known_of_them():
    held = {peer.name: round(peer.costs["ecp5"].cells["lut4"] / peer.held, 1) for peer in PEERS}
    assert held == {"ao486": 128.6, "z386": 236.6, "microwatt": 4.9, "CVA6": 19.8, "mor1kx": 4.6}


def test_the_command_measures_what_it_is_told_to(tools, counted, capsys):
    assert main(["bench", "hardware", "--target", "ecp5", "tiny", "--seeds", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [unit["preset"] for unit in found["units"]] == ["tiny"]
    assert [target["name"] for target in found["targets"]] == ["ecp5"]
    assert found["tools"] == ["Yosys 0.70", "nextpnr-ecp5 0.11.1"]
    [cost] = found["units"][0]["costs"]
    assert cost["fmax_hz"] == 40_000_000  # between 38 and 42
    assert [placed["seed"] for placed in cost["placements"]] == [1, 2]
    assert tools.arguments("nextpnr-ice40") == []


@pytest.mark.slow
def test_without_words_all_presets_are_measured_on_all_targets(tools, counted, capsys):
    fake_tools(tools, mhz=(38.0, 42.0, 40.0), instead={"nextpnr-ice40": FULL})
    assert main(["bench", "hardware"]) == 0
    out = capsys.readouterr().out
    for preset in PRESETS:
        assert out.count(f"\n{preset} does not fit: 7,279 logic cells of 5,280\n") == 2
        assert out.count(f"\n{preset}, critical path of seed 3:") == 1


def test_a_preset_that_is_named_twice_is_measured_once(tools, counted, capsys):
    assert main(["bench", "hardware", "tiny", "tiny", "--target", "ecp5", "--target", "ecp5",
                 "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (len(found["units"]), len(found["targets"])) == (1, 1)


@pytest.mark.slow
def test_steps_are_counted(tools, counted):
    said = []
    measuring.measure(["tiny"], [TARGETS["ecp5"], TARGETS["hx8k"]], seeds=1,
                      announce=said.append)
    assert list(dict.fromkeys(said)) == [
        "tiny: cycles (step 1 of 3)", "tiny, ecp5: synthesis (step 2 of 3)",
        "tiny, ecp5: place and route, seed 1 (step 2 of 3)",
        "tiny, hx8k: synthesis (step 3 of 3)",
        "tiny, hx8k: place and route, seed 1 (step 3 of 3)"]


@pytest.mark.parametrize("arguments, complaint", [
    (["huge"],                'unknown preset "huge"; there are: tiny, default, classic'),
    (["--target", "virtex"],  "argument --target: invalid choice: 'virtex'"),
    (["--seeds", "0"],        '"0" is not a whole number from 1 to 100'),
    (["--fast"],              "unrecognized arguments: --fast"),
])
def test_a_mistake_is_one_line_and_status_2(tools, capsys, arguments, complaint):
    assert main(["bench", "hardware", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1
    assert tools.arguments("yosys") == []


@pytest.mark.parametrize("variable, value, complaint", [
    (None, None, "bench hardware: nextpnr-ecp5 failed: ERROR: no such part"),
    ("YOSYS", "absent", "YOSYS is absent, and there is no such program; unset it, or name one"),
])
def test_a_program_that_is_missing_or_fails_is_one_line_and_status_2(
        tools, counted, capsys, monkeypatch, variable, value, complaint):
    fake_tools(tools, instead={"nextpnr-ecp5": 'echo "ERROR: no such part"\nexit 1\n'})
    if variable is not None:
        monkeypatch.setenv(variable, value)
    assert main(["bench", "hardware", "tiny", "--target", "ecp5"]) == 2
    out, err = capsys.readouterr()
    # A computer that is busy may have told of the progress before.
    assert out == "" and err.splitlines()[-1] == f"dragoncage: {complaint}"
