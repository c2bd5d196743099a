"""How far a file of access vectors is."""

from sim.report import Progress


__all__ = ["VectorProgress"]


class VectorProgress(Progress):
    """Says how many vectors are done, if that takes longer than two seconds."""

    def _line(self, cycle: int, rate: float) -> str:
        return f"{cycle:,} vectors, {rate:,.0f}/s"
