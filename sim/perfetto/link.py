"""Address of the viewer, with the stretch that it shows once a file is opened there."""

from sim.scenario.run import Run


__all__ = ["link"]


VIEWER = "https://ui.perfetto.dev"

#: Cycles that are shown before a claim, and after it.
BEFORE, AFTER = 40, 80


def link(run: Run) -> str:
    """The viewer at the first claim of a run that fails, or else at its first."""
    cycles = [(claim.holds, claim.cycle) for claim in run.claims if claim.cycle is not None]
    if not cycles:
        return VIEWER
    _, cycle = min(cycles)
    # It keeps this for whatever is opened next, and 1 cycle is a nanosecond.
    return f"{VIEWER}/#!/viewer?visStart={max(0, cycle - BEFORE)}&visEnd={cycle + AFTER}"
