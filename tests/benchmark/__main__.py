"""The developers' benchmark: measures as ``dragoncage bench`` does, and judges by our targets.

``python -m tests.benchmark [SECONDS]``, in the folder of the project. The exit status is 0 if every
target is met, and 1 if one is missed, which depends on the computer and on what else it does.
"""

import argparse
import sys

from sim.benchmark.measure import measure
from sim.benchmark.report import as_text
from sim.cli.usage import positive
from sim.output.progress import Progress

from .exports import measure_exports
from .targets import judged, verdicts_as_text


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark",
                                     description="Measure the engines, and judge by our targets.")
    parser.add_argument("seconds", type=positive, nargs="?", default=1.0,
                        help="time for each figure, roughly (default: 1)")
    with Progress() as progress:
        def announce(what: str) -> None:
            progress.part(f"measuring {what}")

        figures = measure(seconds=parser.parse_args().seconds, announce=announce)
        made    = measure_exports(announce)
    verdicts = judged([*figures, *made])
    print(as_text(figures) + "\n" + verdicts_as_text(verdicts), end="")
    return 0 if all(verdict.met for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
