"""Counts of what went over the link, and how much of it in vain."""

from dataclasses import asdict, dataclass


__all__ = ["Traffic"]


@dataclass
class Traffic:
    """Frames and requests, since the link was opened.

    Attributes
    ----------
    requests : :class:`int`
        Requests to the board.
    repeated : :class:`int`
        Segments of requests that were sent more than once.
    frames : :class:`int`
        Whole frames from the board.
    broken : :class:`int`
        Frames that were dropped, as something is wrong with their CRC or length.
    unwanted : :class:`int`
        Whole frames that were dropped, since what they have was there already.
    echoed : :class:`int`
        Requests that came back unchanged.
    """

    requests: int = 0
    repeated: int = 0
    frames:   int = 0
    broken:   int = 0
    unwanted: int = 0
    echoed:   int = 0

    def counts(self) -> dict[str, int]:
        """All of them by name."""
        return asdict(self)
