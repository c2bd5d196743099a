# amaranth: UnusedElaboratable=no
"""Play many random rounds on a unit as Verilog, with a seed that is drawn or given.

Rounds are played until one fails, or as many as were requested. A round depends on nothing but the
preset, the seed and its number, so that it can be played again by itself. Ends with status 1 if a
round failed, and 2 if something is missing.

  python -m sim.verification --preset tiny --rounds 1000
  python -m sim.verification --seed 7 --from 41 --rounds 1
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hw.mmu import Mmu
from hw.presets import PRESETS
from sim.coverage.bins import Coverage
from sim.errors import Unavailable
from sim.output.files import FileTrouble, written
from sim.output.progress import Progress
from sim.switches import Switches
from sim.toolchain.simulators import SIMULATORS

from .coverpoints import coverpoints
from .runs import RunSettings
from .simulation import BuiltDesign, SimulationFailed, build


__all__ = ["main"]


#: Rounds of a batch, which ends in a line of results.
BATCH = 50


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m sim.verification", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="default",
                        help="configuration of the unit (default: default)")
    parser.add_argument("--set", action="append", default=[], metavar="UNIT.NAME=VALUE",
                        help="have the unit otherwise, such as unit.pku=1; several times")
    parser.add_argument("--simulator", choices=SIMULATORS, default="verilator",
                        help="default: verilator")
    parser.add_argument("--seed", type=int, help="default: drawn at random, and printed")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="ROUND",
                        help="number of the first round (default: 0)")
    parser.add_argument("--rounds", type=int, default=500, help="number of rounds (default: 500)")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="folder for log and coverage (default: a new one)")
    given = parser.parse_args(argv)
    if given.first < 0 or given.rounds < 1:
        parser.error("--from must be 0 or more, and --rounds 1 or more")
    try:
        given.config = Switches.parse(given.set).unit(PRESETS[given.preset])
    except ValueError as error:
        parser.error(str(error))
    return given


def _play(given: argparse.Namespace, built: BuiltDesign, seed: int, folder: Path) -> int:
    """Play the rounds; return the exit status."""
    coverage = Coverage.of(coverpoints(given.config))
    name     = " --set ".join([given.preset, *given.set])
    end      = given.first + given.rounds
    for first in range(given.first, end, BATCH):
        settings = RunSettings(preset=given.preset, switches=given.set, seed=seed, first=first,
                               least=min(BATCH, end - first))
        with Progress(f"rounds {first} to {first + settings.least - 1}") as progress:
            result = built.play("sim.verification.rounds", settings, folder,
                                waiting=progress.show)
        coverage.load(folder / "coverage.json")
        print(f"from {first} on: {result}; {coverage.summary}", flush=True)
        if result.failure is not None:
            print(f"{result.failure}\n"
                  f"again: --preset {name} --simulator {given.simulator} --seed {seed} "
                  f"--from {first + result.rounds} --rounds 1")
            return 1
    with written(folder / "coverage.txt") as [file]:
        file.write(coverage.report(f"{name} on {given.simulator}, seed {seed}, "
                                   f"rounds {given.first} to {end - 1}"))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = _parsed(argv)
    seed  = random.SystemRandom().getrandbits(31) if given.seed is None else given.seed
    try:
        folder = given.out or Path(tempfile.mkdtemp(prefix="dragoncage-campaign-"))
        print(f"{given.preset} on {given.simulator}, seed {seed}; log and coverage are in {folder}",
              flush=True)
        return _play(given, build(Mmu(given.config), given.simulator), seed, folder)
    except (FileTrouble, OSError, SimulationFailed, Unavailable) as error:
        print(f"sim.verification: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sim.verification: interrupted", file=sys.stderr)
        return 130
