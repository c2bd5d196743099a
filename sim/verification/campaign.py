"""Play many rounds of random scenes on the unit as Verilog, with a seed that is drawn or given.

Rounds are played until one fails, or as many as were asked for. A round depends on nothing
but the preset, the seed and its number, so that it can be played again by itself. Ends with
status 1 if a round failed.

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
from sim.errors import Unavailable

from .coverage import Coverage
from .coverpoints import groups
from .simulation import SIMULATORS, Built, Orders, build


__all__ = ["main"]


#: Rounds between two lines of progress.
CHUNK = 50


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sim.verification", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="default")
    parser.add_argument("--simulator", choices=SIMULATORS, default=SIMULATORS[0],
                        help=f"default {SIMULATORS[0]}")
    parser.add_argument("--seed", type=int, help="default: drawn")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="ROUND",
                        help="number of the first round; default 0")
    parser.add_argument("--rounds", type=int, default=500, help="how many; default 500")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="where model, log and coverage go; default: a new folder")
    given = parser.parse_args(argv)
    if given.first < 0 or given.rounds < 1:
        parser.error("--from must be 0 or more, and --rounds 1 or more")
    return given


def _play(given: argparse.Namespace, built: Built, seed: int, folder: Path) -> int:
    """Play the rounds; return the exit status."""
    coverage = Coverage.of(groups(PRESETS[given.preset]))
    end = given.first + given.rounds
    for first in range(given.first, end, CHUNK):
        orders = Orders(preset=given.preset, first=first, least=min(CHUNK, end - first))
        report = built.run("sim.verification.rounds", orders, seed=seed, folder=folder)
        coverage.load(folder / "coverage.json")
        print(f"from {first} on: {report}; {coverage.summary}", flush=True)
        if report.failure is not None:
            print(f"{report.failure}\n"
                  f"again: --preset {given.preset} --simulator {given.simulator} --seed {seed} "
                  f"--from {first + report.rounds} --rounds 1")
            return 1
    (folder / "coverage.txt").write_text(coverage.report(
        f"{given.preset} on {given.simulator}, seed {seed}, rounds {given.first} to {end - 1}"),
        encoding="utf-8")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given  = _parsed(argv)
    seed   = random.SystemRandom().getrandbits(31) if given.seed is None else given.seed
    folder = given.out or Path(tempfile.mkdtemp(prefix="dragoncage-campaign-"))
    print(f"{given.preset} on {given.simulator}, seed {seed}; everything is in {folder}")
    print("building ...", flush=True)
    try:
        built = build(Mmu(PRESETS[given.preset]), given.simulator, folder / "build")
        return _play(given, built, seed, folder)
    except (RuntimeError, Unavailable, OSError) as error:
        print(f"sim.verification: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
