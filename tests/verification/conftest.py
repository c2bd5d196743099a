"""Pytest shows a line for each run in a simulator, and where its coverage report is."""


def pytest_terminal_summary(terminalreporter):
    """Show what the tests recorded of their runs."""
    lines = [text for outcome in ("passed", "failed")
             for report in terminalreporter.stats.get(outcome, ()) if report.when == "call"
             for name, text in report.user_properties if name == "cocotb"]
    if lines:
        terminalreporter.section("cocotb")
        for line in lines:
            terminalreporter.write_line(line)
