"""Puts this folder on the path, and has pytest show what the runs were like.

What runs in the simulator is the package ``cocotb_bench``.
"""

import sys
from pathlib import Path


sys.path.insert(0, str(Path(__file__).parent))


def pytest_terminal_summary(terminalreporter):
    """Show a line for each run, and where its coverage report is."""
    lines = [text for outcome in ("passed", "failed")
             for report in terminalreporter.stats.get(outcome, ()) if report.when == "call"
             for name, text in report.user_properties if name == "cocotb"]
    if lines:
        terminalreporter.section("cocotb")
        for line in lines:
            terminalreporter.write_line(line)
