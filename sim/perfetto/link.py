"""Address of the viewer, with the stretch that it shows once a file is opened there."""

from sim.scenario.run import Run


__all__ = ["link", "link_to"]


VIEWER = "https://ui.perfetto.dev"

#: Cycles that are shown before a claim, and after it.
BEFORE, AFTER = 40, 80


def link(run: Run) -> str:
    """The viewer at the first claim of a run that fails, or else at its first."""
    cycles = [(claim.holds, act.place(claim)) for act in run.acts for claim in act.claims]
    return link_to(min(cycles)[1]) if cycles else VIEWER


def link_to(cycle: int) -> str:
    """The viewer at a cycle."""
    # It keeps this for whatever is opened next, and 1 cycle is a nanosecond.
    return f"{VIEWER}/#!/viewer?visStart={max(0, cycle - BEFORE)}&visEnd={cycle + AFTER}"
