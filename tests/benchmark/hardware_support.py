"""Reports of place and route, units that were measured, and programs that pretend to measure."""

import json
from dataclasses import replace

from hw.presets import PRESETS
from sim.benchmark.hardware.cycles import MEASURES
from sim.benchmark.hardware.flow import Placement
from sim.benchmark.hardware.measure import LATENCIES, Costs, Measurement, Unit
from sim.benchmark.hardware.path import CriticalPath
from sim.benchmark.hardware.targets import TARGETS


__all__ = ["PATH", "STATISTICS", "arc", "fake_tools", "measurement", "report"]


#: A path as nextpnr would report it, in words.
PATH = CriticalPath(begin="translator._access", end="the clock enable of walker.state",
                    through=["tlb.hit", "translator.denied"], luts=12, ns=25.0, routing_ns=19.5)

#: Cells of a unit, as Yosys counts them.
STATISTICS = {"design": {"num_cells_by_type": {
    "LUT4": 1234, "PFUMX": 20, "TRELLIS_FF": 567, "TRELLIS_DPR16X4": 8, "SB_LUT4": 1111,
    "SB_DFF": 100, "SB_DFFESR": 23, "SB_RAM40_4K": 4, "SB_CARRY": 9}}}


def arc(kind, delay, begin, end, net=None):
    """Part of a path: its ends are a cell and a port with a blank between them."""
    ends = [{"cell": cell, "loc": [1, 1], "port": port}
            for cell, _, port in (end.rpartition(" ") for end in (begin, end))]
    return {"type": kind, "delay": delay, "from": ends[0], "to": ends[1]} | (
        {"net": net} if net else {})


def report(mhz, clock="clk"):
    """A report of nextpnr in which a design reaches ``mhz``."""
    register = "unit.walker.state_TRELLIS_FF_Q"
    lut      = "unit.tlb.hit_LUT4_Z_1"
    return {
        "fmax": {clock: {"achieved": mhz, "constraint": 200}},
        "utilization": {"TRELLIS_COMB": {"used": 1234, "available": 83640}},
        "critical_paths": [{"from": f"posedge {clock}", "to": f"posedge {clock}", "path": [
            arc("clk-to-q", 0.5, f"{register} Q", f"{register} Q"),
            arc("routing", 1.0, f"{register} Q", f"{lut} A", "unit.walker.state[3]"),
            arc("logic", 0.25, f"{lut} A", f"{lut} F"),
            arc("routing", 2.0, f"{lut} F", "unit.tlb$12.page_TRELLIS_FF_Q_2 CE",
                "unit.tlb.hit_LUT4_Z[2]"),
            arc("setup", 0.25, "unit.tlb$12.page_TRELLIS_FF_Q_2 CE",
                "unit.tlb$12.page_TRELLIS_FF_Q_2 CE"),
        ]}],
    }


def fake_tools(programs, *, statistics=STATISTICS, mhz=(50.0,), instead=None):
    """Provide a Yosys and routers, whose clocks of seed 1, 2, ... are ``mhz``.

    ``instead`` are bodies of programs by their names, for what these do; they say their versions.
    """
    folder = programs.folder
    (folder / "statistics").write_text(json.dumps(statistics))
    for seed, clock in enumerate(mhz, 1):
        (folder / f"report{seed}").write_text(json.dumps(report(clock)))
    route = ('while [ $# -gt 0 ]; do [ "$1" = --seed ] && seed=$2; shift; done\n'
             f"cp {folder}/report$seed made.json\n")
    bodies = {
        "yosys": f'case "$*" in *stat*) cp {folder}/statistics made.json;; '
                 '*) echo "{}" > made.json;; esac\n',
        "nextpnr-ecp5": route, "nextpnr-ice40": route, **(instead or {}),
    }
    for name, body in bodies.items():
        programs.put(name, 'case "$*" in\n-V) echo "Yosys 0.70 (git sha1 28ba3cb92)"; exit;;\n'
                           '--version) echo "(Version nextpnr-0.11.1)" >&2; exit;;\nesac\n' + body)


def measurement(*presets, targets=("ecp5", "hx8k", "up5k"), unfit=()):
    """Figures of units; those of (preset, target) in ``unfit`` do not fit."""
    found = []
    for preset in presets:
        config = PRESETS[preset]
        cycles = {latency: {name: 0.5 if name == "hits_per_cycle" else 3.0 + latency
                            for name in MEASURES if config.long_mode or name != "walk_4"}
                  for latency in LATENCIES}
        costs = {}
        for target in targets:
            cells  = dict.fromkeys(TARGETS[target].cells, 4000)
            placed = [Placement(seed, mhz * 1e6, replace(PATH, ns=1000 / mhz))
                      for seed, mhz in enumerate((38.0, 42.0, 40.0), 1)]
            costs[target] = (Costs(cells, (), "7,279 logic cells of 5,280")
                             if (preset, target) in unfit else Costs(cells, placed))
        found.append(Unit(preset, config, cycles, costs))
    return Measurement(found, [TARGETS[target] for target in targets], (1, 2, 3),
                       ["Yosys 0.70", "nextpnr-ecp5 0.11.1"])
