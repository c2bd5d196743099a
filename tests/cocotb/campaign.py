"""Finds the bench, and runs its command: see ``python tests/cocotb/campaign.py --help``."""

import runpy
import sys
from pathlib import Path


HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    # What pytest's settings and conftest.py do for the tests.
    sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]
    runpy.run_module("cocotb_bench.campaign", run_name="__main__")
